"""A verified file of weights → ``<model>.safetensors`` and the card that names it."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import tomlkit

from diagnosis.cards import ModelCard, Weights, file_digest
from diagnosis.errors import BadRequest
from diagnosis.fetching import convert
from diagnosis.sources import Download
from diagnosis.tensors import fit, read_tensors

SECONDS = 600  # for a conversion, on a busy machine


def install(card: ModelCard, source: Download, path: Path, folder: Path) -> ModelCard:
    """Write weights and card to ``folder``, the card last. Returns the card as it was written.

    Raises BadRequest when the file cannot be converted, or does not fit the network that the card describes; nothing
    is written then.
    """
    partial, target = (folder / f"{card.name}{suffix}" for suffix in (".partial.safetensors", ".safetensors"))
    try:
        _convert(source, path, partial)
        _fits(card, partial)
        weights = Weights(
            file=target.name, source=source.told, sha256=file_digest(partial), bytes=partial.stat().st_size
        )
        partial.chmod(0o644)  # safetensors writes for this account alone; weights are no secret
        partial.replace(target)
    except OSError as error:
        raise BadRequest(f"Cannot write to {folder}: {error.strerror}.", "Make room and try again.") from error
    finally:
        partial.unlink(missing_ok=True)
    kept = card.model_copy(update={"weights": weights, "download": source})
    _write(kept, folder / f"{card.name}.toml")
    return kept


def _convert(source: Download, path: Path, target: Path) -> None:
    """Run the conversion as a process of its own, which knows nothing of this one's surroundings."""
    if source.format == "safetensors" and not (source.rename or source.drop):
        shutil.copyfile(path, target)
        return
    rename, drop = json.dumps(source.rename), json.dumps(source.drop)
    command = [sys.executable, "-I", convert.__file__, source.format, str(path.resolve()), str(target.resolve())]
    bare = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "SYSTEMROOT") if name in os.environ}
    with tempfile.TemporaryDirectory() as nowhere:
        try:
            ended = subprocess.run(
                [*command, rename, drop],
                cwd=nowhere,
                env=bare | {"OMP_NUM_THREADS": "1", "HOME": nowhere},
                capture_output=True,
                timeout=SECONDS,
                text=True,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            problem = f"{path.name} was not converted within {SECONDS} seconds."
            raise BadRequest(problem, "Try again when the machine is less busy.") from error
    if ended.returncode == 0 and target.is_file():
        return
    told = ended.stdout.strip().splitlines()
    reason = told[-1] if ended.returncode == convert.REFUSED and told else "the conversion ended before its time"
    raise BadRequest(f"{path.name} was not converted: {reason}.", "Get it from its source again.")


def _fits(card: ModelCard, partial: Path) -> None:
    from diagnosis.networks import build_network, checked_card

    network = build_network(card.architecture, card.input.channels, card.outputs)
    whose = f"The weights of {card.name} do not fit a {card.architecture} with {card.outputs} outputs"
    fit(network, read_tensors(partial), whose)
    checked_card(card, network)


def _write(card: ModelCard, path: Path) -> None:
    text = tomlkit.dumps(card.model_dump(mode="json", exclude_none=True, exclude_defaults=True))
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)

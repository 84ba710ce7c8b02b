"""Which of the images that ``sample`` wrote nothing speaks against: ``accepted.json`` in the folder of their model.

``python -m diagnosis.synthesis.judging measure`` writes it; whoever takes samples in takes no others.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Self

from diagnosis import records
from diagnosis.cards import ModelCard, file_digest, load_card
from diagnosis.errors import BadRequest
from diagnosis.gate.card import FOLDER as GATE
from diagnosis.gate.card import load_gate_card
from diagnosis.synthesis.cards import FOLDER as SYNTHESIS
from diagnosis.synthesis.cards import AutoencoderCard, GeneratorCard, generator_cards, load_autoencoder_card
from diagnosis.synthesis.judging.record import JudgingRecord
from diagnosis.synthesis.shipped import Digest
from diagnosis.written import Strict

FILE = "accepted.json"


class Judges(Strict):
    """What judged images, and what made them: sha256 of weights, None where there are none."""

    model: Digest | None
    gate: Digest
    encoder: Digest
    autoencoder: Digest | None
    generator: tuple[Digest, ...]

    @classmethod
    def of(cls, record: JudgingRecord) -> Self:
        """Those that a record speaks of."""
        return cls(
            model=record.weights_sha256,
            gate=record.gate_sha256,
            encoder=record.encoder_sha256,
            autoencoder=record.autoencoder_sha256,
            generator=record.generators,
        )

    @classmethod
    def used(cls, weights: Path, model: str) -> Self:
        """Those that the cards in a folder of weights name for a model. Raises Missing or BadRequest for a card."""
        folder, gate = weights / SYNTHESIS, load_gate_card(weights / GATE)
        made = next((one for one in generator_cards(folder).values() if model in one.models), None)
        generator = _digest(made)
        return cls(
            model=_digest(load_card(weights / f"{model}.toml")),
            gate=gate.weights.sha256,
            encoder=gate.encoder_sha256,
            autoencoder=_digest(made and load_autoencoder_card(folder, made.autoencoder)),
            generator=(generator,) if generator else (),
        )


def _digest(card: ModelCard | AutoencoderCard | GeneratorCard | None) -> Digest | None:
    return card.weights.sha256 if card and card.weights else None


class Accepted(Strict):
    """What the file holds. ``files``: sha256 of each image by its path below the folder."""

    judges: Judges
    files: dict[str, Digest]


def save_accepted(folder: Path, files: Iterable[Path], judges: Judges) -> Path:
    """Write the list of these files, which lie below the folder of a model; returns its path. Raises BadRequest."""
    digests = {path.relative_to(folder).as_posix(): file_digest(path) for path in files}
    try:
        return records.write(Accepted(judges=judges, files=digests), folder / FILE)
    except OSError as error:
        raise BadRequest(f"Cannot write to {folder}: {error.strerror}.", "Judge a copy of the folder.") from error


def load_accepted(folder: Path, weights: Path) -> list[Path]:
    """The files below the folder of a model that were judged, and accepted.

    Args:
        weights: folder of the weights in use.

    Raises:
        BadRequest: the folder was not judged, or by other weights than those in use; the list cannot be read; a file
            has changed.
        Missing: the weights have no card of such a model, or none of the gate.
    """
    judge = f"Run `python -m diagnosis.synthesis.judging measure {folder.parent} --model {folder.name}`."
    path = folder / FILE
    if not path.is_file():
        raise BadRequest(f"The images in {folder} were not compared with real ones.", judge)
    accepted = records.load(Accepted, path, "a list of accepted images", judge)
    used = Judges.used(weights, folder.name)
    if other := [what for what in Judges.model_fields if getattr(used, what) != getattr(accepted.judges, what)]:
        away = "Take away what other generators made. " if "generator" in other else ""
        raise BadRequest(f"The images in {folder} were judged with another {' and '.join(other)}.", away + judge)
    for name, digest in accepted.files.items():
        if not (folder / name).is_file() or file_digest(folder / name) != digest:
            raise BadRequest(f"{folder / name} is not the file that was judged.", judge)
    return [folder / name for name in accepted.files]

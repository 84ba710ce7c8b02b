"""A finished run → ``<model>.safetensors`` (float16) and the card's account of it."""

from pathlib import Path

import tomlkit
import torch
from safetensors.torch import save
from torch import nn

from diagnosis.cards import Confidence, ModelCard, Weights, file_digest, load_card
from diagnosis.errors import BadRequest, Missing
from diagnosis.networks import build_network
from diagnosis.tensors import Tensors

LARGEST = 30_000_000  # bytes; what the repository takes for one file


def averaged_network(run: Path, card: ModelCard) -> tuple[nn.Module, int]:
    """The averaged network of a run, in evaluation mode, and the number of epochs it has seen.

    Raises:
        Missing: the run has no ``last.pt``.
        BadRequest: its network is not the one that the card describes.
    """
    path = run / "last.pt"
    if not path.is_file():
        raise Missing(f"There is no last.pt in {run}.", f"Run `python -m diagnosis.training train {card.name}` first.")
    state = torch.load(path, map_location="cpu", weights_only=True)
    average = state["average"]
    weights = {name.removeprefix("module."): average[name] for name in average if name != "n_averaged"}
    network = build_network(card.architecture, card.input.channels, len(card.labels))
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise BadRequest(f"{path} does not fit the card of {card.name}.", "Name its own run with --run.") from error
    return network.eval(), state["epoch"]


def export(network: nn.Module, card_path: Path, folder: Path, source: str, largest: int | None = LARGEST) -> ModelCard:
    """Write the weights to ``folder`` as float16 and name them in the card, which then counts as uncalibrated.

    Args:
        network: any float weights; their values are rounded to float16, running statistics included.
        card_path: the TOML file to amend; comments and order stay.
        folder: where ``<model>.safetensors`` goes.
        source: how the weights came about, in words or as a URL.

    Returns:
        The amended card.

    Raises BadRequest for a value that float16 cannot hold, and for a file of more than ``largest`` bytes.
    """
    card = load_card(card_path)
    weights = write_halves(network.state_dict(), folder / f"{card.name}.safetensors", source, largest)
    return _amend(card_path, "uncalibrated score", 1.0, weights)


def write_halves(state: Tensors, path: Path, source: str, largest: int | None = None) -> Weights:
    """Write tensors to ``path`` as float16, in one step, and tell of the file as a card does.

    Raises BadRequest for a value that float16 cannot hold, and for a file of more than ``largest`` bytes.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    halves = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}
    for name, tensor in halves.items():
        if not tensor.isfinite().all():
            raise BadRequest(f"{name} of {path.stem} does not fit into float16.", "Train with a lower learning rate.")
    content = save(halves)
    size = len(content)
    if largest and size > largest:
        problem = f"The weights of {path.stem} take {size / 1e6:.0f} MB, over {largest / 1e6:.0f} MB."
        raise BadRequest(problem, "Use a smaller network.")
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    partial.replace(path)
    return Weights(file=path.name, source=source, sha256=file_digest(path), bytes=size)


def set_calibration(card_path: Path, temperature: float | None, confidence: Confidence | None = None) -> ModelCard:
    """Write what scores are worth into the card; without a temperature they are uncalibrated ones. Returns the card."""
    kind = "uncalibrated score" if temperature is None else "calibrated probability"
    return _amend(card_path, kind, temperature or 1.0, confidence=confidence)


def _amend(
    card_path: Path,
    score_kind: str,
    temperature: float,
    weights: Weights | None = None,
    confidence: Confidence | None = None,
) -> ModelCard:
    """Change these fields, and the ``[weights]`` table if given, and nothing else of a card's text.

    What an earlier calibration said of the scores' confidence goes.
    """
    document = tomlkit.parse(card_path.read_text("utf-8"))
    document.update({"score_kind": score_kind, "temperature": temperature})
    if weights is not None:
        document.setdefault("weights", tomlkit.table()).update(weights.model_dump())
    document.pop("confidence", None)
    if confidence is not None:
        document["confidence"] = confidence.model_dump(exclude_none=True)
    partial = card_path.with_name(card_path.name + ".partial")
    partial.write_text(tomlkit.dumps(document), encoding="utf-8")
    partial.replace(card_path)
    return load_card(card_path)

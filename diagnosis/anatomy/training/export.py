"""A finished run → ``<name>.safetensors`` (float16) and the ``[weights]`` table of its card."""

from pathlib import Path

import torch

from diagnosis.anatomy.cards import SegmenterCard, load_segmenter_card
from diagnosis.anatomy.segmenter import build_segmenter
from diagnosis.anatomy.unet import UNet
from diagnosis.errors import BadRequest, Missing
from diagnosis.training.export import write_halves
from diagnosis.written import amend_toml

LARGEST = 10_000_000  # bytes


def averaged_segmenter(run: Path, card: SegmenterCard) -> tuple[UNet, int]:
    """The averaged network of a run and the epochs that it has seen. Raises Missing or BadRequest."""
    path = run / "last.pt"
    if not path.is_file():
        raise Missing(f"There is no last.pt in {run}.", f"Run `python -m diagnosis.anatomy train {card.name}` first.")
    state = torch.load(path, map_location="cpu", weights_only=True)
    weights = {name.removeprefix("module."): value for name, value in state["average"].items() if name != "n_averaged"}
    network = build_segmenter(card)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise BadRequest(f"{path} does not fit the card of {card.name}.", "Name its own run with --run.") from error
    return network, state["epoch"]


def export_segmenter(network: UNet, card_path: Path, source: str) -> SegmenterCard:
    """Write the weights beside the card and name them in it; comments and order of the card stay.

    Raises as :func:`write_halves`, for a file of more than 10 MB, too. Returns the amended card.
    """
    weights = write_halves(network.state_dict(), card_path.with_suffix(".safetensors"), source, LARGEST)
    amend_toml(card_path, {"weights": weights.model_dump()})
    return load_segmenter_card(card_path)

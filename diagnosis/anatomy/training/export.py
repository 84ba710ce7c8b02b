"""A finished run → ``<name>.safetensors`` (float16) and the ``[weights]`` table of its card."""

from pathlib import Path

import tomlkit
import torch
from safetensors.torch import save

from diagnosis.anatomy.cards import SegmenterCard, load_segmenter_card
from diagnosis.anatomy.segmenter import build_segmenter
from diagnosis.anatomy.unet import UNet
from diagnosis.cards import Weights, file_digest
from diagnosis.errors import BadRequest, Missing

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

    Raises BadRequest for a file of more than 10 MB. Returns the amended card.
    """
    card = load_segmenter_card(card_path)
    content = save({name: value.detach().half().contiguous() for name, value in network.state_dict().items()})
    if (size := len(content)) > LARGEST:
        raise BadRequest(f"The weights of {card.name} take {size / 1e6:.0f} MB, over 10 MB.", "Use narrower widths.")
    path = card_path.with_suffix(".safetensors")
    _replace(path, content)
    weights = Weights(file=path.name, source=source, sha256=file_digest(path), bytes=size)
    document = tomlkit.parse(card_path.read_text("utf-8"))
    document.setdefault("weights", tomlkit.table()).update(weights.model_dump())
    _replace(card_path, tomlkit.dumps(document).encode())
    return load_segmenter_card(card_path)


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    partial.replace(path)

"""The real images that are learned from: those of several models' data sets, on squares of one size."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch

from diagnosis.cards import ModelCard, load_card
from diagnosis.errors import BadRequest
from diagnosis.training.dataset import load_split, manifest_digest


@dataclass(frozen=True, eq=False)
class Images:
    """One part of several data sets, in memory.

    Attributes:
        squares: uint8 (N, C, S, S).
        names: for each image its model and its label.
        manifests: sha256 of each manifest, by model.
    """

    squares: torch.Tensor
    names: tuple[tuple[str, str], ...]
    manifests: dict[str, str]

    def __len__(self) -> int:
        return len(self.names)

    def spread(self, most: int) -> "Images":
        """At most so many of them, spread evenly."""
        step = max(1, -(-len(self) // most))
        return Images(self.squares[::step], self.names[::step], self.manifests)

    @cached_property
    def digest(self) -> str:
        """sha256 of the squares, their shape and their names: 64 hex digits."""
        said = hashlib.sha256(repr((tuple(self.squares.shape), self.names)).encode())
        said.update(self.squares.contiguous().numpy().data)
        return said.hexdigest()


def read_images(datasets: dict[str, str], split: str, size: int, channels: int, data: Path, weights: Path) -> Images:
    """The images of one split, read as each model reads them but for the size.

    Args:
        datasets: folder in ``data`` by model; the model's card is in ``weights``.

    Raises Missing or BadRequest as :func:`diagnosis.training.dataset.load_split`, and BadRequest for a model that
    reads another number of channels.
    """
    squares, names, manifests = [], [], {}
    for model, folder in datasets.items():
        card = _resized(load_card(weights / f"{model}.toml"), size, channels)
        part = load_split(data / folder, split, card)
        squares.append(part.squares)
        names += [(model, card.label_names[target]) for target in part.targets.tolist()]
        manifests[model] = manifest_digest(data / folder)
    return Images(torch.cat(squares), tuple(names), manifests)


def even_weights(groups: list[int]) -> torch.Tensor:
    """float64 (N,): how often to draw each image, so that each group is drawn equally often."""
    counts = torch.bincount(torch.tensor(groups)).double()
    return 1 / counts[groups]


def _resized(card: ModelCard, size: int, channels: int) -> ModelCard:
    if card.input.channels != channels:
        problem = f"{card.name} reads images of {card.input.channels} channel(s), not {channels}."
        raise BadRequest(problem, "Use the autoencoder grey for 1 channel, colour for 3.")
    return card.model_copy(update={"input": card.input.model_copy(update={"size": size})})

"""Images as the three spaces see them in which likeness is measured: pixels, structure, and the project's encoder."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Self

import numpy as np
import torch
from safetensors import safe_open
from torch.nn import functional

from diagnosis.cards import ModelCard
from diagnosis.gate.trunk import FILE, INPUT, LENGTH, Trunk
from diagnosis.preprocess import to_square
from diagnosis.study import Study
from diagnosis.synthesis.judging.poses import Pose, poses_of

SIDE = 64  # of the pixels, px
PROJECTION = "visual.head.proj.weight"
_LUMA = torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)
_BATCH = 16


@dataclass(frozen=True, eq=False)
class Views:
    """N images, each squashed onto squares.

    Attributes:
        pixels: uint8 (N, C, 64, 64), C channels as the model reads them.
        grey: uint8 (N, 128, 128).
        features: float32 (N, 896), what the gate reads of the encoder: its image tower at three depths.
        embeddings: float32 (N, P, 256), unit vectors, by which the case library compares images: in each of P poses, of
            which the first is the image as it is.
    """

    pixels: np.ndarray
    grey: np.ndarray
    features: np.ndarray
    embeddings: np.ndarray

    def __len__(self) -> int:
        return len(self.pixels)

    @classmethod
    def joined(cls, parts: Sequence["Views"]) -> Self:
        """The images of at least one part, in order."""
        return cls(*(np.concatenate(own) for own in zip(*(vars(part).values() for part in parts), strict=True)))

    def take(self, at: np.ndarray | slice) -> "Views":
        """The images at positions, or where a mask is true."""
        return Views(self.pixels[at], self.grey[at], self.features[at], self.embeddings[at])


class Viewer:
    """Studies → views, for the images of one model.

    Args:
        projection: (256, 512), from the tower's last depth to an embedding.
        channels: 1 or 3, as the model reads images.
        poses: those in which an image counts as the same.
    """

    def __init__(self, trunk: Trunk, projection: torch.Tensor, channels: int, poses: Sequence[Pose]) -> None:
        self.trunk, self.channels, self.poses, self._projection = trunk, channels, tuple(poses), projection
        self._small = INPUT.model_copy(update={"size": SIDE, "channels": channels})

    @classmethod
    def load(cls, weights: Path, card: ModelCard) -> Self:
        """With the encoder in a folder of weights. Raises Missing or BadRequest as :meth:`Trunk.load`."""
        trunk = Trunk.load(weights)
        with safe_open(weights / FILE, "pt") as file:
            return cls(trunk, file.get_tensor(PROJECTION).float(), card.input.channels, poses_of(card.anatomy))

    def see(self, studies: Iterable[Study], *, posed: bool = True) -> Views:
        """The views of ``studies``, which are read once, 16 at a time; embedded in all poses, or as they are alone."""
        poses = self.poses if posed else self.poses[:1]
        left, parts = iter(studies), [self._none(len(poses))]
        while some := list(islice(left, _BATCH)):
            parts.append(self._batch(some, poses))
        return Views.joined(parts)

    def _batch(self, studies: Sequence[Study], poses: Sequence[Pose]) -> Views:
        squares = torch.stack([to_square(study, INPUT) for study in studies])
        small = torch.stack([to_square(study, self._small) for study in studies])
        laid = [torch.from_numpy(np.ascontiguousarray(pose.of(squares.numpy()))) for pose in poses]
        features = torch.stack([self.trunk.features(own) for own in laid], dim=1)
        last = features[..., -self._projection.shape[1] :]
        embeddings = functional.normalize(last @ self._projection.T, dim=-1)
        grey = (squares * _LUMA).sum(dim=1)
        return Views(_bytes(small), _bytes(grey), features[:, 0].numpy(), embeddings.numpy())

    def _none(self, poses: int) -> Views:
        pixels = np.empty((0, self._small.channels, SIDE, SIDE), np.uint8)
        grey = np.empty((0, INPUT.size, INPUT.size), np.uint8)
        embeddings = np.empty((0, poses, len(self._projection)), np.float32)
        return Views(pixels, grey, np.empty((0, LENGTH), np.float32), embeddings)


def _bytes(values: torch.Tensor) -> np.ndarray:
    return (values * 255).round().to(torch.uint8).numpy()

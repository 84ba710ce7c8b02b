"""Mirrored and turned: the ways to lay an image that leave it what it is, and in which a generator may have met it."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Pose:
    """A mirroring and a number of quarter turns."""

    mirrored: bool
    turns: int

    def of(self, images: np.ndarray) -> np.ndarray:
        """Images (…, S, S) in this pose."""
        turned = np.rot90(images, self.turns, axes=(-2, -1))
        return turned[..., ::-1] if self.mirrored else turned


def poses_of(anatomy: str | None) -> tuple[Pose, ...]:
    """As it is and mirrored; tissue, which has no upper side, also turned."""
    turns = range(4) if anatomy == "histology" else range(1)
    return tuple(Pose(mirrored, count) for mirrored in (False, True) for count in turns)

"""The value that every attribution method returns."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from diagnosis.cards import InputSpec
from diagnosis.preprocess import seen_by, to_study_grid
from diagnosis.study import array_digest

FLAT = 0.05  # a map whose values differ by less than this share of the largest prefers no place
NOTHING = 1e-4  # logits that a whole map must carry to be more than rounding error


@dataclass(frozen=True)
class Cost:
    """What a run took, in images: passes through the network, and passes back. One run may give several maps."""

    forward: int = 0
    backward: int = 0


@dataclass(frozen=True, eq=False)
class AttributionMap:
    """How much each place spoke for one class, in the method's own unit, never rescaled.

    Attributes:
        label: the class that is explained.
        method: name of the method, a key of ``METHODS``.
        cells: float32 (h, w), read-only: the method's values on its own grid, which covers the network's square evenly.
        unit: what a cell's value is.
        study_size: (H, W) of the study.
        input: how the study was placed on the network's square.
        checks: measured properties of the map by name, e.g. ``additivity_gap`` in logits.
        params: settings that the map depends on.
        seconds: time it took.
        against: the class whose logit is taken off, in a map of why ``label`` and not that one; None in other maps.
        seed: what chance was started with, or None where none was in play.
        cost: passes that the run took.
    """

    label: str
    method: str
    cells: np.ndarray
    unit: str
    study_size: tuple[int, int]
    input: InputSpec
    checks: Mapping[str, float]
    params: Mapping[str, str | int | float]
    seconds: float
    against: str | None = None
    seed: int | None = None
    cost: Cost = Cost()

    def __post_init__(self) -> None:
        cells = np.array(self.cells, dtype=np.float32)
        if cells.ndim != 2 or not np.isfinite(cells).all():
            raise ValueError(f"cells must be a finite (h, w) array, not {cells.shape}")
        cells.flags.writeable = False
        object.__setattr__(self, "cells", cells)

    @property
    def values(self) -> np.ndarray:
        """float32 (H, W) on the study's grid; pixels that the network did not see are NaN. Made anew at each call."""
        return self.at(self.study_size)

    def at(self, size: tuple[int, int]) -> np.ndarray:
        """The map on a coarser or finer grid of the whole study: float32 of shape ``size``, NaN where unseen."""
        return to_study_grid(self.cells, self.study_size, self.input, size)

    @property
    def seen(self) -> np.ndarray:
        """bool (H, W): the study's pixels that reached the network."""
        return seen_by(self.study_size, self.input)

    @property
    def is_flat(self) -> bool:
        """Whether no place spoke for the class more than another: next to nothing did, or all did alike."""
        largest = float(self.cells.max())
        return largest * self.cells.size < NOTHING or float(np.ptp(self.cells)) < FLAT * largest

    @cached_property
    def digest(self) -> str:
        """First 16 hex digits of the sha256 over the cells."""
        return array_digest(self.cells)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AttributionMap) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[str, str | None, str, str]:
        return self.label, self.against, self.method, self.digest


def negative_share(cells: np.ndarray) -> float:
    """Share of a map's absolute sum that spoke against the class, 0..1; 0 for a map of zeros."""
    total = float(np.abs(cells).sum())
    return float(np.maximum(-cells, 0).sum()) / total if total else 0.0

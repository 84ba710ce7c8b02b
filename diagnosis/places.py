"""Named parts of an image, and how a map's weight is shared among them."""

from typing import NamedTuple

import numpy as np

from diagnosis.attribution.maps import AttributionMap

GRID = 240  # pixels a side of the grid that maps are measured on: divides by 2, 3, 4 and 5


class Place(NamedTuple):
    """A box of the image, as fractions of its height and width from the top left corner.

    Left and right are those of the image as it is shown, not of the patient.
    """

    name: str
    top: float
    left: float
    bottom: float
    right: float

    def of(self, grid: np.ndarray) -> np.ndarray:
        """The part of an (H, W) array that lies in this place."""
        height, width = grid.shape
        rows = slice(round(self.top * height), round(self.bottom * height))
        return grid[rows, round(self.left * width) : round(self.right * width)]


PLACES: dict[str, tuple[Place, ...]] = {
    "quadrants": tuple(
        Place(f"{row} {column} quarter", y / 2, x / 2, (y + 1) / 2, (x + 1) / 2)
        for y, row in enumerate(("upper", "lower"))
        for x, column in enumerate(("left", "right"))
    ),
    "sixths": tuple(
        Place(f"{row} third on the {column}", y / 3, x / 2, (y + 1) / 3, (x + 1) / 2)
        for y, row in enumerate(("upper", "middle", "lower"))
        for x, column in enumerate(("left", "right"))
    ),
}

SIDES: dict[str, tuple[Place, ...]] = {
    "quadrants": (
        Place("upper half", 0, 0, 1 / 2, 1),
        Place("lower half", 1 / 2, 0, 1, 1),
        Place("left half", 0, 0, 1, 1 / 2),
        Place("right half", 0, 1 / 2, 1, 1),
    ),
    "sixths": (
        Place("upper third", 0, 0, 1 / 3, 1),
        Place("middle third", 1 / 3, 0, 2 / 3, 1),
        Place("lower third", 2 / 3, 0, 1, 1),
        Place("left half", 0, 0, 1, 1 / 2),
        Place("right half", 0, 1 / 2, 1, 1),
    ),
}  # several places together, by the same kinds


def evidence(attribution: AttributionMap) -> np.ndarray:
    """What speaks for the class: the map's positive values on the measuring grid, (GRID, GRID); 0 where unseen."""
    return np.maximum(np.nan_to_num(attribution.at((GRID, GRID))), 0)


def shares(attribution: AttributionMap, kind: str) -> dict[str, float]:
    """Each place's share of the map's positive weight, in percent; they add up to 100. Empty for a flat map."""
    weight = evidence(attribution)
    if attribution.is_flat or not weight.any():
        return {}
    return {place.name: 100 * float(place.of(weight).sum() / weight.sum()) for place in PLACES[kind]}


def share_of(attribution: AttributionMap, place: Place) -> tuple[float, float]:
    """(share of the map's positive weight in a place, share of an even map there), in percent.

    The first is 0 for a map without positive weight.
    """
    weight, seen = evidence(attribution), np.isfinite(attribution.at((GRID, GRID)))
    whole = float(weight.sum())
    inside = float(place.of(weight).sum()) / whole if whole else 0.0
    return 100 * inside, 100 * float(place.of(seen).sum() / seen.sum())


def half_weight_area(attribution: AttributionMap) -> float:
    """The smallest part of the seen image that holds half of the map's weight, in percent: 50 for an even map."""
    values = attribution.at((GRID, GRID))
    weight = np.sort(np.maximum(values[np.isfinite(values)], 0))[::-1]
    needed = np.searchsorted(np.cumsum(weight), weight.sum() / 2) + 1
    return 100 * float(needed / weight.size)


def top_tenth(attribution: AttributionMap, size: tuple[int, int] = (GRID, GRID)) -> np.ndarray:
    """bool array of shape ``size``: the tenth of the seen pixels with the highest values, as far as they are positive.

    Nothing for a flat map, which has no top.
    """
    values = attribution.at(size)
    if attribution.is_flat:
        return np.zeros(size, dtype=bool)
    threshold = float(np.nanquantile(values, 0.9))
    values = np.nan_to_num(values, nan=-np.inf)
    top = values > max(threshold, 0.0)
    return top if top.any() else (values >= threshold) & (values > 0)  # a plateau wider than a tenth is all top

"""Two maps or more beside each other: the order of places, the top tenths, what they share and where they part."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from diagnosis.attribution import AttributionMap
from diagnosis.places import top_tenth

FINEST = 28  # cells a side of the finest grid on which the order of places is compared; finer is grain


def rank_correlation(first: AttributionMap, second: AttributionMap) -> float:
    """Spearman's rank correlation of what speaks for the class in two maps, −1..1, on the coarser of their grids.

    NaN where one of them speaks for it nowhere on that grid, or everywhere alike.
    """
    from scipy.stats import spearmanr  # half a second that the page need not wait for

    size = min(first.cells.shape, second.cells.shape, (FINEST, FINEST))
    grids = [np.maximum(np.nan_to_num(one.at(size)), 0) for one in (first, second)]
    if any(np.ptp(grid) == 0 for grid in grids):
        return float("nan")
    return float(spearmanr(grids[0].ravel(), grids[1].ravel()).statistic)


def overlap(first: AttributionMap, second: AttributionMap) -> float:
    """Share of the smaller of the two top tenths that lies in the other, in percent."""
    tops = [top_tenth(one) for one in (first, second)]
    smaller = min(int(top.sum()) for top in tops)
    return 100 * float((tops[0] & tops[1]).sum()) / smaller if smaller else 0.0


@dataclass(frozen=True, eq=False)
class Comparison:
    """Maps of one target by N methods, none of them flat.

    Attributes:
        methods: their names, N ≥ 2.
        ranks: float64 (N, N) rank correlations; 1 on the diagonal, NaN where a map has no order on the common grid.
        overlaps: float64 (N, N), percent of the smaller top tenth that lies in the other.
        consensus: float32 (FINEST, FINEST), 0..1 or NaN where unseen: the mean rank of a place over the methods.
        disagreement: float32 (FINEST, FINEST), 0..0.5 or NaN: the standard deviation of that rank.
    """

    methods: tuple[str, ...]
    ranks: np.ndarray
    overlaps: np.ndarray
    consensus: np.ndarray
    disagreement: np.ndarray

    @property
    def mean_rank(self) -> float:
        """Mean rank correlation of all pairs; NaN where no pair has one."""
        return _mean_of_pairs(self.ranks)

    @property
    def mean_overlap(self) -> float:
        """Mean overlap of all pairs, in percent."""
        return _mean_of_pairs(self.overlaps)

    @property
    def furthest(self) -> tuple[str, str, float]:
        """The two methods that overlap least, and by how much, in percent."""
        pairs = np.where(np.triu(np.ones_like(self.overlaps), 1) > 0, self.overlaps, np.inf)
        row, column = np.unravel_index(int(pairs.argmin()), pairs.shape)
        return self.methods[row], self.methods[column], float(pairs[row, column])


def compare(maps: Sequence[AttributionMap]) -> Comparison | None:
    """Compare maps of one target; flat ones are left out. None where fewer than two remain."""
    kept = [one for one in maps if not one.is_flat]
    if len(kept) < 2:
        return None
    count = len(kept)
    ranks, overlaps = np.eye(count), 100 * np.eye(count)
    for row in range(count):
        for column in range(row + 1, count):
            ranks[row, column] = ranks[column, row] = rank_correlation(kept[row], kept[column])
            overlaps[row, column] = overlaps[column, row] = overlap(kept[row], kept[column])
    order = np.stack([place_ranks(one) for one in kept])
    return Comparison(tuple(one.method for one in kept), ranks, overlaps, order.mean(axis=0), order.std(axis=0))


def place_ranks(attribution: AttributionMap) -> np.ndarray:
    """float32 (FINEST, FINEST): each seen place's rank by the map's positive values, 0 lowest to 1 highest, ties alike.

    NaN where unseen.
    """
    from scipy.stats import rankdata

    grid = attribution.at((FINEST, FINEST))
    seen = np.isfinite(grid)
    ranks = np.full(grid.shape, np.nan, dtype=np.float32)
    ordered = rankdata(np.maximum(grid[seen], 0))
    ranks[seen] = (ordered - 1) / max(ordered.size - 1, 1)
    return ranks


def _mean_of_pairs(matrix: np.ndarray) -> float:
    pairs = matrix[np.triu_indices(len(matrix), 1)]
    known = pairs[np.isfinite(pairs)]
    return float(known.mean()) if known.size else float("nan")

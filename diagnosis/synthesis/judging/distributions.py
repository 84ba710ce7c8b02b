"""How far apart two sets of images lie as wholes, in what the gate reads of the encoder.

Features are standardised by the mean and spread of ``train``, so that each counts alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MOST = 300  # images of a side in a draw
FEWEST = 20  # images of a side, below which nothing is measured
DRAWS = 50
Side = Sequence[np.ndarray]  # features (N, F) of each class


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Between the normal distributions that fit features (N, F) and (M, F) best (Heusel et al. 2017, arXiv 1706.08500).

    Squared: |mean - mean|² + tr(S + T - 2 (S T)^½). It is biased upwards, the more so the fewer images: compare figures
    for the same number alone. The trace of the root is the sum of the singular values of the product of both centred
    sets, so that fewer images than features do no harm.
    """
    means = first.mean(axis=0), second.mean(axis=0)
    a, b = ((x - mean) / np.sqrt(len(x) - 1) for x, mean in zip((first, second), means, strict=True))
    root = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    return float(((means[0] - means[1]) ** 2).sum() + (a**2).sum() + (b**2).sum() - 2 * root)


def kernel_distance(first: np.ndarray, second: np.ndarray) -> float:
    """The squared maximum mean discrepancy of features (N, F) and (M, F), unbiased (Bińkowski et al. 2018, 1801.01401).

    Kernel: (x · y / F + 1)³. About 0, on either side, for two draws from one distribution.
    """
    return _apart(_kernel(first, first)) + _apart(_kernel(second, second)) - 2 * float(_kernel(first, second).mean())


def _kernel(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.asarray((first @ second.T / first.shape[1] + 1) ** 3)


def _apart(kernel: np.ndarray) -> float:
    """The mean of a square kernel but for its diagonal."""
    count = len(kernel)
    return float((kernel.sum() - np.trace(kernel)) / (count * (count - 1)))


@dataclass(frozen=True)
class Spread:
    """The mean over the draws, and what 95 % of them lie between."""

    value: float
    low: float
    high: float

    @classmethod
    def over(cls, draws: np.ndarray) -> "Spread":
        low, high = np.percentile(draws, (2.5, 97.5))
        return cls(*(round(float(one), 4) for one in (draws.mean(), low, high)))


@dataclass(frozen=True)
class Distance:
    """Between two sets.

    Attributes:
        images: of each side in a draw.
    """

    images: int
    frechet: Spread
    kernel: Spread


def distances(*pairs: tuple[Side, Side]) -> tuple[Distance, ...] | None:
    """The distance of each pair of sides, all for the same number of images of the same classes; None with too few.

    A side has features (N, F) of each class. Each of 50 draws takes as many images of every class from every side, half
    of what the rarest has and at most 300 in all, without replacement: what differs is then never the mix of classes,
    and halves vary as much as sets of the whole size would (Politis & Romano 1994, doi 10.1214/aos/1176325770). Images
    are drawn, not groups, so that the spread tells nothing of other patients or slides.
    """
    classes, least = len(pairs[0][0]), min(len(one) for pair in pairs for side in pair for one in side)
    if least * classes < FEWEST or least < 2:
        return None
    images, random = min(least // 2, MOST // classes), np.random.default_rng(0)
    found = []
    for pair in pairs:
        drawn = [tuple(_drawn(side, images, random) for side in pair) for _ in range(DRAWS)]
        spreads = (Spread.over(np.array([of(*both) for both in drawn])) for of in (frechet_distance, kernel_distance))
        found.append(Distance(images * classes, *spreads))
    return tuple(found)


def _drawn(side: Side, images: int, random: np.random.Generator) -> np.ndarray:
    """float64: so many images of each class."""
    return np.concatenate([one[random.choice(len(one), images, replace=False)] for one in side]).astype(np.float64)

"""What a score is worth: split-conformal sets and tiers, measured on images that the network did not learn from."""

import math
from typing import Literal

import numpy as np

from diagnosis.cards import Confidence, Tier
from diagnosis.intervals import FEWEST_GROUPS

ERROR_RATE = 0.1  # how often the true class may be missing from a conformal set
BOUNDS: dict[Literal["high", "moderate", "low"], float] = {"high": 0.9, "moderate": 0.7, "low": 0.0}  # of the top score
NORMAL = 1.959964  # 97.5th percentile of the standard normal distribution
_NONE = 1e-12  # a variance that is nothing but rounding


def fit_confidence(
    scores: np.ndarray,
    targets: np.ndarray,
    groups: np.ndarray,
    *,
    source: Literal["val", "folds"],
    error_rate: float = ERROR_RATE,
) -> Confidence:
    """The conformal quantile and the tiers of N images.

    Args:
        scores: (N, L), 0..1; no image may have had a part in fitting its own.
        targets: (N,) integers, positions in the card's labels.
        groups: (N,) group names; images with the same name are alike.
        source: where the images come from, for the card.
    """
    top, right = scores.max(1).round(6), scores.argmax(1) == targets
    return Confidence(
        source=source,
        images=len(targets),
        groups=len(np.unique(groups)),
        error_rate=error_rate,
        quantile=conformal_quantile(1 - scores[np.arange(len(targets)), targets], error_rate),
        tiers=_tiers(top, right, groups),
    )


def conformal_quantile(misfit: np.ndarray, error_rate: float) -> float:
    """The ⌈(N + 1)(1 - error rate)⌉-th smallest of N misfits (1 - score of the true class), rounded up to 1e-6.

    The set of all classes whose score is at least 1 - quantile then has the true class with a chance of at least
    1 - error rate, for a further image like these (LAC, Sadinle, Lei & Wasserman 2019, arXiv 1609.00451; Angelopoulos
    & Bates 2021, arXiv 2107.07511). Of all sets with that property these are the smallest on average. 1 where N is too
    small for the error rate: every class is then in every set.
    """
    rank = math.ceil((len(misfit) + 1) * (1 - error_rate))
    if rank > len(misfit):
        return 1.0
    return min(1.0, math.ceil(float(np.sort(misfit)[rank - 1]) * 1e6) / 1e6)


def _tiers(top: np.ndarray, right: np.ndarray, groups: np.ndarray) -> tuple[Tier, ...]:
    """The tiers, each with how often the answer was right there.

    Their bounds are given, not chosen by the images. A tier that falls short of its own bound, so that even the upper
    end of its interval is below, does not earn its name: its images count to the next. The interval of a few groups is
    not kept, see :data:`diagnosis.intervals.RULE`.
    """
    tiers, left = [], np.ones(len(top), dtype=bool)
    for name, bound in BOUNDS.items():
        own = left & (top >= bound)
        low, high = wilson(right[own], groups[own])
        if high < bound:
            continue
        images, behind = int(own.sum()), len(np.unique(groups[own]))
        accuracy = round(float(right[own].mean()), 4) if images else None
        ends = {"low": low, "high": high} if behind >= FEWEST_GROUPS else {}
        tiers.append(Tier(name=name, at_least=bound, accuracy=accuracy, images=images, groups=behind, **ends))
        left &= ~own
    return tuple(tiers)


def wilson(right: np.ndarray, groups: np.ndarray) -> tuple[float, float]:
    """95 % interval of the share of right answers (Wilson 1927), 0..1, rounded to 1e-4; (0, 1) without images.

    Images of a group are alike: they count as many images as would, drawn one by one, vary as much as the groups do
    (Korn & Graubard 1998); as many as there are groups where nothing varies.
    """
    if not len(right):
        return 0.0, 1.0
    share, count = float(right.mean()), _independent(right, groups)
    middle = share + NORMAL**2 / (2 * count)
    spread = NORMAL * math.sqrt(share * (1 - share) / count + NORMAL**2 / (4 * count**2))
    scale = 1 + NORMAL**2 / count
    return round(max(0.0, (middle - spread) / scale), 4), round(min(1.0, (middle + spread) / scale), 4)


def _independent(right: np.ndarray, groups: np.ndarray) -> float:
    """How many images, drawn one by one, N images in groups amount to: 1..N."""
    names, members = np.unique(groups, return_inverse=True)
    images, count, share = len(right), len(names), right.mean()
    sums = np.bincount(members, right - share)
    variance = (sums**2).sum() / images**2 * count / max(count - 1, 1)
    if count < 2 or variance < _NONE:
        return float(count)
    return float(np.clip(images * share * (1 - share) / (images - 1) / variance, 1, images))

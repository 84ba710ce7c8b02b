"""Statistics of N labelled images under R sets of weights: the point value and all bootstrap replicates in one pass.

A draw of groups with replacement is nothing but a weight for each image: how often its group was drawn. Every function
takes such weights (R, N) and returns its statistic for each of them, NaN where it is undefined.
"""

import numpy as np

from diagnosis.cards import Confidence, Contrast, ModelCard

CALIBRATION_BINS = 15  # as in Guo et al. 2017, arXiv 1706.04599


def confusion(scores: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted confusion matrices (R, L, L): true label by row, predicted label by column."""
    classes = scores.shape[1]
    cells = np.eye(classes * classes)[targets * classes + scores.argmax(1)]  # (N, L²), one-hot
    return (weights @ cells).reshape(-1, classes, classes)


def confusion_counts(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The confusion matrix int64 (L, L) of the images as they are."""
    return confusion(scores, targets, np.ones((1, len(targets))))[0].astype(np.int64)


def calibration_bins(scores: np.ndarray) -> np.ndarray:
    """(N,) 0..14: the bin of each image's top score; a bin is (a, b], as in Guo et al."""
    return np.clip(np.ceil(scores.max(1) * CALIBRATION_BINS).astype(int) - 1, 0, CALIBRATION_BINS - 1)


def calibration_error(scores: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(R,) mean |accuracy - top score| over the bins, weighted by images."""
    gaps = (scores.argmax(1) == targets) - scores.max(1)
    in_bin = np.eye(CALIBRATION_BINS)[calibration_bins(scores)]
    return ratio(np.abs(weights @ (in_bin * gaps[:, None])).sum(1), weights.sum(1))


def share_of(hit: np.ndarray, weights: np.ndarray, among: np.ndarray) -> np.ndarray:
    """(R, K) mean of ``hit`` (N,) among the images of each of K kinds, ``among`` (N, K) 0 or 1."""
    return ratio(weights @ (among * hit[:, None]), weights @ among.astype(np.float64))


def in_tiers(scores: np.ndarray, confidence: Confidence) -> np.ndarray:
    """bool (N, K): whether each image's top score lies in each tier of the card."""
    names = np.array([confidence.tier(float(top)).name for top in scores.max(1)])
    return names[:, None] == np.array([tier.name for tier in confidence.tiers])


def in_mixed_groups(targets: np.ndarray, members: np.ndarray) -> np.ndarray:
    """bool (N,): the images of groups that have every class of the data; ``members`` (N,) numbers the groups."""
    has = np.zeros((members.max() + 1, targets.max() + 1), dtype=bool)
    has[members, targets] = True
    whole = np.asarray(has[:, np.unique(targets)].all(axis=1))
    return whole[members]


def groups_having(kinds: np.ndarray, members: np.ndarray) -> np.ndarray:
    """int64 (K,): how many groups have an image of each of K kinds, ``kinds`` (N, K) bool; ``members`` as above."""
    return np.array([len(np.unique(members[kind])) for kind in kinds.T], dtype=np.int64)


def balanced_accuracy(scores: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(R,) mean recall of the classes of the data."""
    found = confusion(scores, targets, weights)
    recall = ratio(np.diagonal(found, axis1=1, axis2=2), found.sum(2))
    return recall[:, np.unique(targets)].mean(1)


def contrast_aucs(scores: np.ndarray, targets: np.ndarray, card: ModelCard, weights: np.ndarray) -> np.ndarray:
    """AUC (R, C) of each of the card's contrasts: score = share of the positive side in the sum of both sides."""
    found = np.empty((len(weights), len(card.contrasts)))
    for i, contrast in enumerate(card.contrasts):
        positive, negative = sides(contrast, card)
        rows = np.isin(targets, positive + negative)
        for_it, against = scores[rows][:, positive].sum(1), scores[rows][:, negative].sum(1)
        share = for_it / np.maximum(for_it + against, np.finfo(np.float64).tiny)
        found[:, i] = weighted_auc(share, np.isin(targets[rows], positive), weights[:, rows])
    return found


def sides(contrast: Contrast, card: ModelCard) -> tuple[list[int], list[int]]:
    """Positions of the labels on the positive and on the negative side."""
    return [card.index(label) for label in contrast.positive], [card.index(label) for label in contrast.negative]


def weighted_auc(scores: np.ndarray, positive: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Area under the ROC curve under each of R sets of weights: scores (N,), positive bool (N,), weights (R, N) → (R,).

    The chance that a positive image scores above a negative one, ties counting half (Mann & Whitney 1947). NaN where
    either side has no weight.
    """
    if len(scores) == 0:
        return np.full(len(weights), np.nan)
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))  # first image of each run of equal scores
    weights = weights[:, order]
    for_it = np.add.reduceat(weights * positive[order], starts, axis=1)
    against = np.add.reduceat(weights * ~positive[order], starts, axis=1)
    below = np.cumsum(against, axis=1) - against
    return ratio((for_it * (below + against / 2)).sum(1), for_it.sum(1) * against.sum(1))


def roc_points(scores: np.ndarray, positive: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """False and true positive rates of the ROC curve, from (0, 0) to (1, 1), at most ``most`` points of it.

    Where the curve has more corners, those are kept that are nearest to even steps along it. Empty where one side is
    missing.
    """
    if positive.all() or not positive.any():
        return np.empty(0), np.empty(0)
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)  # last image of each run of equal scores
    rises = np.append(0, np.cumsum(positive[order])[ends]) / positive.sum()
    runs = np.append(0, np.cumsum(~positive[order])[ends]) / (~positive).sum()
    along = (rises + runs) / 2
    kept = np.unique(np.abs(along[:, None] - np.linspace(0, 1, most)).argmin(0))
    return runs[kept], rises[kept]


def ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """above / below, NaN where below is 0."""
    above, below = np.broadcast_arrays(above, below)
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)

"""How well scores tell classes apart: point values and 95 % intervals from a bootstrap over groups.

Images of one group (patient, slide …) are alike, so an interval that resamples images is too narrow. Here whole groups
are drawn with replacement, and a draw is nothing but a weight for each image: how often its group was drawn. Every
statistic below is a function of such weights, so that the point value (all weights 1) and all replicates come from
the same few lines.
"""

from typing import NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict

from diagnosis.cards import Contrast, ModelCard

CALIBRATION_BINS = 15  # as in Guo et al. 2017, arXiv 1706.04599
_CHUNK = 100  # replicates weighed at once; bounds the memory to 100 × N float64


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Interval(_Frozen):
    """A value with the 2.5th and 97.5th percentile of its replicates, all rounded to 1e-6.

    ``value`` is None where the data leave it undefined (an AUC with one class only); ``low`` and ``high`` are None
    when there are fewer than two groups to resample, or when no replicate defines them.
    """

    value: float | None
    low: float | None
    high: float | None


class ClassMetrics(_Frozen):
    """One class against the rest; ``support`` is its number of images. All None for a class without images."""

    label: str
    support: int
    precision: Interval
    recall: Interval
    f1: Interval
    auc: Interval


class ContrastMetrics(_Frozen):
    """A card's two-sided question; ``support`` is the number of images on either side. Other images are left out."""

    name: str
    support: int
    auc: Interval


class Confusion(_Frozen):
    """Rows are true labels, columns are predicted ones, in the order of the card.

    Attributes:
        counts: images.
        rates: counts divided by the sum of their row; the diagonal is recall.
    """

    counts: tuple[tuple[int, ...], ...]
    rates: tuple[tuple[Interval, ...], ...]


class Metrics(_Frozen):
    """Everything measured on one set of labelled images.

    Attributes:
        images, groups: how many there were.
        balanced_accuracy, macro_auc: unweighted means of recall and of one-vs-rest AUC over the classes that occur.
        log_loss: mean of −log(score of the true class), in nats.
        expected_calibration_error: mean |accuracy − top score| over 15 equal bins of the top score, weighted by images.
    """

    images: int
    groups: int
    accuracy: Interval
    balanced_accuracy: Interval
    macro_auc: Interval
    log_loss: Interval
    expected_calibration_error: Interval
    classes: tuple[ClassMetrics, ...]
    contrasts: tuple[ContrastMetrics, ...]
    confusion: Confusion


class _Statistics(NamedTuple):
    """Statistics under R sets of weights; NaN where undefined. L classes, C contrasts."""

    accuracy: np.ndarray  # (R,)
    balanced_accuracy: np.ndarray  # (R,)
    macro_auc: np.ndarray  # (R,)
    log_loss: np.ndarray  # (R,)
    calibration_error: np.ndarray  # (R,)
    precision: np.ndarray  # (R, L)
    recall: np.ndarray  # (R, L)
    f1: np.ndarray  # (R, L)
    auc: np.ndarray  # (R, L)
    contrasts: np.ndarray  # (R, C)
    rates: np.ndarray  # (R, L, L)


def measure(
    scores: np.ndarray,
    targets: np.ndarray,
    groups: np.ndarray,
    card: ModelCard,
    *,
    replicates: int = 1000,
    seed: int = 0,
) -> Metrics:
    """All metrics of a classifier on N images.

    A replicate in which a class does not occur is skipped for the statistics that need that class, and for those only.

    Args:
        scores: (N, L), 0..1, each row sums to 1.
        targets: (N,) integers, positions in the card's labels.
        groups: (N,) group names; images with the same name are drawn together.
        card: labels and contrasts.
        replicates: bootstrap draws.
        seed: of the draws; the same seed and data give the same intervals.
    """
    scores = np.asarray(scores, dtype=np.float64)
    names, members = np.unique(groups, return_inverse=True)
    point = _statistics(scores, targets, card, np.ones((1, len(targets))))
    draws = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), size=replicates)
    if len(names) < 2:
        draws = draws[:0]
    chunks = [
        _statistics(scores, targets, card, draws[start : start + _CHUNK, members].astype(np.float64))
        for start in range(0, max(len(draws), 1), _CHUNK)
    ]
    sample = _Statistics(*(np.concatenate(parts) for parts in zip(*chunks, strict=True)))
    return _metrics(point, sample, _counts(scores, targets), len(names), card)


def _metrics(point: _Statistics, sample: _Statistics, counts: np.ndarray, groups: int, card: ModelCard) -> Metrics:
    of = _Statistics(*(_intervals(values[0], drawn) for values, drawn in zip(point, sample, strict=True)))
    support = counts.sum(1)
    return Metrics(
        images=int(counts.sum()),
        groups=groups,
        accuracy=of.accuracy[()],
        balanced_accuracy=of.balanced_accuracy[()],
        macro_auc=of.macro_auc[()],
        log_loss=of.log_loss[()],
        expected_calibration_error=of.calibration_error[()],
        classes=tuple(
            ClassMetrics(
                label=label,
                support=int(support[i]),
                precision=of.precision[i],
                recall=of.recall[i],
                f1=of.f1[i],
                auc=of.auc[i],
            )
            for i, label in enumerate(card.label_names)
        ),
        contrasts=tuple(
            ContrastMetrics(
                name=one.name, support=int(support[np.concatenate(_sides(one, card))].sum()), auc=of.contrasts[i]
            )
            for i, one in enumerate(card.contrasts)
        ),
        confusion=Confusion(counts=counts.tolist(), rates=of.rates.tolist()),
    )


def _intervals(values: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """An array of Interval shaped as ``values``; ``drawn`` has the replicates on an added first axis."""
    intervals = np.empty(values.shape, dtype=object)
    for at in np.ndindex(values.shape):
        defined = drawn[(slice(None), *at)]
        defined = defined[~np.isnan(defined)]
        low, high = np.percentile(defined, [2.5, 97.5]) if len(defined) else (np.nan, np.nan)
        value, low, high = (None if np.isnan(x) else round(float(x), 6) for x in (values[at], low, high))
        intervals[at] = Interval(value=value, low=low, high=high)
    return intervals


def _statistics(scores: np.ndarray, targets: np.ndarray, card: ModelCard, weights: np.ndarray) -> _Statistics:
    """All statistics under each of R sets of image weights (R, N)."""
    total = weights.sum(1)
    occurs = np.bincount(targets, minlength=len(card.labels)) > 0
    confusion = _confusion(scores, targets, weights)
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    support, predicted = confusion.sum(2), confusion.sum(1)
    recall = _ratio(hits, support)
    auc = np.stack([weighted_auc(scores[:, i], targets == i, weights) for i in range(len(card.labels))], axis=1)
    own = np.clip(scores[np.arange(len(targets)), targets], np.finfo(np.float64).eps, 1)
    return _Statistics(
        accuracy=_ratio(hits.sum(1), total),
        balanced_accuracy=recall[:, occurs].mean(1),
        macro_auc=auc[:, occurs].mean(1),
        log_loss=_ratio(weights @ -np.log(own), total),
        calibration_error=_calibration_error(scores, targets, weights),
        precision=np.where(support > 0, _ratio(hits, predicted), np.nan),
        recall=recall,
        f1=np.where(support > 0, _ratio(2 * hits, predicted + support), np.nan),
        auc=auc,
        contrasts=_contrasts(scores, targets, card, weights),
        rates=_ratio(confusion, support[:, :, None]),
    )


def _confusion(scores: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted confusion matrices (R, L, L)."""
    classes = scores.shape[1]
    cells = np.eye(classes * classes)[targets * classes + scores.argmax(1)]  # (N, L²), one-hot
    return (weights @ cells).reshape(-1, classes, classes)


def _counts(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    return _confusion(scores, targets, np.ones((1, len(targets))))[0].astype(np.int64)


def _calibration_error(scores: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    top = scores.max(1)
    bins = np.clip(np.ceil(top * CALIBRATION_BINS).astype(int) - 1, 0, CALIBRATION_BINS - 1)  # (a, b] as in Guo et al.
    gaps = (scores.argmax(1) == targets) - top
    return _ratio(np.abs(weights @ (np.eye(CALIBRATION_BINS)[bins] * gaps[:, None])).sum(1), weights.sum(1))


def _contrasts(scores: np.ndarray, targets: np.ndarray, card: ModelCard, weights: np.ndarray) -> np.ndarray:
    """AUC (R, C) of each of the card's contrasts: score = share of the positive side in the sum of both sides."""
    found = np.empty((len(weights), len(card.contrasts)))
    for i, contrast in enumerate(card.contrasts):
        positive, negative = _sides(contrast, card)
        rows = np.isin(targets, positive + negative)
        for_it, against = scores[rows][:, positive].sum(1), scores[rows][:, negative].sum(1)
        share = for_it / np.maximum(for_it + against, np.finfo(np.float64).tiny)
        found[:, i] = weighted_auc(share, np.isin(targets[rows], positive), weights[:, rows])
    return found


def _sides(contrast: Contrast, card: ModelCard) -> tuple[list[int], list[int]]:
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
    return _ratio((for_it * (below + against / 2)).sum(1), for_it.sum(1) * against.sum(1))


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """above / below, NaN where below is 0."""
    above, below = np.broadcast_arrays(above, below)
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)

"""How well scores tell classes apart: point values and 95 % intervals from a bootstrap over groups.

Images of one group (patient, slide …) are alike, so an interval that resamples images is too narrow. Here whole groups
are drawn with replacement, and a draw is nothing but a weight for each image: how often its group was drawn. The
statistics of :mod:`diagnosis.training.statistics` are functions of such weights, so that the point value (all weights
1) and all replicates come from the same few lines.
"""

from functools import partial
from typing import NamedTuple

import numpy as np

from diagnosis.cards import ModelCard
from diagnosis.intervals import FEWEST_GROUPS
from diagnosis.training import statistics
from diagnosis.training.metrics import (
    ClassMetrics,
    ConformalMetrics,
    Confusion,
    ContrastMetrics,
    Interval,
    Metrics,
    MixedGroups,
    ReliabilityBin,
    Roc,
    TierMetrics,
)

ROC_POINTS = 200  # of a class, at most
_CHUNK = 100  # replicates weighed at once; bounds the memory to 100 × N float64


class _Statistics(NamedTuple):
    """Statistics under R sets of weights; NaN where undefined. L classes, C contrasts, B bins, K tiers."""

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
    reliability: np.ndarray  # (R, B)
    conformal: np.ndarray  # (R, 2): coverage and mean size; (R, 0) without a confidence table
    tiers: np.ndarray  # (R, 2, K): shares and accuracies
    mixed_groups: np.ndarray  # (R,)


class _Images(NamedTuple):
    """What is measured: scores (N, L), targets (N,), the number of each image's group (N,), and the card."""

    scores: np.ndarray
    targets: np.ndarray
    members: np.ndarray
    card: ModelCard

    @property
    def covered(self) -> np.ndarray:
        """bool (N, L): which classes are in each image's conformal set; (N, 0) without a confidence table."""
        known = self.card.confidence
        return known.covers(self.scores) if known else np.empty((len(self.scores), 0), dtype=bool)

    @property
    def tiers(self) -> np.ndarray:
        """bool (N, K): which tier each image lies in."""
        known = self.card.confidence
        return statistics.in_tiers(self.scores, known) if known else np.empty((len(self.scores), 0), dtype=bool)


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
    A statistic with fewer than ``FEWEST_GROUPS`` groups behind it has no interval, nor has one that no draw changes.

    Args:
        scores: (N, L), 0..1, each row sums to 1.
        targets: (N,) integers, positions in the card's labels.
        groups: (N,) group names; images with the same name are drawn together.
        card: labels, contrasts, conformal quantile and tiers.
        replicates: bootstrap draws.
        seed: of the draws; the same seed and data give the same intervals.
    """
    names, members = np.unique(groups, return_inverse=True)
    images = _Images(np.asarray(scores, dtype=np.float64), targets, members, card)
    point = _statistics(images, np.ones((1, len(targets))))
    draws = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), size=replicates)
    chunks = [
        _statistics(images, draws[start : start + _CHUNK, members].astype(np.float64))
        for start in range(0, replicates, _CHUNK)
    ]
    sample = _Statistics(*(np.concatenate(parts) for parts in zip(*chunks, strict=True)))
    return _metrics(images, point, sample)


def _metrics(images: _Images, point: _Statistics, sample: _Statistics) -> Metrics:
    behind = _groups_behind(images)
    of = _Statistics(*(intervals(one[0], drawn, few) for one, drawn, few in zip(point, sample, behind, strict=True)))
    counts = statistics.confusion_counts(images.scores, images.targets)
    return Metrics(
        images=int(counts.sum()),
        groups=len(np.unique(images.members)),
        accuracy=of.accuracy[()],
        balanced_accuracy=of.balanced_accuracy[()],
        macro_auc=of.macro_auc[()],
        log_loss=of.log_loss[()],
        expected_calibration_error=of.calibration_error[()],
        classes=_classes(images, of, behind),
        contrasts=_contrasts(images, of),
        confusion=Confusion(counts=counts.tolist(), rates=of.rates.tolist()),
        reliability=_reliability(images, of),
        conformal=_conformal(images, of),
        tiers=_tiers(images, of),
        mixed_groups=_mixed_groups(images, of),
    )


def _classes(images: _Images, of: _Statistics, behind: _Statistics) -> tuple[ClassMetrics, ...]:
    return tuple(
        ClassMetrics(
            label=label,
            support=int((images.targets == i).sum()),
            groups=int(behind.recall[i]),
            precision=of.precision[i],
            recall=of.recall[i],
            f1=of.f1[i],
            auc=of.auc[i],
            roc=_roc(images.scores[:, i], images.targets == i),
        )
        for i, label in enumerate(images.card.label_names)
    )


def _roc(scores: np.ndarray, positive: np.ndarray) -> Roc | None:
    false, true = statistics.roc_points(scores, positive, ROC_POINTS)
    if not len(false):
        return None
    return Roc(false_positive_rate=false.round(4).tolist(), true_positive_rate=true.round(4).tolist())


def _contrasts(images: _Images, of: _Statistics) -> tuple[ContrastMetrics, ...]:
    sides = [np.concatenate(statistics.sides(one, images.card)) for one in images.card.contrasts]
    return tuple(
        ContrastMetrics(name=one.name, support=int(np.isin(images.targets, both).sum()), auc=auc)
        for one, both, auc in zip(images.card.contrasts, sides, of.contrasts, strict=True)
    )


def _reliability(images: _Images, of: _Statistics) -> tuple[ReliabilityBin, ...]:
    top, bins = images.scores.max(1), statistics.calibration_bins(images.scores)
    width = 1 / statistics.CALIBRATION_BINS
    return tuple(
        ReliabilityBin(
            low=round(at * width, 6),
            high=round((at + 1) * width, 6),
            images=int((bins == at).sum()),
            score=round(float(top[bins == at].mean()), 6),
            accuracy=of.reliability[at],
        )
        for at in np.unique(bins).tolist()
    )


def _conformal(images: _Images, of: _Statistics) -> ConformalMetrics | None:
    known = images.card.confidence
    if known is None:
        return None
    coverage, size = of.conformal
    sizes = np.bincount(images.covered.sum(1), minlength=len(images.card.labels) + 1)
    return ConformalMetrics(
        error_rate=known.error_rate, quantile=known.quantile, coverage=coverage, size=size, sizes=sizes.tolist()
    )


def _tiers(images: _Images, of: _Statistics) -> tuple[TierMetrics, ...]:
    known = images.card.confidence
    return tuple(
        TierMetrics(name=tier.name, at_least=tier.at_least, images=count, share=share, accuracy=accuracy)
        for tier, count, share, accuracy in zip(
            known.tiers if known else (), images.tiers.sum(0).tolist(), *of.tiers, strict=True
        )
    )


def _mixed_groups(images: _Images, of: _Statistics) -> MixedGroups | None:
    mixed = statistics.in_mixed_groups(images.targets, images.members)
    if mixed.all() or not mixed.any():
        return None
    groups = len(np.unique(images.members[mixed]))
    return MixedGroups(images=int(mixed.sum()), groups=groups, balanced_accuracy=of.mixed_groups[()])


def _groups_behind(images: _Images) -> _Statistics:
    """How many groups each statistic rests on, shaped as its point value; of several sides, those of the rarest."""
    labels, members = np.arange(len(images.card.labels)), images.members
    true, answered = images.targets[:, None] == labels, images.scores.argmax(1)[:, None] == labels
    bins = statistics.calibration_bins(images.scores)[:, None] == np.arange(statistics.CALIBRATION_BINS)
    having = partial(statistics.groups_having, members=members)
    whole, of_class, in_tier = having(np.ones((len(members), 1), dtype=bool))[0], having(true), having(images.tiers)
    rarest = of_class[of_class > 0].min()
    sides = [[true[:, side].any(1) for side in statistics.sides(one, images.card)] for one in images.card.contrasts]
    return _Statistics(
        accuracy=whole,
        balanced_accuracy=rarest,
        macro_auc=rarest,
        log_loss=whole,
        calibration_error=whole,
        precision=having(answered),
        recall=of_class,
        f1=having(true | answered),
        auc=np.minimum(of_class, having(~true)),
        contrasts=np.array([having(np.stack(both, axis=1)).min() for both in sides]),
        rates=np.repeat(of_class[:, None], len(labels), axis=1),
        reliability=having(bins),
        conformal=np.full(2, whole),
        tiers=np.stack([np.full_like(in_tier, whole), in_tier]),
        mixed_groups=having(statistics.in_mixed_groups(images.targets, members)[:, None])[0],
    )


def intervals(values: np.ndarray, drawn: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """An array of Interval shaped as ``values`` and ``groups``; ``drawn`` has the replicates on an added first axis."""
    made = np.empty(values.shape, dtype=object)
    for at in np.ndindex(values.shape):
        value = None if np.isnan(values[at]) else round(float(values[at]), 6)
        low, high = _ends(drawn[(slice(None), *at)]) if groups[at] >= FEWEST_GROUPS else (None, None)
        made[at] = Interval(value=value, low=low, high=high)
    return made


def _ends(drawn: np.ndarray) -> tuple[float, float] | tuple[None, None]:
    """The 2.5th and 97.5th percentile of the replicates that are defined; None where there are none, or all agree."""
    defined = drawn[~np.isnan(drawn)]
    if not len(defined):
        return None, None
    low, high = (round(float(end), 6) for end in np.percentile(defined, [2.5, 97.5]))
    return (low, high) if low < high else (None, None)


def _statistics(images: _Images, weights: np.ndarray) -> _Statistics:
    """All statistics under each of R sets of image weights (R, N)."""
    scores, targets, card = images.scores, images.targets, images.card
    total = weights.sum(1)
    occurs = np.bincount(targets, minlength=len(card.labels)) > 0
    confusion = statistics.confusion(scores, targets, weights)
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    support, predicted = confusion.sum(2), confusion.sum(1)
    recall = statistics.ratio(hits, support)
    auc = [statistics.weighted_auc(scores[:, i], targets == i, weights) for i in range(len(card.labels))]
    own = np.clip(scores[np.arange(len(targets)), targets], np.finfo(np.float64).eps, 1)
    return _Statistics(
        accuracy=statistics.ratio(hits.sum(1), total),
        balanced_accuracy=recall[:, occurs].mean(1),
        macro_auc=np.stack(auc, axis=1)[:, occurs].mean(1),
        log_loss=statistics.ratio(weights @ -np.log(own), total),
        calibration_error=statistics.calibration_error(scores, targets, weights),
        precision=np.where(support > 0, statistics.ratio(hits, predicted), np.nan),
        recall=recall,
        f1=np.where(support > 0, statistics.ratio(2 * hits, predicted + support), np.nan),
        auc=np.stack(auc, axis=1),
        contrasts=statistics.contrast_aucs(scores, targets, card, weights),
        rates=statistics.ratio(confusion, support[:, :, None]),
        **_of_confidence(images, weights),
        mixed_groups=statistics.balanced_accuracy(
            scores, targets, weights * statistics.in_mixed_groups(targets, images.members)
        ),
    )


def _of_confidence(images: _Images, weights: np.ndarray) -> dict[str, np.ndarray]:
    """How often the answer is right by bin and by tier, and what the conformal sets cover."""
    right, everywhere = images.scores.argmax(1) == images.targets, np.ones((len(images.targets), 1))
    bins = np.eye(statistics.CALIBRATION_BINS)[statistics.calibration_bins(images.scores)]
    tiers, covered = images.tiers, images.covered
    sets = [] if not covered.shape[1] else [covered[np.arange(len(right)), images.targets], covered.sum(1)]
    shares = [statistics.share_of(one, weights, everywhere) for one in sets]
    share = statistics.ratio(weights @ tiers, weights.sum(1)[:, None])
    return {
        "reliability": statistics.share_of(right, weights, bins),
        "conformal": np.concatenate(shares, axis=1) if shares else np.empty((len(weights), 0)),
        "tiers": np.stack([share, statistics.share_of(right, weights, tiers)], axis=1),
    }

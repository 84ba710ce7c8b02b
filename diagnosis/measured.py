"""Prediction and maps → the findings that every reading has: scores, places, agreement, limits and test figures."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from diagnosis.attribution import METHODS, AttributionMap
from diagnosis.cards import ModelCard
from diagnosis.classifier import Prediction
from diagnosis.comparison import overlap, rank_correlation
from diagnosis.findings import (
    AGREE_OVERLAP,
    AGREE_RANK,
    CHANCE_OVERLAP,
    DIFFER_OVERLAP,
    DIFFER_RANK,
    NARROW,
    Figure,
    Finding,
    Performance,
    draft,
)
from diagnosis.intervals import called
from diagnosis.places import half_weight_area, shares
from diagnosis.preprocess import place
from diagnosis.study import Study

COARSE = 1.5  # how many times finer the file must be than the network's input before it is worth a finding
VERDICTS = {
    "agree": "The two methods agree on where the model looked.",
    "partly": "The two methods agree in part.",
    "differ": "The two methods point to different places: neither map should be relied on alone.",
}


def measure(
    study: Study,
    card: ModelCard,
    prediction: Prediction,
    label: str,
    maps: tuple[AttributionMap, ...],
    record: Performance | None,
) -> tuple[Finding, ...]:
    """All findings about one class of a reading, numbered in reading order.

    What independent findings score is told by :mod:`diagnosis.independent`.

    Args:
        maps: any maps of the reading; those of other classes are left alone.
        record: the measured performance of the weights, or None where there is none.
    """
    own = tuple(m for m in maps if m.label == label)
    drafts = (
        *(() if card.independent else _scores(card, prediction, label)),
        *(finding for one in own for finding in _where(card, one)),
        *_agreement(own),
        *_limits(study, card),
        *_performance(card, label, record),
    )
    return tuple(replace(draft, id=f"F{number}") for number, draft in enumerate(drafts, 1))


def _scores(card: ModelCard, prediction: Prediction, label: str) -> Iterator[Finding]:
    percent = 100 * prediction.scores.astype(float)
    own, ranking = card.index(label), prediction.ranking
    rank = ranking.index(own)
    order = f"number {rank + 1}" if rank else "the highest"
    title = card.title_of(label).lower()
    yield draft("score", "says", percent[own], "%", label=label, title=title, order=order, count=len(ranking))
    other = ranking[0] if rank else ranking[1]
    gap = abs(percent[own] - percent[other])
    kind = "behind" if rank else "narrow_margin" if gap < NARROW else "margin"
    title = card.labels[other].title.lower()
    yield draft(kind, "says", gap, "percentage points", label=label, other=title, other_value=float(percent[other]))


def _where(card: ModelCard, attribution: AttributionMap) -> Iterator[Finding]:
    label, method, title = attribution.label, attribution.method, card.title_of(attribution.label).lower()
    parts = shares(attribution, card.places)
    if not parts:
        yield draft("flat", "looked", label=label, method=method, title=title)
        return
    region = max(parts, key=lambda name: parts[name])
    count = len(parts)
    yield draft(
        "place", "looked", parts[region], "%", label=label, method=method, region=region, title=title, count=count
    )
    yield draft("concentration", "looked", half_weight_area(attribution), "%", label=label, method=method)


def _agreement(maps: tuple[AttributionMap, ...]) -> Iterator[Finding]:
    if len(maps) >= 2 and not any(one.is_flat for one in maps[:2]):
        yield from _compared(*maps[:2])
    for one in maps:
        if (gap := one.checks.get("additivity_gap")) is not None:
            yield draft("additivity", "trust", gap, "logits", label=one.label, method=one.method)


def _compared(first: AttributionMap, second: AttributionMap) -> Iterator[Finding]:
    """How much two maps agree; nothing where one of them has no order of places."""
    label, other = first.label, METHODS[second.method].title
    rank, shared = rank_correlation(first, second), overlap(first, second)
    if not np.isfinite(rank):
        return
    judged = _verdict(rank, shared)
    verdict = VERDICTS[judged]
    yield draft("agreement", "trust", rank, "rank correlation", label=label, method=first.method, other=other)
    yield draft("overlap", "trust", shared, "%", label=label, chance=CHANCE_OVERLAP, judged=judged, verdict=verdict)


def _verdict(rank: float, shared: float) -> str:
    if rank >= AGREE_RANK and shared >= AGREE_OVERLAP:
        return "agree"
    return "differ" if rank < DIFFER_RANK or shared < DIFFER_OVERLAP else "partly"


def _limits(study: Study, card: ModelCard) -> Iterator[Finding]:
    spec = card.input
    if study.modality and study.modality not in spec.modalities:
        expected = " or ".join(spec.modalities)
        yield draft("modality", "trust", modality=study.modality, expected=expected)
    if spec.channels == 3 and study.pixels.shape[2] == 1:
        yield draft("colourless", "trust")
    for caution in study.cautions:
        yield draft("caution", "trust", text=caution)
    box = place(study.size, spec).study_box
    unseen = 100 * (1 - box[2] * box[3] / (study.size[0] * study.size[1]))
    if unseen:
        yield draft("unseen", "trust", unseen, "%")
    if (coarser := max(study.size) / spec.size) >= COARSE:
        yield draft("resolution", "trust", coarser, "times", size=spec.size)


def _performance(card: ModelCard, label: str, record: Performance | None) -> Iterator[Finding]:
    if record is None:
        yield draft("unmeasured", "trust")
        return
    overall = record.balanced_accuracy
    yield measured_figure(
        "performance", overall, card, groups=record.groups, images=record.images, rarest=overall.groups
    )
    if own := record.recall.get(label):
        yield measured_figure("recall", own, card, label=label, title=card.title_of(label).lower())


def measured_figure(kind: str, figure: Figure, card: ModelCard, *, groups: int | None = None, **facts: Any) -> Finding:
    """A figure of test images, with its interval and the groups that it rests on; ``facts`` as for :func:`draft`.

    Args:
        groups: of all the test images, where the figure rests on fewer.
    """
    groups = groups or figure.groups
    facts |= {"groups": groups, "group": called(groups, card.group)}
    return draft(kind, "trust", figure.value, "%", interval=figure.interval, **facts)

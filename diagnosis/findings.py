"""Prediction and maps → findings: everything that may be said of a reading, measured.

Each kind of finding has one template in ``TEMPLATES`` and one function that measures it: those that every reading has
are measured here, those that answer a question in ``asked.py``. A statement is made by its template alone and contains
the value.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np

from diagnosis.attribution import METHODS, AttributionMap
from diagnosis.cards import ModelCard
from diagnosis.classifier import Prediction
from diagnosis.comparison import overlap, rank_correlation
from diagnosis.places import half_weight_area, shares
from diagnosis.preprocess import place
from diagnosis.study import Study

Topic = Literal["says", "looked", "trust"]
TOPICS: tuple[Topic, ...] = get_args(Topic)

COARSE = 1.5  # how many times finer the file must be than the network's input before it is worth a finding
NARROW = 10.0  # percentage points of margin under which two classes are called close
CHANCE_OVERLAP = 10.0  # percent of a top tenth that another, unrelated top tenth covers on average
AGREE_RANK, AGREE_OVERLAP = 0.5, 30.0  # both reached: the methods agree
DIFFER_RANK, DIFFER_OVERLAP = 0.2, 15.0  # either missed: the methods point to different places

TEMPLATES: dict[str, str] = {
    "score": "The model gives {title} a score of {value:.1f} %, {order} of {count} classes.",
    "margin": "Next is {other} with {other_value:.1f} %, {value:.1f} percentage points lower.",
    "narrow_margin": "Next is {other} with {other_value:.1f} %, only {value:.1f} percentage points lower: the model hardly separates the two.",
    "behind": "The highest score goes to {other} with {other_value:.1f} %, {value:.1f} percentage points higher.",
    "place": "{method} puts {value:.1f} % of its weight for {title} in the {region} of the image, the largest share of {count} parts.",
    "concentration": "Half of the {method} weight lies in {value:.1f} % of the image; an even map would need 50 %.",
    "flat": "The {method} map for {title} is flat: no place spoke for it more than another.",
    "agreement": "{method} and {other} order the places with a rank correlation of {value:.2f}, where 1 is the same order and 0 is none.",
    "overlap": "The top tenths of the two maps share {value:.1f} % of their area; unrelated maps would share {chance:.0f} %. {verdict}",
    "additivity": "The parts of the SHAP map add up to the model's output to within {value:.1g} logits.",
    "performance": "On {images} test images of {groups} {group} that it was not trained on, the model's balanced accuracy was {value:.1f} % (95 % interval {low:.1f} to {high:.1f}).",
    "recall": "Of the test images that truly were {title}, it recognised {value:.1f} % (95 % interval {low:.1f} to {high:.1f}).",
    "unmeasured": "There is no evaluation of these weights: how good the model is has not been measured.",
    "resolution": "The network saw the image at {size} × {size} pixels, {value:.1f} times coarser than the file: finer detail was lost to it.",
    "unseen": "The network did not see {value:.1f} % of the image, at its edges.",
    "modality": "The file says that it is of modality {modality}; the model was made for {expected}.",
    "colourless": "The image has no colour; the model was made for stained tissue in colour.",
    "caution": "{text}",
    "share": "{method} puts {value:.1f} % of its weight for {title} in the {region} of the image; an even map would put {even:.1f} % there.",
    "compared": "The model gives {title} a score of {own_value:.1f} %, {value:.1f} percentage points more than {other} with {other_value:.1f} %.",
    "same_place": "The top tenths of the {method} maps for {title} and {other} share {value:.1f} % of their area; unrelated maps would share {chance:.0f} %.",
    "zone": "{method} puts {value:.1f} % of its weight for {title} on the {region}, where an even map would put {even:.1f} %: of {count} zones none has more above its even share.",
    "zone_across": "Across these zones, {value:.1f} % of the {method} weight for {title} lies on the {region}; an even map would put {even:.1f} % there.",
    "zone_share": "{method} puts {value:.1f} % of its weight for {title} on the {region}; an even map would put {even:.1f} % there.",
    "off_anatomy": "{method} puts {value:.1f} % of its weight for {title} {where}; an even map would put {even:.1f} % there.",
    "shortcut": "Caution, this looks like a shortcut: off the anatomy lies {value:.1f} percentage points more of the {method} weight for {title} than an even map would put there; the alarm rings from {threshold:.1f}.",
    "shortcut_record": "On test films this alarm rang for {value:.1f} % of {films} with a planted mark that a model answered by, and for {false:.1f} % of {clean} without one.",
    "zones_uncertain": "Zones uncertain: {text}.",
    "badge": "The {method} map for {title} is {badge}{reasons}. It beats {value:.0f} % of {count} random maps (95 % interval {low:.0f} to {high:.0f} %).",
    "gain": "Showing what {method} ranks highest for {title} and hiding the rest, rather than the reverse, moves the model's output by {value:.2f} logits; random maps move it by {low:.2f} to {high:.2f}.",
    "centred": "For {title}, {method} beats {value:.0f} % of the maps that favour the middle of the image.",
    "shuffled": "After the model's top layers are shuffled, the {method} map for {title} has a rank correlation of {value:.2f} with itself: {verdict}.",
    "steady": "With faint noise on the image, the {method} map for {title} has a rank correlation of {value:.2f} with itself: {verdict}.",
    "gap": "What the parts of the {method} map for {title} should add up to, they miss by {value:.2g} % of the map's whole weight.",
    "methods_rank": "The {count} methods order the places for {title} with a mean rank correlation of {value:.2f}, where 1 is the same order and 0 is none.",
    "methods_overlap": "The top tenths of the {count} maps for {title} share {value:.1f} % of their area, on average over all pairs; unrelated maps would share {chance:.0f} %. {verdict}",
    "furthest": "Furthest apart are {method} and {other}: their top tenths share {value:.1f} %.",
    "contrast": "The model's output for {title}, less the one for {other}, is {value:.2f} logits.",
    "contrast_place": "What speaks for {title} and not for {other} lies, by {method}, to {value:.1f} % in the {region} of the image, the largest share of {count} parts.",
    "erased_area": "Erased was {what}, {value:.1f} % of what the network sees; it was {filling}.",
    "erased": "Without {what} the score for {title} changes by {value:+.1f} percentage points, to {after:.1f} %; patches of the same shape elsewhere change it by {low:+.1f} to {high:+.1f}, and {beaten} of {count} of them change it less.",
    "turned": "Without {what} the highest score goes to {other} with {value:.1f} %.",
    "cells": "The {method} map has {rows} × {columns} cells, {value:.0f} in all.",
    "method": "{text}",
    "score_kind": "{text}",
    "card": "{aspect}: {text}",
    "vote": "{value:.0f} of the {count} most similar cases of the data set with the model's classes are called {title}, which agrees with the model's highest score, {own_value:.1f} %.",
    "vote_conflict": "{value:.0f} of the {count} most similar cases of the data set with the model's classes are called {title}, which differs from the model's highest score, {other} with {other_value:.1f} %; {other} got {other_votes} of the votes.",
    "no_vote": "No case with one of the model's classes is similar enough to this image to vote: the nearest has a cosine of {value:.3f}, and {floor:.3f} is needed.",
    "vote_tested": "Asked with {images} test images, such a vote named the right one of {count} classes for {value:.1f} % (95 % interval {low:.1f} to {high:.1f}); the commonest class alone would be right for {majority:.1f} %.",
    "vote_left_out": "Asked with {images} images of the library, each without the cases of its own patient or slide, such a vote named the right one of {count} classes for {value:.1f} % (95 % interval {low:.1f} to {high:.1f}); the commonest class alone would be right for {majority:.1f} %.",
    "vote_balanced": "As the mean over the classes, such a vote was right for {value:.1f} %.",
    "vote_unmeasured": "How often such a vote is right has not been measured.",
}

# Kinds that a second opinion brings: they are about the study, whichever class is explained.
OPINIONS = frozenset(
    {"vote", "vote_conflict", "no_vote", "vote_tested", "vote_left_out", "vote_balanced", "vote_unmeasured"}
)

# Kinds that tests of maps bring; each test is of one class.
TESTS = frozenset(
    {"badge", "gain", "centred", "shuffled", "steady", "gap", "methods_rank", "methods_overlap", "furthest"}
    | {"contrast", "contrast_place", "erased_area", "erased", "turned"}
)
WARNINGS = frozenset({"shortcut", "shortcut_record"})  # kinds that come before the other limits

VERDICTS = {
    "agree": "The two methods agree on where the model looked.",
    "partly": "The two methods agree in part.",
    "differ": "The two methods point to different places: neither map should be relied on alone.",
}


@dataclass(frozen=True)
class Finding:
    """One measured fact about a reading.

    Attributes:
        id: ``F1``, ``F2`` … in reading order.
        kind: key of ``TEMPLATES``.
        topic: ``says`` (the scores), ``looked`` (the maps) or ``trust`` (what limits both).
        value: the measured number in ``unit``, or None where the fact is not a number.
        unit: ``%``, ``percentage points``, ``rank correlation``, ``logits``, ``times``, ``cases``, ``cosine`` or
            empty.
        interval: 95 % interval (low, high) in ``unit``, or None where none was measured.
        label, method, region: the class, method and place that it is about, or None.
        facts: what else the statement says, by name, e.g. ``other`` (a second class or method) and ``other_value``.
        statement: one plain sentence (two where a verdict follows) that contains the value.
    """

    id: str
    kind: str
    topic: Topic
    value: float | None
    unit: str
    statement: str
    interval: tuple[float, float] | None = None
    label: str | None = None
    method: str | None = None
    region: str | None = None
    facts: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """A figure from an evaluation file, in percent, with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Performance:
    """How well the weights did on test images: balanced accuracy, and the recall of each label."""

    images: int
    groups: int
    balanced_accuracy: Figure
    recall: dict[str, Figure]


def measure(
    study: Study,
    card: ModelCard,
    prediction: Prediction,
    label: str,
    maps: tuple[AttributionMap, ...],
    record: Performance | None,
) -> tuple[Finding, ...]:
    """All findings about one class of a reading, numbered in reading order.

    Args:
        maps: any maps of the reading; those of other classes are left alone.
        record: the measured performance of the weights, or None where there is none.
    """
    own = tuple(m for m in maps if m.label == label)
    drafts = (
        *_scores(card, prediction, label),
        *(finding for one in own for finding in _where(card, one)),
        *_agreement(own),
        *_limits(study, card),
        *_performance(card, label, record),
    )
    return tuple(replace(draft, id=f"F{number}") for number, draft in enumerate(drafts, 1))


def draft(
    kind: str,
    topic: Topic,
    value: float | None = None,
    unit: str = "",
    *,
    label: str | None = None,
    method: str | None = None,
    region: str | None = None,
    interval: tuple[float, float] | None = None,
    **facts: float | str,
) -> Finding:
    """A finding that waits for its number; the template is filled with the fields and with ``facts``."""
    title = METHODS[method].title if method else ""
    statement = TEMPLATES[kind].format(value=value, method=title, region=region, **facts)
    return Finding("", kind, topic, value, unit, statement, interval, label, method, region, facts)


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
    whole = record.balanced_accuracy
    ends = (whole.low, whole.high)
    yield draft(
        "performance",
        "trust",
        whole.value,
        "%",
        interval=ends,
        low=ends[0],
        high=ends[1],
        images=record.images,
        groups=record.groups,
        group=card.group,
    )
    if own := record.recall.get(label):
        ends, title = (own.low, own.high), card.title_of(label).lower()
        yield draft(
            "recall", "trust", own.value, "%", label=label, interval=ends, title=title, low=ends[0], high=ends[1]
        )

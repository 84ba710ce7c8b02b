"""A question to a reading → findings that wait for their ids; :meth:`diagnosis.reading.Reading.enter` gives them.

Each function measures one thing that no reading says by itself.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from diagnosis.anatomy.shares import share_in
from diagnosis.anatomy.zones import Zone
from diagnosis.attribution import METHODS, AttributionMap
from diagnosis.cards import ModelCard
from diagnosis.comparison import overlap
from diagnosis.findings import CHANCE_OVERLAP, Finding, draft
from diagnosis.independent import beside_threshold
from diagnosis.places import Place, share_of
from diagnosis.reading import Reading
from diagnosis.worth import about

SCORE_KINDS = {
    "calibrated probability": "The scores are calibrated probabilities: they were fitted so that, on images like those "
    "of the model's data set, a score tells how often such an answer is right.",
    "uncalibrated score": "The scores are uncalibrated: they put the classes in order, and do not tell how often such "
    "an answer is right.",
}
INDEPENDENT_KINDS = {
    "calibrated probability": "The scores are calibrated probabilities, each for its own finding: it was fitted so "
    "that, on images like those of the model's data set, it tells how often the finding is there.",
    "uncalibrated score": "The scores are uncalibrated: each puts images in order by its own finding, and does not "
    "tell how often the finding is there.",
    "operating-point score": "The scores are operating-point scores: each is the network's output, stretched so that "
    "50 % is the finding's own operating threshold. They are no probabilities, and two findings' scores cannot be "
    "compared.",
}


def share(reading: Reading, place: Place, label: str, methods: tuple[str, ...]) -> Iterator[Finding]:
    """Each method's share of the weight for a class that lies in a place. A flat map is called flat."""
    return _shares(reading, "share", place.name, lambda one: share_of(one, place), label, methods)


def zone_share(reading: Reading, zone: Zone, label: str, methods: tuple[str, ...]) -> Iterator[Finding]:
    """The same of a zone of the patient or slide."""

    def measured(one: AttributionMap) -> tuple[float, float]:
        own = share_in(one, zone)
        return own.percent, own.even

    return _shares(reading, "zone_share", zone.name, measured, label, methods)


def _shares(
    reading: Reading,
    kind: str,
    region: str,
    measured: Callable[[AttributionMap], tuple[float, float]],
    label: str,
    methods: tuple[str, ...],
) -> Iterator[Finding]:
    """For each method with a map, what ``measured`` makes of it: its share in the region and an even map's, in %."""
    title = reading.card.title_of(label).lower()
    for method in methods:
        if (one := map_of(reading, label, method)) is None:
            continue
        if one.is_flat:
            yield draft("flat", "looked", label=label, method=method, title=title)
            continue
        percent, even = measured(one)
        yield draft(kind, "looked", percent, "%", label=label, method=method, region=region, title=title, even=even)


def compared(reading: Reading, first: str, second: str) -> Iterator[Finding]:
    """The scores of two classes, the higher one first, and how far each method's maps for them lie on one another.

    Independent findings are each told beside their own threshold instead.
    """
    card, prediction = reading.card, reading.prediction
    higher, lower = sorted((first, second), key=lambda label: -prediction.scores[card.index(label)])
    own, other = (100 * float(prediction.scores[card.index(label)]) for label in (higher, lower))
    names: dict[str, Any] = {"title": card.title_of(higher).lower(), "other": card.title_of(lower).lower()}
    if card.independent:
        yield from (beside_threshold(card, prediction, label) for label in (higher, lower))
    else:
        yield draft(
            "compared", "says", own - other, "percentage points", label=higher, own_value=own, other_value=other,
            **names,
        )  # fmt: skip
    for method in METHODS:
        pair = [map_of(reading, label, method) for label in (higher, lower)]
        ready = [one for one in pair if one is not None and not one.is_flat]
        if len(ready) == 2:
            yield draft(
                "same_place",
                "looked",
                overlap(*ready),
                "%",
                label=higher,
                method=method,
                chance=CHANCE_OVERLAP,
                **names,
            )


def of_class(reading: Reading, label: str) -> tuple[Finding, ...]:
    """What the reading says of another class: its score, its place in the order, and its maps."""
    found = reading.about(label).findings
    return tuple(replace(one, id="") for one in found if one.label == label)


def method(reading: Reading, name: str) -> Iterator[Finding]:
    """How a method works, and how fine its map of this reading is."""
    for text in METHODS[name].explained:
        yield draft("method", "trust", method=name, text=text)
    if (one := map_of(reading, reading.label, name)) is not None:
        rows, columns = one.cells.shape
        yield draft("cells", "trust", rows * columns, "cells", method=name, rows=rows, columns=columns)


def card(described: ModelCard) -> Iterator[Finding]:
    """What a model's card says of it: which it is, what it is for, what not, what it learned from, and its limits."""
    identity, excluded = about(described)
    yield identity
    yield draft("model_fact", "trust", aspect="Made for", text=described.intended_use)
    yield excluded
    for aspect, text in (("Trained on", described.training_data), *(("Limit", one) for one in described.limitations)):
        yield draft("model_fact", "trust", aspect=aspect, text=text)
    known = INDEPENDENT_KINDS if described.independent else SCORE_KINDS
    yield draft("score_kind", "trust", text=known[described.score_kind])


def map_of(reading: Reading, label: str, method: str) -> AttributionMap | None:
    """A map of any class, or None where there is none (yet)."""
    return next((one for one in reading.maps if (one.label, one.method) == (label, method)), None)

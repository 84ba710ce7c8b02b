"""What a finding is, and the template of each kind: everything that may be said of a reading, measured.

A statement is made by its kind's template alone and contains the value. Findings that every reading has are measured in
``measured.py``, others in ``worth.py``, ``independent.py``, ``located.py`` and ``trusted.py``, and those that answer a
question in ``asked.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from diagnosis.attribution import METHODS
from diagnosis.intervals import spread

Topic = Literal["says", "looked", "trust"]
TOPICS: tuple[Topic, ...] = get_args(Topic)

NARROW = 10.0  # percentage points of margin under which two classes are called close
CHANCE_OVERLAP = 10.0  # percent of a top tenth that another, unrelated top tenth covers on average
AGREE_RANK, AGREE_OVERLAP = 0.5, 30.0  # both reached: the methods agree
DIFFER_RANK, DIFFER_OVERLAP = 0.2, 15.0  # either missed: the methods point to different places

TEMPLATES: dict[str, str] = {
    "score": "The model gives {title} a score of {value:.1f} %, {order} of {count} classes.",
    "margin": "Next is {other} with {other_value:.1f} %, {value:.1f} percentage points lower.",
    "narrow_margin": "Next is {other} with {other_value:.1f} %, only {value:.1f} percentage points lower: the model hardly separates the two.",
    "behind": "The highest score goes to {other} with {other_value:.1f} %, {value:.1f} percentage points higher.",
    "confidence_tier": "Confidence in the highest score, {score:.1f} % for {title}, is {tier}: of {images} images that the model had not learned from and gave a highest score {span}, it was right for {value:.1f} % ({spread}).",
    "confidence_unmeasured": "Confidence in the highest score, {score:.1f} % for {title}, is {tier}; how often the model is right there is unknown: of {count} images that it had not learned from it gave none a highest score {span}.",
    "conformal_set": "A set of classes that leaves out the true one for about {error:.0f} % of such images holds {value:.0f} of the {count} here: {names}. It takes every class with a score of {floor:.1f} % or more.",
    "conformal_empty": "A set of classes that leaves out the true one for about {error:.0f} % of such images is empty here: none of the {count} has a score of {floor:.1f} % or more.",
    "above_threshold": "The model gives {title} a score of {value:.1f} %, {gap:.1f} percentage points above its operating threshold of {threshold:.1f} %.",
    "below_threshold": "The model gives {title} a score of {value:.1f} %, {gap:.1f} percentage points below its operating threshold of {threshold:.1f} %.",
    "reached": "Of the model's {count} findings, {value:.0f} {reach}: {names}.",
    "none_reached": "None of the model's {count} findings reaches its operating threshold.",
    "independent": "The model scores each of its {count} findings by itself: none excludes another, and the scores do not add up to 100 %.",
    "place": "{method} puts {value:.1f} % of its weight for {title} in the {region} of the image, the largest share of {count} parts.",
    "concentration": "Half of the {method} weight lies in {value:.1f} % of the image; an even map would need 50 %.",
    "flat": "The {method} map for {title} is flat: no place spoke for it more than another.",
    "agreement": "{method} and {other} order the places with a rank correlation of {value:.2f}, where 1 is the same order and 0 is none.",
    "overlap": "The top tenths of the two maps share {value:.1f} % of their area; unrelated maps would share {chance:.0f} %. {verdict}",
    "additivity": "The parts of the SHAP map add up to the model's output to within {value:.1g} logits.",
    "performance": "On {images} test images of {groups} {group} that it was not trained on, the model's balanced accuracy was {value:.1f} % ({spread}).",
    "recall": "Of the test images that truly were {title}, it recognised {value:.1f} % ({spread}).",
    "performance_mixed": "On the {images} of these images that come from {groups} {group} with every class, its balanced accuracy was {value:.1f} % ({spread}).",
    "conformal_tested": "On {images} test images such a set held the true class for {value:.1f} % ({spread}), with {size:.1f} classes on average.",
    "unmeasured": "There is no evaluation of these weights: how good the model is has not been measured.",
    "resolution": "The network saw the image at {size} × {size} pixels, {value:.1f} times coarser than the file: finer detail was lost to it.",
    "unseen": "The network did not see {value:.1f} % of the image, at its edges.",
    "modality": "The file says that it is of modality {modality}; the model was made for {expected}.",
    "colourless": "The image has no colour; the model was made for stained tissue in colour.",
    "caution": "{text}",
    "gate": "Caution: this may be an image of another kind than the model was made for. {text}",
    "gate_passed": "The image looks like {looks}, which the model was made for: its distance from the images that the model learned from is {value:.0f} % of the largest that passes.",
    "gate_unknown": "Whether this image is of the kind that the model was made for was not checked.",
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
    "erased": "Without {what} the score for {title} changes by {value:+z.1f} percentage points, to {after:.1f} %; patches of the same shape elsewhere change it by {low:+z.1f} to {high:+z.1f}, and {beaten} of {count} of them change it less.",
    "turned": "Without {what} the highest score goes to {other} with {value:.1f} %.",
    "crossed": "Without {what} the score for {title} {falls} its operating threshold of {value:.1f} %.",
    "cells": "The {method} map has {rows} × {columns} cells, {value:.0f} in all.",
    "method": "{text}",
    "score_kind": "{text}",
    "model_fact": "{aspect}: {text}",
    "vote": "{value:.0f} of the {count} most similar cases of the data set with the model's classes are called {title}, which agrees with the model's highest score, {own_value:.1f} %.",
    "vote_conflict": "{value:.0f} of the {count} most similar cases of the data set with the model's classes are called {title}, which differs from the model's highest score, {other} with {other_value:.1f} %; {other} got {other_votes} of the votes.",
    "no_vote": "No case with one of the model's classes is similar enough to this image to vote: the nearest has a cosine of {value:.3f}, and {floor:.3f} is needed.",
    "vote_reached": "{value:.0f} of the {count} most similar cases of the data set with the model's findings are called {title}, which the model scores {own_value:.1f} %, above its operating threshold.",
    "vote_missed": "{value:.0f} of the {count} most similar cases of the data set with the model's findings are called {title}, which the model scores {own_value:.1f} %, below its operating threshold.",
    "vote_in_set": "The class of most similar cases, {title}, is in the set of classes that leaves out the true one for about {error:.0f} % of such images.",
    "vote_outside_set": "The class of most similar cases, {title}, is not in the set of classes that leaves out the true one for about {error:.0f} % of such images.",
    "vote_tested": "Asked with {images} test images, such a vote named the right one of {count} classes for {value:.1f} % ({spread}); the commonest class alone would be right for {majority:.1f} %.",
    "vote_left_out": "Asked with {images} images of the library, each without the cases of its own patient or slide, such a vote named the right one of {count} classes for {value:.1f} % ({spread}); the commonest class alone would be right for {majority:.1f} %.",
    "vote_balanced": "As the mean over the classes, such a vote was right for {value:.1f} %.",
    "vote_unmeasured": "How often such a vote is right has not been measured.",
}

# Kinds that a second opinion brings: they are about the study, whichever class is explained.
OPINIONS = frozenset(
    {"vote", "vote_conflict", "vote_reached", "vote_missed", "no_vote", "vote_tested", "vote_left_out"}
    | {"vote_balanced", "vote_unmeasured", "vote_in_set", "vote_outside_set"}
)

# Kinds that tests of maps bring; each test is of one class.
TESTS = frozenset(
    {"badge", "gain", "centred", "shuffled", "steady", "gap", "methods_rank", "methods_overlap", "furthest"}
    | {"contrast", "contrast_place", "erased_area", "erased", "turned", "crossed"}
)
WARNINGS = frozenset({"gate", "shortcut", "shortcut_record"})  # kinds that come before the other limits


@dataclass(frozen=True)
class Finding:
    """One measured fact about a reading.

    Attributes:
        id: ``F1``, ``F2`` … in reading order.
        kind: key of ``TEMPLATES``.
        topic: ``says`` (the scores), ``looked`` (the maps) or ``trust`` (what limits both).
        value: the measured number in ``unit``, or None where the fact is not a number.
        unit: ``%``, ``percentage points``, ``rank correlation``, ``logits``, ``times``, ``cases``, ``findings``,
            ``classes``, ``cosine`` or empty.
        interval: 95 % interval (low, high) in ``unit``, or None where there is none.
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
    """A figure from an evaluation file, in percent, with its 95 % interval and the number of groups behind it.

    ``interval`` is None where the groups are too few for one, or where no draw of them changes the figure.
    """

    value: float
    interval: tuple[float, float] | None
    groups: int


@dataclass(frozen=True)
class Performance:
    """How well the weights did on test images: balanced accuracy, and the recall of each label.

    Attributes:
        mixed: the same on groups that have every class, where not all have.
        coverage, set_size: in percent, how often a conformal set held the true class; its mean number of classes.
    """

    images: int
    groups: int
    balanced_accuracy: Figure
    recall: dict[str, Figure]
    mixed: "MixedPerformance | None" = None
    coverage: Figure | None = None
    set_size: float | None = None


@dataclass(frozen=True)
class MixedPerformance:
    """How well the weights did on groups that have every class, so that what tells groups apart is no help."""

    images: int
    groups: int
    balanced_accuracy: Figure


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
    statement = TEMPLATES[kind].format(
        value=value, method=title, region=region, spread=spread(interval, facts), **facts
    )
    return Finding("", kind, topic, value, unit, statement, interval, label, method, region, facts)

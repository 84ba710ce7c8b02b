"""Answers without a language model: common questions, by their words, over the same tools."""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from agents.experiments import EXPERIMENTS
from agents.names import (
    is_anatomical,
    is_of_map,
    labels_in,
    methods_in,
    pattern,
    places_in,
    plain,
    words_of_place,
    zones_in,
)
from agents.tools import NO_AIDS, Aids, call
from agents.turns import Step, Turn
from agents.types import Sentence
from diagnosis.attribution import DEFAULTS
from diagnosis.findings import Finding
from diagnosis.reading import Reading

Call = tuple[str, dict[str, Any]]
Plan = Callable[[Reading, str], list[Call]]
ABOUT_CLASSES = frozenset({"why_not", "is_it", "compare"})  # plans of questions that name a class
MOST = 1000  # characters of a question that are read


class Intent(BaseModel):
    """What a kind of question sounds like, and how it is answered; ``intents.toml`` tells of the fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    phrases: tuple[str, ...]
    first: bool = False
    last: bool = False
    plan: str | None = None
    tells: tuple[str, ...] = ()
    aspects: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    none: str | None = None


class Unknown(BaseModel):
    """What is said to a question that no intent knows, words that name no class or no place."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    before: tuple[str, ...]
    can: tuple[str, ...]
    others: frozenset[str]
    pointing: frozenset[str]


class Intents(BaseModel):
    """The whole lexicon, in its order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    intent: dict[str, Intent]
    unknown: Unknown


LEXICON = Intents.model_validate(tomllib.loads((Path(__file__).parent / "intents.toml").read_text("utf-8")))
PATTERNS = {name: [pattern([phrase]) for phrase in intent.phrases] for name, intent in LEXICON.intent.items()}


def intent_of(question: str, reading: Reading) -> str | None:
    """Name of the intent of a question, or None where no intent knows it."""
    text = plain(question[:MOST])
    lengths = {name: _longest(PATTERNS[name], text) for name in LEXICON.intent}
    heard = [name for name, length in lengths.items() if length]
    if "patient s" in text and zones_in(reading.zones, text):
        return "what_if" if "what_if" in heard else "place"
    first = [name for name in heard if LEXICON.intent[name].first]
    middle = [name for name in heard if not LEXICON.intent[name].last]
    if heard:
        return max(first or middle or heard, key=lambda name: lengths[name])
    if places_in(reading.card, text):
        return "organ" if is_anatomical(text) else "place"
    if methods_in(text):
        return "method"
    groups = labels_in(reading.card, text)
    return ("compare" if len(groups) > 1 else "why_not") if groups else None


def answer(question: str, reading: Reading, aids: Aids = NO_AIDS) -> Turn:
    """The answer to a question by its words alone: statements of findings, and fixed sentences around them."""
    *_, turn = answering(question, reading, aids)
    return turn


def answering(question: str, reading: Reading, aids: Aids = NO_AIDS) -> Iterator[Turn]:
    """The answer as it grows: before each tool that takes its time, what is being done; the whole at last."""
    name = intent_of(question, reading)
    if name is None or name == "help":
        unknown = LEXICON.unknown
        fixed = (*(unknown.before if name is None else ()), *unknown.can)
        yield Turn(question, reading, sentences=tuple(Sentence(text) for text in fixed), done=True)
        return
    intent, steps = LEXICON.intent[name], list[Step]()
    if _names_no_class(reading, question, intent):
        known = ", ".join(label.title.lower() for label in reading.card.labels)
        can = "score, each by itself" if reading.card.independent else "choose among"
        fixed = (f"The model can only {can}: {known}.", *intent.after)
        yield Turn(question, reading, sentences=tuple(Sentence(text) for text in fixed), done=True)
        return
    for tool, arguments in PLANS[intent.plan](reading, question[:MOST]) if intent.plan else []:
        if tool in EXPERIMENTS:
            yield Turn(question, reading, tuple(steps), doing=EXPERIMENTS[tool])
        reading, step = call(reading, tool, arguments, aids)
        steps.append(step)
    yield Turn(question, reading, tuple(steps), tuple(_told(intent, steps)), done=True)


def _longest(patterns: Sequence[Any], text: str) -> int:
    """Letters of the longest phrase that a text has, gaps left out; 0 for none."""
    found = (one.search(text) for one in patterns)
    return max((len(one.group()) for one in found if one), default=0)


def _told(intent: Intent, steps: Sequence[Step]) -> Iterator[Sentence]:
    findings = {one.id: one for step in steps for one in step.findings if _belongs(intent, one)}
    yield from (Sentence(text) for text in intent.before)
    yield from (Sentence(one.statement, (one.id,)) for one in findings.values())
    yield from (Sentence(step.error) for step in steps if step.error)
    if intent.none and not findings and not any(step.error for step in steps):
        yield Sentence(intent.none)
    yield from (Sentence(text) for text in intent.after)


def _belongs(intent: Intent, finding: Finding) -> bool:
    if intent.tells and finding.kind not in intent.tells:
        return False
    return not intent.aspects or finding.facts.get("aspect") in intent.aspects


def _names_no_class(reading: Reading, question: str, intent: Intent) -> bool:
    """Whether a question is about something that is no class of the model."""
    text = plain(question)
    if intent.plan not in ABOUT_CLASSES or labels_in(reading.card, text):
        return False
    rest = pattern(intent.phrases).sub(" ", text)
    return " ".join(rest.split()) not in LEXICON.unknown.others


def _class_in(reading: Reading, text: str, besides: str = "") -> str:
    """The class that a text names: of several that it fits, the explained one, or else that with the highest score."""
    for group in labels_in(reading.card, text):
        left = [label for label in group if label != besides]
        if reading.label in left:
            return reading.label
        if left:
            return max(left, key=lambda label: reading.prediction.scores[reading.card.index(label)])
    return ""


def _runner_up(reading: Reading, besides: str) -> str:
    names = (reading.prediction.labels[position] for position in reading.prediction.ranking)
    return next(name for name in names if name != besides)


def _own(reading: Reading, text: str) -> list[Call]:
    label = _class_in(reading, text)
    return [("get_findings", {"label": label} if label else {})]


def _looked(reading: Reading, text: str) -> list[Call]:
    return [(tool, {"topic": "looked", **arguments}) for tool, arguments in _own(reading, text)]


def _is_it(reading: Reading, text: str) -> list[Call]:
    return [("get_findings", {"label": _class_in(reading, text) or reading.label})]


def _why_not(reading: Reading, text: str) -> list[Call]:
    other = _class_in(reading, text, besides=reading.label)
    own = reading.label
    if not other and _class_in(reading, text) == own != reading.prediction.top:
        own, other = reading.prediction.top, own
    return [("compare_classes", {"first": own, "second": other or _runner_up(reading, own)})]


def _compare(reading: Reading, text: str) -> list[Call]:
    groups = labels_in(reading.card, text)
    if len(groups) == 1 and len(groups[0]) == 2:
        groups = tuple((label,) for label in groups[0])
    first = _class_in(reading, " ".join(groups[0][:1])) if len(groups) > 1 else reading.label
    second = next((one for group in groups[1:] for one in group if one != first), "")
    return [("compare_classes", {"first": first, "second": second or _why_not(reading, text)[0][1]["second"]})]


def _scores(reading: Reading, text: str) -> list[Call]:
    prediction = reading.prediction
    names: Sequence[str] = [prediction.labels[position] for position in prediction.ranking]
    if reading.card.independent:  # the explained one, and those that reach their thresholds
        names = tuple(dict.fromkeys((reading.label, *prediction.present)))
    return [("get_findings", {"topic": "says", "label": name}) for name in names]


def _place(reading: Reading, text: str) -> list[Call]:
    label, methods = _class_in(reading, text), methods_in(text)
    extra = {**({"label": label} if label else {}), **({"method": methods[0]} if len(methods) == 1 else {})}
    zones = [zone.name for zone in zones_in(reading.zones, text)]
    named = zones or [place.name for place in places_in(reading.card, text)] or [text]
    return [("map_share", {"place": name, **extra}) for name in named]


def _organ(reading: Reading, text: str) -> list[Call]:
    zones = [zone.name for zone in zones_in(reading.zones, text)]
    return [("map_share", {"place": name}) for name in zones or [words_of_place(text)]]


def _methods(reading: Reading, text: str) -> list[Call]:
    return [("explain_method", {"method": name}) for name in methods_in(text) or DEFAULTS]


def _card(reading: Reading, text: str) -> list[Call]:
    return [("model_facts", {})]


def _confidence(reading: Reading, text: str) -> list[Call]:
    return [("confidence", {})]


def _gate(reading: Reading, text: str) -> list[Call]:
    return [("gate", {})]


def _quality(reading: Reading, text: str) -> list[Call]:
    return [("get_findings", {"topic": "trust", **arguments}) for _, arguments in _own(reading, text)] + _card(
        reading, text
    )


def _erase(reading: Reading, text: str) -> list[Call]:
    """Erase what the text names after its verb; where it names nothing, what was erased before is told."""
    said = plain(text)
    verbs = list(pattern(LEXICON.intent["what_if"].phrases).finditer(said))
    named = said[verbs[-1].end() :].strip() if verbs else said
    named = named if _is_region(reading, named) or not _is_region(reading, said) else said
    if not named or (named.split()[0] in LEXICON.unknown.pointing and not _is_region(reading, named)):
        return _own(reading, text)
    return [("erase_and_retest", {"region": named})]


def _is_region(reading: Reading, text: str) -> bool:
    return is_of_map(text) or bool(zones_in(reading.zones, text)) or bool(places_in(reading.card, text))


def _tests(reading: Reading, text: str) -> list[Call]:
    """Test the maps that the text names, or else all that prefer a place."""
    drawn = [one.method for one in reading.maps if one.label == reading.label and not one.is_flat]
    return [("test_map", {"method": name}) for name in methods_in(text) or drawn if name in DEFAULTS]


def _similar(reading: Reading, text: str) -> list[Call]:
    return [("similar_cases", {})]


PLANS: Mapping[str, Plan] = {
    "own": _own,
    "looked": _looked,
    "is_it": _is_it,
    "why_not": _why_not,
    "compare": _compare,
    "scores": _scores,
    "place": _place,
    "organ": _organ,
    "methods": _methods,
    "card": _card,
    "confidence": _confidence,
    "gate": _gate,
    "quality": _quality,
    "similar": _similar,
    "erase": _erase,
    "tests": _tests,
}

"""Was this report really computed from this image? The image is read again, and every statement compared.

Scores, values and shares may differ by what another processor's rounding makes; anything more is a difference. Maps
must be the same to the bit where the software is the same. Who wrote the words, and when, cannot be computed again; nor
can a vote of similar cases without their library, and tests of maps are not repeated: their findings must then be what
their templates say, and no more.
"""

import math
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agents.ground import check
from agents.narrate import narrate
from agents.report.measured import FindingRecord, GateRecord, MapRecord, ReadingRecord, Strict
from agents.report.record import Report, SentenceRecord, digest, notices, software
from agents.report.recorded import tests_as_recorded
from agents.tools import Opinion
from agents.types import Sentence
from agents.wording import fixed, phrases, told
from diagnosis.findings import Finding, draft
from diagnosis.intervals import called
from diagnosis.models import Models
from diagnosis.readers import read_study
from diagnosis.reading import Reading, read

SCORE, LOGIT, SHARE = 1e-4, 1e-3, 0.1  # of 1; logits; percentage points
VALUE = {"%": 0.05, "percentage points": 0.05, "logits": 1e-4}  # by unit; additivity in logits is rounding alone
OTHER_VALUE = 0.005
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
LONGEST = 160  # characters of a text that is quoted
NONE = "nothing"


@dataclass(frozen=True)
class Difference:
    """One thing that is not as the report says. ``found`` is what the image, the weights or the findings say."""

    part: str
    recorded: str
    found: str

    def __str__(self) -> str:
        return f"{self.part}: the report says {self.recorded}; found {self.found}"


def verify(report: Report, image: Path, models: Models, opinion: Opinion | None = None) -> list[Difference]:
    """What differs between a report and a second reading of ``image`` with one of ``models``.

    Args:
        opinion: gives the second opinion of the report's library again, None where that is not here.

    Raises:
        BadImage: the image cannot be read.
        BadRequest: the model has no such class, or its weights are not what its card describes.
        Missing: the model or its weights are not there.
    """
    reading = _read_again(report, image, models)
    reading = reading.tested(tests_as_recorded(report.tests, reading))
    if report.opinions:
        reading = reading.beside(opinion(reading) if opinion else _as_recorded(report, reading))
    fresh = Report.of(reading, narrate(reading), report.created)
    return [
        *_digests(report),
        *_fields("model", report.model, fresh.model),
        *_readings(report, fresh.reading),
        *_settings(report, fresh),
        *_words(report, reading),
    ]


def _read_again(report: Report, image: Path, models: Models) -> Reading:
    settings, name = report.settings, report.model.name
    options: dict[str, Any] = {"anatomy": models.anatomy, "gate": models.check}
    if settings.shap_evaluations is not None:
        options["shap_evaluations"] = settings.shap_evaluations
    classifier, record = models.classifier(name), models.record(name)
    study = read_study(image)
    *_, reading = read(study, classifier, label=settings.label, methods=settings.methods, record=record, **options)
    return reading


def _as_recorded(report: Report, reading: Reading) -> Iterator[Finding]:
    """The report's own opinions, made by their templates again; those that don't fit the scores are left out."""
    known = {label.title.lower() for label in reading.card.labels} | {called(n, reading.card.group) for n in (1, 2)}
    for one in report.opinions:
        words = {value for name, value in one.facts.items() if isinstance(value, str) and name != "library"}
        if not words <= known or one.label not in (None, *reading.card.label_names) or not _votes_so(one, reading):
            continue
        facts: dict[str, Any] = dict(one.facts)
        with suppress(KeyError, TypeError, ValueError):  # facts that are not those of its template
            yield draft(one.kind, one.topic, one.value, one.unit, label=one.label, interval=one.interval, **facts)


def _set_so(one: FindingRecord, reading: Reading) -> bool:
    """Whether the class of a vote is in the conformal set, or not, as the scores have it."""
    known, held = reading.card.confidence, reading.prediction.conformal
    if known is None or held is None or not _close(one.facts.get("error"), 100 * known.error_rate, VALUE["%"]):
        return False
    inside = one.facts.get("title") in {reading.card.title_of(label).lower() for label in held}
    return inside == (one.kind == "vote_in_set")


def _votes_so(one: FindingRecord, reading: Reading) -> bool:
    """Whether a vote agrees with the model or not as the scores have it, and tells the score that it is set beside."""
    card, prediction = reading.card, reading.prediction
    if one.kind in ("vote_in_set", "vote_outside_set"):
        return _set_so(one, reading)
    agreeing, differing = ("vote_reached", "vote_missed") if card.independent else ("vote", "vote_conflict")
    if one.label is not None and one.kind != (agreeing if one.label in prediction.present else differing):
        return False
    asked = one.label if one.label and card.independent else prediction.top
    score = 100 * float(prediction.scores[card.index(asked)])
    told = (one.facts[name] for name in ("own_value", "other_value") if name in one.facts)
    return all(_close(value, score, VALUE["%"]) for value in told)


def _digests(report: Report) -> Iterator[Difference]:
    """Parts that were changed after the report was made, unless their digest was changed as well."""
    for name in ("reading", "words", "model"):
        recorded, found = getattr(report.digests, name), digest(getattr(report, name))
        if recorded != found:
            yield Difference(f"digest of the {name}", recorded[:16], found[:16])


def _fields(part: str, recorded: Strict, found: Strict, *, leave: frozenset[str] = frozenset()) -> Iterator[Difference]:
    """Fields that must be equal."""
    for name in type(recorded).model_fields:
        first, second = getattr(recorded, name), getattr(found, name)
        if name not in leave and first != second:
            yield Difference(f"{part}, {name.strip('_').replace('_', ' ')}", _shown(first), _shown(second))


def _settings(report: Report, fresh: Report) -> Iterator[Difference]:
    yield from _fields("settings", report.settings, fresh.settings, leave=frozenset({"software"}))
    expected = notices(report.words.language, opinion=bool(report.opinions))
    if report.notices != expected:
        yield Difference("notices", _shown(report.notices), _shown(expected))


def _readings(report: Report, found: ReadingRecord) -> Iterator[Difference]:
    recorded = report.reading
    leave = frozenset({"study", "gate", "scores", "logits", "findings", "maps"})
    yield from _fields("reading", recorded, found, leave=leave)
    yield from _fields("image", recorded.study, found.study)
    yield from _gates(recorded.gate, found.gate)
    for name, tolerance in (("scores", SCORE), ("logits", LOGIT)):
        pairs = zip(recorded.labels, getattr(recorded, name), getattr(found, name), strict=False)
        for label, first, second in pairs:
            if abs(first - second) > tolerance:
                yield Difference(f"{name[:-1]} of {label}", f"{first:g}", f"{second:g}")
    yield from _findings(recorded.findings, found.findings)
    yield from _maps(recorded.maps, found.maps, to_the_bit=report.settings.software == software())


def _gates(recorded: GateRecord | None, found: GateRecord | None) -> Iterator[Difference]:
    if recorded is None or found is None:
        if recorded != found:
            yield Difference("gate", _shown(recorded), _shown(found))
        return
    yield from _fields("gate", recorded, found, leave=frozenset({"distance", "reason"}))
    if recorded.distance != found.distance and not _close(recorded.distance, found.distance, OTHER_VALUE):
        yield Difference("gate, distance", _shown(recorded.distance), _shown(found.distance))
    if not same_text(recorded.reason, found.reason):
        yield Difference("gate, reason", _shown(recorded.reason), _shown(found.reason))


def _findings(recorded: tuple[FindingRecord, ...], found: tuple[FindingRecord, ...]) -> Iterator[Difference]:
    for at in range(max(len(recorded), len(found))):
        if at >= len(found):
            yield Difference(f"finding {recorded[at].id}", _shown(recorded[at].statement), NONE)
        elif at >= len(recorded):
            yield Difference(f"finding {found[at].id}", NONE, _shown(found[at].statement))
        else:
            yield from _finding(recorded[at], found[at])


def _finding(recorded: FindingRecord, found: FindingRecord) -> Iterator[Difference]:
    part = f"finding {recorded.id}"
    measured = frozenset({"value", "interval", "facts", "statement"})
    yield from _fields(part, recorded, found, leave=measured)
    tolerance = VALUE.get(found.unit, OTHER_VALUE)
    for name in ("value", "interval", "facts"):
        first, second = getattr(recorded, name), getattr(found, name)
        if not _close(first, second, tolerance):
            yield Difference(f"{part}, {name}", _shown(first), _shown(second))
    if not same_text(recorded.statement, found.statement):
        yield Difference(f"{part}, statement", _shown(recorded.statement), _shown(found.statement))


def _close(first: Any, second: Any, tolerance: float) -> bool:
    """Equal, numbers to within the tolerance, in tuples and dictionaries too."""
    if isinstance(first, int | float) and isinstance(second, int | float):
        return math.isclose(first, second, rel_tol=0, abs_tol=tolerance)
    if isinstance(first, tuple) and isinstance(second, tuple):
        pairs = zip(first, second, strict=False)
        return len(first) == len(second) and all(_close(one, two, tolerance) for one, two in pairs)
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(_close(first[name], second[name], tolerance) for name in first)
    return bool(first == second)


def same_text(first: str, second: str) -> bool:
    """The same words, and numbers that differ by one in their last digit at most."""
    if NUMBER.split(first) != NUMBER.split(second):
        return False
    return all(_near(*pair) for pair in zip(NUMBER.findall(first), NUMBER.findall(second), strict=True))


def _near(first: str, second: str) -> bool:
    if "e" in first or "e" in second:
        return abs(float(first) - float(second)) <= VALUE["logits"]
    digits = [len(text.partition(".")[2]) for text in (first, second)]
    rounding = 1.01 * 10 ** -digits[0] if digits[0] else 0
    return digits[0] == digits[1] and abs(float(first) - float(second)) <= rounding


def _maps(recorded: tuple[MapRecord, ...], found: tuple[MapRecord, ...], *, to_the_bit: bool) -> Iterator[Difference]:
    again = {(one.method, one.label): one for one in found}
    if missing := again.keys() - {(one.method, one.label) for one in recorded}:
        yield Difference("maps", NONE, ", ".join(sorted(f"{method} of {label}" for method, label in missing)))
    leave = frozenset({"checks", "shares", "digest", "seconds"})
    for one in recorded:
        part = f"{one.method} map of {one.label}"
        if (other := again.get((one.method, one.label))) is None:
            yield Difference(part, one.digest, NONE)
            continue
        yield from _fields(part, one, other, leave=leave)
        for name, tolerance in (("checks", LOGIT), ("shares", SHARE)):
            if not _close(getattr(one, name), getattr(other, name), tolerance):
                yield Difference(f"{part}, {name}", _shown(getattr(one, name)), _shown(getattr(other, name)))
        if to_the_bit and one.digest != other.digest:
            yield Difference(f"{part}, digest", one.digest, other.digest)


def _words(report: Report, reading: Reading) -> Iterator[Difference]:
    """Standing sentences that the findings do not support, and headings that are none of the program's."""
    words = report.words
    headings = {*phrases(words.language).values(), *phrases("en").values()}
    for part in words.paragraphs:
        if part.heading not in headings:
            yield Difference("words, heading", _shown(part.heading), "no such heading")
    own = fixed()
    for sentence in words.standing:
        if not _is_ours(sentence, reading, report, own) and (reason := _reason(sentence, reading, words.language)):
            yield Difference("words, sentence", _shown(sentence.cited), reason)


def _is_ours(sentence: SentenceRecord, reading: Reading, report: Report, own: frozenset[str]) -> bool:
    """Whether a sentence is a fixed notice, or a template's about the one finding that it cites."""
    if not sentence.cites:
        return sentence.text in own
    cited = [one for one in reading.findings if (one.id,) == sentence.cites]
    return any(same_text(sentence.text, told(one, report.words.reader)) for one in cited)


def _reason(sentence: SentenceRecord, reading: Reading, language: str) -> str | None:
    (checked,) = check([Sentence(sentence.text, sentence.cites)], replace(reading, added=()), language=language)
    return checked.struck


def _shown(value: Any) -> str:
    """A value as one short line."""
    if value is None or value == ():
        return NONE
    text = f"“{value}”" if isinstance(value, str) else str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"

"""Errors put into true sentences about a reading, each of which makes the sentence false or says what nobody measured."""

import random
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

from agents.types import Sentence
from diagnosis.attribution import DEFAULTS, METHODS
from diagnosis.findings import Finding
from diagnosis.reading import Reading

PLACE = r"(?:third|quarter|quadrant|part|side|hand|of the (?:image|picture|tile))"
SIDE = re.compile(
    rf"(?<=[a-z][ -])(left|right)(?=[ .,;:]*$|[ -]{PLACE}|[,.;:]| with| there| \[| lower| \()", re.MULTILINE
)
ZONE = re.compile(rf"\b(upper|lower|bottom|top|middle)(?=[ -](?:left|right|{PLACE}))")
NUMBER = re.compile(r"(?<![\w.,-])\d+(?:\.\d+)?(?![\w]|\.\d|-| (?:of \d|× ))")
SWAPS = {
    "left": "right",
    "right": "left",
    "upper": "lower",
    "lower": "upper",
    "top": "bottom",
    "bottom": "top",
    "middle": "upper",
}


class Planted(NamedTuple):
    """A false sentence, and the kind of its error."""

    kind: str
    sentence: Sentence


class Source(NamedTuple):
    """A true sentence, and the reading that it is true of."""

    reading: Reading
    sentence: Sentence

    @property
    def cited(self) -> list[Finding]:
        return [one for one in self.reading.findings if one.id in self.sentence.cites]

    def said(self, text: str) -> Sentence:
        return replace(self.sentence, text=text)


Planter = Callable[[Source, random.Random], Iterator[Sentence]]


@cache
def data() -> dict[str, list]:
    """The phrases of ``planted.toml``."""
    return tomllib.loads(Path(__file__).with_suffix("").with_name("planted.toml").read_text("utf-8"))


def plant(source: Source, rng: random.Random) -> Iterator[Planted]:
    """At most one error of each kind in a sentence."""
    if not source.sentence.cites:
        return
    for kind, planter in PLANTERS.items():
        found = [one for one in planter(source, rng) if one != source.sentence]
        if found:
            yield Planted(kind, rng.choice(found))


def wrong_number(source: Source, rng: random.Random) -> Iterator[Sentence]:
    """Another number, far from every number of the cited findings and of the sentence."""
    text = source.sentence.text
    true = [float(one) for finding in source.cited for one in NUMBER.findall(finding.statement)]
    true += [100 - one for one in true] + [one / 100 for one in true] + [float(one) for one in NUMBER.findall(text)]
    for match in NUMBER.finditer(text):
        told = float(match.group())
        before = text[max(0, match.start() - 16) : match.start()].lower()
        upwards = re.search(r"(?:more than|over|above|at least|least|exceeds) $", before)
        downwards = re.search(r"(?:less than|under|below|at most|within|nearly|almost|reach\w*|pass\w*|even) $", before)
        if re.search(r"(?:scale of|95 % interval|interval) $", before) or match.group() in ("0", "1"):
            continue
        for _ in range(30):
            other = (
                told * rng.uniform(1.15, 1.9)
                if upwards
                else told * rng.uniform(0.4, 0.85)
                if downwards
                else told * rng.uniform(0.5, 1.7)
            )
            digits = len(match.group().partition(".")[2])
            shown = f"{other:.{digits}f}"
            far = all(abs(float(shown) - one) > max(0.08 * abs(one), 0.05) for one in true)
            if far and shown != match.group():
                yield source.said(text[: match.start()] + shown + text[match.end() :])
                break


def other_side(source: Source, rng: random.Random) -> Iterator[Sentence]:
    yield from _swapped(source, SIDE)


def other_zone(source: Source, rng: random.Random) -> Iterator[Sentence]:
    yield from _swapped(source, ZONE)


def _swapped(source: Source, pattern: re.Pattern[str]) -> Iterator[Sentence]:
    if not any(one.kind == "place" for one in source.cited):
        return
    text = source.sentence.text
    for match in pattern.finditer(text):
        yield source.said(text[: match.start()] + SWAPS[match.group(1)] + text[match.end() :])


def other_class(source: Source, rng: random.Random) -> Iterator[Sentence]:
    """A class that no cited finding is about in the place of one that is; or two scores' classes exchanged."""
    text, card = source.sentence.text, source.reading.card
    titles = [one.title.lower() for one in card.labels]
    about = {card.title_of(one.label).lower() for one in source.cited if one.label}
    about |= {str(one.facts.get("other")) for one in source.cited}
    for title in titles:
        if match := re.search(rf"\b{title}\b", text, re.IGNORECASE):
            for other in titles:
                if other not in about and other not in text.lower():
                    yield source.said(text[: match.start()] + other + text[match.end() :])
    named = [
        (title, found)
        for title in titles
        if (found := re.search(rf"\b{title}\b[^,;]{{0,30}}?\d+\.\d %", text, re.IGNORECASE))
    ]
    if len(named) == 2 and all(one in about for one, _ in named):
        first, second = (title for title, _ in named)
        swapped = {first: second, second: first}
        yield source.said(
            re.sub(rf"\b(?:{first}|{second})\b", lambda m: swapped[m.group().lower()], text, flags=re.IGNORECASE)
        )


def other_method(source: Source, rng: random.Random) -> Iterator[Sentence]:
    """The other method, or one that was not used; both names exchanged where the methods' findings differ."""
    text = source.sentence.text
    titles = {name: METHODS[name].title for name in DEFAULTS}
    named = [name for name, title in titles.items() if title in text]
    own = [one for one in source.cited if one.method]
    if len(named) == 1 and {one.method for one in own} == set(named):
        other = next(title for name, title in titles.items() if name not in named)
        yield source.said(text.replace(titles[named[0]], other))
    if len(named) == 2 and text.count("SHAP") == text.count("Grad-CAM") == 1:
        places = [(one.region, one.value) for one in own if one.kind == "place"]
        mutual = re.search(r"between (?:Grad-CAM and SHAP|SHAP and Grad-CAM)", text)
        if len(set(places)) == 2 and re.search(r"\d|left|right", text) and not mutual:
            yield source.said(text.replace("SHAP", "~").replace("Grad-CAM", "SHAP").replace("~", "Grad-CAM"))
    for name in named:
        yield source.said(text.replace(titles[name], rng.choice(data()["methods"])))


def _exchanged(key: str) -> Planter:
    def planter(source: Source, rng: random.Random) -> Iterator[Sentence]:
        for first, second in data()[key]:
            at = source.sentence.text.find(first)
            if at >= 0:
                yield source.said(source.sentence.text[:at] + second + source.sentence.text[at + len(first) :])

    return planter


def _embedded(key: str) -> Planter:
    def planter(source: Source, rng: random.Random) -> Iterator[Sentence]:
        text = source.sentence.text.rstrip(".")
        start = text if text.startswith(("Grad-CAM", "SHAP")) else text[:1].lower() + text[1:]
        title = rng.choice(source.reading.card.labels).title.lower()
        label = source.reading.card.title_of(source.reading.label).lower()
        for pattern in data()[key]:
            yield source.said(
                pattern.replace("{title}", label or title).replace("{0}", text).replace("{1}", start) + "."
            )

    return planter


def uncited(source: Source, rng: random.Random) -> Iterator[Sentence]:
    yield replace(source.sentence, cites=())


def wrong_citation(source: Source, rng: random.Random) -> Iterator[Sentence]:
    """Findings of other kinds, or one that does not exist. What nobody measured stays true with any citation."""
    if re.search(r"disease|illness|diagnosis|health|body|person", source.sentence.text):
        return
    kinds = {kind for one in source.cited for kind in (one.kind, *_twins.get(one.kind, ()))}
    others = [one for one in source.reading.findings if one.kind not in kinds]
    yield replace(source.sentence, cites=("F99",))
    for one in others:
        yield replace(source.sentence, cites=(one.id,))


VOTES = re.compile(
    r"(?<![\w.])(\d+|[a-z]+)(?= (?:(?:out )?of|in) (?:the )?(?:10|ten)(?!\w))|(?<=got )\d+(?= of the votes)", re.I
)
COUNTS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
PERCENT = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?= %)")


def _about(source: Source, *kinds: str) -> Finding | None:
    """The cited finding of some kinds, or None."""
    return next((one for one in source.cited if one.kind in kinds), None)


def wrong_count(source: Source, rng: random.Random) -> Iterator[Sentence]:
    """Another number of similar cases."""
    if not (vote := _about(source, "vote", "vote_conflict")):
        return
    text = source.sentence.text
    true = {round(float(vote.value or 0)), int(vote.facts.get("other_votes", -1))}
    for match in VOTES.finditer(text):
        told = match.group().lower()
        if told.isdigit() or told in COUNTS:
            other = rng.choice([count for count in range(1, 10) if count not in true])
            shown = str(other) if told.isdigit() else COUNTS[other]
            yield source.said(text[: match.start()] + shown + text[match.end() :])


def wrong_vote(source: Source, rng: random.Random) -> Iterator[Sentence]:
    """A class that the similar cases are not called, or the two classes of a conflict exchanged."""
    vote, text = _about(source, "vote", "vote_conflict"), source.sentence.text
    if not vote:
        return
    own, top = str(vote.facts["title"]), str(vote.facts.get("other", ""))
    if top and own in text and top in text:
        yield source.said(text.replace(own, "~").replace(top, own).replace("~", top))
    for label in source.reading.card.labels:
        if (other := label.title.lower()) not in (own, top) and own in text:
            yield source.said(text.replace(own, other))


def wrong_accuracy(source: Source, rng: random.Random) -> Iterator[Sentence]:
    """Another accuracy of the vote, or that of the commonest class in its place."""
    if not (quality := _about(source, "vote_tested", "vote_left_out", "vote_balanced")):
        return
    text, own = source.sentence.text, f"{quality.value:.1f}"
    for match in PERCENT.finditer(text):
        if match.group() == own:
            far = (rng.uniform(0.4, 0.7) if rng.random() < 0.5 else 1.06) * float(own)
            yield source.said(text[: match.start()] + f"{far:.1f}" + text[match.end() :])
    majority = f"{quality.facts.get('majority', 0):.1f}"
    if own in text and majority in text:
        yield source.said(text.replace(own, "~").replace(majority, own).replace("~", majority))


def _of_votes(source: Source, rng: random.Random) -> Iterator[Sentence]:
    """Agreement for conflict, and the other way round; something similar for nothing."""
    if not _about(source, "vote", "vote_conflict", "no_vote"):
        return
    text = source.sentence.text
    for one, other in data()["votes"]:
        for first, second in ((one, other), (other, one)):
            if match := re.search(rf"\b{first}", text):
                yield source.said(text[: match.start()] + second + text[match.end() :])
                return


SIDED = re.compile(r"\b(right|left)(?= (?:(?:upper|middle|lower) )?(?:lung|zone|costophrenic))")
LEVEL = re.compile(r"\b(upper|middle|lower)(?= (?:lung )?zone)")
UNSIDED = ("heart", "mediastinum", "letters and markers", "nuclei-rich tissue", "stroma", "midline")
ON_ANATOMY = ("zone", "zone_across", "erased", "erased_area", "turned")


def wrong_zone(source: Source, rng: random.Random) -> Iterator[Sentence]:
    """Another zone: the other side, another level, another organ, or the side of the image for that of the patient."""
    text = source.sentence.text
    if not _about(source, *ON_ANATOMY):
        return
    for pattern in (SIDED, LEVEL):
        for match in pattern.finditer(text):
            yield source.said(text[: match.start()] + SWAPS[match.group(1)] + text[match.end() :])
    if "patient's right lower zone" in text:
        yield source.said(text.replace("patient's right lower zone", "lower third on the right of the image"))
    known = " ".join(one.statement for one in source.cited)
    for name in UNSIDED:
        if re.search(rf"\b{name}\b", text, re.IGNORECASE):
            for other in UNSIDED:
                if other not in known:
                    yield source.said(re.sub(rf"\b{name}\b", other, text, flags=re.IGNORECASE))


def wrong_badge(source: Source, rng: random.Random) -> Iterator[Sentence]:
    """Another badge than the map's."""
    badge, text = _about(source, "badge"), source.sentence.text
    if not badge:
        return
    own = str(badge.facts["badge"]).removesuffix(" here")
    for other in ("faithful", "weak", "no better than chance"):
        if own in text and other != own:
            yield source.said(text.replace(own, other))


def _pairs_of(key: str, *kinds: str) -> Planter:
    """Words exchanged, where a finding of some kinds is cited."""
    exchanged = _exchanged(key)

    def planter(source: Source, rng: random.Random) -> Iterator[Sentence]:
        if _about(source, *kinds):
            yield from exchanged(source, rng)

    return planter


def wrong_alarm(source: Source, rng: random.Random) -> Iterator[Sentence]:
    """How often the alarm rang rightly told for how often it rang falsely, and the other way round."""
    record, text = _about(source, "shortcut_record"), source.sentence.text
    if not record:
        return
    own, false = f"{record.value:.1f} %", f"{record.facts['false']:.1f} %"
    for first, second in ((own, false), (false, own)):
        if first in text and second not in text:
            yield source.said(text.replace(first, second))
    if own in text and false in text:
        yield source.said(text.replace(own, "~").replace(false, own).replace("~", false))


TIER = re.compile(r"\b(high|moderate|low)\b")


def wrong_tier(source: Source, rng: random.Random) -> Iterator[Sentence]:
    """Another tier than that of the highest score."""
    finding, text = _about(source, "confidence_tier", "confidence_unmeasured"), source.sentence.text
    if not finding:
        return
    for match in TIER.finditer(text):
        for other in ("high", "moderate", "low"):
            if match.group() == finding.facts["tier"] != other:
                yield source.said(text[: match.start()] + other + text[match.end() :])


def wrong_set(source: Source, rng: random.Random) -> Iterator[Sentence]:
    """A class that is not in the conformal set in the place of one that is."""
    finding, text = _about(source, "conformal_set"), source.sentence.text
    if not finding:
        return
    titles = {label.name: label.title.lower() for label in source.reading.card.labels}
    held = [titles.pop(name) for name in source.reading.prediction.conformal or ()]
    for own in held:
        if own in text:
            yield from (source.said(text.replace(own, other)) for other in titles.values() if other not in text)


_TWINS = [("agreement", "overlap"), ("score", "confidence_tier", "confidence_unmeasured")]
_twins = {kind: alike for alike in _TWINS for kind in alike}
PLANTERS: dict[str, Planter] = {
    "wrong number": wrong_number,
    "wrong unit": _exchanged("units"),
    "swapped side": other_side,
    "other zone": other_zone,
    "other class": other_class,
    "misattributed method": other_method,
    "wrong comparison": _exchanged("compared"),
    "dropped negation": _exchanged("dropped"),
    "added negation": _exchanged("added"),
    "overstated certainty": _embedded("certainty"),
    "invented finding": _embedded("invented"),
    "invented history": _embedded("history"),
    "treatment advice": _embedded("treatment"),
    "urgency": _embedded("urgency"),
    "diagnosis": _embedded("diagnosis"),
    "probability of disease": _embedded("probability"),
    "no citation": uncited,
    "wrong citation": wrong_citation,
    "wrong count of cases": wrong_count,
    "wrong class of cases": wrong_vote,
    "vote turned round": _of_votes,
    "wrong accuracy of the vote": wrong_accuracy,
    "wrong zone": wrong_zone,
    "wrong badge": wrong_badge,
    "shortcut denied": _pairs_of("shortcuts", "shortcut"),
    "alarm's record exchanged": wrong_alarm,
    "erasure turned round": _pairs_of("erasures", "erased"),
    "zones called sure": _pairs_of("sure", "zones_uncertain"),
    "agreement of several turned round": _pairs_of("several", "methods_overlap"),
    "wrong tier": wrong_tier,
    "wrong class in the set": wrong_set,
    "set turned round": _pairs_of("sets", "conformal_set", "conformal_empty", "vote_in_set", "vote_outside_set"),
    "gate turned round": _pairs_of("gates", "gate", "gate_passed"),
    "wrong fact of the model": _pairs_of("facts", "model_fact"),
    "test of a map turned round": _pairs_of("tests", "badge", "shuffled", "steady", "gap", "gain"),
}

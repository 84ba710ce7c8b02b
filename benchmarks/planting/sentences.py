"""Errors in what any sentence may have: numbers, sides, classes, methods and citations."""

import random
import re
from collections.abc import Iterator
from dataclasses import replace

from agents.types import Sentence
from benchmarks.planting.source import SWAPS, Source, data
from diagnosis.attribution import DEFAULTS, METHODS

PLACE = r"(?:third|quarter|quadrant|part|side|hand|of the (?:image|picture|tile))"
SIDE = re.compile(
    rf"(?<=[a-z][ -])(left|right)(?=[ .,;:]*$|[ -]{PLACE}|[,.;:]| with| there| \[| lower| \()", re.MULTILINE
)
ZONE = re.compile(rf"\b(upper|lower|bottom|top|middle)(?=[ -](?:left|right|{PLACE}))")
NUMBER = re.compile(r"(?<![\w.,-])\d+(?:\.\d+)?(?![\w]|\.\d|-| (?:of \d|× ))")
_ALIKE = [("agreement", "overlap"), ("score", "confidence_tier", "confidence_unmeasured")]
_TWINS = {kind: alike for alike in _ALIKE for kind in alike}


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


def uncited(source: Source, rng: random.Random) -> Iterator[Sentence]:
    yield replace(source.sentence, cites=())


def wrong_citation(source: Source, rng: random.Random) -> Iterator[Sentence]:
    """Findings of other kinds, or one that does not exist. What nobody measured stays true with any citation."""
    if re.search(r"disease|illness|diagnosis|health|body|person", source.sentence.text):
        return
    kinds = {kind for one in source.cited for kind in (one.kind, *_TWINS.get(one.kind, ()))}
    others = [one for one in source.reading.findings if one.kind not in kinds]
    yield replace(source.sentence, cites=("F99",))
    for one in others:
        yield replace(source.sentence, cites=(one.id,))

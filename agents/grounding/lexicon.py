"""Lexicons: how a language writes what the checker compares. Data in ``lexicons/``, compiled once a language."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from agents.grounding.text import spaced, words
from diagnosis.attribution import METHODS

FOLDER = Path(__file__).with_name("lexicons")
FULL = "en"  # the language whose sentences can be checked whole
_MEASURED = "(?:scores?|shares?|values?|weight|recall|accuracy|overlap|correlation|gap|lead|margin|area|part|fraction)"
_NEVER = re.compile(r"(?!)")
_FIGURE = r"(?<![\w.,])(?P<number>(?:-|minus )?(?:\d{{1,3}}(?:[{thousands}]\d{{3}})+|\d{{1,15}})(?:[{decimal}]\d{{1,12}})?(?:e[+-]?\d{{1,3}})?)"
_POWER = r"(?:\s?[×x*·]\s?10\s?\^?\s?(?P<power>-?\d{1,3})(?!\d))?"


@dataclass(frozen=True, eq=False)
class Lexicon:
    """One language, compiled.

    ``rows``, ``columns`` and ``shapes`` name parts of an image, ``zones`` those of a patient without a side; ``classes`` holds other names of classes, by title.
    """

    language: str
    decimal: str
    figure: re.Pattern[str]
    number_words: Mapping[str, float]
    part_words: Mapping[str, float]
    multiples: Mapping[str, float]
    ordinals: Mapping[str, float]
    most_shares: Mapping[str, float]
    point: str
    number_run: re.Pattern[str]
    part_run: re.Pattern[str]
    tiny_words: Mapping[str, float]
    tiny: re.Pattern[str]
    of_loosely: re.Pattern[str]
    multiple: re.Pattern[str]
    ordinal: re.Pattern[str]
    most: re.Pattern[str]
    unit: re.Pattern[str]
    units: tuple[str, ...]
    modes: Mapping[str, re.Pattern[str]]
    about_after: re.Pattern[str]
    of: re.Pattern[str]
    to: re.Pattern[str]
    mark: re.Pattern[str]
    out_of: re.Pattern[str]
    imagined: re.Pattern[str]
    conjunction: re.Pattern[str]
    span_opens: re.Pattern[str]
    idle: re.Pattern[str]
    times_sign: re.Pattern[str]
    ranked: re.Pattern[str]
    nouns: Mapping[str, re.Pattern[str]]
    cues: Mapping[str, re.Pattern[str]]
    measures: Mapping[str, re.Pattern[str]]
    rows: Mapping[str, re.Pattern[str]]
    columns: Mapping[str, re.Pattern[str]]
    shapes: Mapping[str, re.Pattern[str]]
    not_places: re.Pattern[str]
    zones: Mapping[str, re.Pattern[str]]
    methods: Mapping[str, re.Pattern[str]]
    modalities: Mapping[str, re.Pattern[str]]
    negators: re.Pattern[str]
    breaks: re.Pattern[str]
    classes: Mapping[str, tuple[str, ...]]
    banned: Mapping[str, re.Pattern[str]]
    notices: tuple[str, ...]

    def plain(self, number: str) -> str | None:
        """A number of this language in Python's writing, or None where it is none."""
        text = number.replace("minus ", "-")
        thousands = {".": ",", ",": "."}.get(self.decimal, "")
        if thousands:
            text = text.replace(thousands, "").replace(self.decimal, ".")
        else:
            text = text.replace(",", ".")
        text = text.replace(" ", "")
        return text if text.count(".") <= 1 else None

    def unit_named(self, match: re.Match[str]) -> str:
        """The unit that the ``unit`` pattern found."""
        return self.units[int((match.lastgroup or "u0_0")[1:].partition("_")[0])]


def languages() -> tuple[str, ...]:
    """Codes of the languages that have a lexicon."""
    return tuple(sorted(path.stem for path in FOLDER.iterdir()))


@lru_cache
def load(language: str) -> Lexicon:
    """The lexicon of a BCP 47 code; of a language without one, an empty lexicon that still knows figures."""
    name = language.lower().replace("_", "-").partition("-")[0]
    path = FOLDER / name / "words.toml" if name == FULL else FOLDER / f"{name}.toml"
    data = tomllib.loads(path.read_text("utf-8")) if name in languages() else {}
    return _compile(name, data)


@lru_cache
def table(name: str) -> dict[str, Any]:
    """A further table of the full language, e.g. ``claims``."""
    return tomllib.loads((FOLDER / FULL / f"{name}.toml").read_text("utf-8"))


def _compile(language: str, data: dict[str, Any]) -> Lexicon:
    def each(key: str) -> dict[str, re.Pattern[str]]:
        return {name: words(list(value)) for name, value in data.get(key, {}).items()}

    decimal = data.get("decimal", "")
    thousands = {".": ",", ",": ". "}.get(decimal, "")
    figure = _FIGURE.format(thousands=thousands, decimal=decimal or ".,") if thousands else _any_figure()
    joins, units = data.get("joins", {}), data.get("units", {"%": ["%"]})
    number_words = data.get("number_words", {})
    return Lexicon(
        language=language,
        decimal=decimal,
        figure=re.compile(figure + _POWER),
        number_words=number_words,
        part_words=data.get("part_words", {}),
        multiples=data.get("multiples", {}),
        ordinals=data.get("ordinals", {}),
        most_shares={f"{kind}{share}": float(share) for kind in ("most", "small") for share in data.get(kind, {})},
        point=data.get("point", "point"),
        number_run=_run(number_words, data.get("point", "point"), data.get("and", "and")),
        part_run=_parts(data),
        tiny_words=data.get("tiny", {}),
        tiny=_tiny(data.get("tiny", {}), number_words),
        of_loosely=re.compile(r" (?:[^\W\d]+ ){0,3}?(?:in|out of|of)(?: (?:every|each|those|the|all|these))? ")
        if joins.get("of")
        else _NEVER,
        multiple=words(list(data.get("multiples", {}))),
        ordinal=_ordinal(data),
        most=_shares(data),
        unit=_unit(units),
        units=tuple(units),
        modes={name: _before(list(value)) for name, value in data.get("modes", {}).items() if name != "about_after"},
        about_after=_after(data.get("modes", {}).get("about_after", [])),
        of=_between(joins.get("of", [])),
        to=_between(joins.get("to", ["-", "–"])),
        mark=_after(joins.get("mark", [])),
        out_of=_before(joins.get("out_of", [])) if joins.get("out_of") else _NEVER,
        imagined=words(joins.get("imagined", [])),
        conjunction=_between(joins.get("and", [])),
        span_opens=words(joins.get("between", [])),
        idle=words(data.get("idle", [])),
        times_sign=re.compile(r"\s*(?:×|x|by)\s*"),
        ranked=words(data.get("ranked", ["number", "rank", "ranked", "place", "position", "no.", "pages?"])),
        nouns={name: _after(value, gap=True) for name, value in data.get("nouns", {}).items()},
        cues=each("cues"),
        measures=each("measures"),
        rows=each("rows"),
        columns=each("columns"),
        shapes=each("shapes"),
        not_places=words(data.get("not_places", [])),
        zones=each("zones"),
        methods=_titles() | each("methods"),
        modalities=each("modalities"),
        negators=_negators(data),
        breaks=_breaks(data.get("breaks", [])),
        classes={title.lower(): tuple(names) for title, names in data.get("classes", {}).items()},
        banned=each("banned"),
        notices=tuple(data.get("notices", ())),
    )


def _titles() -> dict[str, re.Pattern[str]]:
    """Every method by its own name, which no language translates."""
    return {
        name: words([re.escape(one.title.lower()).replace("\\ ", " ").replace("\\-", " ?")])
        for name, one in METHODS.items()
    }


def _any_figure() -> str:
    return r"(?<![0-9A-Za-z.,])(?P<number>-?\d{1,15}(?:[.,]\d{1,12})?)"


def _run(numbers: Mapping[str, float], point: str, joint: str) -> re.Pattern[str]:
    if not numbers:
        return _NEVER
    word = "|".join(sorted(numbers, key=len, reverse=True))
    more = rf"(?:[ \-](?:{joint}[ \-])?(?:{word})(?!\w)|[ \-]{point}(?:[ \-](?:{word})(?!\w))+)"
    return re.compile(rf"(?<![\w.])(?:minus )?(?:{word})(?!\w){more}*")


def _parts(data: dict[str, Any]) -> re.Pattern[str]:
    """Fractions in words: "three quarters", "a tenth of its weight", "half"; not "the left half"."""
    parts = data.get("part_words", {})
    if not parts:
        return _NEVER
    names, whole = "|".join(sorted(parts, key=len, reverse=True)), "|".join(data["joins"]["of_whole"])
    count = "|".join(sorted(data["number_words"], key=len, reverse=True))
    unplaced = "".join(f"(?<!{word} )" for word in ("left", "right", "upper", "lower", "top", "bottom", "second"))
    return re.compile(
        rf"(?<!\w)(?<!other )(?<!remaining )(?P<count>{count})[ \-](?P<many>{names})(?!\w)"
        rf"|(?<!\w)an?[ \-](?P<one>{names})(?= of (?:{whole}|an?)\b)|{unplaced}(?<!\w)(?P<half>half)(?!\w)"
    )


def _tiny(tiny: Mapping[str, float], numbers: Mapping[str, float]) -> re.Pattern[str]:
    if not tiny:
        return _NEVER
    names = "|".join(spaced(one) for one in sorted(tiny, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?P<count>an?|{'|'.join(numbers)})[ \-](?P<tiny>(?:{names})s?)(?!\w)")


def _ordinal(data: dict[str, Any]) -> re.Pattern[str]:
    ordinals = data.get("ordinals", {})
    if not ordinals:
        return _NEVER
    names = "|".join(ordinals)
    follow = r"(?= (?:out )?of (?:the )?(?:\d|" + "|".join(data["number_words"]) + r")| (?:place|position|rank)\b)"
    return re.compile(rf"(?<!\w)(?:{names}){follow}")


def _shares(data: dict[str, Any]) -> re.Pattern[str]:
    found = [
        rf"(?P<{kind}{share}>{words(list(patterns)).pattern})"
        for kind in ("most", "small")
        for share, patterns in sorted(data.get(kind, {}).items(), reverse=True)
    ]
    return re.compile("|".join(found)) if found else _NEVER


def _unit(units: dict[str, list[str]]) -> re.Pattern[str]:
    named = [(spaced(one), f"u{at}") for at, names in enumerate(units.values()) for one in names]
    named.sort(key=lambda pair: len(pair[0]), reverse=True)
    by_length = "|".join(f"(?P<{group}_{at}>{pattern})" for at, (pattern, group) in enumerate(named))
    return re.compile(rf"[ \-]?(?:{by_length})(?!\w)(?!\s?\d)")


def _before(phrases: list[str]) -> re.Pattern[str]:
    joined = "|".join(sorted((spaced(one) for one in phrases), key=len, reverse=True))
    return re.compile(
        rf"(?:(?<!\w)(?:{joined}))\s?(?:of |a |an |by |full |(?:an? |the |its )?(?:\w+ )?{_MEASURED} of )?$"
    )


def _after(phrases: list[str], *, gap: bool = False) -> re.Pattern[str]:
    if not phrases:
        return _NEVER
    joined = "|".join(sorted((spaced(one) for one in phrases), key=len, reverse=True))
    between = (
        r"[ \-](?:(?!(?:the|of|in|and|for|to|an?|with|from|that|two|both|or|out|on|at|by|was|is|were|are|it|which|per|than|versus|against)[ \-])[^\W\d]+[ \-]){0,2}?"
        if gap
        else r"[ \-]?"
    )
    return re.compile(rf"{between}(?:{joined})(?!\w)")


def _between(phrases: list[str]) -> re.Pattern[str]:
    joined = "|".join(sorted(phrases, key=len, reverse=True))
    return re.compile(rf"\s?(?:{joined})\s?(?:the |a |an |all )?" if joined else r"(?!)")


def _negators(data: dict[str, Any]) -> re.Pattern[str]:
    if not data.get("negators"):
        return _NEVER
    joined = "|".join(data["negators"])
    block = "".join(f"(?!{one}\\b)" for one in data.get("not_negators", []))
    return re.compile(rf"(?<!\w)(?<!\ba )(?<!what )(?:{block}(?:{joined}))(?!\w)")


def _breaks(breaks: list[str]) -> re.Pattern[str]:
    joined = "|".join(breaks) or "(?!)"
    return re.compile(rf"[.;:!?](?:\s|$)|,(?=\s)|\s–\s|[()]|(?<!\w)(?:{joined})(?!\w)")

"""The things that a sentence names: classes, methods and places."""

import re
from dataclasses import dataclass
from functools import lru_cache

from agents.grounding.lexicon import Lexicon
from agents.grounding.text import Span, Text, words
from diagnosis.cards import ModelCard

_GENERIC = frozenset({"tissue", "cell", "and", "of", "the"})  # words of titles that name no class on their own
_WORD = re.compile(r"[^\W\d_]+")
_FILLER = re.compile(
    r"[\s,\-]*(?:(?:the|on|in|at|of|to|hand|side|part|its|near|towards|very|far|that|is|image|picture|film|toward|"
    r"and|a|it|edge|just|down|this|region|area|section)(?!\w)[\s,\-]*)*"
)
_JOINED = re.compile(r"(?:'s)?,?(?: maps?)?,? (?:and|&|as well as|or|nor)(?: also| the)? ")
_BEFORE = re.compile(r"(?<!\w)(?:on|to|at|towards?|in|points?|far|from|other|the|looks?|another)(?: the| its)? $")
_AFTER = re.compile(r" ?(?:$|[.,;:)]|(?:and|with|of the|while|where|but|for|in|is|has|gets?|got|holds?|than|–)(?!\w))")
_SEVERAL = re.compile(r"(?<!\w)(?:two|three|both)(?: \w+)? $")
_PATIENTS = re.compile(r"(?<!\w)(?:patient|person|child)'s (?:own )?$")
_ANATOMICAL = re.compile(r"lung|angle|thora|head")
_OF_IMAGE = re.compile(r"third|quarter|quadrant|corner|sixth")
_NEED_COLUMN = frozenset({"high", "higher", "up", "upwards", "low", "down", "base", "foot", "central", "halfway"})


@dataclass(frozen=True)
class ClassMention:
    """Words that name a class: ``labels`` holds every class that they fit; none where they fit no class."""

    start: int
    end: int
    labels: frozenset[str]
    text: str

    @property
    def label(self) -> str | None:
        """The class, where there is no doubt."""
        return next(iter(self.labels)) if len(self.labels) == 1 else None


@dataclass(frozen=True)
class PlaceMention:
    """Words that name a part of the image or of the patient, as far as they say.

    Attributes:
        whose: ``patient`` or ``image``, whose left and right are meant; ``zone`` where only a zone is spoken of.
    """

    start: int
    end: int
    text: str
    row: str = ""
    column: str = ""
    shape: str = ""
    whose: str = ""

    def alike(self, other: "PlaceMention") -> bool:
        """Whether both name the same row and side."""
        return (self.row, self.column) == (other.row, other.column)

    def within(self, region: str, *, halves: bool = False) -> bool:
        """Whether the words fit a named place; with ``halves`` also where they name the half that it lies in."""
        own = place_of(region)
        if self.whose == ("image" if own.whose else "patient") or (own.whose and self.column and not self.whose):
            return False
        if (self.row and self.row != own.row) or (self.column and self.column != own.column):
            return False
        return self.shape in _SHAPES[own.shape] or (halves and self.shape == "half")


_SHAPES = {
    "third": ("", "any", "third", "sixth"),
    "quarter": ("", "any", "quarter"),
    "half": ("", "any", "half"),
    "any": ("", "any"),
}


@lru_cache
def place_of(region: str) -> PlaceMention:
    """The row, column and shape in the name of a place."""
    words = region.split()
    row = next((word for word in words if word in ("upper", "middle", "lower")), "")
    column = next((word for word in words if word in ("left", "right")), "")
    shape = next((word for word in words if word in _SHAPES), "any")
    return PlaceMention(0, 0, region, row, column, shape, "patient" if words[0] == "patient's" else "")


def classes(text: Text, card: ModelCard, lexicon: Lexicon) -> list[ClassMention]:
    """Every mention of a class of the card, from left to right."""
    if lexicon.classes:
        return _translated(text, card, lexicon)
    vocabulary = {
        one.name: frozenset(_WORD.findall(f"{one.title} {one.name.replace('_', ' ')}".lower())) for one in card.labels
    }
    known = frozenset().union(*vocabulary.values())
    organs = frozenset(_WORD.findall(card.title.lower()))
    runs: list[list[Span]] = []
    for match in _WORD.finditer(text.low):
        word = match.group() if match.group() in known else match.group().removesuffix("s")
        if word not in known:
            continue
        span = Span(match.start(), match.end(), word)
        if runs and text.low[runs[-1][-1].end : span.start] in (" ", "-", "_"):
            runs[-1].append(span)
        else:
            runs.append([span])
    found = [_resolved(run, vocabulary, organs, text) for run in runs]
    return [one for one in found if one is not None]


def _resolved(
    run: list[Span], vocabulary: dict[str, frozenset[str]], organs: frozenset[str], text: Text
) -> ClassMention | None:
    """The classes that a run of words fits; None for words like "lung tissue" that name none."""
    strong = {one.value for one in run} - _GENERIC
    if strong <= organs:
        return None
    labels = frozenset(name for name, words in vocabulary.items() if strong <= words)
    if _SEVERAL.search(text.low[: run[0].start]) and text.low[: run[-1].end].endswith("s"):
        labels = frozenset(vocabulary)  # "the two lung carcinomas", of which one is an adenocarcinoma
    return ClassMention(run[0].start, run[-1].end, labels, text.low[run[0].start : run[-1].end])


def _translated(text: Text, card: ModelCard, lexicon: Lexicon) -> list[ClassMention]:
    """Classes by the lexicon's names for them, or by their own titles, which a text may leave in English."""
    found = [
        ClassMention(one.start, one.end, frozenset({label.name}), one.value)
        for label in card.labels
        for one in text.find(words([*lexicon.classes.get(label.title.lower(), ()), re.escape(label.title.lower())]))
    ]
    return sorted(found, key=lambda one: one.start)


def methods(text: Text, lexicon: Lexicon) -> list[Span]:
    """Every method by its name; ``other`` for one that is none of ours, ``plural`` for "both methods"."""
    found = [Span(one.start, one.end, name) for name, pattern in lexicon.methods.items() for one in text.find(pattern)]
    ours = [one for one in found if one.value not in ("other", "plural")]
    kept = [one for one in found if not any(_covers(other, one) for other in ours)]
    return sorted(kept, key=lambda one: one.start)


def _covers(known: Span, other: Span) -> bool:
    """Whether the name of a method of ours holds another name: "shap gradient" is no "shap"."""
    if other.value in ("other", "plural"):
        return known.start < other.end and other.start < known.end
    return known.value != other.value and known.start <= other.start and other.end <= known.end


def places(text: Text, lexicon: Lexicon) -> list[PlaceMention]:
    """Every part of the image that is named, from left to right."""
    blocked = [(one.start, one.end) for one in text.find(lexicon.not_places)]
    parts = [
        (one, kind, name)
        for kind, patterns in (("row", lexicon.rows), ("column", lexicon.columns), ("shape", lexicon.shapes))
        for name, pattern in patterns.items()
        for one in text.find(pattern)
        if not any(start <= one.start < end for start, end in blocked)
    ]
    parts.sort(key=lambda part: part[0].start)
    groups: list[list[tuple[Span, str, str]]] = []
    for part in parts:
        last = groups[-1] if groups else []
        near = bool(last) and _FILLER.fullmatch(text.low, last[-1][0].end, part[0].start) is not None
        if near and part[1] not in {kind for _, kind, _ in last if kind != "shape"}:
            last.append(part)
        else:
            groups.append([part])
    found = [_place(group, text) for group in groups]
    return [one for one in found if one is not None]


def _stands_alone(column: Span, text: Text) -> bool:
    """Whether "left" or "right" without another word for a place is one: "on the left", not "the right answer"."""
    return bool(_BEFORE.search(text.low[: column.start]) and _AFTER.match(text.low, column.end))


def _place(group: list[tuple[Span, str, str]], text: Text) -> PlaceMention | None:
    row = next((name for _, kind, name in group if kind == "row"), "")
    column = next((name for _, kind, name in group if kind == "column"), "")
    shapes = [name for _, kind, name in group if kind == "shape"]
    shape = next((name for name in shapes if name not in ("any", "frame")), "any" if shapes else "")
    if not column:
        row_words = {span.value for span, kind, _ in group if kind == "row"}
        if not row or not shape or row_words <= _NEED_COLUMN:
            return None
    elif not row and not shape and not _stands_alone(group[0][0], text):
        return None
    start, end = group[0][0].start, group[-1][0].end
    whose = _whose(text, group, framed="frame" in shapes)
    return PlaceMention(start, end, text.low[start:end], row, column, "" if shape == "any" else shape, whose)


def _whose(text: Text, group: list[tuple[Span, str, str]], *, framed: bool) -> str:
    """Whose left and right a place is told by."""
    said = " ".join(span.value for span, _, _ in group)
    if _PATIENTS.search(text.low[: group[0][0].start]) or _ANATOMICAL.search(said):
        return "patient"
    if framed or _OF_IMAGE.search(said):
        return "image"
    return "zone" if "zone" in said else ""


def owners(text: Text, at: int, places: list[PlaceMention], methods: list[Span]) -> set[str]:
    """The methods that ``places[at]`` is said to belong to; nothing where that is open."""
    place, named = places[at], [(one.start, one.end, one.value) for one in methods]
    subjects = [
        one
        for one in named
        if not re.search(r"(?<!\w)(?:from|than|unlike|(?<!according )to|as|with) $", text.low[: one[0]])
    ]
    if len({name for _, _, name in subjects}) == 1:
        named = subjects
    distinct = {name for _, _, name in named}
    if len(distinct) < 2:
        return distinct
    if len(named) == len(places):
        return {named[at][2]}
    before = [name for _, end, name in named if end <= place.start and text.same_clause(end - 1, place.start)]
    if len(places) == 1 and len(before) == len(named):
        joined = _JOINED.fullmatch(text.low[named[-2][1] : named[-1][0]])
        return distinct if joined else {before[0]}
    after = [
        name for start, _, name in named if re.fullmatch(r"[ ,(]*(?:for|by|in|with) ", text.low[place.end : start])
    ]
    return {after[0]} if after else {before[-1]} if before else set()

"""Long text cut into passages that end where a sentence does, with the places where they stand."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_END = re.compile(
    r"(?<!\bDr)(?<!\bvs)(?<!\bNo)(?<!\bet al)(?<!\be\.g)(?<!\bi\.e)(?<!\bFig)(?<!\bapprox)"  # no end after these
    r"[.?!][\"'\u201d\u2019)]*(?:\s?\[\d+(?:[,\u2013-]\s?\d+)*\])*(?=\s+[\"'\u201c\u2018(\[]*[A-Z0-9\u2022-]|\s*$)"
    r"|\n[ \t]*\n|\n(?=[ \t]*[-*\u2022|])|[\u3002\uff01\uff1f]"
)
PREFERRED, LONGEST = 110, 160  # words of a passage: a cut is looked for after the first, and made before the second


class Span(NamedTuple):
    """Characters ``start`` to ``end`` of a text, without white space at either side."""

    start: int
    end: int


def sentences(text: str, start: int = 0, end: int | None = None) -> Iterator[Span]:
    """The sentences between two places, in order; citations such as ``[1, 2]`` belong to the sentence before them."""
    end = len(text) if end is None else end
    at = start
    for found in _END.finditer(text, start, end):
        if span := trimmed(text, at, found.end()):
            yield span
        at = found.end()
    if span := trimmed(text, at, end):
        yield span


def trimmed(text: str, start: int, end: int) -> Span | None:
    """The place without the white space around it, or None where nothing else is there."""
    piece = text[start:end]
    left, right = len(piece) - len(piece.lstrip()), len(piece.rstrip())
    return Span(start + left, start + right) if piece.strip() else None


def pieces(text: str, start: int = 0, end: int | None = None) -> Iterator[Span]:
    """The place in pieces of at most ``LONGEST`` words that end where a sentence does, where one does in time."""
    inside = [part for span in sentences(text, start, end) for part in _broken(text, span)]
    words = [len(text[span.start : span.end].split()) for span in inside]
    if sum(words) <= LONGEST:
        whole = trimmed(text, start, len(text) if end is None else end)
        yield from (whole,) if whole else ()
        return
    first, held = 0, 0
    for at, count in enumerate(words):
        if held and (held >= PREFERRED or held + count > LONGEST):
            yield Span(inside[first].start, inside[at - 1].end)
            first, held = at, 0
        held += count
    yield Span(inside[first].start, inside[-1].end)


def _broken(text: str, span: Span) -> Iterator[Span]:
    """A sentence, or where it is longer than a passage may be (a table, a list without stops) its parts."""
    words = list(re.finditer(r"\S+", text[span.start : span.end]))
    for first in range(0, len(words), LONGEST):
        last = words[min(first + LONGEST, len(words)) - 1]
        yield Span(span.start + words[first].start(), span.start + last.end())

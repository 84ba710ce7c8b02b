"""A sentence made comparable: one alphabet, one case, clauses, and what a negation reaches."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property

LONGEST = 1200  # characters of a sentence; longer ones are not read
REACH = 70  # characters before a word in which a negation still reaches it
_SAME = str.maketrans(
    {"’": "'", "‘": "'", "`": "'", "“": '"', "”": '"', "−": "-", "‐": "-", "‑": "-", "‒": "-", "⁻": "-"}
)
_INNER = re.compile(r"(?<!\w)(?:that|which|who|whose|if|unless|whether|how|what|why|as if|as though)(?!\w)")
_ABSENT = re.compile(r"(?<!\w)(?:absent|missing|lacking|wanting|nil|zero|out of the question|only)(?!\w)")
_LATER = re.compile(
    r"[^.;:,]{0,40}(?<!\w)(?:is|are|was|were|remains?)(?: \w+)? (?:absent|missing|lacking|nil|zero|out of the question)"
)
_FAR = 6  # words between a denial and what it still denies
_DASH = re.compile(r"\s*[–—]\s*")


def normalise(text: str) -> str:
    """Lower case without invisible characters, odd spaces and odd dashes; dashes between figures become hyphens."""
    text = unicodedata.normalize("NFKC", text.translate(_SAME)).translate(_SAME)
    text = "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Cc", "Mn") or c in "\t\n")
    text = re.sub(r"(?<=\d)[–—](?=\d)", "-", re.sub(r"\s+", " ", text))
    text = _DASH.sub(" – ", text)
    return re.sub(r"[*_]{2,}", "", text).strip().lower()


@dataclass(frozen=True)
class Span:
    """Where something stands in a normalised text, and what it is."""

    start: int
    end: int
    value: str = ""


@dataclass(frozen=True)
class Text:
    """A normalised sentence with its clauses.

    Attributes:
        low: the normalised text.
        breaks: pattern of what ends a clause.
        negators: pattern of words that deny what follows them in their clause.
    """

    low: str
    breaks: re.Pattern[str]
    negators: re.Pattern[str]

    @cached_property
    def _ends(self) -> list[int]:
        return [match.start() for match in self.breaks.finditer(self.low)]

    def clause(self, at: int) -> int:
        """Number of the clause that a position lies in."""
        return bisect_right(self._ends, at)

    def clause_text(self, at: int) -> str:
        """The clause that a position lies in."""
        number, ends = self.clause(at), [0, *self._ends, len(self.low)]
        return self.low[ends[number] : ends[number + 1]]

    def same_clause(self, first: int, second: int) -> bool:
        return self.clause(first) == self.clause(second)

    def negated(self, at: int, until: int | None = None) -> bool:
        """Whether an odd number of negations stands before a position in its clause, and on to ``until``."""
        number = self.clause(at)
        start = max(self._ends[number - 1] if number else 0, at - REACH)
        found = self.negators.findall(self.low, start, until or at)
        both = "neither" in found and "nor" in found  # one denial in two words
        return (len(found) - both) % 2 == 1

    def polarity(self, start: int, end: int, *, inside: int = 0, far: int = _FAR) -> bool | None:
        """Whether the clause around some words affirms them, denies them, or is not plain enough to tell (None).

        Args:
            inside: where words that may deny end, if that is not ``start``.
            far: words that may stand between a denial and what it denies.
        """
        number, ends = self.clause(start), [0, *self._ends, len(self.low)]
        begins, closes = max(ends[number], start - 2 * REACH), ends[number + 1]
        inner = max((match.end() for match in _INNER.finditer(self.low, begins, start)), default=begins)
        own = [*self.negators.finditer(self.low, inner, inside or start)]
        if [match.group() for match in own][:1] == ["neither"]:
            own = own[:1]
        if self.negators.search(self.low, begins, inner) or len(own) > 1 or self._denied_after(end, closes):
            return None
        if not own:
            return True
        return None if self.low.count(" ", own[0].end(), start) > far + 1 else False

    def _denied_after(self, start: int, end: int) -> bool:
        inner = _INNER.search(self.low, start, end)
        if _LATER.match(self.low, start):
            return True
        return any(one.search(self.low, start, inner.start() if inner else end) for one in (self.negators, _ABSENT))

    def find(self, pattern: re.Pattern[str]) -> Iterator[Span]:
        for match in pattern.finditer(self.low):
            yield Span(match.start(), match.end(), match.group())


def spaced(pattern: str) -> str:
    """A pattern whose spaces, outside of character sets, stand for a space or a hyphen."""
    return re.sub(r" (?![^\[]*\])", r"[ \-]", pattern)


def words(patterns: list[str]) -> re.Pattern[str]:
    """One pattern for any of some words or phrases, longer ones first; see :func:`spaced`."""
    return _compiled(tuple(patterns))


@cache
def _compiled(patterns: tuple[str, ...]) -> re.Pattern[str]:
    if not patterns:
        return re.compile(r"(?!)")
    joined = "|".join(sorted((spaced(one) for one in patterns), key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{joined})(?!\w)")

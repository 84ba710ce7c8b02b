"""Sentences, words and stems of plain text, with where they stand."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import Stemmer

_STOP = re.compile(
    r"^#{1,6} [^\n]*$|[.!?…]+[\"'”\u2019)\]]*(?:\s*\[\d+(?:\s*[,;–-]\s*\d+)*\])*(?=\s|$)"
    r"|\n{2,}|\n(?=\s*(?:[-*•]|\d+[.)]|#))",
    re.MULTILINE,
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|approx|ca|cf|vs|etc|figs?|dr|prof|mrs?|ms|st|no|resp|incl|et al|spp?|vol|ed|u\.[sk]|[ap]\.m)"
    r"|\b[A-Z])\.$",
    re.IGNORECASE,
)
_MARKS = re.compile(r"\s*\[\d+(?:\s*[,;–-]\s*\d+)*\]")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*|\d+(?:[.,]\d+)*")
_STEMMER = Stemmer.Stemmer("english")

STOPWORDS = frozenset((Path(__file__).parent / "stopwords.txt").read_text("utf-8").split())


@dataclass(frozen=True)
class Span:
    """A piece of a text.

    Attributes:
        text: without blanks around it and without the citation marks behind it.
        start, end: where it stands in the whole, in characters.
    """

    text: str
    start: int
    end: int


def sentences(text: str) -> tuple[Span, ...]:
    """The sentences of a text and its list items, without headings, in order."""
    return tuple(_sentences(text))


def _sentences(text: str) -> Iterator[Span]:
    start = 0
    for match in [*_STOP.finditer(text), None]:
        end = match.end() if match else len(text)
        if match and end < len(text) and _goes_on(text, start, match):
            continue
        piece = text[start:end]
        bare = _MARKS.sub("", piece).strip().removeprefix("- ").strip()
        if re.search(r"\w", bare) and not bare.startswith("#"):
            at = text.find(bare, start, end)
            at = at if at >= 0 else start + len(piece) - len(piece.lstrip())
            yield Span(bare, at, at + len(bare) if text[at : at + len(bare)] == bare else end)
        start = end


def _goes_on(text: str, start: int, match: re.Match[str]) -> bool:
    """Whether a full stop ends an abbreviation rather than a sentence."""
    if not match.group().startswith("."):
        return False
    before, after = text[start : match.start() + 1], text[match.end() :].lstrip()
    if _ABBREVIATION.search(before):
        return True
    return after[:1].islower() and "\n" not in text[match.end() : match.end() + 2]


@lru_cache(maxsize=4096)
def terms(text: str) -> tuple[str, ...]:
    """The stems of a text's words that carry meaning, lower case, in order, repeated ones too."""
    return tuple(stem(word) for word in words(text) if word not in STOPWORDS and (len(word) > 1 or word.isdigit()))


def words(text: str) -> tuple[str, ...]:
    """All words and numbers in lower case, accents and possessives taken off."""
    plain = unicodedata.normalize("NFKD", text.replace("\u2019", "'"))
    plain = "".join(one for one in plain if not unicodedata.combining(one)).casefold()
    found = (match.group().removesuffix("'s") for match in _WORD.finditer(plain))
    return tuple(part for word in found for part in word.split("-"))


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Snowball's English stem."""
    return str(_STEMMER.stemWord(word))

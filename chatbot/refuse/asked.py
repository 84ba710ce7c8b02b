"""A question as it is held against evidence: its words, what each of them weighs, and its form."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chatbot.refuse.background import Background, meaningful
from chatbot.search.embed import Tokens, Vectors, unit
from chatbot.search.terms import term
from chatbot.words import words

HERE = Path(__file__).parent
_PIECE = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*(?:[.,]\d+)*")


@dataclass(frozen=True)
class Word:
    """A word of a question that carries meaning.

    Attributes:
        written: as it stands in the question.
        text: in lower case, a slip of the keys mended.
        stem: of that.
        start, end: where it stands.
        rarity: how much it tells: more, the fewer passages of the library have it.
        inside: whether the library has it.
        common: whether many people use it.
        capital: whether it begins with a capital inside a sentence.
    """

    written: str
    text: str
    stem: str
    start: int
    end: int
    rarity: float
    inside: bool
    common: bool
    capital: bool


@dataclass(frozen=True)
class Asked:
    """A question.

    Attributes:
        text: in the words of the field.
        words: those that carry meaning, in order.
        form: what it asks for, by the names of ``kinds.toml``, each 0 or 1.
        vector: of the whole, or None without an encoder.
        without: the vector of the question without each word, (words, dimensions), or None.
    """

    text: str
    words: tuple[Word, ...]
    form: Mapping[str, float]
    vector: NDArray[np.float32] | None = None
    without: Vectors | None = None

    @property
    def weights(self) -> NDArray[np.float64]:
        """How much each word bears of what is asked, above 0 and 1 in all."""
        if self.vector is None or self.without is None:
            found = np.array([one.rarity for one in self.words], np.float64)
        else:
            found = np.maximum(1e-6, 1.0 - (self.without @ self.vector).astype(np.float64))
        found *= [0.0 if one.text[0].isdigit() else 1.0 for one in self.words]  # what was measured is in no passage
        return found / max(1e-9, float(found.sum()))


def read(text: str, background: Background, tokens: Tokens | None) -> Asked:
    """A question that is in the words of the field, and its tokens."""
    found = tuple(_words(text, background))
    low = text.casefold().replace("\u2019", "'").strip()
    form = {name: float(bool(pattern.search(low))) for name, pattern in forms().items()}
    if tokens is None:
        return Asked(text, found, form)
    total = tokens.states.sum(0)
    without = [unit(total - _of(tokens, one)) for one in found]
    return Asked(text, found, form, unit(total), np.array(without, np.float32).reshape(-1, len(total)))


def _of(tokens: Tokens, one: Word) -> NDArray[np.float32]:
    inside = (tokens.places[:, 0] >= one.start) & (tokens.places[:, 1] <= one.end)
    inside &= tokens.places[:, 0] < tokens.places[:, 1]
    return np.asarray(tokens.states[inside].sum(0), np.float32)


def _words(text: str, background: Background) -> Sequence[Word]:
    found = []
    for match in _PIECE.finditer(text):
        begins = not text[: match.start()].rstrip(" \"'“(").strip() or text[: match.start()].rstrip()[-1:] in ".?!:"
        for part in words(match.group()):
            if not meaningful(part):
                continue
            capital = match.group()[0].isupper() and not begins
            mended = part if capital else background.repaired(part)
            stem = term(mended)
            common = background.common(mended)
            found.append(
                Word(match.group(), mended, stem, match.start(), match.end(), background.rarity(stem),
                     background.holds(stem), common, capital)
            )  # fmt: skip
    return found


@cache
def forms() -> Mapping[str, re.Pattern[str]]:
    """The forms of questions, in order."""
    return {name: re.compile(one) for name, one in _table()["asked"].items()}


@cache
def details() -> Mapping[str, tuple[re.Pattern[str], ...]]:
    """By kind of detail, the words that ask for it."""
    return {
        name: tuple(re.compile(rf"(?<!\w){re.escape(one)}(?:s|es|ed|d|ing)?(?!\w)") for one in those)
        for name, those in _table()["details"].items()
    }


@cache
def fields_beyond() -> tuple[str, ...]:
    """Fields that the library does not hold."""
    return tuple(_table()["beyond"]["fields"])


@cache
def _table() -> dict[str, dict[str, Any]]:
    return tomllib.loads((HERE / "kinds.toml").read_text("utf-8"))

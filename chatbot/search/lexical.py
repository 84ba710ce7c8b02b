"""BM25 over passages, and what their terms are."""

import logging
from collections.abc import Sequence
from itertools import chain
from typing import Any

import bm25s
import numpy as np
from numpy.typing import NDArray

from chatbot.search.passages import Passage
from chatbot.search.terms import terms

K1, B = 1.2, 0.75
TITLE, HEADING = 2, 2  # how often a passage's title and heading count beside its text; each alias counts once

logging.getLogger("bm25s").setLevel(logging.WARNING)  # it sets itself to DEBUG when imported

Ids = NDArray[np.int32]
Scores = NDArray[np.float32]


class Lexical:
    """An inverted index of passages by their terms.

    Attributes:
        ids: number of each term that occurs.
        idf: by number, how rare a term is: the logarithm of BM25, above 0.
        unknown: the same for a term that occurs nowhere.
        names: by passage, the terms of its title and of each alias.
        headings: by passage, the terms of its heading.
    """

    def __init__(self, passages: Sequence[Passage]) -> None:
        self.ids: dict[str, int] = {}
        shared: dict[str, tuple[int, ...]] = {}
        bodies = [self._numbers(one.text) for one in passages]
        self.names = [
            tuple(shared.setdefault(name, self._numbers(name)) for name in (one.title, *one.aliases))
            for one in passages
        ]
        self.headings = [shared.setdefault(one.heading, self._numbers(one.heading)) for one in passages]
        self._starts = np.cumsum([0, *(len(body) for body in bodies)])
        self._bodies = np.fromiter(chain.from_iterable(bodies), np.int32)
        weighted = [
            [*names[0] * TITLE, *chain.from_iterable(names[1:]), *heading * HEADING, *body]
            for names, heading, body in zip(self.names, self.headings, bodies, strict=True)
        ]
        self.idf, self.unknown = _rarity(weighted, len(self.ids))
        self._bm25 = _index(weighted, self.ids)
        self.count = len(passages)

    def body(self, at: int) -> Ids:
        """Numbers of the terms of a passage's text, in order."""
        return self._bodies[self._starts[at] : self._starts[at + 1]]

    def scores(self, wanted: Sequence[str]) -> Scores:
        """BM25 of every passage for these terms, (N,), 0 where none of them occurs."""
        known = [self.ids[one] for one in wanted if one in self.ids]
        if not known or self._bm25 is None:
            return np.zeros(self.count, np.float32)
        return np.asarray(self._bm25.get_scores_from_ids(known), np.float32)

    def rarity(self, one: str) -> float:
        """How much a term tells, above 0; most for one that occurs nowhere."""
        number = self.ids.get(one)
        return self.unknown if number is None else float(self.idf[number])

    def _numbers(self, text: str) -> tuple[int, ...]:
        return tuple(self.ids.setdefault(one, len(self.ids)) for one in terms(text))


def _rarity(documents: Sequence[Sequence[int]], size: int) -> tuple[Scores, float]:
    holding = np.zeros(size, np.int64)
    for document in documents:
        holding[list(set(document))] += 1
    count = len(documents)
    return np.log1p((count - holding + 0.5) / (holding + 0.5)).astype(np.float32), float(np.log1p((count + 0.5) / 0.5))


def _index(documents: list[list[int]], ids: dict[str, int]) -> Any:
    if not ids:
        return None
    index = bm25s.BM25(method="lucene", k1=K1, b=B, backend="numpy")
    index.index((documents, ids), show_progress=False)
    return index

"""Candidates put in order by what can be said of each in words, weighted.

The weights stand in ``weights.toml``; ``python -m benchmarks.medquad --choose`` finds them.
"""

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple, Self

from chatbot.search.lexical import Lexical
from chatbot.search.terms import terms

HERE = Path(__file__).parent
WEIGHTS = HERE / "weights.toml"
FIRST = 5  # candidates that are looked at for how far the first is trusted
SOFT = 4.0  # a candidate that lies this far behind the first scores 1/e of its score
ENOUGH = 3  # words of what is asked for in a text that make it one about that


class Features(NamedTuple):
    """What is known of a candidate, each 0..1 unless said.

    Attributes:
        bm25: its score, as a share of the best candidate's.
        cosine: of the question's vector with its own; 0 without an encoder.
        coverage: share of what the question says, rare words counting most, that it says anywhere, title included.
        named: how well its title or an alias names what the question is about (F1 of their words).
        exact: 1 where one of these names stands in the question word for word.
        heading: 1 where its section is about what is asked for (symptoms, treatment …), -1 where about something else.
        asked: how much its text speaks of what is asked for.
        opening: 1 for the beginning of a source that the question names, where it asks for nothing in particular.
        source: how much else from the same source is among the candidates.
    """

    bm25: float = 0.0
    cosine: float = 0.0
    coverage: float = 0.0
    named: float = 0.0
    exact: float = 0.0
    heading: float = 0.0
    asked: float = 0.0
    opening: float = 0.0
    source: float = 0.0


class Trust(NamedTuple):
    """What tells whether the passages speak of the question at all: the best values among the first candidates."""

    cosine: float
    coverage: float

    @classmethod
    def of(cls, candidates: Sequence[Features]) -> Self:
        first = candidates[:FIRST]
        return cls(max((one.cosine for one in first), default=0.0), max((one.coverage for one in first), default=0.0))


@dataclass(frozen=True)
class Weights:
    """What each feature counts for the order, and each part of the trust for how far the first is trusted."""

    order: Features
    trust: Trust
    start: float

    def total(self, features: Features) -> float:
        """What candidates are put in order by; differences mean something, the value itself does not."""
        return sum(weight * value for weight, value in zip(self.order, features, strict=True))

    def scores(self, ordered: Sequence[Features]) -> list[float]:
        """How well each fits, 0..1: the trust in the first, less by how far the others lie behind it."""
        if not ordered:
            return []
        known = sum(weight * value for weight, value in zip(self.trust, Trust.of(ordered), strict=True))
        first = 1 / (1 + math.exp(-self.start - known))
        best = self.total(ordered[0])
        return [first * math.exp((self.total(one) - best) / SOFT) for one in ordered]


@cache
def weights(name: str) -> Weights:
    """The weights for searching with an encoder (``both``) or without (``words``)."""
    table = tomllib.loads(WEIGHTS.read_text("utf-8"))[name]
    return Weights(Features(**table["order"]), Trust(**table["trust"]), table["start"])


@cache
def intents() -> Mapping[str, frozenset[str]]:
    """The terms of each thing that can be asked for."""
    table = tomllib.loads((HERE / "intents.toml").read_text("utf-8"))["intents"]
    return {name: frozenset(chain.from_iterable(terms(word) for word in words)) for name, words in table.items()}


class Reading:
    """A question as it is held against candidates."""

    def __init__(self, question: str, lexical: Lexical) -> None:
        self.terms = terms(question)
        self.lexical = lexical
        rarity = {one: lexical.rarity(one) for one in self.terms}
        self._all = {lexical.ids.get(one, -1 - at): rarity[one] for at, one in enumerate(rarity)}
        self.asked = {name for name, words in intents().items() if words & rarity.keys()}
        wanted = chain.from_iterable(intents()[name] for name in self.asked)
        self._wanted = {lexical.ids[one] for one in wanted if one in lexical.ids}
        speaking = frozenset().union(*intents().values())
        about = {lexical.ids.get(one, -1 - at): rarity[one] for at, one in enumerate(rarity) if one not in speaking}
        self._about = about or self._all
        self._order = [lexical.ids.get(one, -1) for one in self.terms]

    def features(self, at: int) -> Features:
        """What the words of a passage tell; what its neighbours tell is added by the caller."""
        names, heading = self.lexical.names[at], self.lexical.headings[at]
        return Features(
            coverage=_share(self._all, set(self.lexical.body(at).tolist()).union(heading, *names)),
            named=max(self._fit(name) for name in names),
            exact=float(any(_within(name, self._order) for name in names)),
            heading=self._heading(heading),
            asked=self._asked(at),
        )

    def _fit(self, name: Sequence[int]) -> float:
        """F1 of a name and what the question is about, rare words counting most."""
        if not name:
            return 0.0
        said = set(name)
        held = sum(weight for one, weight in self._about.items() if one in said)
        total = sum(float(self.lexical.idf[one]) for one in said) + sum(self._about.values())
        return 2 * held / total if total else 0.0

    def _heading(self, heading: Sequence[int]) -> float:
        if not self.asked or not heading:
            return 0.0
        return 1.0 if self._wanted.intersection(heading) else -1.0

    def _asked(self, at: int) -> float:
        if not self._wanted:
            return 0.0
        return min(1.0, sum(one in self._wanted for one in self.lexical.body(at).tolist()) / ENOUGH)


def _share(wanted: Mapping[int, float], held: set[int]) -> float:
    total = sum(wanted.values())
    return sum(weight for one, weight in wanted.items() if one in held) / total if total else 0.0


def _within(name: Sequence[int], question: Sequence[int]) -> bool:
    size = len(name)
    return bool(size) and any(tuple(question[at : at + size]) == tuple(name) for at in range(len(question) - size + 1))

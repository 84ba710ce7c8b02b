"""The judge: rules first, then a weighed sum of how the evidence fits."""

import logging
import math
import re
import threading
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chatbot.knowledge import Article
from chatbot.lay import plain
from chatbot.refuse.asked import Asked, fields_beyond, read
from chatbot.refuse.background import Background
from chatbot.refuse.features import Fit
from chatbot.refuse.rules import by_names, by_words
from chatbot.search.embed import Embedder, Vectors
from chatbot.search.meanings import Meanings, beside
from chatbot.search.passages import Passage
from chatbot.sources.local import LocalSource
from chatbot.types import Evidence
from chatbot.words import sentences
from diagnosis.errors import Missing

WEIGHTS = Path(__file__).parent / "weights.toml"
NONE = "No passage was found."

_MASKED = re.compile(r"\[[a-z ]+\]")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Verdict:
    """Whether evidence answers a question.

    Attributes:
        why: for people, where it does not; "" where it does.
        score: how likely it answers, 0..1.
    """

    enough: bool
    why: str
    score: float


@dataclass(frozen=True)
class Weights:
    """What each feature counts, as (mean, deviation, weight), and each dimension of the question's vector.

    Attributes:
        start: the sum before any feature.
        least: the score below which the evidence is too little.
    """

    start: float
    least: float
    features: Mapping[str, tuple[float, float, float]]
    topic: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))

    def score(self, features: Mapping[str, float], vector: NDArray[np.float32] | None) -> float:
        """0..1."""
        total = self.start
        for name, (mean, deviation, weight) in self.features.items():
            total += weight * (features[name] - mean) / deviation
        if vector is not None and len(self.topic) == len(vector):
            total += float(self.topic @ vector)
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, total))))


@cache
def weights(name: str) -> Weights:
    """The weights with an encoder (``both``) or without (``words``)."""
    table = tomllib.loads(WEIGHTS.read_text("utf-8"))[name]
    rows = {one: (row[0], row[1], row[2]) for one, row in table["features"].items()}
    return Weights(table["start"], table["least"], rows, np.array(table.get("topic", []), np.float32))


class Judge:
    """Decides whether evidence answers a question. Threads may share one.

    Args:
        passages: gets those of the library, when the first question comes.
        embedder: None to decide by words alone, which is worse.
        stored: vectors of the library's words and sentences, as ``meanings.build`` writes them.
    """

    def __init__(
        self, passages: Callable[[], Iterable[Passage]], embedder: Embedder | None = None, stored: Path | None = None
    ) -> None:
        self._passages = passages
        self._embedder = embedder
        self._stored = stored
        self._turn = threading.Lock()

    @classmethod
    def of(
        cls, known: Iterable[Article | Passage], embedder: Embedder | None = None, stored: Path | None = None
    ) -> "Judge":
        """One that knows the words of these articles and passages."""
        parts = [one.passages if isinstance(one, Article) else (one,) for one in known]
        return cls(lambda: chain.from_iterable(parts), embedder, stored)

    @classmethod
    def beside(cls, library: LocalSource) -> "Judge":
        """One that knows the words of a library."""
        stored = beside(library.stored)

        def passages() -> list[Passage]:
            return [one for article in library.articles.values() for one in article.passages]

        return cls(passages, library.embedder, stored)

    @property
    def meanings(self) -> Meanings | None:
        """What words and sentences mean, or None without an encoder."""
        with self._turn:
            return self._loaded[1]

    def warm(self) -> None:
        """Load everything now, so that the first question need not wait."""
        with self._turn:
            _ = self._loaded

    @cached_property
    def _loaded(self) -> tuple[Background, Meanings | None, Vectors | None]:
        passages = tuple(self._passages())
        if self._embedder is not None:
            try:
                beyond = self._embedder.vectors(fields_beyond())
                held = Meanings(self._embedder, self._stored)
                return Background(passages, self._embedder.vocabulary), held, beyond
            except Missing as error:
                log.warning("evidence is judged by words alone: %s", error)
        return Background(passages), None, None

    def enough(self, question: str, evidence: Sequence[Evidence]) -> Verdict:
        """Whether the evidence answers the question."""
        if not evidence:
            return Verdict(False, NONE, 0.0)
        readings = self.read(question, evidence)
        reasons = [by_words(question) or by_names(asked, evidence, fit.background) for asked, fit in readings]
        if all(reasons):
            return Verdict(False, reasons[0] or "", 0.0)
        weight = weights("words" if readings[0][1].meanings is None else "both")
        scores = [weight.score(fit.features(), asked.vector) for asked, fit in readings]
        best = max(scores)
        if best >= weight.least:
            return Verdict(True, "", best)
        return Verdict(False, _why(*readings[scores.index(best)]), best)

    def read(self, question: str, evidence: Sequence[Evidence]) -> list[tuple[Asked, Fit]]:
        """The question as it stands and in the words of the field, and how the first passages fit it."""
        with self._turn:
            background, held, beyond = self._loaded
        bare = _without_person(question)
        texts = list(dict.fromkeys(background.spelt(one) for one in (plain(bare), bare)))
        tokens = held.embedder.tokens(texts) if held else [None] * len(texts)
        found = [read(text, background, one) for text, one in zip(texts, tokens, strict=True)]
        return [(asked, Fit(asked, evidence, background, held, beyond)) for asked in found]


def _without_person(question: str) -> str:
    """The question without the sentences in which identifying details were masked, where others are left."""
    if not _MASKED.search(question):
        return question
    left = " ".join(one.text for one in sentences(question) if not _MASKED.search(one.text))
    return left or _MASKED.sub(" ", question)


def _why(asked: Asked, fit: Fit) -> str:
    """The most telling thing that the evidence lacks."""
    lost = asked.weights * (fit.found < 1.0) * (1.0 - fit.found)
    if len(lost) and lost.max() > 0.04:
        return f"“{asked.words[int(lost.argmax())].written}” is in no passage that was found."
    return "No passage says this of what the question is about."

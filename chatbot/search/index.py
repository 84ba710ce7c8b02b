"""An index of passages: BM25 and embeddings, fused, and the best put in order."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from chatbot.search.embed import Embedder
from chatbot.search.lexical import Lexical
from chatbot.search.passages import Passage
from chatbot.search.rerank import Features, Reading, weights
from chatbot.search.semantic import Half, Semantic
from chatbot.search.stored import compute

Method = Literal["bm25", "embeddings", "fused", "reranked"]

NEAREST = 100  # of BM25, and as many of the embeddings
RERANKED = 60  # of the fused ones
SOFT = 20  # reciprocal rank fusion: the first rank counts 1 / SOFT


@dataclass(frozen=True)
class Hit:
    """A passage that was found.

    Attributes:
        passage: where it is from, with its offsets.
        score: how well it fits, 0..1, comparable within one search.
        features: why, where it was reranked.
    """

    passage: Passage
    score: float
    features: Features = field(default_factory=Features)


class PassageIndex:
    """Passages of any kind, searched by words and by meaning. It is not changed by a search: threads may share one.

    Args:
        passages: what can be found.
        embedder: None for a search by words alone.
        vectors: (N, dimensions), one a passage, where they are there already.
    """

    def __init__(
        self, passages: Sequence[Passage], embedder: Embedder | None = None, vectors: Half | None = None
    ) -> None:
        self.passages = tuple(passages)
        self.lexical = Lexical(self.passages)
        self.embedder = embedder if passages else None
        self.semantic: Semantic | None = None
        if self.embedder:
            self.semantic = Semantic(compute(self.passages, self.embedder) if vectors is None else vectors)
        self._of: dict[str, list[int]] = defaultdict(list)
        for at, passage in enumerate(self.passages):
            self._of[passage.url].append(at)
        self._openings = {min(those, key=lambda at: self.passages[at].start) for those in self._of.values()}

    def search(
        self, question: str, limit: int = 8, *, urls: Collection[str] | None = None, method: Method = "reranked"
    ) -> list[Hit]:
        """At most ``limit`` passages, best first; ``urls`` narrows them to these sources."""
        among = None if urls is None else self.numbers(urls)
        if not self.passages or (among is not None and not len(among)) or not question.strip():
            return []
        found = Candidates(self, question, among)
        if method == "reranked":
            return found.reranked()[:limit]
        order, score = found.ordered(method)
        return [Hit(self.passages[at], score[at]) for at in order[:limit]]

    def numbers(self, urls: Collection[str]) -> NDArray[np.int64]:
        """Of the passages of these sources, in order."""
        return np.array(sorted(at for url in set(urls) for at in self._of.get(url, ())), np.int64)

    def opens(self, at: int) -> bool:
        """Whether a passage is the first of its source."""
        return at in self._openings


class Candidates:
    """The candidates for one question."""

    def __init__(self, index: PassageIndex, question: str, among: NDArray[np.int64] | None) -> None:
        self.index = index
        self.reading = Reading(question, index.lexical)
        bm25 = index.lexical.scores(self.reading.terms)
        self.by_words = _best(bm25, among)
        self.by_meaning: list[int] = []
        cosines = np.zeros(0, np.float32)
        vector = index.embedder.vector(question) if index.embedder and index.semantic else None
        if vector is not None and index.semantic:
            self.by_meaning = index.semantic.nearest(vector, NEAREST, among)
        both = list(dict.fromkeys([*self.by_words, *self.by_meaning]))
        if vector is not None and index.semantic and both:
            cosines = index.semantic.cosines(vector, np.array(both, np.int64))
        self.bm25 = {at: float(bm25[at]) for at in both}
        self.cosine = dict(zip(both, (float(one) for one in cosines), strict=False))

    def ordered(self, method: Method) -> tuple[list[int], dict[int, float]]:
        """The candidates of one method, best first, and their scores, 0..1."""
        if method == "bm25":
            top = max(self.bm25.values(), default=1.0) or 1.0
            return self.by_words, {at: self.bm25[at] / top for at in self.by_words}
        if method == "embeddings":
            return self.by_meaning, {at: max(0.0, self.cosine[at]) for at in self.by_meaning}
        fused = self._fused()
        return sorted(fused, key=lambda at: -fused[at]), fused

    def _fused(self) -> dict[int, float]:
        fused: dict[int, float] = defaultdict(float)
        for ranks in (self.by_words, self.by_meaning):
            for rank, at in enumerate(ranks):
                fused[at] += SOFT / (SOFT + rank) / 2
        return fused

    def reranked(self) -> list[Hit]:
        """The best of the fused candidates, by their features."""
        order, fused = self.ordered("fused")
        taken = order[:RERANKED]
        weight = weights("both" if self.by_meaning else "words")
        found = sorted(self.features(taken, fused), key=lambda one: -weight.total(one[1]))
        scores = weight.scores([features for _, features in found])
        return [
            Hit(self.index.passages[at], score, features) for (at, features), score in zip(found, scores, strict=True)
        ]

    def features(self, taken: Sequence[int], fused: Mapping[int, float]) -> list[tuple[int, Features]]:
        """What is known of each of these candidates."""
        best = max((self.bm25[at] for at in taken), default=0.0) or 1.0
        share: dict[str, float] = defaultdict(float)
        for at in taken:
            share[self.index.passages[at].url] += fused[at]
        most = max(share.values(), default=1.0)
        found = []
        for at in taken:
            told = self.reading.features(at)
            more = {
                "bm25": self.bm25[at] / best,
                "cosine": max(0.0, self.cosine.get(at, 0.0)),
                "opening": float(told.named > 0 and not self.reading.asked and self.index.opens(at)),
                "source": share[self.index.passages[at].url] / most,
            }
            found.append((at, told._replace(**more)))
        return found


def _best(scores: NDArray[np.float32], among: NDArray[np.int64] | None) -> list[int]:
    """Numbers of the best candidates above 0, best first."""
    if among is not None:
        chosen = np.full_like(scores, 0)
        chosen[among] = scores[among]
        scores = chosen
    some = np.argpartition(-scores, NEAREST)[:NEAREST] if len(scores) > NEAREST else np.arange(len(scores))
    order = some[np.argsort(-scores[some], kind="stable")]
    return [int(at) for at in order if scores[at] > 0]

"""An answer without a language model: sentences of the passages, as they stand there, in an order that reads well."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chatbot.search.meanings import Meanings
from chatbot.types import Cited, Evidence, Mode
from chatbot.words import Span, sentences, stem, terms, words

SENTENCES: dict[Mode, int] = {"general": 6, "plain": 5, "professional": 8}
PASSAGES = 6  # passages that are looked through
EACH = 4  # sentences of one passage, but for the first one
SAME = 0.6  # share of words in common from which two sentences say the same
WORTH = 5.0  # how far below the best sentence's score another one's may lie
OPENERS = frozenset(
    ("it", "its", "they", "their", "them", "this", "these", "those", "that", "such", "he", "she", "his", "her", "both",
     "another", "other", "others", "then", "however", "also", "therefore", "instead")
)  # fmt: skip  # a sentence that begins so leans on the one before it
COSINE, SAID, FIRST, FITS, OPENS, NUMBER = 12.0, 0.8, 0.4, 0.5, 0.5, 0.3  # what counts, by python -m benchmarks.answers
WORDED = 4.0  # what the words that a sentence shares with the question count without an encoder
_COUNTS = re.compile(
    r"\bhow (?:many|much|often|long|big|old|likely|common|soon|high)\b|\b(?:percent|size|age|number)\b"
)
_NUMBER = re.compile(r"\d|\b(?:two|three|four|five|six|ten|half|third|quarter|few|several)\b")


@dataclass(frozen=True)
class _Piece:
    """A sentence of a passage: how well it fits, and whether it leans on the one before it."""

    at: int
    order: int
    span: Span
    score: float
    leans: bool


def extract(
    question: str, evidence: Sequence[Evidence], mode: Mode = "general", meanings: Meanings | None = None
) -> tuple[Cited, ...]:
    """The sentences that answer best, each with the number of its passage and itself as the quote.

    The best one comes first, then what its passage adds, then what others say that is new. ``meanings`` compares
    sentences with the question by what they mean; without it their words alone are compared.
    """
    ranked = sorted(enumerate(evidence, 1), key=lambda one: -one[1].score)[:PASSAGES]
    passages = _scored(question, ranked, meanings)
    return tuple(
        Cited(piece.span.text, (piece.at,), (piece.span.text,)) for piece in _chosen(passages, SENTENCES[mode])
    )


def _scored(
    question: str, ranked: Sequence[tuple[int, Evidence]], meanings: Meanings | None
) -> dict[int, tuple[_Piece, ...]]:
    """The sentences of each passage, by its number."""
    weights = _weights(question, [one for _, one in ranked])
    counted = bool(_COUNTS.search(question.casefold()))
    vector = meanings.embedder.vector(question) if meanings and ranked else None
    parts = meanings.sentences([one for _, one in ranked]) if meanings else []
    best = max((one.score for _, one in ranked), default=0.0) or 1.0
    found = {}
    for rank, (at, one) in enumerate(ranked):
        spans = parts[rank][0] if meanings else sentences(one.excerpt)
        near = parts[rank][1] @ vector if vector is not None else np.zeros(len(spans))
        fits = FIRST / (1 + rank) + FITS * one.score / best
        about = set(terms(f"{one.title} {one.heading}"))
        scores = fits + COSINE * near + _by_words(spans, weights, about, SAID if meanings else WORDED)
        scores += [counted * NUMBER * bool(_NUMBER.search(span.text)) + OPENS / (1 + k) for k, span in enumerate(spans)]
        found[at] = tuple(
            _Piece(at, order, span, float(score), next(iter(words(span.text)), "") in OPENERS)
            for order, (span, score) in enumerate(zip(spans, scores, strict=True))
        )
    return found


def _weights(question: str, evidence: Sequence[Evidence]) -> dict[str, float]:
    """How much each term of the question says, 1 in all: more, the fewer passages have it."""
    held = Counter(term for one in evidence for term in set(terms(f"{one.title} {one.excerpt}")))
    found = {term: math.log(1 + len(evidence) / (1 + held[term])) for term in terms(question)}
    return {term: weight / (sum(found.values()) or 1.0) for term, weight in found.items()}


def _by_words(spans: Sequence[Span], weights: dict[str, float], about: set[str], count: float) -> NDArray[np.float64]:
    """How much of the question each sentence says; what its title and heading say counts for it, a little."""
    own = (set(terms(span.text)) for span in spans)
    return count * np.array(
        [
            sum(weight * (1.0 if term in said else 0.4 if term in about else 0.0) for term, weight in weights.items())
            for said in own
        ]
    )


def _chosen(passages: dict[int, tuple[_Piece, ...]], most: int) -> list[_Piece]:
    """The best sentences that are new, each behind the one that it leans on."""
    units: list[list[_Piece]] = []
    taken: list[_Piece] = []
    pieces = sorted((piece for each in passages.values() for piece in each), key=lambda one: -one.score)
    for piece in pieces:
        unit = [one for one in _with_support(piece, passages[piece.at]) if one not in taken]
        of_one = EACH + 1 if piece.at == pieces[0].at else EACH
        if piece in taken or piece.score < pieces[0].score - WORTH:
            continue
        if len(taken) + len(unit) > most or sum(one.at == piece.at for one in taken) + len(unit) > of_one:
            continue
        if any(_same(one, other) for one in unit for other in taken):
            continue
        taken += unit
        units.append(unit)
    places = list(dict.fromkeys(piece.at for unit in units for piece in unit))
    rest = sorted((unit for unit in units[1:]), key=lambda unit: (places.index(unit[0].at), unit[0].order))
    return [piece for unit in (*units[:1], *rest) for piece in unit]


def _with_support(piece: _Piece, pieces: Sequence[_Piece]) -> list[_Piece]:
    first = piece.order
    while first > 0 and pieces[first].leans:
        first -= 1
    return list(pieces[first : piece.order + 1])


def _same(one: _Piece, other: _Piece) -> bool:
    these, those = ({stem(word) for word in words(each.span.text)} for each in (one, other))
    return len(these & those) > SAME * len(these | those)

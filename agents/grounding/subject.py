"""Whether a sentence speaks of what a finding is about."""

import re
from collections.abc import Iterable
from functools import lru_cache

from agents.grounding.entities import ClassMention, PlaceMention
from agents.grounding.facts import Allowed
from agents.grounding.fitting import fits
from agents.grounding.lexicon import table
from agents.grounding.numbers import Quantity
from agents.grounding.text import Span, Text
from diagnosis.findings import Finding

_COMMON = frozenset(
    {"that", "this", "with", "than", "more", "were", "where", "only", "image", "imag", "model", "would"}
)


def shared(
    text: Text,
    finding: Finding,
    own: Allowed,
    classes: Iterable[ClassMention],
    methods: Iterable[Span],
    places: Iterable[PlaceMention],
    numbers: Iterable[Quantity],
) -> bool:
    """Whether a class, method, place, number or word of the sentence is one that the finding has."""
    return (
        any(one.labels & own.labels for one in classes)
        or any(one.value in own.methods or (own.methods and one.value == "plural") for one in methods)
        or any(one.within(region) for one in places for _, region in own.places)
        or any(fits(one, fact) for one in numbers for fact in own.facts)
        or bool(_stems(text.low) & _cues(finding.kind, finding.statement))
    )


@lru_cache(maxsize=1024)
def _cues(kind: str, statement: str) -> frozenset[str]:
    """Stems of the words that show that a sentence speaks of a finding: its own words and the lexicon's."""
    return _stems(statement.lower()) | frozenset(_stem(word) for word in table("kinds").get(kind, [])) - _COMMON


def _stems(text: str) -> frozenset[str]:
    return frozenset(_stem(word) for word in re.findall(r"[^\W\d_]{4,}", text)) - _COMMON


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "ly", "er", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word

"""Passages that say different things of the same."""

from collections.abc import Sequence
from itertools import combinations

from chatbot.cite import lexicon, numbers
from chatbot.types import Evidence
from chatbot.words import sentences, terms

ALIKE = 0.6  # share of words, numbers left out, from which two sentences are about the same


def conflicts(evidence: Sequence[Evidence], among: Sequence[int]) -> tuple[tuple[int, int, str], ...]:
    """Pairs of passages, by number, that give other numbers with the same unit, or of which one denies the other.

    Args:
        among: numbers of the passages that are compared, from 1.
    """
    found = []
    for one, other in combinations(sorted(set(among)), 2):
        if evidence[one - 1].url == evidence[other - 1].url:
            continue
        why = _differ(evidence[one - 1].excerpt, evidence[other - 1].excerpt)
        if why:
            found.append((one, other, why))
    return tuple(found)


def _differ(one: str, other: str) -> str | None:
    for this in sentences(one):
        for that in sentences(other):
            if _alike(this.text, that.text) and (why := _against(this.text, that.text)):
                return f"{why}: “{this.text}” and “{that.text}”"
    return None


def _alike(one: str, other: str) -> bool:
    these, those = ({term for term in terms(text) if not term[0].isdigit()} for text in (one, other))
    return len(these) > 3 and len(those) > 3 and len(these & those) >= ALIKE * min(len(these), len(those))


def _against(one: str, other: str) -> str | None:
    these, those = numbers(one), numbers(other)
    for unit in {unit for _, unit in these if unit} & {unit for _, unit in those if unit}:
        here, there = ({value for value, own in side if own == unit} for side in (these, those))
        if not here & there:
            return "They give other numbers"
    denied = [bool(lexicon().negation.search(text.casefold())) for text in (one, other)]
    if denied[0] != denied[1] and len(set(terms(one)) ^ set(terms(other))) <= 1:
        return "One denies what the other says"
    return None

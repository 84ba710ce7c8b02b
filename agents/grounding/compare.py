"""Percentages of one sentence that are set against each other: "6.5 %, less than the 50 % of an even map"."""

import re
from collections.abc import Sequence
from itertools import pairwise

from agents.grounding.facts import Fact
from agents.grounding.numbers import Quantity
from agents.grounding.text import Text

_THAN = re.compile(
    r"(?<!\w)(?:"
    r"(?P<more>(?:more|higher|larger|greater|bigger|better)(?: \w+){0,2} than|above|(?<!spread )over(?! (?:the |all |its )?(?:\w+ )?classes)|beyond|exceed\w*)"
    r"|(?:less|lower|smaller|fewer|worse)(?: \w+){0,2} than|below|(?<!just )under)"
    r"(?: [a-z',-]+){0,8} \d[\d.]*(?: ?%| percent)?$"
)
_NOT = re.compile(r"(?<!\w)(?:not|no|hardly|barely|nor|neither|never|rather than|instead of)(?!\w)|n't(?!\w)")
_APPOSED = re.compile(r"(?: [a-z'-]+){0,8}(?:,| \(|:| –) ?(?:(?:namely|about|roughly|at|in fact|that is|i\.e\.) )?")
_CLOSED = re.compile(r" ?(?:each|in each)?(?:[,).;:]|$)")
_CONFIDENCE = re.compile(
    r" (?:confidence )?(?:intervals?|ranges?|ci)(?!\w)"
)  # "95 % interval" is compared with nothing
_EXACT = 0.051


def reversed_pair(text: Text, told: Sequence[Quantity], facts: Sequence[Fact]) -> str | None:
    """Why one percentage is not more or less than the next, as is said, or None."""
    shares = [one for one in told if one.unit == "%" and not _CONFIDENCE.match(text.low, one.end)]
    plain = [
        one for one in shares if not (one.spelt and one.value == 50)
    ]  # "half of the weight" is compared with nothing
    pairs = [pair for pair in pairwise(shares) if _says_otherwise(text, *pair)]
    pairs += [pair for pair in pairwise(plain) if _compared_wrongly(text, *pair, facts)]
    return next((f"{one.value:g} % and {two.value:g} % compare the other way round." for one, two in pairs), None)


def _says_otherwise(text: Text, first: Quantity, second: Quantity) -> bool:
    """Whether a bound is given a number that breaks it: "less than half of its weight, 57 %,"."""
    if first.mode not in ("over", "under") or second.mode not in ("exact", "about"):
        return False
    if not _APPOSED.fullmatch(text.low, first.end, second.start) or not _CLOSED.match(text.low, second.end):
        return False
    return (first.mode == "over") == (second.value < first.value) and second.value != first.value


def _compared_wrongly(text: Text, first: Quantity, second: Quantity, facts: Sequence[Fact]) -> bool:
    between = text.low[first.end : second.end]
    found = [*_THAN.finditer(between)]
    exact = any(fact.unit == "%" and abs(fact.value - second.value) < _EXACT for fact in facts)
    if not found or not exact or _NOT.search(between, 0, found[-1].start()):
        return False
    return (found[-1]["more"] is not None) == (first.value < second.value) and first.value != second.value

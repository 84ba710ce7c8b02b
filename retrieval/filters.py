"""Filters: what a case must be to be considered at all. They are applied before anything is ranked."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from diagnosis.errors import BadRequest

_RANGE = re.compile(r"(-?\d+(?:\.\d+)?)?\.\.(-?\d+(?:\.\d+)?)?")
_EXAMPLES = "Write sex=female, label!=normal or age=30..60."


@dataclass(frozen=True)
class Filter:
    """One condition on one key.

    Attributes:
        key: ``dataset``, ``licence``, ``label`` or the name of a fact.
        value: in small letters, or None for a range.
        low, high: of a range of numbers, both included, None for open.
        excluded: the cases that fit are left out rather than kept.
    """

    key: str
    value: str | None = None
    low: float | None = None
    high: float | None = None
    excluded: bool = False

    def __str__(self) -> str:
        sign = "!=" if self.excluded else "="
        ends = ("" if end is None else f"{end:g}" for end in (self.low, self.high))
        return f"{self.key}{sign}{'..'.join(ends) if self.value is None else self.value}"


def parse_filter(text: str) -> Filter:
    """``key=value``, ``key!=value`` or ``key=low..high``. Raises BadRequest for anything else."""
    key, sign, value = text.partition("=")
    excluded = key.endswith("!")
    key, value = key.removesuffix("!").strip().lower(), value.strip().lower()
    if not (sign and key and value):
        raise BadRequest(f"The filter {text!r} is not understood.", _EXAMPLES)
    bounds = _RANGE.fullmatch(value)
    if not bounds or value == "..":
        return Filter(key, value, excluded=excluded)
    low, high = (float(end) if end else None for end in bounds.groups())
    if low is not None and high is not None and low > high:
        raise BadRequest(f"The filter {text!r} is empty: {low:g} is above {high:g}.", _EXAMPLES)
    return Filter(key, None, low, high, excluded)


def parse_filters(texts: Iterable[str]) -> tuple[Filter, ...]:
    """Several filters: of one key, any may hold; of different keys, all must; of exclusions, every one."""
    return tuple(dict.fromkeys(parse_filter(text) for text in texts))

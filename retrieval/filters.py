"""Filters: what a case must be to be considered at all. They are applied before anything is ranked."""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from diagnosis.errors import BadRequest

_RANGE = re.compile(r"(-?\d+(?:\.\d+)?)?\.\.(-?\d+(?:\.\d+)?)?")
ENDLESS = 1e300  # further than any number of a fact
NAMELESS = ""  # key of what sets synthetic cases apart: no column of a table and no written filter has it
_EXAMPLES = "Write sex=female, label!=normal or age=30..60."


@dataclass(frozen=True)
class Filter:
    """One condition on one key.

    Attributes:
        key: ``dataset``, ``licence``, ``label`` or the name of a fact; or ``NAMELESS``.
        value: in small letters, or None for a range.
        low, high: of a range of numbers, both included, None for open.
        excluded: the cases that fit are left out rather than kept.
    """

    key: str
    value: str | None = None
    low: float | None = None
    high: float | None = None
    excluded: bool = False

    @property
    def bounds(self) -> tuple[float, float]:
        """The ends of a range, ``ENDLESS`` for an open one."""
        return -ENDLESS if self.low is None else self.low, ENDLESS if self.high is None else self.high

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


def unknown_key(one: Filter, keys: Sequence[str]) -> BadRequest:
    """The error for a key that no case has."""
    return BadRequest(f"There is nothing called {one.key!r} to filter by.", f"Use one of: {', '.join(keys)}.")


def unknown_value(one: Filter, values: Iterable[str]) -> BadRequest:
    """The error for a value that no case has; it names those of the key that are like it."""
    there = sorted(values)
    near = difflib.get_close_matches(one.value or "", there, n=3, cutoff=0.5) or there[:8]
    return BadRequest(f"No case has {one.key} {one.value!r}.", f"There are, among others: {', '.join(near)}.")

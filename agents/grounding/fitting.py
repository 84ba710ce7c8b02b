"""Whether a number of a sentence is a faithful telling of a number that a finding states."""

from agents.grounding.facts import Fact
from agents.grounding.numbers import COUNTED, OPPOSITE, Quantity

LOOSE = 0.15  # how far "about" may be off, as a part of the value
NEEDS_CUE = frozenset(
    {"missed", "missed bound", "low", "high", "chance", "tenth", "fraction", "sum", "rest", "part", "ratio", "seen"}
    | {"confidence", "difference", "relative", "pages share", "each", "area ratio", "to half", "to whole", "majority"}
    | {"floor", "patch", "random", "false", "threshold", "even", "bound", "error", "covered", "most"}
)
_TINY = 1e-9
_AT_MOST = 4  # times a number that "more than" it may mean


def fits(told: Quantity, fact: Fact, *, cues: frozenset[str] = frozenset()) -> bool:
    """Whether a number is a faithful telling of a fact.

    Args:
        cues: roles that words near the number speak of.
    """
    if told.unit and told.unit != fact.unit:
        return False
    if told.role in COUNTED or fact.role in COUNTED:
        if told.role not in ("", fact.role):
            return False
    elif told.role in ("low", "high"):
        if fact.role != told.role:
            return False
    elif fact.role in NEEDS_CUE and fact.role not in cues:
        within = fact.role in ("low", "high") and "interval" in cues
        within = within or (fact.role == "missed bound" and {"missed", "interval"} <= cues)
        loosely = told.mode == "exact" and told.step < 1 and f"{fact.role} loosely" in cues
        if not within and not loosely:
            return False
    elif fact.unit == "logits" and told.mode == "over":
        return False  # the parts add up to within that much
    elif fact.role == "part" and told.mode in OPPOSITE:
        return False
    if not told.unit and fact.unit == "%" and told.step < 1 and _equal(told, fact.value / 100):
        return fact.role in ("score", "accuracy", "recall", "share", "overlap")
    return _equal(told, fact.value)


def _equal(told: Quantity, value: float) -> bool:
    """Whether the number is the value, as closely as it is told."""
    slack = told.step / 2 + _TINY
    if told.mode == "exact":
        return abs(told.value - value) <= slack or abs(told.value - round(value, 1)) <= slack
    near = min(_coarseness(told) / 2, LOOSE * abs(value)) + _TINY
    if told.mode == "about":
        return abs(told.value - value) <= max(near, slack if not told.spelt or told.unit != "%" else 0)
    difference = value - told.value
    if told.mode in ("over", "under") and abs(told.value - round(value, 1)) < _TINY:
        return True
    if told.mode == "over":
        return difference >= -_TINY and value <= (_AT_MOST - (told.spelt and told.unit == "%")) * told.value
    if told.mode == "under":
        return difference <= _TINY and not (
            told.unit != "logits"
            and (told.unit in ("points", "times") or told.value < 0.5)
            and told.value > _AT_MOST * value
        )
    near = max(_coarseness(told) / 2, told.step) + _TINY
    return -near <= difference < 0 if told.mode == "nearly" else 0 < difference <= near


def _coarseness(told: Quantity) -> float:
    """How coarse a round number is: 10 for 80, 5 for 85, 100 for 900; its last digit for others."""
    if told.step >= 10 or told.step < 1:
        return told.step
    for step in (1000.0, 100.0, 10.0, 5.0):
        if told.value >= step and told.value % step == 0:
            return step
    return told.step

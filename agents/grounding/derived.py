"""All numbers that a sentence may tell: those of the cited findings, and what follows from them.

Differences, ratios and parts of numbers of one kind follow.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

from agents.grounding.facts import Allowed, Fact
from agents.grounding.lexicon import Lexicon
from agents.grounding.numbers import COUNTED, quantities
from agents.grounding.text import Text
from diagnosis.places import PLACES
from diagnosis.reading import Reading

_ALIKE = (
    frozenset({"score"}),
    frozenset({"share", "half"}),
    frozenset({"share", "even"}),
    frozenset({"share", "part"}),
    frozenset({"area", "half"}),
    frozenset({"overlap", "chance"}),
    frozenset({"accuracy", "recall"}),
    frozenset({"accuracy", "majority"}),
)  # roles whose numbers may be compared with one another
_SPREAD = frozenset({"accuracy", "recall", "low", "high"})  # the same, of one measurement and its interval
_MISSES = {"accuracy": "missed", "recall": "missed", "low": "missed bound", "high": "missed bound"}
_LEAST = 1.5  # a ratio below is not worth saying


def facts(cited: Sequence[Allowed], written: Sequence[Text], reading: Reading, lexicon: Lexicon) -> tuple[Fact, ...]:
    """Every number that a sentence with these citations may tell.

    Args:
        written: the cited findings that are texts of their own.
    """
    methods = len({one.method for one in reading.maps if one.label == reading.label})
    places = len(PLACES[reading.card.places])
    common = [Fact(len(reading.card.labels), "", "classes"), Fact(places, "", "parts")]
    if not any(fact.role == "methods" for one in cited for fact in one.facts):
        common.append(Fact(methods, "", "methods"))
    shared = (places,) if reading.card.independent else (places, len(reading.card.labels))
    common += [Fact(100 / count, "%", "part") for count in shared]
    if len(written) < len(cited):
        common.append(Fact(len(reading.card.labels), "", "total"))
    said = [fact for text in written for fact in _written(text, lexicon)]
    return (*(fact for one in cited for fact in one.facts), *common, *said, *_derived(cited, 100 / places, reading))


def _written(text: Text, lexicon: Lexicon) -> Iterator[Fact]:
    for one in quantities(text, lexicon):
        for role in (one.role, "rank") if one.role in COUNTED else (one.role or "value",):
            yield Fact(one.value, one.unit, role)
        if one.role == "pages" and one.value > 1:
            yield Fact(one.value, "", "total")
            yield from (Fact(100 * count / one.value, "%", "pages share") for count in (1, one.value - 1))


def _derived(cited: Sequence[Allowed], part: float, reading: Reading) -> tuple[Fact, ...]:
    """The numbers that follow. From the scores of independent findings follows nothing.

    Args:
        part: the even share of a part of the image, in percent.
    """
    own = list(dict.fromkeys(fact for one in cited for fact in one.facts if fact.unit == "%"))
    if reading.card.independent:
        own = [fact for fact in own if fact.role != "score"]
    own.append(Fact(part, "%", "part"))
    found = [fact for roles in _ALIKE for fact in _compared([one for one in own if one.role in roles])]
    spread = [fact for one in cited for fact in one.facts if fact.role in _SPREAD]
    found += [_difference(*pair) for pair in combinations(spread, 2)]
    found += [Fact(100 - fact.value, "%", _MISSES[fact.role], fact.label) for fact in spread]
    found += [
        Fact(abs(whole - fact.value), "points", role)
        for fact in own
        if fact.role in ("score", "share")
        for role, whole in (("to half", 50.0), ("to whole", 100.0))
    ]
    found += [Fact(100 - fact.value, "%", "rest") for fact in own if fact.role in ("overlap", "area")]
    for one in cited:
        counts = {fact.role: fact.value for fact in one.facts}
        if counts.get("groups") and "images" in counts:
            found.append(Fact(counts["images"] / counts["groups"], "", "each"))
            found.append(Fact(counts["images"] - counts["groups"], "", "difference"))
        if "coarser" in counts:
            found.append(Fact(counts["coarser"] ** 2, "times", "area ratio"))
    return tuple(dict.fromkeys(found))


def _compared(alike: Sequence[Fact]) -> Iterator[Fact]:
    for pair in combinations(alike, 2):
        less, more = sorted(one.value for one in pair)
        yield _difference(*pair)
        if 0 < less < more and "part" not in {one.role for one in pair}:
            yield Fact(100 * less / more, "%", "relative")
        if less > 0 and more / less >= _LEAST:
            yield Fact(more / less, "times", "ratio")


def _difference(first: Fact, second: Fact) -> Fact:
    return Fact(round(abs(first.value - second.value), 6), "points", "difference")

"""What a finding lets a sentence say, as a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from diagnosis.findings import Finding
from diagnosis.reading import Reading


@dataclass(frozen=True)
class Fact:
    """A number that a finding states.

    Attributes:
        unit: ``%``, ``points``, ``times``, ``logits``, ``pixels`` or empty.
        role: what it counts or measures, e.g. ``score``, ``share``, ``low``; the lexicon names the words for some.
        label, method: the class and method that it belongs to, or None.
    """

    value: float
    unit: str
    role: str
    label: str | None = None
    method: str | None = None


@dataclass(frozen=True)
class Allowed:
    """Everything that one finding supports.

    Attributes:
        claims: name of a claim in the lexicon → whether it is true; None: in part.
        ranks: class → its place among all classes by score.
        values: class → score in percent.
        places: (method, name of the place) pairs.
        zones: keys of the lexicon's zones that it speaks of, e.g. ``heart``.
        needs: a cue of the lexicon, one of whose words must stand where nothing else is cited, e.g. ``erased``.
        voted: the class that most of the similar cases have.
        modalities: modality codes → ``file`` or ``model``.
        written: whether the statement is a text of its own, which may say what its words say.
    """

    facts: tuple[Fact, ...] = ()
    labels: frozenset[str] = frozenset()
    methods: frozenset[str] = frozenset()
    places: frozenset[tuple[str, str]] = frozenset()
    claims: Mapping[str, bool | None] = field(default_factory=dict)
    ranks: Mapping[str, int] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    voted: str | None = None
    modalities: Mapping[str, str] = field(default_factory=dict)
    written: bool = False
    zones: frozenset[str] = frozenset()
    needs: str | None = None


def names(*several: str | None) -> frozenset[str]:
    """The names that are there."""
    return frozenset(name for name in several if name)


def ratio(more: float, less: float) -> tuple[Fact, ...]:
    """How many times more, where it is worth saying."""
    return (Fact(more / less, "times", "ratio"),) if less > 0 and more / less >= 1.5 else ()


def interval(finding: Finding) -> tuple[Fact, ...]:
    """The ends of a finding's interval and its 95 %, where it has one."""
    if finding.interval is None:
        return ()
    low, high = finding.interval
    return Fact(low, "%", "low"), Fact(high, "%", "high"), Fact(95.0, "%", "confidence")


def tested_on(finding: Finding) -> tuple[Fact, ...]:
    """The interval of a test figure, or the groups that are too few for one, where they were counted."""
    return interval(finding) or ((groups(finding),) if "groups" in finding.facts else ())


def bounded(finding: Finding) -> dict[str, bool | None]:
    """What may be claimed of a test figure: that it was measured, and whether it has an interval."""
    return {"measured": True, "gives": True, "has_interval": finding.interval is not None}


def groups(finding: Finding) -> Fact:
    """How many patients, slides … the test images are of."""
    role = "slides" if str(finding.facts["group"]).startswith("slide") else "groups"
    return Fact(float(finding.facts["groups"]), "", role)


def class_called(reading: Reading, title: str) -> str:
    """The class that findings call by this title."""
    return next(one.name for one in reading.card.labels if one.title.lower() == title)

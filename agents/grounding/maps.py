"""What measurements of one map, or of two beside each other, let a sentence say."""

from agents.grounding.facts import Allowed, Fact, class_called, names, ratio
from diagnosis.findings import AGREE_OVERLAP, AGREE_RANK, DIFFER_OVERLAP, DIFFER_RANK, Finding
from diagnosis.reading import Reading


def place(finding: Finding, reading: Reading) -> Allowed:
    """The part of the image where most of a map lies, and its share."""
    method, label, region = str(finding.method), str(finding.label), str(finding.region)
    share, count = finding.value or 0.0, float(finding.facts["count"])
    return Allowed(
        (
            Fact(share, "%", "share", label, method),
            Fact(100 - share, "%", "rest", label, method),
            Fact(count, "", "parts"),
        ),
        names(label),
        names(method),
        frozenset({(method, region)}),
        {
            **dict.fromkeys(("strongest", "largest", "gives", "focused", "stands_out"), True),
            "flat": False,
            "above_even": share > 100 / count,
        },
    )


def concentration(finding: Finding, reading: Reading) -> Allowed:
    """How small an area holds half of a map."""
    area = finding.value or 0.0
    return Allowed(
        (Fact(area, "%", "area", finding.label, finding.method), Fact(50.0, "%", "half"), *ratio(50.0, area)),
        names(finding.label),
        names(finding.method),
        claims={"flat": area >= 45, "focused": area < 25, "gives": True},
    )


def flat(finding: Finding, reading: Reading) -> Allowed:
    """That a map does not stand out anywhere."""
    claims = {"flat": True, "stands_out": False, "focused": False}
    return Allowed((), names(finding.label), names(finding.method), claims=claims)


def agreement(finding: Finding, reading: Reading) -> Allowed:
    """The rank correlation of two methods."""
    rank = finding.value or 0.0
    agree = True if rank >= AGREE_RANK else False if rank < DIFFER_RANK else None
    return Allowed(
        (Fact(rank, "", "correlation"), Fact(1.0, "", "scale"), Fact(0.0, "", "scale")),
        names(finding.label),
        _both(reading),
        claims={"agree": agree, "gives": True, "reversed": rank < 0},
    )


def overlap(finding: Finding, reading: Reading) -> Allowed:
    """What the top tenths of two methods share."""
    shared, chance, judged = finding.value or 0.0, float(finding.facts["chance"]), finding.facts["judged"]
    agree = None if judged == "partly" else judged == "agree"
    return Allowed(
        (Fact(shared, "%", "overlap"), Fact(chance, "%", "chance"), Fact(10.0, "%", "tenth"), *ratio(shared, chance)),
        names(finding.label),
        _both(reading),
        claims={"agree": agree, **_shared(shared, chance)},
    )


def additivity(finding: Finding, reading: Reading) -> Allowed:
    """How far a map's parts miss what they should add up to, in logits."""
    facts = (Fact(finding.value or 0.0, "logits", "gap"),)
    return Allowed(facts, names(finding.label), names(finding.method), claims={"adds_up": True})


def share(finding: Finding, reading: Reading) -> Allowed:
    """How much of a map lies in one part of the image."""
    method, label, share = str(finding.method), str(finding.label), finding.value or 0.0
    even = float(finding.facts["even"])
    return Allowed(
        (Fact(share, "%", "share", label, method), Fact(even, "%", "half")),
        names(label),
        names(method),
        frozenset({(method, str(finding.region))}),
        {"flat": False, "gives": True, "above_even": share > even},
    )


def same_place(finding: Finding, reading: Reading) -> Allowed:
    """What one method's maps of two classes share."""
    shared, chance = finding.value or 0.0, float(finding.facts["chance"])
    agree = True if shared >= AGREE_OVERLAP else False if shared < DIFFER_OVERLAP else None
    return Allowed(
        (Fact(shared, "%", "overlap"), Fact(chance, "%", "chance"), Fact(10.0, "%", "tenth")),
        names(finding.label, class_called(reading, str(finding.facts["other"]))),
        names(finding.method),
        claims={"agree": agree, **_shared(shared, chance)},
    )


def cells(finding: Finding, reading: Reading) -> Allowed:
    """How many cells a map has."""
    sides = (float(finding.facts[name]) for name in ("rows", "columns"))
    facts = (Fact(finding.value or 0.0, "", "cells"), *(Fact(one, "", "cells") for one in sides))
    return Allowed(facts, methods=names(finding.method), claims={"gives": True})


def _shared(shared: float, chance: float) -> dict[str, bool | None]:
    return {
        "overlaps": shared > chance,
        "wholly": shared > 99.5,
        "nothing_shared": shared < 0.5,
        "above_chance": shared > chance,
        "gives": True,
        "strongest": True,
    }


def _both(reading: Reading) -> frozenset[str]:
    return frozenset(one.method for one in reading.maps if one.label == reading.label)

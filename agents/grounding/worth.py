"""What findings about tiers, conformal sets and the gate let a sentence say."""

import re

from agents.grounding.facts import Allowed, Fact, bounded, class_called, tested_on
from diagnosis.findings import Finding
from diagnosis.reading import Reading

_NUMBER = re.compile(r"(\d+(?:\.\d+)?) (%|times)")
TIERS = ("high", "moderate", "low")


def tier(finding: Finding, reading: Reading) -> Allowed:
    """The tier of the highest score, which scores it is for, and how often the model was right there, if that is known."""
    facts, known = finding.facts, finding.value is not None
    label = class_called(reading, str(facts["title"]))
    right = (
        Fact(finding.value or 0.0, "%", "accuracy"),
        *tested_on(finding),
        Fact(float(facts.get("images", 0)), "", "images"),
    )
    return Allowed(
        (
            Fact(float(facts["score"]), "%", "score", label),
            *_bounds([float(word) for word in str(facts["span"]).split() if word.isdigit()]),
            *(right if known else (Fact(float(facts["count"]), "", "images"), Fact(0.0, "", "images"))),
        ),
        frozenset({label}),
        claims={
            **bounded(finding),
            **{f"tier_{name}": name == facts["tier"] for name in TIERS},
            "measured": known,
            "trained": False,
        },
        ranks={label: 1},
        values={label: float(facts["score"])},
    )


def _bounds(ends: list[float]) -> tuple[Fact, ...]:
    """Where a tier begins and ends; of two ends, as a range, too."""
    ranges = zip(("low", "high"), ends, strict=True) if len(ends) == 2 else ()
    return (*(Fact(one, "%", "bound") for one in ends), *(Fact(end, "%", role) for role, end in ranges))


def conformal(finding: Finding, reading: Reading) -> Allowed:
    """How many classes the set holds, which, from what score on, and for how many images it leaves out the true one."""
    size, count, error = finding.value or 0.0, float(finding.facts["count"]), float(finding.facts["error"])
    held = reading.prediction.conformal or ()
    member = {"member": True} if held else {}
    return Allowed(
        (
            *(Fact(size, "", role) for role in ("classes", "rank", "votes")),
            *(Fact(count, "", role) for role in ("classes", "total", "voters")),
            Fact(100 * size / count, "%", "members"),
            Fact(error, "%", "error"),
            Fact(100 - error, "%", "covered"),
            Fact(float(finding.facts["floor"]), "%", "bound"),
        ),
        frozenset(held),
        claims={"set_of_classes": True, "empty_set": not held, "gives": True, "single": size == 1, **member},
    )


def conformal_tested(finding: Finding, reading: Reading) -> Allowed:
    """How often test images' sets held the true class, and how many classes they had."""
    covered = finding.value or 0.0
    facts = (
        Fact(covered, "%", "covered"),
        Fact(100 - covered, "%", "missed"),
        *tested_on(finding),
        Fact(float(finding.facts["images"]), "", "images"),
        *(Fact(float(finding.facts["size"]), "", role) for role in ("classes", "")),
    )
    return Allowed(facts, claims={**bounded(finding), "set_of_classes": True, "trained": False, "empty_set": False})


def vote(finding: Finding, reading: Reading) -> Allowed:
    """Whether the class of most similar cases is in the conformal set."""
    inside, error = finding.kind == "vote_in_set", float(finding.facts["error"])
    label = class_called(reading, str(finding.facts["title"]))
    facts = (Fact(error, "%", "error"), Fact(100 - error, "%", "covered"), *_most(reading))
    return Allowed(
        facts,
        frozenset({label}),
        claims={"set_of_classes": True, "in_set": inside, "member": inside, "gives": True, "similar": True},
        voted=label,
    )


def _most(reading: Reading) -> tuple[Fact, ...]:
    """The share of the similar cases that has the class of most."""
    votes = (one for one in reading.findings if one.kind in ("vote", "vote_conflict"))
    return tuple(Fact(100 * (one.value or 0.0) / float(one.facts["count"]), "%", "most") for one in votes)


def gate(finding: Finding, reading: Reading) -> Allowed:
    """What the gate saw: the numbers of its own words, and whether the image is one that the model was made for."""
    if finding.kind == "gate_unknown":
        return Allowed(claims={"measured": False})
    passes = finding.kind == "gate_passed"
    told = [(float(number), unit) for number, unit in _NUMBER.findall(finding.statement)]
    roles = {"%": "weight", "times": "distance"}
    facts = (Fact(finding.value or 0.0, "%", "distance"),) if passes else ()
    own = (Fact(number, unit, roles[unit]) for number, unit in told)
    seen = {"resembles": True} if "looks" in finding.statement else {}
    far = {"far_off": True} if any(unit == "times" for _, unit in told) else {}
    return Allowed((*facts, *own), claims={"fits": passes, "trained": True, **seen, **far})

"""What findings about scores that exclude nothing let a sentence say: a side of a threshold, and never an order."""

from agents.grounding import erasure, votes
from agents.grounding.facts import Allowed, Fact
from diagnosis.findings import Finding
from diagnosis.reading import Reading

ALONE: dict[str, bool | None] = {"adds_up": False, "excludes": False, "gives": True}  # what holds of every such score


def beside_threshold(finding: Finding, reading: Reading) -> Allowed:
    """A score, its threshold, and the side and the distance of the one from the other."""
    label, threshold = str(finding.label), float(finding.facts["threshold"])
    return Allowed(
        (
            Fact(finding.value or 0.0, "%", "score", label),
            Fact(threshold, "%", "threshold", label),
            Fact(float(finding.facts["gap"]), "points", "gap"),
        ),
        frozenset({label}),
        claims={**ALONE, "above_threshold": finding.kind == "above_threshold"},
    )


def reached(finding: Finding, reading: Reading) -> Allowed:
    """How many findings reach their thresholds, and which; where none does, that holds of each."""
    number, count = finding.value or 0.0, float(finding.facts["count"])
    labels = reading.prediction.present or reading.card.label_names
    return Allowed(
        (
            *(Fact(number, "", role) for role in ("votes", "rank")),
            *(Fact(count, "", role) for role in ("classes", "total")),
            Fact(100 * number / count, "%", "votes"),
        ),
        frozenset(labels),
        claims={**ALONE, "above_threshold": finding.kind == "reached"},
    )


def independent(finding: Finding, reading: Reading) -> Allowed:
    """That each finding is scored by itself."""
    count = float(finding.facts["count"])
    return Allowed((Fact(count, "", "classes"), Fact(100.0, "%", "whole")), claims=ALONE)


def crossed(finding: Finding, reading: Reading) -> Allowed:
    """That a score went across its threshold once a region was erased."""
    falls = str(finding.facts["falls"]).startswith("falls")
    facts = (Fact(finding.value or 0.0, "%", "threshold", finding.label),)
    return erasure.without(finding, facts, {**ALONE, "falls": falls, "above_threshold": not falls})


def vote(finding: Finding, reading: Reading) -> Allowed:
    """Counts of the vote, and the model's score for the class that won it."""
    own, above = votes.counted(finding), finding.kind == "vote_reached"
    label = str(finding.label)
    return Allowed(
        (*own, Fact(float(finding.facts["own_value"]), "%", "score", label)),
        frozenset({label}),
        claims={**ALONE, "agree": above, "similar": True, "above_threshold": above},
        voted=label,
    )

"""What findings about the vote of similar cases let a sentence say."""

from agents.grounding.facts import Allowed, Fact, bounded, tested_on
from agents.grounding.numbers import WHOLES
from diagnosis.findings import Finding
from diagnosis.reading import Reading


def vote(finding: Finding, reading: Reading) -> Allowed:
    """Counts, as counts and as shares; the class that won; the model's highest score; whether the two agree."""
    count, label = float(finding.facts["count"]), str(finding.label)
    agrees, top = finding.kind == "vote", reading.prediction.top
    score = float(finding.facts["own_value" if agrees else "other_value"])
    against = () if agrees else _votes(float(finding.facts["other_votes"]), count, top)
    return Allowed(
        (
            *counted(finding),
            *against,
            Fact(score, "%", "score", top),
        ),
        frozenset({label, top}),
        claims={"agree": agrees, "gives": True, "similar": True},
        ranks={top: 1},
        voted=label,
    )


def counted(finding: Finding) -> tuple[Fact, ...]:
    """The votes for the class that won, and of how many."""
    votes, count = float(finding.value or 0), float(finding.facts["count"])
    return (
        *_votes(votes, count, str(finding.label)),
        *(Fact(count, "", role) for role in ("images", "total", "voters")),
        Fact(100 - 100 * votes / count, "%", "rest"),
    )


def _votes(votes: float, count: float, label: str) -> tuple[Fact, ...]:
    roles = ("votes", "images") if count in WHOLES else ("votes", "images", "rank")
    return Fact(100 * votes / count, "%", "votes", label), *(Fact(votes, "", role, label) for role in roles)


def no_vote(finding: Finding, reading: Reading) -> Allowed:
    """Two cosines, and that nothing is similar."""
    facts = (Fact(finding.value or 0.0, "", "cosine"), Fact(float(finding.facts["floor"]), "", "floor"))
    return Allowed(facts, claims={"similar": False, "above_threshold": False})


def accuracy(finding: Finding, reading: Reading) -> Allowed:
    """How often such a vote was right, of how many, with its interval and what the commonest class would reach."""
    facts = finding.facts
    return Allowed(
        (
            Fact(finding.value or 0.0, "%", "accuracy"),
            *tested_on(finding),
            Fact(float(facts["majority"]), "%", "majority"),
            Fact(float(facts["images"]), "", "images"),
            Fact(float(facts["count"]), "", "classes"),
        ),
        claims=bounded(finding),
    )


def balanced(finding: Finding, reading: Reading) -> Allowed:
    """The mean over the classes."""
    return Allowed((Fact(finding.value or 0.0, "%", "accuracy"),), claims=bounded(finding))

"""What scores, and the gaps between them, let a sentence say."""

from agents.grounding.facts import Allowed, Fact, class_called, names, ratio
from diagnosis.findings import NARROW, Finding
from diagnosis.reading import Reading


def score(finding: Finding, reading: Reading) -> Allowed:
    """A class's score in percent, its place among all, and, where one score alone tells it, how far it leads."""
    value, label, count = finding.value or 0.0, str(finding.label), float(finding.facts["count"])
    rank = reading.prediction.ranking.index(reading.card.index(label)) + 1
    sure_gap = (100 - value) / (count - 1) - value if rank > 1 else 2 * value - 100  # the margin is at least this
    distance = {"clear": True, "narrow": False} if sure_gap >= NARROW else {}
    return Allowed(
        (
            Fact(value, "%", "score", label),
            Fact(100 - value, "%", "rest"),
            Fact(count, "", "classes"),
            Fact(rank, "", "rank"),
        ),
        names(label),
        claims={"high": value > 50, "gives": True, **distance},
        ranks={label: rank},
        values={label: value},
    )


def margin(finding: Finding, reading: Reading) -> Allowed:
    """How far one of two classes is ahead, and what the pair of their scores adds up to."""
    gap, label, other = finding.value or 0.0, str(finding.label), class_called(reading, str(finding.facts["other"]))
    percent, ahead = float(finding.facts["other_value"]), finding.kind == "behind"
    own = percent - gap if ahead else percent + gap
    narrow = gap < NARROW
    ranks = {other: 1} if ahead else {label: 1, other: 2}
    if len(reading.card.labels) == 2:
        ranks = {label: 1 + ahead, other: 2 - ahead}
    return Allowed(
        (
            Fact(percent, "%", "score", other),
            Fact(gap, "points", "gap"),
            *ratio(max(own, percent), min(own, percent)),
            Fact(1, "", "rank"),
            Fact(2, "", "rank"),
            Fact(own + percent, "%", "sum"),
            Fact(100 - own - percent, "%", "rest"),
        ),
        names(label, other),
        claims={"narrow": narrow, "clear": not narrow, "gives": True},
        ranks=ranks,
        values={label: own, other: percent},
    )


def compared(finding: Finding, reading: Reading) -> Allowed:
    """The scores of two classes that somebody asked about, and what lies between them."""
    gap, label, other = finding.value or 0.0, str(finding.label), class_called(reading, str(finding.facts["other"]))
    own, less = float(finding.facts["own_value"]), float(finding.facts["other_value"])
    return Allowed(
        (Fact(own, "%", "score", label), Fact(less, "%", "score", other), Fact(gap, "points", "gap")),
        names(label, other),
        claims={"narrow": gap < NARROW, "clear": gap >= NARROW, "gives": True},
        values={label: own, other: less},
    )

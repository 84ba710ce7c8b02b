"""What findings about zones, the anatomy and the shortcut alarm let a sentence say."""

from functools import lru_cache

from agents.grounding.facts import Allowed, Fact, interval
from agents.grounding.lexicon import FULL, load
from agents.grounding.text import Span, Text, normalise
from diagnosis.findings import Finding
from diagnosis.reading import Reading

LUNG = "lung"


def zone(finding: Finding, reading: Reading) -> Allowed:
    """The zone that stands out most, its share, and what an even map would put there."""
    method, label, region = str(finding.method), str(finding.label), str(finding.region)
    share, even = finding.value or 0.0, float(finding.facts["even"])
    count = finding.facts.get("count")
    return Allowed(
        (
            Fact(share, "%", "share", label, method),
            Fact(100 - share, "%", "rest", label, method),
            Fact(even, "%", "even"),
            *([Fact(float(count), "", "parts")] if count else []),
        ),
        frozenset({label}),
        frozenset({method}),
        frozenset({(method, region)}),
        {
            **({"strongest": True, "stands_out": True} if count else {}),
            "gives": True,
            "flat": False,
            "above_even": share > even,
        },
        zones=keys(region),
    )


def off_anatomy(finding: Finding, reading: Reading) -> Allowed:
    """How much of the weight lies off the anatomy."""
    method, label, share = str(finding.method), str(finding.label), finding.value or 0.0
    even = float(finding.facts["even"])
    return Allowed(
        (
            Fact(share, "%", "share", label, method),
            Fact(100 - share, "%", "rest", label, method),
            Fact(even, "%", "even"),
        ),
        frozenset({label}),
        frozenset({method}),
        claims={"flat": False, "gives": True, "above_even": share > even},
        zones=keys(str(finding.facts["where"])) | {"outside"},
    )


def shortcut(finding: Finding, reading: Reading) -> Allowed:
    """The alarm: how far the share off the anatomy exceeds an even map's, and from where it rings."""
    method, label = str(finding.method), str(finding.label)
    return Allowed(
        (
            Fact(finding.value or 0.0, "points", "excess", label, method),
            Fact(float(finding.facts["threshold"]), "points", "threshold"),
        ),
        frozenset({label}),
        frozenset({method}),
        claims={"shortcut": True, "above_even": True, "gives": True},
        zones=frozenset({"outside"}),
    )


def shortcut_record(finding: Finding, reading: Reading) -> Allowed:
    """How often the alarm rang, rightly and falsely, on how many films."""
    facts = finding.facts
    return Allowed(
        (
            Fact(finding.value or 0.0, "%", "caught"),
            *interval(finding),
            Fact(float(facts["false"]), "%", "false"),
            *(Fact(float(facts[name]), "", "images") for name in ("films", "clean")),
        ),
        claims={"shortcut": True, "measured": True},
    )


def uncertain(finding: Finding, reading: Reading) -> Allowed:
    """That the zones are not sure, and why."""
    return Allowed(claims={"zones_sure": False}, zones=keys(str(finding.facts["text"])))


def zones_of(text: Text) -> list[Span]:
    """Every zone without a side that an English text names; the longer name where two begin alike or overlap."""
    found = [Span(one.start, one.end, key) for key, words in load(FULL).zones.items() for one in text.find(words)]
    kept: list[Span] = []
    for one in sorted(found, key=lambda span: span.start - span.end):
        if all(one.end <= other.start or one.start >= other.end for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda span: span.start)


@lru_cache
def keys(name: str) -> frozenset[str]:
    """What the name of a zone, or words with several, may be called; a lung's third is also called lung."""
    lexicon = load(FULL)
    found = {one.value for one in zones_of(Text(normalise(name), lexicon.breaks, lexicon.negators))}
    return frozenset(found or ({LUNG} if name.startswith("patient's") and name.endswith("zone") else set()))

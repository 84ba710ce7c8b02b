"""What findings about an erased region let a sentence say."""

import re
from collections.abc import Mapping
from dataclasses import replace

from agents.grounding.anatomy import keys
from agents.grounding.facts import Allowed, Fact
from agents.grounding.numbers import WHOLES
from diagnosis.attribution import METHODS
from diagnosis.findings import Finding
from diagnosis.reading import Reading


def _methods(what: str) -> frozenset[str]:
    """The method of a region that is told as "what Grad-CAM marks"."""
    return frozenset(name for name, one in METHODS.items() if what == f"what {one.title} marks")


def _places(what: str) -> frozenset[tuple[str, str]]:
    if what.startswith("the painted region"):
        return frozenset()
    region = what.removeprefix("the ").removesuffix(" of the image")
    sided = {"left", "right", "upper", "middle", "lower"} & set(region.split())
    return frozenset({("", region)}) if sided else frozenset()


def _spot(what: str) -> tuple[Fact, ...]:
    """Where a painted region lies: percent from the left and from the top."""
    return tuple(Fact(float(one), "%", "at") for one in re.findall(r"\d+(?= %)", what))


def area(finding: Finding, reading: Reading) -> Allowed:
    """How large the erased region is."""
    what, share = str(finding.facts["what"]), finding.value or 0.0
    facts = (Fact(share, "%", "erased"), Fact(100 - share, "%", "rest"), *_spot(what))
    return Allowed(facts, methods=_methods(what), places=_places(what), zones=keys(what), needs="erased")


def _counted(part: float, count: float) -> tuple[str, ...]:
    """What a number of patches may be told as: "14 of 20" is a share, "20 of 20" and "5 of 18" are not."""
    return ("votes", "patches") if 0 < part < count and count in WHOLES else ("votes", "patches", "rank")


def erased(finding: Finding, reading: Reading) -> Allowed:
    """What became of the score, and what patches elsewhere did to it."""
    what, label, change = str(finding.facts["what"]), str(finding.label), finding.value or 0.0
    beaten, count = float(finding.facts["beaten"]), float(finding.facts["count"])
    ends = (float(finding.facts["low"]), float(finding.facts["high"]))
    return Allowed(
        (
            *(Fact(one, "points", "change", label) for one in {change, abs(change)}),
            Fact(float(finding.facts["after"]), "%", "score", label),
            *(Fact(one, "points", "patch") for end in ends for one in {end, abs(end)}),
            *(Fact(one, "", role, label) for one in (beaten, count - beaten) for role in _counted(one, count)),
            Fact(count, "", "total"),
            Fact(100 * beaten / count, "%", "votes", label),
            Fact(count, "", "voters"),
            *_spot(what),
        ),
        frozenset({label}),
        _methods(what),
        _places(what),
        {"falls": change < 0 if change else None, "gives": True, "patches_less": True},
        zones=keys(what),
        needs="erased",
    )


def turned(finding: Finding, reading: Reading) -> Allowed:
    """Which class has the highest score once a region is erased."""
    other = str(finding.facts["other"])
    label = next(one.name for one in reading.card.labels if one.title.lower() == other)
    facts = (Fact(finding.value or 0.0, "%", "score", label),)
    own = without(finding, facts, {"gives": True})
    return replace(own, labels=own.labels | {label}, ranks={label: 1})


def without(finding: Finding, facts: tuple[Fact, ...], claims: Mapping[str, bool | None]) -> Allowed:
    """What a finding says of the image without a region, and of the region itself."""
    what = str(finding.facts["what"])
    return Allowed(
        (*facts, *_spot(what)),
        frozenset({str(finding.label)}),
        _methods(what),
        _places(what),
        claims,
        zones=keys(what),
        needs="erased",
    )

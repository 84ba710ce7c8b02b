"""What tests of maps, several methods side by side, contrasts and erasures let a sentence say."""

from agents.grounding.facts import Allowed, Fact, interval
from diagnosis.attribution import METHODS
from diagnosis.checks import GAP, SHUFFLED, STEADY
from diagnosis.findings import DIFFER_OVERLAP, Finding
from diagnosis.reading import Reading

REASONS = {
    "noise": ("steady", False),
    "shuffled": ("learned", False),
    "add up": ("adds_up", False),
}  # what a badge's reasons say beside the badge itself


def _about(finding: Finding) -> tuple[frozenset[str], frozenset[str]]:
    labels = {finding.label} if finding.label else set()
    return frozenset(labels), frozenset({finding.method} if finding.method else ())


def _against(finding: Finding, reading: Reading) -> frozenset[str]:
    """The classes that a title names: one, or one "and not" another."""
    titles = {one.title.lower(): one.name for one in reading.card.labels}
    said = f"{finding.facts.get('title', '')} and not {finding.facts.get('other', '')}".split(" and not ")
    return frozenset(titles[one] for one in said if one in titles)


def badge(finding: Finding, reading: Reading) -> Allowed:
    """The badge, how many random maps it beats, and why it is no better."""
    beaten = finding.value or 0.0
    labels, methods = _about(finding)
    said, reasons, count = str(finding.facts["badge"]), str(finding.facts["reasons"]), float(finding.facts["count"])
    chance = said.startswith("no better")
    claims: dict[str, bool | None] = {
        "faithful": said.startswith("faithful"),
        "weak": said.startswith("weak") or None if chance else said.startswith("weak"),
        "above_chance": not chance,
        "tested": True,
        **{name: value for words, (name, value) in REASONS.items() if words in reasons},
    }
    return Allowed(
        (
            Fact(beaten, "%", "beaten", finding.label, finding.method),
            Fact(100 - beaten, "%", "rest", finding.label, finding.method),
            *interval(finding),
            *(Fact(count, "", role) for role in ("references", "methods")),
        ),
        labels | _against(finding, reading),
        methods,
        claims=claims,
    )


def gain(finding: Finding, reading: Reading) -> Allowed:
    """The gain in logits, beside those of random maps."""
    labels, methods = _about(finding)
    value, low, high = finding.value or 0.0, float(finding.facts["low"]), float(finding.facts["high"])
    return Allowed(
        (
            Fact(value, "logits", "gain", finding.label, finding.method),
            Fact(low, "logits", "random"),
            Fact(high, "logits", "random"),
        ),
        labels | _against(finding, reading),
        methods,
        claims={"above_chance": value > high, "strongest": True, "set_against": True},
    )


def centred(finding: Finding, reading: Reading) -> Allowed:
    """How many maps of the middle it beats."""
    labels, methods = _about(finding)
    value = finding.value or 0.0
    facts = (
        Fact(value, "%", "beaten", finding.label, finding.method),
        Fact(100 - value, "%", "rest", finding.label, finding.method),
    )
    return Allowed(facts, labels | _against(finding, reading), methods)


def repeated(finding: Finding, reading: Reading) -> Allowed:
    """How like itself a map stays when the model is shuffled, or the image has faint noise."""
    labels, methods = _about(finding)
    value = finding.value or 0.0
    claims = {"learned": value <= SHUFFLED} if finding.kind == "shuffled" else {"steady": value >= STEADY}
    facts = (Fact(value, "", "correlation", finding.label, finding.method),)
    return Allowed(facts, labels | _against(finding, reading), methods, claims=claims)


def gap(finding: Finding, reading: Reading) -> Allowed:
    """How far a map's parts miss what they should add up to."""
    labels, methods = _about(finding)
    value = finding.value or 0.0
    facts = (Fact(value, "%", "gap", finding.label, finding.method),)
    claims = {"adds_up": value <= 100 * GAP}
    return Allowed(facts, labels | _against(finding, reading), methods, claims=claims)


def methods_rank(finding: Finding, reading: Reading) -> Allowed:
    """The mean rank correlation of several methods."""
    count = float(finding.facts["count"])
    facts = (
        Fact(finding.value or 0.0, "", "correlation"),
        Fact(count, "", "methods"),
        *(Fact(end, "", "scale") for end in (0.0, 1.0)),
    )
    return Allowed(facts, _about(finding)[0], frozenset(METHODS), claims={"reversed": (finding.value or 0) < 0})


def methods_overlap(finding: Finding, reading: Reading) -> Allowed:
    """What the top tenths of several methods share, and the verdict."""
    shared, chance, judged = finding.value or 0.0, float(finding.facts["chance"]), finding.facts["judged"]
    return Allowed(
        (
            Fact(shared, "%", "overlap"),
            Fact(chance, "%", "chance"),
            Fact(10.0, "%", "tenth"),
            Fact(float(finding.facts["count"]), "", "methods"),
        ),
        _about(finding)[0],
        frozenset(METHODS),
        claims={"agree": None if judged == "partly" else judged == "agree", **_shared(shared, chance)},
    )


def furthest(finding: Finding, reading: Reading) -> Allowed:
    """The two methods that share least."""
    shared = finding.value or 0.0
    other = next((name for name, one in METHODS.items() if one.title == finding.facts["other"]), "")
    claims = {"agree": False} if shared < DIFFER_OVERLAP else {}
    return Allowed(
        (Fact(shared, "%", "overlap"),),
        _about(finding)[0],
        frozenset({str(finding.method), other}),
        claims={**claims, "nothing_shared": shared < 0.5, "overlaps": shared > 0},
    )


def _shared(shared: float, chance: float) -> dict[str, bool | None]:
    return {"overlaps": shared > chance, "above_chance": shared > chance, "nothing_shared": shared < 0.5, "gives": True}


def contrast(finding: Finding, reading: Reading) -> Allowed:
    """How far the outputs for two classes are apart."""
    value = finding.value or 0.0
    facts = tuple(Fact(one, "logits", "contrast") for one in {value, abs(value)})
    return Allowed(facts, _about(finding)[0] | _against(finding, reading))


def contrast_place(finding: Finding, reading: Reading) -> Allowed:
    """Where most of what speaks for one class and not the other lies."""
    labels, methods = _about(finding)
    share = finding.value or 0.0
    return Allowed(
        (
            Fact(share, "%", "share", None, finding.method),
            Fact(100 - share, "%", "rest", None, finding.method),
            Fact(float(finding.facts["count"]), "", "parts"),
        ),
        labels | _against(finding, reading),
        methods,
        frozenset({(str(finding.method), str(finding.region))}),
        {**dict.fromkeys(("strongest", "largest", "gives", "stands_out"), True), "flat": False},
        needs="contrast",
    )

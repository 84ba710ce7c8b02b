"""What each kind of finding lets a sentence say. One rule a kind: a new kind needs a template and a rule."""

from collections.abc import Callable

from agents.grounding import anatomy, erasure, trust, votes
from agents.grounding.facts import Allowed, Fact
from diagnosis.findings import AGREE_OVERLAP, AGREE_RANK, DIFFER_OVERLAP, DIFFER_RANK, NARROW, Finding
from diagnosis.reading import Reading

Rule = Callable[[Finding, Reading], Allowed]
RULES: dict[str, Rule] = {}


def rule(*kinds: str) -> Callable[[Rule], Rule]:
    """Register the rule of some kinds of finding."""

    def keep(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(kinds, function))
        return function

    return keep


rule("vote", "vote_conflict")(votes.vote)
rule("no_vote")(votes.no_vote)
rule("vote_tested", "vote_left_out")(votes.accuracy)
rule("vote_balanced")(votes.balanced)
rule("zone", "zone_across", "zone_share")(anatomy.zone)
rule("off_anatomy")(anatomy.off_anatomy)
rule("shortcut")(anatomy.shortcut)
rule("shortcut_record")(anatomy.shortcut_record)
rule("zones_uncertain")(anatomy.uncertain)
rule("badge")(trust.badge)
rule("gain")(trust.gain)
rule("centred")(trust.centred)
rule("shuffled", "steady")(trust.repeated)
rule("gap")(trust.gap)
rule("methods_rank")(trust.methods_rank)
rule("methods_overlap")(trust.methods_overlap)
rule("furthest")(trust.furthest)
rule("contrast")(trust.contrast)
rule("contrast_place")(trust.contrast_place)
rule("erased_area")(erasure.area)
rule("erased")(erasure.erased)
rule("turned")(erasure.turned)


def allowed(finding: Finding, reading: Reading) -> Allowed:
    """What a finding supports. A kind without a rule supports its class, its method and its value."""
    return RULES.get(finding.kind, _plain)(finding, reading)


def _number(finding: Finding, name: str) -> float:
    return float(finding.facts[name])


def _labels(*names: str | None) -> frozenset[str]:
    return frozenset(name for name in names if name)


def _named(reading: Reading, title: str) -> str:
    """The class that findings call by this title."""
    return next(one.name for one in reading.card.labels if one.title.lower() == title)


def _plain(finding: Finding, reading: Reading) -> Allowed:
    facts = () if finding.value is None else (Fact(finding.value, "", "value", finding.label, finding.method),)
    return Allowed(facts, _labels(finding.label), _labels(finding.method))


@rule("score")
def _score(finding: Finding, reading: Reading) -> Allowed:
    value, label, count = finding.value or 0.0, str(finding.label), _number(finding, "count")
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
        _labels(label),
        claims={"high": value > 50, "gives": True, **distance},
        ranks={label: rank},
        values={label: value},
    )


@rule("margin", "narrow_margin", "behind")
def _margin(finding: Finding, reading: Reading) -> Allowed:
    gap, label, other = finding.value or 0.0, str(finding.label), _named(reading, str(finding.facts["other"]))
    percent, ahead = _number(finding, "other_value"), finding.kind == "behind"
    own = percent - gap if ahead else percent + gap
    narrow = gap < NARROW
    ranks = {other: 1} if ahead else {label: 1, other: 2}
    if len(reading.card.labels) == 2:
        ranks = {label: 1 + ahead, other: 2 - ahead}
    return Allowed(
        (
            Fact(percent, "%", "score", other),
            Fact(gap, "points", "gap"),
            *_ratio(max(own, percent), min(own, percent)),
            Fact(1, "", "rank"),
            Fact(2, "", "rank"),
            Fact(own + percent, "%", "sum"),
            Fact(100 - own - percent, "%", "rest"),
        ),
        _labels(label, other),
        claims={"narrow": narrow, "clear": not narrow, "gives": True},
        ranks=ranks,
        values={label: own, other: percent},
    )


@rule("place")
def _place(finding: Finding, reading: Reading) -> Allowed:
    method, label, region = str(finding.method), str(finding.label), str(finding.region)
    share, count = finding.value or 0.0, _number(finding, "count")
    return Allowed(
        (
            Fact(share, "%", "share", label, method),
            Fact(100 - share, "%", "rest", label, method),
            Fact(count, "", "parts"),
        ),
        _labels(label),
        _labels(method),
        frozenset({(method, region)}),
        {
            **dict.fromkeys(("strongest", "largest", "gives", "focused", "stands_out"), True),
            "flat": False,
            "above_even": share > 100 / count,
        },
    )


@rule("concentration")
def _concentration(finding: Finding, reading: Reading) -> Allowed:
    area = finding.value or 0.0
    return Allowed(
        (Fact(area, "%", "area", finding.label, finding.method), Fact(50.0, "%", "half"), *_ratio(50.0, area)),
        _labels(finding.label),
        _labels(finding.method),
        claims={"flat": area >= 45, "focused": area < 25, "gives": True},
    )


@rule("flat")
def _flat(finding: Finding, reading: Reading) -> Allowed:
    claims = {"flat": True, "stands_out": False, "focused": False}
    return Allowed((), _labels(finding.label), _labels(finding.method), claims=claims)


@rule("agreement")
def _agreement(finding: Finding, reading: Reading) -> Allowed:
    rank = finding.value or 0.0
    agree = True if rank >= AGREE_RANK else False if rank < DIFFER_RANK else None
    return Allowed(
        (Fact(rank, "", "correlation"), Fact(1.0, "", "scale"), Fact(0.0, "", "scale")),
        _labels(finding.label),
        _both(reading),
        claims={"agree": agree, "gives": True, "reversed": rank < 0},
    )


@rule("overlap")
def _overlap(finding: Finding, reading: Reading) -> Allowed:
    shared, chance, judged = finding.value or 0.0, _number(finding, "chance"), finding.facts["judged"]
    agree = None if judged == "partly" else judged == "agree"
    return Allowed(
        (Fact(shared, "%", "overlap"), Fact(chance, "%", "chance"), Fact(10.0, "%", "tenth"), *_ratio(shared, chance)),
        _labels(finding.label),
        _both(reading),
        claims={
            "agree": agree,
            **_shared(shared, chance),
        },
    )


def _ratio(more: float, less: float) -> tuple[Fact, ...]:
    """How many times more, where it is worth saying."""
    return (Fact(more / less, "times", "ratio"),) if less > 0 and more / less >= 1.5 else ()


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


@rule("additivity")
def _additivity(finding: Finding, reading: Reading) -> Allowed:
    facts = (Fact(finding.value or 0.0, "logits", "gap"),)
    return Allowed(facts, _labels(finding.label), _labels(finding.method), claims={"adds_up": True})


@rule("performance")
def _performance(finding: Finding, reading: Reading) -> Allowed:
    facts = (
        Fact(finding.value or 0.0, "%", "accuracy"),
        Fact(_number(finding, "images"), "", "images"),
        Fact(_number(finding, "groups"), "", "groups"),
        *_interval(finding),
    )
    return Allowed(facts, claims={"trained": False, "measured": True, "gives": True})


@rule("recall")
def _recall(finding: Finding, reading: Reading) -> Allowed:
    value, label = finding.value or 0.0, finding.label
    facts = (Fact(value, "%", "recall", label), Fact(100 - value, "%", "missed", label), *_interval(finding))
    return Allowed(
        facts,
        _labels(label),
        claims={"measured": True, "recognised": True, "trained": False, "gives": True, "all_recognised": False},
    )


def _interval(finding: Finding) -> tuple[Fact, ...]:
    low, high = finding.interval or (0.0, 0.0)
    return Fact(low, "%", "low"), Fact(high, "%", "high"), Fact(95.0, "%", "confidence")


@rule("unmeasured", "vote_unmeasured")
def _unmeasured(finding: Finding, reading: Reading) -> Allowed:
    return Allowed(claims={"measured": False})


@rule("resolution")
def _resolution(finding: Finding, reading: Reading) -> Allowed:
    facts = (
        Fact(finding.value or 0.0, "times", "coarser"),
        *(Fact(_number(finding, "size") ** power, "pixels", "size") for power in (1, 2)),
        Fact(finding.value or 0.0, "pixels", "coarser"),
        Fact(100 / (finding.value or 1), "%", "fraction"),
    )
    return Allowed(facts, claims={"detail_lost": True, "coarser": True, "gives": True})


@rule("unseen")
def _unseen(finding: Finding, reading: Reading) -> Allowed:
    share = finding.value or 0.0
    facts = (Fact(share, "%", "unseen"), Fact(100 - share, "%", "seen"))
    return Allowed(facts, claims={"saw": False})


@rule("modality")
def _modality(finding: Finding, reading: Reading) -> Allowed:
    codes = {str(finding.facts["modality"]): "file"}
    codes.update(dict.fromkeys(str(finding.facts["expected"]).split(" or "), "model"))
    return Allowed(modalities=codes, claims={"fits": False, "trained": True})


@rule("colourless")
def _colourless(finding: Finding, reading: Reading) -> Allowed:
    return Allowed(claims={"colour": False, "made_for_colour": True})


@rule("share")
def _share(finding: Finding, reading: Reading) -> Allowed:
    method, label, share = str(finding.method), str(finding.label), finding.value or 0.0
    even = _number(finding, "even")
    return Allowed(
        (Fact(share, "%", "share", label, method), Fact(even, "%", "half")),
        _labels(label),
        _labels(method),
        frozenset({(method, str(finding.region))}),
        {"flat": False, "gives": True, "above_even": share > even},
    )


@rule("compared")
def _compared(finding: Finding, reading: Reading) -> Allowed:
    gap, label, other = finding.value or 0.0, str(finding.label), _named(reading, str(finding.facts["other"]))
    own, less = _number(finding, "own_value"), _number(finding, "other_value")
    return Allowed(
        (Fact(own, "%", "score", label), Fact(less, "%", "score", other), Fact(gap, "points", "gap")),
        _labels(label, other),
        claims={"narrow": gap < NARROW, "clear": gap >= NARROW, "gives": True},
        values={label: own, other: less},
    )


@rule("same_place")
def _same_place(finding: Finding, reading: Reading) -> Allowed:
    shared, chance = finding.value or 0.0, _number(finding, "chance")
    agree = True if shared >= AGREE_OVERLAP else False if shared < DIFFER_OVERLAP else None
    return Allowed(
        (Fact(shared, "%", "overlap"), Fact(chance, "%", "chance"), Fact(10.0, "%", "tenth")),
        _labels(finding.label, _named(reading, str(finding.facts["other"]))),
        _labels(finding.method),
        claims={"agree": agree, **_shared(shared, chance)},
    )


@rule("cells")
def _cells(finding: Finding, reading: Reading) -> Allowed:
    names = ("rows", "columns")
    facts = (Fact(finding.value or 0.0, "", "cells"), *(Fact(_number(finding, name), "", "cells") for name in names))
    return Allowed(facts, methods=_labels(finding.method), claims={"gives": True})


@rule("caution", "method", "score_kind", "card")
def _written(finding: Finding, reading: Reading) -> Allowed:
    some = finding.kind == "caution" and {"only", "pages"} <= set(finding.statement.lower().split())
    return Allowed(methods=_labels(finding.method), claims={"others_read": False} if some else {}, written=True)

"""What each kind of finding lets a sentence say. One rule a kind: a new kind needs a template and a rule."""

from collections.abc import Callable

from agents.grounding import anatomy, erasure, independent, maps, model, trust, votes, worth
from agents.grounding.facts import Allowed, Fact, class_called, names, ratio
from diagnosis.findings import NARROW, Finding
from diagnosis.reading import Reading

Rule = Callable[[Finding, Reading], Allowed]
RULES: dict[str, Rule] = {}


def rule(*kinds: str) -> Callable[[Rule], Rule]:
    """Register the rule of some kinds of finding."""

    def keep(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(kinds, function))
        return function

    return keep


rule("place")(maps.place)
rule("concentration")(maps.concentration)
rule("flat")(maps.flat)
rule("agreement")(maps.agreement)
rule("overlap")(maps.overlap)
rule("additivity")(maps.additivity)
rule("share")(maps.share)
rule("same_place")(maps.same_place)
rule("cells")(maps.cells)
rule("performance", "performance_mixed")(model.performance)
rule("recall")(model.recall)
rule("unmeasured", "vote_unmeasured")(model.unmeasured)
rule("resolution")(model.resolution)
rule("unseen")(model.unseen)
rule("modality")(model.modality)
rule("colourless")(model.colourless)
rule("confidence_tier", "confidence_unmeasured")(worth.tier)
rule("conformal_set", "conformal_empty")(worth.conformal)
rule("conformal_tested")(worth.conformal_tested)
rule("gate", "gate_passed", "gate_unknown")(worth.gate)
rule("vote_in_set", "vote_outside_set")(worth.vote)
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
rule("above_threshold", "below_threshold")(independent.beside_threshold)
rule("reached", "none_reached")(independent.reached)
rule("independent")(independent.independent)
rule("crossed")(independent.crossed)
rule("vote_reached", "vote_missed")(independent.vote)


def allowed(finding: Finding, reading: Reading) -> Allowed:
    """What a finding supports. A kind without a rule supports its class, its method and its value."""
    return RULES.get(finding.kind, _plain)(finding, reading)


def _plain(finding: Finding, reading: Reading) -> Allowed:
    facts = () if finding.value is None else (Fact(finding.value, "", "value", finding.label, finding.method),)
    return Allowed(facts, names(finding.label), names(finding.method))


@rule("score")
def _score(finding: Finding, reading: Reading) -> Allowed:
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


@rule("margin", "narrow_margin", "behind")
def _margin(finding: Finding, reading: Reading) -> Allowed:
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


@rule("compared")
def _compared(finding: Finding, reading: Reading) -> Allowed:
    gap, label, other = finding.value or 0.0, str(finding.label), class_called(reading, str(finding.facts["other"]))
    own, less = float(finding.facts["own_value"]), float(finding.facts["other_value"])
    return Allowed(
        (Fact(own, "%", "score", label), Fact(less, "%", "score", other), Fact(gap, "points", "gap")),
        names(label, other),
        claims={"narrow": gap < NARROW, "clear": gap >= NARROW, "gives": True},
        values={label: own, other: less},
    )


@rule("caution", "method", "score_kind", "model_fact")
def _written(finding: Finding, reading: Reading) -> Allowed:
    some = finding.kind == "caution" and {"only", "pages"} <= set(finding.statement.lower().split())
    return Allowed(methods=names(finding.method), claims={"others_read": False} if some else {}, written=True)

"""What each kind of finding lets a sentence say. One rule a kind: a new kind needs a template and a rule."""

from collections.abc import Callable

from agents.grounding import anatomy, erasure, independent, maps, model, scores, trust, votes, worth
from agents.grounding.facts import Allowed, Fact, names
from diagnosis.findings import Finding
from diagnosis.reading import Reading

Rule = Callable[[Finding, Reading], Allowed]


def allowed(finding: Finding, reading: Reading) -> Allowed:
    """What a finding supports. A kind without a rule supports its class, its method and its value."""
    return RULES.get(finding.kind, _plain)(finding, reading)


def _plain(finding: Finding, reading: Reading) -> Allowed:
    facts = () if finding.value is None else (Fact(finding.value, "", "value", finding.label, finding.method),)
    return Allowed(facts, names(finding.label), names(finding.method))


def _written(finding: Finding, reading: Reading) -> Allowed:
    some = finding.kind == "caution" and {"only", "pages"} <= set(finding.statement.lower().split())
    return Allowed(methods=names(finding.method), claims={"others_read": False} if some else {}, written=True)


RULES: dict[str, Rule] = {
    "score": scores.score,
    "margin": scores.margin,
    "narrow_margin": scores.margin,
    "behind": scores.margin,
    "compared": scores.compared,
    "place": maps.place,
    "concentration": maps.concentration,
    "flat": maps.flat,
    "agreement": maps.agreement,
    "overlap": maps.overlap,
    "additivity": maps.additivity,
    "share": maps.share,
    "same_place": maps.same_place,
    "cells": maps.cells,
    "performance": model.performance,
    "performance_mixed": model.performance,
    "recall": model.recall,
    "unmeasured": model.unmeasured,
    "vote_unmeasured": model.unmeasured,
    "resolution": model.resolution,
    "unseen": model.unseen,
    "modality": model.modality,
    "colourless": model.colourless,
    "confidence_tier": worth.tier,
    "confidence_unmeasured": worth.tier,
    "conformal_set": worth.conformal,
    "conformal_empty": worth.conformal,
    "conformal_tested": worth.conformal_tested,
    "gate": worth.gate,
    "gate_passed": worth.gate,
    "gate_unknown": worth.gate,
    "vote_in_set": worth.vote,
    "vote_outside_set": worth.vote,
    "vote": votes.vote,
    "vote_conflict": votes.vote,
    "no_vote": votes.no_vote,
    "vote_tested": votes.accuracy,
    "vote_left_out": votes.accuracy,
    "vote_balanced": votes.balanced,
    "zone": anatomy.zone,
    "zone_across": anatomy.zone,
    "zone_share": anatomy.zone,
    "off_anatomy": anatomy.off_anatomy,
    "shortcut": anatomy.shortcut,
    "shortcut_record": anatomy.shortcut_record,
    "zones_uncertain": anatomy.uncertain,
    "badge": trust.badge,
    "gain": trust.gain,
    "centred": trust.centred,
    "shuffled": trust.repeated,
    "steady": trust.repeated,
    "gap": trust.gap,
    "methods_rank": trust.methods_rank,
    "methods_overlap": trust.methods_overlap,
    "furthest": trust.furthest,
    "contrast": trust.contrast,
    "contrast_place": trust.contrast_place,
    "erased_area": erasure.area,
    "erased": erasure.erased,
    "turned": erasure.turned,
    "above_threshold": independent.beside_threshold,
    "below_threshold": independent.beside_threshold,
    "reached": independent.reached,
    "none_reached": independent.reached,
    "independent": independent.independent,
    "crossed": independent.crossed,
    "vote_reached": independent.vote,
    "vote_missed": independent.vote,
    "caution": _written,
    "method": _written,
    "score_kind": _written,
    "model_fact": _written,
}

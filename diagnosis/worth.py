"""What a score is worth, as findings: its tier, the conformal set, what the gate saw, and what the model is."""

from collections.abc import Iterator, Sequence
from typing import Any

from diagnosis.cards import Confidence, ModelCard, Tier
from diagnosis.classifier import Prediction
from diagnosis.findings import Finding, Performance, draft
from diagnosis.gate.verdict import GateResult
from diagnosis.intervals import FEWEST_GROUPS, called
from diagnosis.measured import measured_figure


def worth(card: ModelCard, prediction: Prediction) -> Iterator[Finding]:
    """The tier of the highest score and the conformal set, where the card says what its scores are worth."""
    known = card.confidence
    if known is None or prediction.tier is None or prediction.conformal is None:
        return
    yield _tier(card, prediction, known)
    yield _conformal(card, prediction.conformal, known)


def _tier(card: ModelCard, prediction: Prediction, known: Confidence) -> Finding:
    top = prediction.top
    score = 100 * float(prediction.scores[card.index(top)])
    tier = next(one for one in known.tiers if one.name == prediction.tier)
    told: dict[str, Any] = {
        "title": card.title_of(top).lower(),
        "score": score,
        "tier": tier.name,
        "span": span_of(tier, known.tiers),
    }
    if tier.accuracy is None:
        return draft("confidence_unmeasured", "says", count=known.images, **told)
    groups = groups_in(tier, known)
    return draft(
        "confidence_tier", "says", 100 * tier.accuracy, "%", interval=interval_of(tier, known),
        images=tier.images, groups=groups, group=called(groups, card.group), **told,
    )  # fmt: skip


def groups_in(tier: Tier, known: Confidence) -> int:
    """How many groups the images of a tier are of; all that there were, where the card does not say."""
    return known.groups if tier.groups is None else tier.groups


def interval_of(tier: Tier, known: Confidence) -> tuple[float, float] | None:
    """95 % interval of a tier's accuracy, in percent, or None where its groups are too few for one."""
    if tier.low is None or tier.high is None or groups_in(tier, known) < FEWEST_GROUPS:
        return None
    return 100 * tier.low, 100 * tier.high


def span_of(tier: Tier, tiers: Sequence[Tier]) -> str:
    """The highest scores that a tier is for, in words."""
    above = [100 * other.at_least for other in tiers if other.at_least > tier.at_least]
    if not above:
        return f"of {100 * tier.at_least:.0f} % or more"
    return f"from {100 * tier.at_least:.0f} to {min(above):.0f} %" if tier.at_least else f"under {min(above):.0f} %"


def _conformal(card: ModelCard, held: Sequence[str], known: Confidence) -> Finding:
    facts: dict[str, Any] = {
        "error": 100 * known.error_rate,
        "floor": 100 * (1 - known.quantile),
        "count": len(card.labels),
    }
    if not held:
        return draft("conformal_empty", "says", **facts)
    titles = [card.title_of(label).lower() for label in held]
    listed = " and ".join([part for part in (", ".join(titles[:-1]), titles[-1]) if part])
    classes = "class" if len(held) == 1 else "classes"
    return draft("conformal_set", "says", len(held), "classes", names=listed, classes=classes, **facts)


def gated(gate: GateResult | None) -> Iterator[Finding]:
    """Why the gate warns of an image; nothing where nobody asked, and where the image is what the model is made for."""
    if gate is not None and gate.verdict != "pass" and gate.reason:
        yield draft("gate", "trust", text=gate.reason)


def gate_told(gate: GateResult | None) -> Finding:
    """What the gate saw, whatever it was; for whoever asks."""
    if gate is None or (gate.distance is None and not gate.reason):
        return draft("gate_unknown", "trust")
    if gate.verdict != "pass" or gate.distance is None:
        return draft("gate", "trust", text=gate.reason)
    return draft("gate_passed", "trust", 100 * gate.distance / gate.limit, "%", looks=gate.modality)


def further_figures(card: ModelCard, record: Performance | None) -> Iterator[Finding]:
    """What test images say beyond balanced accuracy: on groups that have every class, and of the conformal sets."""
    if record is None:
        return
    if mixed := record.mixed:
        yield measured_figure("performance_mixed", mixed.balanced_accuracy, card, images=mixed.images)
    if (covered := record.coverage) and card.confidence:
        yield measured_figure("conformal_tested", covered, card, images=record.images, size=record.set_size or 0.0)


def about(card: ModelCard) -> tuple[Finding, ...]:
    """Which model it is, what it can answer, and what it is not made for."""
    answers = "gives each of them a score of its own" if card.independent else "chooses one of them"
    listed = ", ".join(label.title.lower() for label in card.labels)
    text = f"{card.name}, version {card.version}, knows {len(card.labels)} classes ({listed}) and {answers}."
    facts = (("The model", text), ("Not made for", card.out_of_scope))
    return tuple(draft("model_fact", "trust", aspect=aspect, text=text) for aspect, text in facts)

"""Findings that do not exclude each other → what may be said of them; those with scores that add up are elsewhere.

Each score is told beside its own threshold and never beside another finding's score: the scales are not the same.
"""

from collections.abc import Iterator

from diagnosis.cards import ModelCard
from diagnosis.classifier import Prediction
from diagnosis.findings import Finding, draft


def scored(card: ModelCard, prediction: Prediction, label: str) -> Iterator[Finding]:
    """The explained finding beside its threshold, which findings reach theirs, and that each is scored by itself."""
    yield beside_threshold(card, prediction, label)
    yield reached(card, prediction)
    yield draft("independent", "trust", count=len(card.labels))


def beside_threshold(card: ModelCard, prediction: Prediction, label: str) -> Finding:
    """A score, and how far it is from its threshold, in percentage points."""
    own, threshold = percent_of(card, prediction, label)
    kind = "below_threshold" if own < threshold else "above_threshold"
    gap = abs(own - threshold)
    title = card.title_of(label).lower()
    return draft(kind, "says", own, "%", label=label, title=title, gap=gap, threshold=threshold)


def reached(card: ModelCard, prediction: Prediction) -> Finding:
    """How many findings reach their thresholds, and which."""
    count, names = len(card.labels), [card.title_of(label).lower() for label in prediction.present]
    if not names:
        return draft("none_reached", "says", count=count)
    reach = "reaches its operating threshold" if len(names) == 1 else "reach their operating thresholds"
    return draft("reached", "says", len(names), "findings", count=count, reach=reach, names=", ".join(names))


def percent_of(card: ModelCard, prediction: Prediction, label: str) -> tuple[float, float]:
    """The score and the threshold of a finding, in percent. The prediction must have thresholds."""
    if prediction.thresholds is None:
        raise ValueError(f"{card.name} scores classes that exclude each other: they have no thresholds")
    at = card.index(label)
    return 100 * float(prediction.scores[at]), 100 * float(prediction.thresholds[at])

"""Readings of models whose cards say what a score is worth: real templates over made-up tiers, sets and gates."""

from dataclasses import replace

from diagnosis.cards import Confidence, Tier
from diagnosis.classifier import confidence_of
from diagnosis.findings import Figure, MixedPerformance
from diagnosis.gate.verdict import GateResult
from diagnosis.reading import Reading
from diagnosis.worth import about
from tests.agents.readings import made_up_reading, voted

CHEST = ("normal", "bacterial_pneumonia", "viral_pneumonia")
TISSUE = ("lung_adenocarcinoma", "lung_squamous_cell_carcinoma", "lung_benign", "colon_adenocarcinoma", "colon_benign")
TIERS = (
    Tier(name="high", at_least=0.9, accuracy=0.9602, low=0.923, high=0.9798, images=201),
    Tier(name="moderate", at_least=0.7, accuracy=0.7899, low=0.705, high=0.8553, images=138),
    Tier(name="low", at_least=0.0, accuracy=0.5763, low=0.4861, high=0.6616, images=118),
)
CONFIDENCE = Confidence(source="val", images=457, groups=287, error_rate=0.1, quantile=0.7793, tiers=TIERS)
SHORT = Confidence(
    source="folds",
    images=337,
    groups=116,
    error_rate=0.1,
    quantile=0.4454,
    tiers=(TIERS[0], Tier(name="low", at_least=0.0, low=0.0, high=1.0, images=0)),
)
GATE = GateResult(
    "caution",
    "a lateral chest film",
    None,
    1.4,
    1.0,
    "It looks most like a lateral chest film (71 % of the gate's weight). "
    "It is 1.4 times as far from the images that Chest X-ray learned from as their limit.",
)


def worthy(reading: Reading, confidence: Confidence = CONFIDENCE) -> Reading:
    """The reading as it is when its card has a confidence table, and with the facts of its model."""
    card = reading.card.model_copy(update={"confidence": confidence})
    conformal, tier = confidence_of(card, reading.prediction.scores)
    prediction = replace(reading.prediction, conformal=conformal, tier=tier)
    return replace(reading, card=card, prediction=prediction, model_facts=about(card))


def worthy_readings() -> dict[str, Reading]:
    """Readings with high, moderate, low and unknown confidence, with sets of one, two and no classes, by name."""

    def chest(*values: float) -> Reading:
        return worthy(made_up_reading("chest-xray", dict(zip(CHEST, values, strict=True))))

    def tissue(*values: float) -> Reading:
        scores = dict(zip(TISSUE, values, strict=True))
        return worthy(made_up_reading("lung-colon", scores, size=(224, 224)), SHORT)

    sure, unsure = chest(0.021, 0.934, 0.045), chest(0.114, 0.412, 0.474)
    if sure.record is None:
        raise ValueError("the made-up reading has no record")
    mixed = MixedPerformance(310, 14, Figure(77.2, (70.9, 83.6), 14))
    tested = replace(sure.record, mixed=mixed, coverage=Figure(89.7, (86.8, 92.4), 612), set_size=1.3)
    few = replace(
        sure.record,
        groups=2,
        balanced_accuracy=Figure(77.0, None, 2),
        recall={"bacterial_pneumonia": Figure(100.0, None, 2)},
        mixed=MixedPerformance(310, 1, Figure(90.9, None, 1)),
        coverage=Figure(93.9, None, 2),
        set_size=2.6,
    )
    return {
        "worth-few": replace(sure, record=few),
        "worth-high": replace(sure, record=tested),
        "worth-moderate": chest(0.052, 0.131, 0.817),
        "worth-low": voted(unsure, {"bacterial_pneumonia": 6, "viral_pneumonia": 4}),
        "worth-outside": voted(unsure, {"normal": 7, "viral_pneumonia": 3}),
        "worth-empty": tissue(0.377, 0.331, 0.102, 0.113, 0.077),
        "worth-gated": replace(chest(0.207, 0.396, 0.397), gate=GATE),
    }

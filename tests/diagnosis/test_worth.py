"""What a score is worth enters a prediction and its findings as the card has it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from diagnosis.cards import Confidence, ModelCard, Tier, load_card
from diagnosis.classifier import Classifier, confidence_of
from diagnosis.findings import Figure, MixedPerformance, Performance
from diagnosis.gate.verdict import GateResult
from diagnosis.reading import Reading
from diagnosis.study import Study
from diagnosis.worth import about, further_figures, gate_told, gated, interval_of, worth
from tests.agents.readings import made_up_reading
from tests.agents.worthy import GATE, worthy, worthy_readings

COLORECTAL = Path(__file__).parents[2] / "weights" / "colorectal.toml"


def statements(reading: Reading, *kinds: str) -> list[str]:
    return [one.statement for one in reading.findings if one.kind in kinds]


@pytest.fixture(scope="module")
def readings() -> dict[str, Reading]:
    return worthy_readings()


@pytest.mark.parametrize(
    ("scores", "conformal", "tier"),
    [
        ([0.05, 0.93, 0.02], ("bacterial_pneumonia",), "high"),
        ([0.06, 0.24, 0.7], ("viral_pneumonia", "bacterial_pneumonia"), "moderate"),
        ([0.34, 0.32, 0.34], ("normal", "viral_pneumonia", "bacterial_pneumonia"), "low"),
    ],
)
def test_sets_and_tiers_follow_the_card(scores: list[float], conformal: tuple[str, ...], tier: str) -> None:
    card = worthy(
        made_up_reading("chest-xray", dict.fromkeys(("normal", "bacterial_pneumonia", "viral_pneumonia"), 1 / 3))
    ).card
    assert confidence_of(card, np.array(scores, dtype=np.float32)) == (conformal, tier)
    assert confidence_of(card.model_copy(update={"confidence": None}), np.array(scores)) == (None, None)


def test_a_prediction_holds_its_set_and_tier(readings: dict[str, Reading]) -> None:
    card = readings["worth-high"].card

    class Fixed(nn.Module):
        def forward(self, batch: torch.Tensor) -> torch.Tensor:
            return card.temperature * torch.tensor([[0.05, 0.15, 0.8]]).log().repeat(len(batch), 1)

    study = Study(np.random.default_rng(0).random((64, 64, 1)))
    prediction = Classifier(card, Fixed()).predict(study)
    assert (prediction.conformal, prediction.tier) == (("viral_pneumonia",), "moderate")
    plain = Classifier(card.model_copy(update={"confidence": None}), Fixed()).predict(study)
    assert (plain.conformal, plain.tier) == (None, None)
    assert np.array_equal(plain.scores, prediction.scores)


def test_low_confidence_is_said_in_words(readings: dict[str, Reading]) -> None:
    (told,) = statements(readings["worth-low"], "confidence_tier")
    assert "Confidence in the highest score, 47.4 % for viral pneumonia, is low" in told
    assert "of 118 images" in told
    assert "under 70 %, it was right for 57.6 % (95 % interval 48.6 to 66.2)" in told
    (moderate,) = statements(readings["worth-moderate"], "confidence_tier")
    assert "from 70 to 90 %" in moderate
    (unknown,) = statements(readings["worth-empty"], "confidence_unmeasured")
    assert "is low; how often the model is right there is unknown" in unknown
    assert "under 90 %" in unknown


def test_a_tier_of_one_slide_has_no_interval_whatever_its_card_holds() -> None:
    tier = Tier(name="low", at_least=0, accuracy=0.9714, low=0.195, high=0.9998, images=35)
    known = Confidence(source="val", images=342, groups=1, error_rate=0.1, quantile=0.9, tiers=(tier,))
    tissue = made_up_reading("colorectal", dict.fromkeys(load_card(COLORECTAL).label_names, 0.125))
    (told,) = (one for one in worthy(tissue, known).findings if one.kind == "confidence_tier")
    assert told.interval is None
    assert told.statement.endswith("it was right for 97.1 % (no interval: 1 slide is too few).")
    several = known.model_copy(update={"groups": 40, "tiers": (tier.model_copy(update={"groups": 4}),)})
    (told,) = (one for one in worthy(tissue, several).findings if one.kind == "confidence_tier")
    assert told.statement.endswith("(no interval: 4 slides are too few).")
    assert interval_of(tier, several) == pytest.approx((19.5, 99.98))


def test_no_finding_says_what_confidence_is_enough_for(readings: dict[str, Reading]) -> None:
    for reading in readings.values():
        said = " ".join(
            statements(reading, "confidence_tier", "confidence_unmeasured", "conformal_set", "conformal_empty")
        )
        assert said
        assert not {"screening", "suitable", "safe", "diagnosis", "use"} & set(said.lower().replace(".", " ").split())


def test_the_set_is_told_with_its_classes_and_an_empty_one_as_empty(readings: dict[str, Reading]) -> None:
    (two,) = (one for one in readings["worth-low"].findings if one.kind == "conformal_set")
    assert (two.value, two.unit) == (2, "classes")
    assert "holds 2 of the 3 here: viral pneumonia and bacterial pneumonia" in two.statement
    (empty,) = statements(readings["worth-empty"], "conformal_empty")
    assert "none of the 5 has a score of 55.5 % or more" in empty


def test_a_model_without_a_confidence_table_says_nothing_of_it() -> None:
    plain = made_up_reading("chest-xray", {"normal": 0.1, "bacterial_pneumonia": 0.5, "viral_pneumonia": 0.4})
    assert not list(worth(plain.card, plain.prediction))


def test_a_warning_of_the_gate_comes_before_all_other_limits(readings: dict[str, Reading]) -> None:
    limits = [one for one in readings["worth-gated"].findings if one.topic == "trust"]
    assert limits[0].kind == "gate"
    assert GATE.reason in limits[0].statement
    passed = GateResult("pass", "a frontal chest film", None, 0.42, 1.0, "")
    assert not list(gated(passed))
    assert not list(gated(None))


def test_the_gate_tells_what_it_saw_to_whoever_asks() -> None:
    passed = gate_told(GateResult("pass", "a frontal chest film", None, 0.42, 1.0, ""))
    assert (passed.kind, passed.value) == ("gate_passed", pytest.approx(42))
    assert "a frontal chest film" in passed.statement
    assert gate_told(GATE).kind == "gate"
    assert gate_told(None).kind == "gate_unknown"


def test_figures_of_mixed_groups_and_coverage_are_told_where_they_were_measured(readings: dict[str, Reading]) -> None:
    reading = readings["worth-high"]
    (mixed,) = (one for one in reading.findings if one.kind == "performance_mixed")
    assert mixed.interval == (70.9, 83.6)
    assert "310" in mixed.statement and "14 patients with every class" in mixed.statement
    (covered,) = statements(reading, "conformal_tested")
    assert "held the true class for 89.7 %" in covered
    record = Performance(10, 5, Figure(80, (70, 90), 5), {})
    assert not list(further_figures(reading.card, record))
    assert not list(further_figures(reading.card, None))
    without_card = further_figures(
        reading.card.model_copy(update={"confidence": None}),
        replace(record, coverage=Figure(90, (85, 95), 5), set_size=1.2),
    )
    assert not list(without_card)
    only = list(further_figures(reading.card, replace(record, mixed=MixedPerformance(5, 2, Figure(70, (60, 80), 2)))))
    assert [one.kind for one in only] == ["performance_mixed"]


def test_one_patient_with_every_class_has_a_figure_and_no_interval(readings: dict[str, Reading]) -> None:
    """It was 90.9 % (95 % interval 90.9 to 90.9)."""
    record = Performance(1416, 3, Figure(89.5, None, 3), {}, MixedPerformance(1056, 1, Figure(90.9, None, 1)))
    (mixed,) = further_figures(readings["worth-high"].card, record)
    assert mixed.interval is None
    assert mixed.statement == (
        "On the 1056 of these images that come from 1 patient with every class, its balanced accuracy was 90.9 % "
        "(no interval: 1 patient is too few)."
    )


def test_the_facts_of_the_model_come_last_and_keep_the_card_s_words(readings: dict[str, Reading]) -> None:
    reading = readings["worth-low"]
    card: ModelCard = reading.card
    identity, excluded = reading.findings[-2:]
    assert identity.kind == excluded.kind == "model_fact"
    assert f"{card.name}, version {card.version}, knows 3 classes" in identity.statement
    assert card.out_of_scope in excluded.statement
    assert [one.statement for one in about(card)] == [identity.statement, excluded.statement]
    assert [one.id for one in reading.findings] == [f"F{number}" for number in range(1, len(reading.findings) + 1)]

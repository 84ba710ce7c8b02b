"""Logits → scores: exclusive classes, independent findings, and operating points."""

from pathlib import Path

import numpy as np
import pytest

from diagnosis.cards import ModelCard
from diagnosis.scores import bent, scores_of, thresholds_of
from tests.diagnosis.findings_model import THRESHOLDS, quadrant_card
from tests.diagnosis.toys import toy_card

POINTS = np.array([*THRESHOLDS.values()])


def logit(p: np.ndarray) -> np.ndarray:
    return np.log(p / (1 - p))


@pytest.fixture
def card(tmp_path: Path) -> ModelCard:
    return quadrant_card(tmp_path)


def test_classes_that_exclude_each_other_share_what_there_is() -> None:
    scores = scores_of(np.array([[0.75, -0.5], [3.0, 3.0]]), toy_card())
    assert scores.sum(axis=1) == pytest.approx(1) and scores[1] == pytest.approx([0.5, 0.5])
    assert thresholds_of(toy_card()) is None


def test_an_independent_score_is_its_own_whatever_the_others_get(card: ModelCard) -> None:
    plain = card.model_copy(update={"score_kind": "uncalibrated score", "temperature": 2.0})
    scores = scores_of(np.array([[0.0, 2.0, -2.0, 8.0], [0.0, 9.0, 9.0, 9.0]]), plain)
    assert scores[0] == pytest.approx([0.5, 1 / (1 + np.exp(-1)), 1 / (1 + np.exp(1)), 1 / (1 + np.exp(-4))])
    assert scores[1, 0] == scores[0, 0] and scores[1].sum() > 3
    assert thresholds_of(plain) == pytest.approx(POINTS)


def test_a_finding_at_its_operating_point_scores_a_half(card: ModelCard) -> None:
    assert scores_of(logit(POINTS), card) == pytest.approx(np.full(4, 0.5))
    marks = thresholds_of(card)
    assert marks is not None and marks.tolist() == [0.5] * 4 and not marks.flags.writeable


def test_the_bending_by_hand() -> None:
    """Half the way to the point is a quarter, half the way from it to one three quarters; the ends stay."""
    assert bent(POINTS / 2, POINTS) == pytest.approx(np.full(4, 0.25))
    assert bent((1 + POINTS) / 2, POINTS) == pytest.approx(np.full(4, 0.75))
    assert bent(np.zeros(4), POINTS).tolist() == [0] * 4 and bent(np.ones(4), POINTS).tolist() == [1] * 4


def test_the_bending_keeps_the_order_of_images_and_jumps_nowhere() -> None:
    outputs = np.linspace(0, 1, 5001)[:, None] * np.ones(4)
    steps = np.diff(bent(outputs, POINTS), axis=0)
    assert (steps > 0).all()
    assert steps.max() < 1.01 * 0.5 / POINTS.min() / 5000  # the steepest slope, and no jump at the point

"""What is measured of calibration, conformal sets, tiers and groups, against scikit-learn and by hand."""

import numpy as np
import pytest
from sklearn import metrics as sk

from diagnosis.cards import Confidence, ModelCard
from diagnosis.training.measuring import measure
from diagnosis.training.metrics import Metrics
from diagnosis.training.statistics import roc_points
from tests.diagnosis.training.squares import write_card

CONFIDENCE = {
    "source": "val",
    "images": 100,
    "groups": 50,
    "error_rate": 0.1,
    "quantile": 0.6,
    "tiers": [
        {"name": "high", "at_least": 0.9, "accuracy": 0.95, "low": 0.9, "high": 0.98, "images": 40},
        {"name": "low", "at_least": 0.0, "accuracy": 0.6, "low": 0.5, "high": 0.7, "images": 60},
    ],
}
SCORES = np.array(
    [[0.95, 0.03, 0.02], [0.92, 0.05, 0.03], [0.5, 0.45, 0.05], [0.39, 0.31, 0.3], [0.2, 0.4, 0.4], [0.1, 0.2, 0.7]]
)
TARGETS = np.array([0, 1, 1, 0, 2, 2])


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> ModelCard:
    return write_card(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def card(plain: ModelCard) -> ModelCard:
    return plain.model_copy(update={"confidence": Confidence.model_validate(CONFIDENCE)})


def test_conformal_sets_by_hand(card: ModelCard) -> None:
    """A class is in the set from a score of 1 - 0.6: one, one, two, none, two and one of them."""
    sets = measure(SCORES, TARGETS, np.arange(6), card, replicates=50).conformal
    assert sets is not None
    assert (sets.error_rate, sets.quantile, sets.sizes) == (0.1, 0.6, (1, 3, 2, 0))
    assert sets.coverage.value == pytest.approx(4 / 6, abs=1e-6)
    assert sets.size.value == pytest.approx(7 / 6, abs=1e-6)
    assert sets.coverage.low is not None
    assert sets.coverage.low < 4 / 6


def test_tiers_by_hand(card: ModelCard) -> None:
    high, low = measure(SCORES, TARGETS, np.arange(6), card, replicates=50).tiers
    assert (high.name, high.at_least, high.images, low.name, low.images) == ("high", 0.9, 2, "low", 4)
    assert (high.share.value, high.accuracy.value) == (0.333333, 0.5)
    assert (low.share.value, low.accuracy.value) == (0.666667, 0.5)  # argmax takes the first of equal scores


def test_a_card_without_confidence_has_no_sets_and_tiers(plain: ModelCard) -> None:
    found = measure(SCORES, TARGETS, np.arange(6), plain, replicates=10)
    assert (found.conformal, found.tiers) == (None, ())


def test_reliability_adds_up_to_the_calibration_error(plain: ModelCard) -> None:
    random = np.random.default_rng(3)
    scores = random.dirichlet([1, 1, 1], 400)
    targets = random.integers(0, 3, 400)
    found = measure(scores, targets, np.arange(400), plain, replicates=20)
    assert sum(one.images for one in found.reliability) == 400
    gaps = sum(one.images * abs((one.accuracy.value or 0) - one.score) for one in found.reliability)
    assert gaps / 400 == pytest.approx(found.expected_calibration_error.value, abs=1e-5)
    top = scores.max(1)
    for one in found.reliability:
        inside = (top > one.low) & (top <= one.high)
        assert one.images == inside.sum() > 0
        assert one.low < one.score <= one.high
        assert one.accuracy.value == pytest.approx((scores.argmax(1) == targets)[inside].mean(), abs=1e-6)


def test_the_area_under_the_points_is_the_auc(plain: ModelCard) -> None:
    random = np.random.default_rng(4)
    targets = random.integers(0, 3, 3000)
    scores = random.dirichlet([1, 1, 1], 3000) + 0.4 * np.eye(3)[targets]
    scores /= scores.sum(1, keepdims=True)
    for one in measure(scores, targets, np.arange(3000), plain, replicates=5).classes:
        assert one.roc is not None
        false, true = one.roc.false_positive_rate, one.roc.true_positive_rate
        assert 100 < len(false) == len(true) <= 200
        assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)
        assert sk.auc(false, true) == pytest.approx(one.auc.value, abs=2e-3)


def test_a_short_curve_keeps_its_corners() -> None:
    scores, positive = np.array([0.9, 0.8, 0.8, 0.3, 0.1]), np.array([True, True, False, False, True])
    expected = sk.roc_curve(positive, scores, drop_intermediate=False)[:2]
    assert np.allclose(roc_points(scores, positive, 200), expected)
    assert len(roc_points(scores, np.ones(5, dtype=bool), 200)[0]) == 0


def test_groups_that_have_every_class_are_measured_apart(plain: ModelCard) -> None:
    """Six patients have all three classes, three are read right and three wrong; the other gives itself away."""
    groups = np.array([*"aaabbbcccdddeeefff", *"gggg"])
    targets = np.array([*[0, 1, 2] * 6, 0, 0, 0, 0])
    scores = np.eye(3)[[*[0, 1, 2] * 3, *[1, 2, 0] * 3, 0, 0, 0, 0]]
    found = measure(scores, targets, groups, plain, replicates=200)
    assert found.mixed_groups is not None
    assert (found.mixed_groups.images, found.mixed_groups.groups) == (18, 6)
    own = found.mixed_groups.balanced_accuracy
    assert own.value == 0.5
    assert own.low is not None and own.high is not None
    assert 0 <= own.low < 0.5 < own.high <= 1
    assert found.balanced_accuracy.value == pytest.approx((7 / 10 + 0.5 + 0.5) / 3, abs=1e-6)


def test_one_patient_with_every_class_has_no_interval(plain: ModelCard) -> None:
    """Every draw of one patient is that patient."""
    groups, targets = np.array([*"aaabcdefg"]), np.array([0, 1, 2, 0, 0, 1, 1, 2, 2])
    found = measure(np.eye(3)[[0, 2, 2, 0, 0, 1, 1, 2, 2]], targets, groups, plain, replicates=50).mixed_groups
    assert found is not None and found.groups == 1
    assert (found.balanced_accuracy.value, found.balanced_accuracy.low, found.balanced_accuracy.high) == (
        pytest.approx(2 / 3, abs=1e-6), None, None,
    )  # fmt: skip


@pytest.mark.parametrize("groups", ["aaabbb", "abcdef"])
def test_where_all_groups_or_none_have_every_class_there_is_no_such_figure(plain: ModelCard, groups: str) -> None:
    targets = np.array([0, 1, 2, 0, 1, 2])
    found = measure(np.eye(3)[targets], targets, np.array([*groups]), plain, replicates=10)
    assert found.mixed_groups is None


def test_metrics_survive_their_file(card: ModelCard) -> None:
    found = measure(SCORES, TARGETS, np.array([*"aabbcc"]), card, replicates=50)
    assert Metrics.model_validate_json(found.model_dump_json()) == found
    older = found.model_dump(exclude={"reliability", "conformal", "tiers", "mixed_groups"})
    assert Metrics.model_validate(older).tiers == ()

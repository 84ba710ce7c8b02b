"""Point values against scikit-learn and by hand; intervals against what is known of them."""

from pathlib import Path

import numpy as np
import pytest
from pydantic import BaseModel
from scipy.special import softmax
from scipy.stats import binom
from sklearn import metrics as sk

from diagnosis.cards import ModelCard
from diagnosis.intervals import FEWEST_GROUPS
from diagnosis.training.evaluate import Evaluation
from diagnosis.training.measuring import measure
from diagnosis.training.metrics import Confusion, Interval, Metrics
from diagnosis.training.statistics import weighted_auc
from tests.diagnosis.training.squares import write_card

N = 300
WEIGHTS = Path(__file__).parents[3] / "weights"


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> ModelCard:
    return write_card(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def sample() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores with many ties (multiples of 1/20), targets and groups of three."""
    random = np.random.default_rng(5)
    targets = random.choice(3, N, p=[0.5, 0.3, 0.2])
    counts = np.stack([random.multinomial(20, np.where(np.arange(3) == target, 0.5, 0.25)) for target in targets])
    return counts / 20, targets, np.arange(N) // 3


def bare(value: float | None) -> Interval:
    return Interval(value=value, low=None, high=None)


def test_points_equal_scikit_learn(card: ModelCard, sample: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    scores, targets, groups = sample
    found, predicted = measure(scores, targets, groups, card, replicates=10), scores.argmax(1)
    close = pytest.approx
    assert (found.images, found.groups) == (N, 100)
    assert found.accuracy.value == close(sk.accuracy_score(targets, predicted), abs=1e-6)
    assert found.balanced_accuracy.value == close(sk.balanced_accuracy_score(targets, predicted), abs=1e-6)
    assert found.macro_auc.value == close(sk.roc_auc_score(targets, scores, multi_class="ovr"), abs=1e-6)
    assert found.log_loss.value == close(sk.log_loss(targets, scores), abs=1e-6)
    precision, recall, f1, support = sk.precision_recall_fscore_support(targets, predicted)
    for i, one in enumerate(found.classes):
        assert one.label == card.label_names[i]
        assert one.support == support[i]
        assert one.precision.value == close(precision[i], abs=1e-6)
        assert one.recall.value == close(recall[i], abs=1e-6)
        assert one.f1.value == close(f1[i], abs=1e-6)
        assert one.auc.value == close(sk.roc_auc_score(targets == i, scores[:, i]), abs=1e-6)
    assert np.array_equal(found.confusion.counts, sk.confusion_matrix(targets, predicted))
    rates = [[cell.value for cell in row] for row in found.confusion.rates]
    assert np.allclose(rates, sk.confusion_matrix(targets, predicted, normalize="true"), atol=1e-6)


def test_contrasts_leave_other_labels_out(card: ModelCard, sample: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    scores, targets, groups = sample
    scores = softmax(3 * scores + np.random.default_rng(1).normal(size=scores.shape), axis=1)
    warm, green = measure(scores, targets, groups, card, replicates=10).contrasts
    assert (warm.name, green.name) == ("warm against cold", "green against blue")
    assert warm.support == N
    assert warm.auc.value == pytest.approx(sk.roc_auc_score(targets == 0, scores[:, 0]), abs=1e-6)
    rows = targets != 0
    share = scores[rows, 1] / (scores[rows, 1] + scores[rows, 2])
    assert green.support == rows.sum()
    assert green.auc.value == pytest.approx(sk.roc_auc_score(targets[rows] == 1, share), abs=1e-6)


def test_weighted_auc_equals_scikit_learn() -> None:
    random = np.random.default_rng(2)
    scores, positive = random.integers(0, 12, 200) / 11, random.random(200) < 0.4
    weights = random.integers(0, 4, (25, 200)).astype(float)
    expected = [sk.roc_auc_score(positive, scores, sample_weight=row) for row in weights]
    assert np.allclose(weighted_auc(scores, positive, weights), expected, atol=1e-12)


def test_weighted_auc_needs_both_sides() -> None:
    scores, positive = np.array([0.1, 0.9]), np.array([False, True])
    assert np.array_equal(
        weighted_auc(scores, positive, np.array([[1.0, 1.0], [0.0, 1.0], [2.0, 0.0]])),
        [1.0, np.nan, np.nan],
        equal_nan=True,
    )
    assert np.isnan(weighted_auc(np.empty(0), np.empty(0, dtype=bool), np.empty((1, 0))))


def test_calibration_error_by_hand(card: ModelCard) -> None:
    scores = np.array([[0.9, 0.05, 0.05], [0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.0, 0.4, 0.6]])
    targets = np.array([0, 2, 1, 2])
    # bins of 1/15: two images at 0.9 (half of them right), one at 0.7 (right), one at 0.6 (right)
    expected = 2 / 4 * abs(0.5 - 0.9) + 1 / 4 * abs(1 - 0.7) + 1 / 4 * abs(1 - 0.6)
    found = measure(scores, targets, np.arange(4), card, replicates=10)
    assert found.expected_calibration_error.value == pytest.approx(expected, abs=1e-6)


def test_a_score_on_the_edge_of_a_bin_belongs_to_the_lower_one(card: ModelCard) -> None:
    # 0.6 = 9/15 closes the ninth bin, so 0.59 (right) and 0.6 (wrong) share it: |1 - 1.19| / 2; were they apart, 0.505
    scores = np.array([[0.59, 0.41, 0.0], [0.6, 0.4, 0.0]])
    found = measure(scores, np.array([0, 1]), np.arange(2), card, replicates=10)
    assert found.expected_calibration_error.value == pytest.approx(0.095, abs=1e-6)


def test_perfect_scores(card: ModelCard) -> None:
    """Of 30 groups, none of which differs, the bootstrap learns nothing: that is no interval from 1 to 1."""
    targets = np.arange(30) % 3
    found = measure(np.eye(3)[targets], targets, np.arange(30), card, replicates=100)
    assert found.accuracy == found.balanced_accuracy == found.macro_auc == bare(1)
    assert found.expected_calibration_error == found.log_loss == bare(0)
    assert all(contrast.auc == bare(1) for contrast in found.contrasts)


def test_scores_that_say_nothing(card: ModelCard) -> None:
    targets = np.arange(30) % 3
    found = measure(np.tile([0.4, 0.3, 0.3], (30, 1)), targets, np.arange(30), card, replicates=100)
    assert found.macro_auc == bare(0.5)
    assert found.balanced_accuracy == bare(0.333333)
    assert [one.recall.value for one in found.classes] == [1, 0, 0]
    assert [one.precision.value for one in found.classes] == [0.333333, None, None]  # never predicted: not defined


def test_intervals_come_from_groups_not_images(card: ModelCard) -> None:
    """20 groups of 50 images each, ten of them right throughout: 1,000 images hold no more than 20 coin tosses do."""
    targets, groups = np.zeros(1000, dtype=int), np.repeat(np.arange(20), 50)
    scores = np.eye(3)[groups % 2]
    by_group, by_image = measure(scores, targets, groups, card), measure(scores, targets, np.arange(1000), card)
    assert by_group.accuracy.value == by_image.accuracy.value == 0.5
    low, high = binom(20, 0.5).ppf([0.025, 0.975]) / 20
    assert (by_group.accuracy.low, by_group.accuracy.high) == pytest.approx((low, high), abs=0.051)
    low, high = binom(1000, 0.5).ppf([0.025, 0.975]) / 1000
    assert (by_image.accuracy.low, by_image.accuracy.high) == pytest.approx((low, high), abs=0.01)


def test_a_replicate_without_a_class_is_skipped_for_it(card: ModelCard) -> None:
    """Blue is in five of 200 groups, which about one draw in 150 misses: its recall is then undefined, and not 0."""
    targets = np.repeat([0, 1, 2], [100, 95, 5])
    predicted = targets.copy()
    predicted[-1] = 0
    found = measure(np.eye(3)[predicted], targets, np.arange(200), card, replicates=2000)
    blue = found.classes[2].recall
    assert (blue.value, blue.high) == (0.8, 1)
    assert blue.low is not None and blue.low > 0.2
    assert found.balanced_accuracy.low == pytest.approx((2 + blue.low) / 3, abs=1e-5)


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_fewer_than_five_groups_have_no_interval(
    card: ModelCard, sample: tuple[np.ndarray, np.ndarray, np.ndarray], groups: int
) -> None:
    """Two slides with different figures gave an interval from one to the other, and one gave its own figure twice."""
    scores, targets, _ = sample
    found = measure(scores, targets, np.arange(N) % groups, card, replicates=200)
    assert found.groups == groups
    assert len(intervals_of(found)) > 20
    assert all(one.low is one.high is None for one in intervals_of(found))


def test_five_groups_have_intervals(card: ModelCard, sample: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    scores, targets, _ = sample
    found = measure(scores, targets, np.arange(N) % 5, card, replicates=200)
    told = intervals_of((found.accuracy, found.balanced_accuracy, found.macro_auc, found.classes, found.contrasts))
    assert len(told) == 17
    assert all(one.low is not None and one.high is not None and one.low < one.high for one in told)


def test_the_rarest_class_decides(card: ModelCard, sample: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """All that blue goes into has no interval where it comes of four groups; the rest keeps its own."""
    scores, targets, groups = sample
    groups = np.where(targets == 2, groups % 4, groups)
    found = measure(scores, targets, groups, card, replicates=100)
    red, green, blue = found.classes
    assert (blue.groups, found.groups) == (4, len(np.unique(groups)))
    assert {one.low for one in (blue.recall, blue.auc, found.balanced_accuracy, found.macro_auc)} == {None}
    assert [one.auc.low is None for one in found.contrasts] == [False, True]
    assert None not in {one.low for one in (red.recall, green.recall, red.auc, found.accuracy, found.log_loss)}


def intervals_of(value: object) -> list[Interval]:
    """All that are defined in a model, however deep, but those of cells of the matrix."""
    if isinstance(value, Interval):
        return [] if value.value is None else [value]
    if isinstance(value, tuple):
        return [one for part in value for one in intervals_of(part)]
    if isinstance(value, BaseModel) and not isinstance(value, Confusion):
        return [one for name in type(value).model_fields for one in intervals_of(getattr(value, name))]
    return []


@pytest.mark.parametrize("path", sorted(WEIGHTS.glob("*.metrics.json")), ids=lambda path: path.stem)
def test_no_shipped_figure_claims_to_be_certain(path: Path) -> None:
    shipped = Evaluation.model_validate_json(path.read_bytes())
    for one in intervals_of(shipped):
        assert one.low is None or one.high is None or one.low < one.high
        assert one.low is None or shipped.groups >= FEWEST_GROUPS
    if shipped.mixed_groups and shipped.mixed_groups.groups < FEWEST_GROUPS:
        assert shipped.mixed_groups.balanced_accuracy.low is None


def test_a_class_without_images_has_no_metrics(card: ModelCard) -> None:
    targets = np.array([0, 1, 0, 1])
    scores = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8], [0.2, 0.7, 0.1]])
    found = measure(scores, targets, np.arange(4), card, replicates=200)
    blue, none = found.classes[2], bare(None)
    assert (blue.support, blue.precision, blue.recall, blue.f1, blue.auc) == (0, none, none, none, none)
    assert found.balanced_accuracy.value == 0.75  # over the two that occur, as in scikit-learn
    assert found.contrasts[1].auc == none
    assert Metrics.model_validate_json(found.model_dump_json()) == found


def test_the_seed_decides_the_draws(card: ModelCard, sample: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    first, again, other = (measure(*sample, card, replicates=50, seed=seed) for seed in (0, 0, 1))
    assert first == again
    assert first.accuracy.value == other.accuracy.value
    assert first.accuracy != other.accuracy


def test_chunks_do_not_show(card: ModelCard, sample: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """250 replicates are weighed in three parts; their percentiles are those of the draws taken one by one."""
    scores, targets, groups = sample
    draws = np.random.default_rng(0).multinomial(100, np.full(100, 0.01), size=250)
    right = scores.argmax(1) == targets
    expected = np.percentile([np.average(right, weights=draw[groups]) for draw in draws], [2.5, 97.5])
    found = measure(scores, targets, groups, card, replicates=250).accuracy
    assert (found.low, found.high) == pytest.approx(tuple(expected), abs=1e-6)

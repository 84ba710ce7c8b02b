"""The tests of a map, on networks whose right answer is known."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from diagnosis.attribution import METHODS, AttributionMap, Target
from diagnosis.checks import Trust, Yardstick, badge_of, check, percent_beaten
from diagnosis.checks.curves import FRACTIONS, centred_order, masks_of, order_of, random_order
from diagnosis.checks.repeats import shuffled, top_modules
from diagnosis.classifier import Classifier
from diagnosis.networks import build_network
from diagnosis.study import Study
from tests.diagnosis.toys import SIDE, PooledSum, toy_card, toy_classifier

CORNER = (slice(4, 12), slice(20, 28))


class Corner(nn.Module):
    """Logits: the light of one corner, and its negative."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.AvgPool2d(4), nn.ReLU())
        self.where = nn.Parameter(torch.zeros(1, 1, SIDE // 4, SIDE // 4))
        self.where.data[..., 1:3, 5:7] = 1.0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        total = (self.features(x) * self.where).sum(dim=(1, 2, 3))
        return torch.stack([total, -total], dim=1)


@pytest.fixture
def cornered() -> tuple[Classifier, Study]:
    """A network that sums the light of one corner, and an image of noise with a bright pattern there."""
    pixels = np.random.default_rng(0).random((SIDE, SIDE, 1)) * 0.2
    pixels[CORNER] = 1
    return Classifier(toy_card(), Corner()), Study(pixels)


def a_map(cells: np.ndarray, label: str = "bright", **checks: float) -> AttributionMap:
    return AttributionMap(label, "grad-cam", cells, "logit", (SIDE, SIDE), toy_card().input, checks, {}, 0.0)


def on_corner(value: float = 1.0) -> np.ndarray:
    cells = np.zeros((8, 8))
    cells[1:3, 5:7] = value
    return cells


def finished(one: AttributionMap, yardstick: Yardstick) -> Trust:
    *_, last = check(one, yardstick)
    return last


def test_curves_are_the_logit_of_what_is_left(cornered: tuple[Classifier, Study]) -> None:
    classifier, study = cornered
    yardstick = Yardstick(classifier, study)
    curves = yardstick.curves(a_map(on_corner()), np.array([1.0, 0.0]))
    full, blank = curves.full, curves.blank
    assert full == pytest.approx(classifier.predict(study).logits[0]) and full > blank + 0.5
    # the corner is 4 of 64 parts and comes first: even the smallest deletion takes all of it, and insertion shows it
    np.testing.assert_allclose(curves.deletion, blank, atol=1e-5)
    np.testing.assert_allclose(curves.insertion, full, atol=1e-5)
    assert curves.gain == pytest.approx(full - blank, abs=1e-5)
    against = yardstick.curves(a_map(on_corner()), np.array([0.0, 1.0]))
    assert against.gain == pytest.approx(-curves.gain, abs=1e-5)


def test_the_map_of_the_truth_beats_every_random_map(cornered: tuple[Classifier, Study]) -> None:
    yardstick = Yardstick(*cornered)
    trust = finished(a_map(on_corner()), yardstick)
    assert trust.beaten == 100 and trust.references == 20
    assert trust.interval[0] == pytest.approx(50 + 50 * 0.025 ** (1 / 10), abs=0.1) and trust.interval[1] == 100
    assert trust.low.deletion[0] <= trust.high.deletion[0]


def test_the_opposite_map_beats_none(cornered: tuple[Classifier, Study]) -> None:
    yardstick = Yardstick(*cornered)
    elsewhere = np.ones((8, 8)) - on_corner()
    trust = finished(a_map(elsewhere), yardstick)
    assert trust.beaten == 0 and trust.badge == "no better than chance"
    assert "it hardly beats random maps" in trust.reasons


def test_a_reversed_random_map_needs_no_passes_of_its_own(cornered: tuple[Classifier, Study]) -> None:
    """Its deletion is the other's insertion from the other end, so that their gains are opposite."""
    order = random_order(np.random.default_rng(1), 8, 4)
    forward, backward = masks_of(order), masks_of(order[::-1])
    half = len(FRACTIONS)
    np.testing.assert_array_equal(forward[:half], backward[half:][::-1])
    np.testing.assert_array_equal(forward[half:], backward[:half][::-1])


def test_random_maps_know_nothing_of_the_middle_and_centred_ones_do() -> None:
    rng = np.random.default_rng(2)

    def share(orders: list[np.ndarray]) -> float:
        middle = np.zeros((14, 14), bool)
        middle[4:10, 4:10] = True
        return float(np.mean([middle.ravel()[order[:20]].mean() for order in orders]))

    even = 36 / 196
    assert share([random_order(rng, 14, 7) for _ in range(200)]) == pytest.approx(even, abs=0.1)
    assert share([centred_order(rng, 14) for _ in range(50)]) > 2 * even


def test_ties_are_broken_by_chance() -> None:
    orders = {tuple(order_of(np.zeros((4, 4)), np.random.default_rng(seed))) for seed in range(5)}
    assert len(orders) == 5


@pytest.mark.parametrize(("gain", "expected"), [(5.0, 100.0), (2.5, 75.0), (0.5, 50.0), (-2.5, 25.0), (-5.0, 0.0)])
def test_percent_beaten_counts_both_signs(gain: float, expected: float) -> None:
    gains = np.array([1.0, -2.0, 3.0, -4.0])
    percent, (low, high) = percent_beaten(gain, gains)
    both = np.concatenate([gains, -gains])
    assert percent == expected == 100 * np.mean(both < gain)
    assert 0 <= low <= percent <= high <= 100


def test_nothing_beats_more_than_chance_on_average() -> None:
    """Over many networks and images that have no say in it, a random map beats half of the random maps."""
    shares = []
    for seed in range(12):
        torch.manual_seed(seed)
        classifier = Classifier(toy_card(), nn.Sequential(nn.Conv2d(1, 2, 5), nn.AdaptiveAvgPool2d(1), nn.Flatten()))
        study = Study(np.random.default_rng(seed).random((SIDE, SIDE, 1)))
        yardstick = Yardstick(classifier, study, centred=0, seed=seed)
        list(yardstick.complete())
        weights = np.array([1.0, 0.0])
        one = a_map(np.random.default_rng(100 + seed).random((7, 7)))
        gains = np.array([each.gain for each in yardstick.random(weights)])
        shares.append(percent_beaten(yardstick.curves(one, weights).gain, gains)[0])
    assert 25 < np.mean(shares) < 75


def test_tests_come_cheap_first_and_end_with_a_badge(cornered: tuple[Classifier, Study]) -> None:
    classifier, study = cornered
    one = METHODS["grad-cam"].maps(classifier, study)[0]
    stages = list(check(one, Yardstick(classifier, study)))
    known = [
        [name for name in ("curves", "shuffled", "steady", "beaten", "badge") if getattr(stage, name) is not None]
        for stage in stages
    ]
    assert all(set(before) <= set(after) for before, after in itertools.pairwise(known))
    assert known[0] == ["curves"] and "badge" in known[-1] and "badge" not in known[-2]
    references = [stage.references for stage in stages]
    assert references == sorted(references) and len(set(references)) > 3


def test_a_yardstick_is_read_once_for_all_maps(cornered: tuple[Classifier, Study]) -> None:
    yardstick = Yardstick(*cornered)
    first = finished(a_map(on_corner()), yardstick)
    second = finished(a_map(on_corner(), label="dark"), yardstick)
    assert first.passes > 100 and second.passes == 2 * len(FRACTIONS)
    assert (first.beaten, second.beaten) == (100, 0)


def test_a_flat_map_is_not_tested(cornered: tuple[Classifier, Study]) -> None:
    (only,) = check(a_map(np.ones((8, 8))), Yardstick(*cornered))
    assert only.badge is None and only.curves is None


def test_shuffling_keeps_the_lower_layers_and_the_numbers() -> None:
    torch.manual_seed(0)
    card = toy_card(("a", "b", "c"), size=64).model_copy(update={"cam_layer": "layer4"})
    classifier = Classifier(card, build_network("resnet18", 1, 3))
    before, after = (dict(one.network.named_parameters()) for one in (classifier, shuffled(classifier, 0)))
    for name in before:
        top = name.startswith(("layer4", "fc"))
        if not top or before[name].unique().numel() > 10:
            assert torch.equal(before[name], after[name]) != top
        assert torch.equal(before[name].flatten().sort().values, after[name].flatten().sort().values)
    assert not any(module._forward_hooks for module in classifier.network.modules())
    assert classifier.network.fc in top_modules(classifier.network, "layer3")


def test_a_map_that_knows_no_model_is_found_out() -> None:
    """Eigen-CAM at a layer below what is shuffled is the same map whatever the top layers do."""
    study = Study(np.random.default_rng(3).random((SIDE, SIDE, 1)))
    classifier = toy_classifier(PooledSum((4.0, -3.0)))
    own = METHODS["eigen-cam"].maps(classifier, study, targets=(Target("bright"),))[0]
    trust = finished(own, Yardstick(classifier, study))
    assert trust.shuffled == pytest.approx(1) and trust.badge != "faithful here"
    assert "it hardly changes when the model is shuffled" in trust.reasons


def test_a_broken_sum_rule_is_weak() -> None:
    good = Trust("a", None, "shap", beaten=100.0, centred=100.0, shuffled=0.1, steady=0.9, gap=0.01)
    assert badge_of(good) == "faithful here" and not good.reasons
    for change, badge in (
        ({"gap": 0.9}, "weak"),
        ({"steady": 0.1}, "weak"),
        ({"shuffled": 0.9}, "weak"),
        ({"centred": 0.0}, "weak"),
        ({"beaten": 90.0}, "weak"),
        ({"beaten": 40.0}, "no better than chance"),
    ):
        spoilt = replace(good, **change)
        assert badge_of(spoilt) == badge and len(spoilt.reasons) == 1

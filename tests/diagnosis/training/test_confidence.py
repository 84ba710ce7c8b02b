"""Conformal sets cover what they promise, and tiers are as often right as they say."""

from typing import get_args

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.special import softmax
from scipy.stats import binomtest

from diagnosis.cards import Confidence, Tier
from diagnosis.intervals import FEWEST_GROUPS
from diagnosis.training.confidence import conformal_quantile, fit_confidence, wilson


def drawn(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Calibrated scores of four classes, and targets that follow them."""
    random = np.random.default_rng(seed)
    scores = softmax(2 * random.normal(size=(count, 4)), axis=1)
    return scores, (random.random((count, 1)) > scores.cumsum(1)).sum(1).clip(max=3)


def fitted(count: int, seed: int, error_rate: float = 0.1) -> Confidence:
    scores, targets = drawn(count, seed)
    return fit_confidence(scores, targets, np.arange(count), source="val", error_rate=error_rate)


@pytest.mark.parametrize("error_rate", [0.05, 0.1, 0.3])
def test_sets_cover_what_they_promise(error_rate: float) -> None:
    """On images of the same kind, whatever the 200 images were that chose the quantile."""
    scores, targets = drawn(4000, 99)
    rows = np.arange(len(targets))
    covered = [fitted(200, seed, error_rate).covers(scores)[rows, targets].mean() for seed in range(40)]
    assert np.mean(covered) == pytest.approx(1 - error_rate, abs=0.012)


def test_the_quantile_by_hand() -> None:
    misfit = np.arange(1, 20) / 20  # 19 images: the ceil(20 * 0.9) = 18th smallest
    assert conformal_quantile(misfit, 0.1) == 0.9
    assert conformal_quantile(misfit[::-1], 0.5) == 0.5
    assert conformal_quantile(misfit[:8], 0.1) == 1.0  # eight images cannot promise one error in ten
    assert conformal_quantile(np.full(50, 0.12345678), 0.1) == 0.123457  # upwards: no image loses its class


def test_without_enough_images_every_class_is_in_the_set() -> None:
    assert fitted(6, 1).covers(drawn(50, 2)[0]).all()


def test_tiers_are_as_often_right_as_they_say() -> None:
    """Measured on other images of the same kind, every interval but few has the accuracy."""
    scores, targets = drawn(20_000, 5)
    top, right = scores.max(1), scores.argmax(1) == targets
    inside = []
    for seed in range(25):
        known = fitted(400, seed)
        names = np.array([known.tier(one).name for one in top])
        inside += [tier.low <= right[names == tier.name].mean() <= tier.high for tier in known.tiers]
    assert len(inside) == 75
    assert np.mean(inside) > 0.9


def test_tiers_come_in_order_and_count_every_image() -> None:
    known = fitted(600, 3)
    assert [(tier.name, tier.at_least) for tier in known.tiers] == [("high", 0.9), ("moderate", 0.7), ("low", 0.0)]
    assert sum(tier.images for tier in known.tiers) == known.images == known.groups == 600
    high, moderate, low = (tier.accuracy or 0 for tier in known.tiers)
    assert high > moderate > low > 0
    names = [known.tier(score).name for score in (1.0, 0.9, 0.8999, 0.7, 0.6999, 0.0)]
    assert names == ["high", "high", "moderate", "moderate", "low", "low"]


def test_a_tier_that_is_wrong_too_often_loses_its_name() -> None:
    """Scores of 0.95 of which three in five are right are no reason for high confidence, nor for a moderate one."""
    right = np.arange(300) % 5 > 1
    scores = np.tile([0.95, 0.05], (300, 1))
    (only,) = fit_confidence(scores, np.where(right, 0, 1), np.arange(300), source="val").tiers
    assert (only.name, only.at_least, only.images) == ("low", 0.0, 300)
    four_in_five = np.arange(300) % 5 > 0
    moderate, low = fit_confidence(scores, np.where(four_in_five, 0, 1), np.arange(300), source="val").tiers
    assert (moderate.name, moderate.accuracy, moderate.images, low.images) == ("moderate", 0.8, 300, 0)


def test_images_of_one_group_do_not_measure_each_other() -> None:
    """Four copies of each image in a group of their own give the tiers that the images give, not surer ones."""
    scores, targets = drawn(150, 8)
    once = fit_confidence(scores, targets, np.arange(150), source="val").tiers
    copies = fit_confidence(
        np.repeat(scores, 4, 0), np.repeat(targets, 4), np.repeat(np.arange(150), 4), source="folds"
    ).tiers
    for one, four in zip(once, copies, strict=True):
        assert four.name == one.name
        assert four.high - four.low == pytest.approx(one.high - one.low, rel=0.35)


def test_a_model_that_makes_no_mistake_has_no_image_in_its_low_tier() -> None:
    targets = np.arange(60) % 3
    scores = np.where(np.eye(3)[targets] > 0, 0.9, 0.05)
    high, moderate, low = fit_confidence(scores, targets, np.arange(60), source="val").tiers
    assert (high.name, high.at_least, high.accuracy, high.high, high.images) == ("high", 0.9, 1.0, 1.0, 60)
    assert moderate.images == 0
    assert (low.name, low.at_least, low.accuracy, low.low, low.high, low.images) == ("low", 0.0, None, None, None, 0)


def test_fewer_than_five_groups_give_no_interval() -> None:
    """One slide gave "right for 97.1 % (95 % interval 19.5 to 100.0)"."""
    scores, targets = drawn(200, 4)
    for groups in (1, FEWEST_GROUPS - 1, FEWEST_GROUPS):
        known = fit_confidence(scores, targets, np.arange(200) % groups, source="val")
        assert [tier.groups for tier in known.tiers] == [groups] * len(known.tiers)
        assert all((tier.low is None, tier.high is None) == (groups < FEWEST_GROUPS,) * 2 for tier in known.tiers)


def test_a_tier_has_the_groups_of_its_own_images() -> None:
    scores, targets = drawn(200, 4)
    sure = scores.max(1).round(6) >= 0.9
    high, *others = fit_confidence(scores, targets, np.where(sure, 0, np.arange(200)), source="val").tiers
    assert (high.groups, high.low) == (1, None) and all(one.low is not None for one in others if one.images >= 5)


@pytest.mark.parametrize(("hits", "count"), [(0, 12), (9, 12), (12, 12), (180, 200)])
def test_wilson_is_scipys_for_images_without_groups(hits: int, count: int) -> None:
    right = np.arange(count) < hits
    expected = binomtest(hits, count).proportion_ci(method="wilson")
    assert wilson(right, np.arange(count)) == pytest.approx((expected.low, expected.high), abs=1e-4)


def test_an_interval_is_as_wide_as_groups_vary() -> None:
    right = np.repeat(np.arange(40) % 4 > 0, 25)
    low, high = wilson(right, np.arange(1000))
    low_of_groups, high_of_groups = wilson(right, np.repeat(np.arange(40), 25))
    alone = binomtest(30, 40).proportion_ci(method="wilson")
    assert high - low < 0.06
    assert (low_of_groups, high_of_groups) == pytest.approx((alone.low, alone.high), abs=0.01)
    assert wilson(np.empty(0, dtype=bool), np.empty(0)) == (0.0, 1.0)


def test_no_tier_speaks_of_a_use() -> None:
    """A tier says how sure the model is; whether that is enough for anything is nobody's to say."""
    assert get_args(Tier.model_fields["name"].annotation) == ("high", "moderate", "low")
    with pytest.raises(ValidationError, match="'high', 'moderate' or 'low'"):
        Tier.model_validate({"name": "suitable for screening", "at_least": 0.9, "low": 0, "high": 1, "images": 3})


@pytest.mark.parametrize("bounds", [(0.5, 0.9, 0.0), (0.9, 0.5), (0.9, 0.9, 0.0)])
def test_tiers_that_leave_a_gap_are_refused(bounds: tuple[float, ...]) -> None:
    tiers = [{"name": "high", "at_least": bound, "low": 0, "high": 1, "images": 1} for bound in bounds]
    with pytest.raises(ValidationError, match="from the highest score to the lowest"):
        Confidence.model_validate(
            {"source": "val", "images": 9, "groups": 9, "error_rate": 0.1, "quantile": 0.5, "tiers": tiers}
        )

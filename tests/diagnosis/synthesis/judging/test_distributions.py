"""Distances of distributions: none of a set to itself, none on average of two draws, more for a planted shift."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from diagnosis.synthesis.judging.distributions import FEWEST, distances, frechet_distance, kernel_distance

WIDTH = 12


def drawn(seed: int, count: int = 200, shift: float = 0, scale: float = 1) -> np.ndarray:
    mixed = np.random.default_rng(9).standard_normal((WIDTH, WIDTH))
    return scale * np.random.default_rng(seed).standard_normal((count, WIDTH)) @ mixed / 3 + shift


def test_a_set_has_no_frechet_distance_to_itself() -> None:
    for count in (5, 200):  # fewer and more than there are features
        own = drawn(1, count)
        assert frechet_distance(own, own) == pytest.approx(0, abs=1e-9)


def test_the_frechet_distance_is_that_of_its_formula() -> None:
    first, second = drawn(1), drawn(2, 150, shift=0.3, scale=1.4)
    s, t = np.cov(first.T), np.cov(second.T)
    expected = ((first.mean(0) - second.mean(0)) ** 2).sum() + np.trace(s + t - 2 * sqrtm(s @ t).real)
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-6)


def test_the_kernel_distance_of_two_draws_is_none_on_average() -> None:
    found = np.array([kernel_distance(drawn(seed, 60), drawn(1000 + seed, 60)) for seed in range(200)])
    assert (found < 0).any() and (found > 0).any()
    assert abs(found.mean()) < 3 * found.std() / np.sqrt(len(found))
    biased = np.array([_with_diagonal(drawn(seed, 60), drawn(1000 + seed, 60)) for seed in range(200)])
    assert biased.mean() > 3 * biased.std() / np.sqrt(len(biased))


def _with_diagonal(first: np.ndarray, second: np.ndarray) -> float:
    one, other, both = ((a @ b.T / WIDTH + 1) ** 3 for a, b in ((first, first), (second, second), (first, second)))
    return float(one.mean() + other.mean() - 2 * both.mean())


@pytest.mark.parametrize("of", [frechet_distance, kernel_distance])
@pytest.mark.parametrize("planted", ["shift", "scale"])
def test_a_planted_difference_tells(of: object, planted: str) -> None:
    sizes = (0.0, 0.3, 0.6, 1.2) if planted == "shift" else (1.0, 1.3, 1.8, 2.5)
    found = [of(drawn(1), drawn(2, **{planted: size})) for size in sizes]  # type: ignore[operator]
    assert found == sorted(found) and found[-1] > 5 * abs(found[0])


def test_all_pairs_are_measured_on_as_many_images() -> None:
    train, test, made = [drawn(1, 90)], [drawn(2, 40)], [drawn(3, 70, shift=1)]
    found = distances((made, train), (made, test), (train, test))
    assert found is not None
    near, far = found[2], found[0]
    assert {one.images for one in found} == {20}
    assert near.kernel.low < 0 < near.kernel.high < far.kernel.low
    assert near.frechet.low <= near.frechet.value <= near.frechet.high < far.frechet.low
    assert distances((made, train), (made, test), (train, test)) == found
    assert distances(([made[0][: FEWEST - 1]], train)) is None


def test_another_mix_of_the_same_classes_is_no_distance() -> None:
    sides = [[drawn(seed, few), drawn(seed + 1, many, shift=2)] for seed, few, many in ((1, 20, 90), (3, 90, 20))]
    mixed = distances((sides[0], sides[1]))
    pooled = distances(*([([np.concatenate(sides[0])], [np.concatenate(sides[1])])]))
    assert mixed is not None and pooled is not None and mixed[0].images == 20
    assert mixed[0].kernel.low < 0 < mixed[0].kernel.high and pooled[0].kernel.low > 0
    assert distances((sides[0], [sides[1][0][:9], sides[1][1]])) is None

"""Shares, areas and tops of maps whose mass is known."""

import numpy as np
import pytest

from diagnosis.attribution import AttributionMap
from diagnosis.places import PLACES, half_weight_area, shares, top_tenth
from tests.diagnosis.toys import toy_card


def a_map(cells: np.ndarray, resize: str = "squash", size: tuple[int, int] = (240, 240)) -> AttributionMap:
    return AttributionMap("bright", "grad-cam", cells, "logit", size, toy_card(resize=resize).input, {}, {}, 0.0)


def corner() -> np.ndarray:
    cells = np.zeros((24, 24))
    cells[:8, 16:] = 1
    return cells


@pytest.mark.parametrize("kind", PLACES)
def test_places_cover_the_image_once(kind: str) -> None:
    grid = np.arange(240 * 240).reshape(240, 240)
    covered = np.concatenate([place.of(grid).ravel() for place in PLACES[kind]])
    assert sorted(covered) == list(range(240 * 240))


def test_shares_follow_the_mass() -> None:
    assert shares(a_map(corner()), "quadrants")["upper right quarter"] == pytest.approx(100, abs=0.5)
    assert shares(a_map(corner()), "sixths")["upper third on the right"] == pytest.approx(100, abs=3)
    assert sum(shares(a_map(corner() + 0.5), "sixths").values()) == pytest.approx(100)


def test_what_speaks_against_the_class_has_no_share() -> None:
    cells = corner()
    cells[16:, :8] = -5
    assert shares(a_map(cells), "quadrants")["lower left quarter"] == 0


def test_a_flat_map_has_no_shares_and_no_top() -> None:
    flat = a_map(np.full((24, 24), 3.0))
    assert shares(flat, "quadrants") == {}
    assert not top_tenth(flat).any()
    assert half_weight_area(flat) == pytest.approx(50, abs=0.1)


def test_half_weight_area_of_a_known_map() -> None:
    cells = np.zeros((240, 240))
    cells[:24] = 1  # a tenth of the image, evenly
    assert half_weight_area(a_map(cells)) == pytest.approx(5, abs=0.1)


def test_top_tenth_is_a_tenth_of_what_was_seen() -> None:
    ramp = np.tile(np.linspace(0, 1, 240), (240, 1))
    assert top_tenth(a_map(ramp)).mean() == pytest.approx(0.1, abs=0.005)
    cropped = a_map(ramp, resize="crop", size=(240, 480))
    assert top_tenth(cropped, (240, 480)).mean() == pytest.approx(0.05, abs=0.005)


def test_a_plateau_wider_than_a_tenth_is_its_own_top() -> None:
    cells = np.zeros((24, 24))
    cells[:12, :6] = 1
    one = a_map(cells)
    assert top_tenth(one)[:100, :50].all() and not top_tenth(one)[140:].any()


def test_what_was_cropped_away_has_no_share() -> None:
    """A wide study: the network saw its middle, whatever grid the map is measured on."""
    weight = a_map(np.tile(np.linspace(0.5, 1, 24), (24, 1)), resize="crop", size=(100, 400))
    assert np.isnan(weight.at((240, 240))[:, :88]).all() and np.isnan(weight.at((240, 240))[:, 152:]).all()
    assert np.isfinite(weight.at((240, 240))[:, 92:148]).all()
    assert not top_tenth(weight)[:, :88].any()


def test_weight_in_the_padding_is_not_the_images() -> None:
    cells = np.zeros((24, 24))
    cells[:6] = 1  # above a wide study that is padded to a square
    assert shares(a_map(cells, resize="pad", size=(100, 400)), "quadrants") == {}

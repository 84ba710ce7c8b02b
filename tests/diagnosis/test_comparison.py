"""Maps beside each other, on grids whose order is known."""

import numpy as np
import pytest

from diagnosis.attribution import AttributionMap
from diagnosis.comparison import FINEST, compare, place_ranks
from tests.diagnosis.toys import toy_card

SIZE = (56, 84)


def a_map(method: str, cells: np.ndarray) -> AttributionMap:
    return AttributionMap("bright", method, cells, "logit", SIZE, toy_card().input, {}, {}, 0.0)


RAMP = np.linspace(0, 1, 64).reshape(8, 8)


def test_a_map_agrees_with_itself_in_another_unit() -> None:
    compared = compare([a_map("grad-cam", RAMP), a_map("shap", 1000 * RAMP), a_map("saliency", RAMP**2)])
    assert compared.methods == ("grad-cam", "shap", "saliency")
    np.testing.assert_allclose(compared.ranks, 1, atol=1e-6)
    assert compared.mean_rank == pytest.approx(1)
    assert compared.overlaps[0, 1] > 99
    assert np.nanmax(compared.disagreement) < 0.02
    np.testing.assert_allclose(compared.consensus, place_ranks(a_map("grad-cam", RAMP)), atol=0.02)


def test_opposite_maps_disagree_most_where_they_are_surest() -> None:
    compared = compare([a_map("grad-cam", RAMP), a_map("shap", RAMP[::-1, ::-1].copy())])
    assert compared.mean_rank == pytest.approx(-1) and compared.mean_overlap == 0
    assert compared.furthest == ("grad-cam", "shap", 0.0)
    corner, middle = compared.disagreement[0, 0], compared.disagreement[FINEST // 2, FINEST // 2]
    assert corner == pytest.approx(0.5, abs=0.02) and corner > 5 * middle
    np.testing.assert_allclose(compared.consensus, 0.5, atol=0.05)


def test_the_odd_one_out_is_named() -> None:
    spot = np.zeros((8, 8))
    spot[6, 1] = 1
    compared = compare([a_map("grad-cam", RAMP**4), a_map("shap", RAMP**3), a_map("occlusion", spot)])
    first, second, shared = compared.furthest
    assert "occlusion" in (first, second) and shared < 20


def test_flat_maps_take_no_part() -> None:
    flat = a_map("occlusion", np.ones((8, 8)))
    assert compare([a_map("grad-cam", RAMP), flat]) is None
    compared = compare([a_map("grad-cam", RAMP), flat, a_map("shap", RAMP)])
    assert compared.methods == ("grad-cam", "shap")


def test_ranks_go_from_nought_to_one_and_ties_are_alike() -> None:
    ranks = place_ranks(a_map("grad-cam", RAMP - 0.5))
    assert ranks.shape == (FINEST, FINEST) and ranks.max() > 0.99
    lower = ranks[: FINEST // 2 - 2]  # all below 0: nothing speaks for the class there
    assert np.ptp(lower) == 0

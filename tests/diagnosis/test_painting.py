"""Strokes from a browser → the region that they cover."""

from typing import Any

import numpy as np
import pytest

from diagnosis.errors import BadRequest
from diagnosis.painting import MOST_POINTS, middle_of, painted, strokes_of

SIZE = (200, 100)


def region(*strokes: dict[str, Any], size: tuple[int, int] = SIZE) -> np.ndarray:
    return painted(size, strokes_of(list(strokes)))


def dab(row: float, column: float, radius: float) -> dict[str, Any]:
    return {"tool": "brush", "points": [[row, column]], "radius": radius}


def test_a_dab_is_a_disc_about_its_place_in_parts_of_the_longer_side() -> None:
    mask = region(dab(0.25, 0.5, 0.1))
    rows, columns = np.indices(SIZE)
    away = np.hypot(rows + 0.5 - 50, columns + 0.5 - 50)
    assert mask[away < 19].all() and not mask[away > 21.5].any()
    assert mask.sum() == pytest.approx(np.pi * 20**2, rel=0.06)
    assert middle_of(mask) == pytest.approx((0.25, 0.5), abs=0.01)


def test_a_stroke_covers_the_way_between_its_points() -> None:
    mask = region({"tool": "brush", "points": [[0.2, 0.2], [0.2, 0.8], [0.8, 0.8]], "radius": 0.02})
    assert mask[40, 20:80].all() and mask[40:160, 80].all() and not mask[100, 20:60].any()
    assert mask.sum() == pytest.approx(8 * (60 + 120), rel=0.2)


def test_a_box_is_the_same_from_whichever_corner_it_is_drawn() -> None:
    box = {"tool": "box", "points": [[0.1, 0.2], [0.3, 0.7]]}
    mask = region(box)
    assert mask[20:60, 20:70].all() and mask.sum() == 40 * 50
    assert np.array_equal(mask, region({**box, "points": box["points"][::-1]}))


def test_strokes_add_up_and_may_leave_the_image() -> None:
    left, right = dab(0.5, 0.0, 0.05), {"tool": "box", "points": [[0.9, 0.9], [1.4, 1.2]]}
    both = region(left, right)
    assert np.array_equal(both, region(left) | region(right))
    assert both[180:, 90:].all() and region(right).sum() == 20 * 10


def test_a_brush_covers_the_same_part_of_a_large_image() -> None:
    small, large = region(dab(0.4, 0.6, 0.07)), region(dab(0.4, 0.6, 0.07), size=(2000, 1000))
    assert large.mean() == pytest.approx(small.mean(), rel=0.08)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([], "Nothing is painted"),
        (None, "cannot be read"),
        ("brush", "cannot be read"),
        ([{"tool": "lasso", "points": [[0, 0]]}], "0.tool"),
        ([{"tool": "brush", "points": []}], "0.points"),
        ([{"tool": "brush", "points": [[0.5]]}], "0.points"),
        ([{"tool": "brush", "points": [[0.5, float("nan")]]}], "0.points"),
        ([{"tool": "brush", "points": [[0.5, 9e9]]}], "0.points"),
        ([dab(0.5, 0.5, 3.0)], "0.radius"),
        ([{**dab(0.5, 0.5, 0.1), "path": "/etc/passwd"}], "0.path"),
        ([{"tool": "brush", "points": [[0.5, 0.5]] * (MOST_POINTS // 2 + 1), "radius": 0.1}] * 2, "points are painted"),
    ],
)
def test_what_are_no_strokes_is_refused(data: Any, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        strokes_of(data)


def test_what_lies_beside_the_image_is_no_region() -> None:
    with pytest.raises(BadRequest, match="beside the image"):
        middle_of(region(dab(1.8, 0.5, 0.05)))

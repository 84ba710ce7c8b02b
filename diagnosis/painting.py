"""What was painted on an image, as strokes → the region that it covers.

Strokes come from a browser as fractions of the image's height and width, so that no picture travels and the region
lies on the study's own grid.
"""

from itertools import pairwise
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from diagnosis.errors import BadRequest

Fraction = Annotated[float, Field(ge=-1, le=2, allow_inf_nan=False)]  # a stroke may leave the image and come back
MOST_POINTS = 20_000  # of all strokes together
FINER = 4  # binary digits by which a stroke is placed more finely than a pixel


class Stroke(BaseModel):
    """One stroke.

    Attributes:
        tool: ``brush`` paints along the points; ``box`` fills the rectangle between the first and the last.
        points: (row, column) pairs, fractions of height and width from the top left corner.
        radius: of the brush, as a fraction of the image's longer side.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tool: Literal["brush", "box"]
    points: tuple[tuple[Fraction, Fraction], ...] = Field(min_length=1, max_length=MOST_POINTS)
    radius: float = Field(default=0.0, ge=0, le=0.5, allow_inf_nan=False)


_STROKES = TypeAdapter(tuple[Stroke, ...])


def strokes_of(data: Any) -> tuple[Stroke, ...]:
    """Strokes as a browser sends them. Raises BadRequest for what is none, or too much."""
    try:
        strokes = _STROKES.validate_python(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(one) for one in first["loc"]) or "the whole"
        raise BadRequest(
            f"What was painted cannot be read: {where}: {first['msg']}.", "Clear it and paint again."
        ) from None
    points = sum(len(one.points) for one in strokes)
    if not 0 < points <= MOST_POINTS:
        problem = f"{points} points are painted, more than {MOST_POINTS}." if points else "Nothing is painted."
        raise BadRequest(problem, "Paint on the large picture." if not points else "Clear it and paint with fewer.")
    return strokes


def painted(size: tuple[int, int], strokes: tuple[Stroke, ...]) -> np.ndarray:
    """bool (H, W): what the strokes cover."""
    mask = np.zeros(size, np.uint8)
    for stroke in strokes:
        corners = _pixels(stroke, size)
        if stroke.tool == "box":
            low, high = corners[[0, -1]].min(axis=0), corners[[0, -1]].max(axis=0)
            top, left = np.clip(np.floor(low + 0.5), 0, size).astype(int)
            bottom, right = np.clip(np.floor(high + 0.5), 0, size).astype(int)
            mask[top:bottom, left:right] = 1
        else:
            _brush(mask, corners, stroke.radius * max(size))
    return mask.astype(bool)


def middle_of(region: np.ndarray) -> tuple[float, float]:
    """(row, column) of a region's centre of mass, as fractions. Raises BadRequest for an empty region."""
    rows, columns = np.nonzero(region)
    if not rows.size:
        raise BadRequest("What was painted lies beside the image.", "Paint on the large picture.")
    return float((rows.mean() + 0.5) / region.shape[0]), float((columns.mean() + 0.5) / region.shape[1])


def _pixels(stroke: Stroke, size: tuple[int, int]) -> np.ndarray:
    """float64 (N, 2): rows and columns in pixels."""
    return np.array(stroke.points, dtype=np.float64) * size


def _brush(mask: np.ndarray, points: np.ndarray, radius: float) -> None:
    """Draw a round brush along points, in place."""
    placed = np.round((points[:, ::-1] - 0.5) * 2**FINER).astype(np.int32)
    for start, end in pairwise(placed):
        cv2.line(mask, start.tolist(), end.tolist(), 1, max(1, round(2 * radius)), cv2.LINE_8, FINER)
    for point in placed:
        cv2.circle(mask, point.tolist(), round(radius * 2**FINER), 1, cv2.FILLED, cv2.LINE_8, FINER)

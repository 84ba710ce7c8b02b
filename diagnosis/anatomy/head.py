"""A head slice: where the head is, its line of symmetry, and the plane of the slice where that can be told."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from scipy import ndimage

from diagnosis.anatomy.body import closed

Plane = Literal["axial", "coronal", "sagittal"]
WORKING = 128  # pixels of the longer side at which symmetry is looked for
TILTS = tuple(range(-20, 21, 4))  # degrees by which a head may lean


@dataclass(frozen=True, eq=False)
class Head:
    """A head slice, measured.

    Attributes:
        mask: bool (H, W), the head with everything inside its outline.
        tilt: degrees by which the line of symmetry leans; positive leans its upper end to the image's right.
        centre: (row, column) that the line runs through.
        symmetry: correlation of one half with the mirrored other, −1..1.
        tall: height over breadth of the mask after the tilt is taken out.
        oval: overlap (intersection over union) of the mask with the ellipse of the same area, axes and centre, 0..1.
    """

    mask: np.ndarray
    tilt: float
    centre: tuple[float, float]
    symmetry: float
    tall: float
    oval: float

    @property
    def left_half(self) -> np.ndarray:
        """bool (H, W): what lies on the image's left of the line of symmetry, over the whole image."""
        row, column = np.ogrid[: self.mask.shape[0], : self.mask.shape[1]]
        lean = np.tan(np.radians(self.tilt))
        return column < self.centre[1] - (row - self.centre[0]) * lean


def measure_head(grey: np.ndarray) -> Head | None:
    """The head on a slice with grey values 0..1 before a dark ground, or None where there is nothing bright enough."""
    mask = head_mask(grey)
    if mask is None:
        return None
    factor = WORKING / max(grey.shape)
    size = tuple(max(8, round(side * factor)) for side in grey.shape)
    small = cv2.resize(grey.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA)
    inside = cv2.resize(mask.astype(np.uint8), size[::-1], interpolation=cv2.INTER_NEAREST)
    centre = ndimage.center_of_mass(inside)
    tilt, symmetry, shift = max((_mirrored(small, inside, centre, tilt) for tilt in TILTS), key=lambda one: one[1])
    upright = _turned(inside.astype(np.float32), centre, tilt) > 0.5
    rows, columns = (np.flatnonzero(upright.any(axis=axis)) for axis in (1, 0))
    whole = tuple((value + 0.5) / factor - 0.5 for value in (centre[0], centre[1] + shift))
    return Head(
        mask,
        float(tilt),
        (float(whole[0]), float(whole[1])),
        symmetry,
        (np.ptp(rows) + 1) / (np.ptp(columns) + 1),
        _oval(inside > 0),
    )


def head_mask(grey: np.ndarray) -> np.ndarray | None:
    """bool (H, W): the largest bright thing, filled; None where it takes less than a twentieth of the image."""
    smooth = ndimage.gaussian_filter(grey, max(grey.shape) / 120)
    ground = float(np.quantile(smooth, 0.02))
    bright = smooth > ground + 0.06
    pieces, count = ndimage.label(ndimage.binary_opening(bright, iterations=2))
    if not count:
        return None
    areas = np.bincount(pieces.ravel())
    areas[0] = 0
    mask = ndimage.binary_fill_holes(closed(pieces == areas.argmax(), 3))
    return mask if mask.mean() >= 0.05 else None


def _oval(mask: np.ndarray) -> float:
    row, column = np.nonzero(mask)
    points = np.stack([row, column]).astype(float)
    centre = points.mean(axis=1)
    spread = np.linalg.inv(np.cov(points) + 1e-6 * np.eye(2))
    away = np.indices(mask.shape).astype(float) - centre[:, None, None]
    ellipse = np.einsum("irc,ij,jrc->rc", away, spread, away) <= 4  # a full ellipse reaches two spreads along each axis
    return float((mask & ellipse).sum() / (mask | ellipse).sum())


def _mirrored(
    grey: np.ndarray, inside: np.ndarray, centre: tuple[float, float], tilt: float
) -> tuple[float, float, int]:
    """(tilt, best correlation of the upright head with its mirror image, shift of the line from the centre)."""
    upright = _turned(grey * inside, centre, tilt)
    best, at = -1.0, 0
    middle = centre[1]
    for shift in range(-4, 5):
        line = round(middle + shift)
        reach = min(line, upright.shape[1] - line)
        if reach < 8:
            continue
        left, right = upright[:, line - reach : line][:, ::-1], upright[:, line : line + reach]
        shown = (left > 0) | (right > 0)
        if shown.sum() < 64 or np.ptp(left[shown]) == 0 or np.ptp(right[shown]) == 0:
            continue
        score = float(np.corrcoef(left[shown], right[shown])[0, 1])
        if score > best:
            best, at = score, shift
    return tilt, best, at


def _turned(image: np.ndarray, centre: tuple[float, float], tilt: float) -> np.ndarray:
    """The image turned so that a line that leans by ``tilt`` degrees stands upright."""
    turn = cv2.getRotationMatrix2D((centre[1], centre[0]), tilt, 1.0)
    return cv2.warpAffine(image.astype(np.float32), turn, image.shape[::-1], flags=cv2.INTER_LINEAR)

"""What was printed or laid on a film: letters, side markers, arrows, pen marks. Found by shape, not learned."""

import cv2
import numpy as np
from scipy import ndimage

WORKING = 480  # pixels of the longer side at which shapes are looked for
STROKE = 11  # pixels: wider than the strokes of letters at that size, narrower than bones
CONTRAST = 0.25  # grey by which a stroke stands out from what lies around it
WHITE, BLACK = 0.45, 0.88  # least brightness of a white stroke, and least darkness of a black one
STEEP = 0.10  # grey a pixel, at the steepest place of a stroke's outline
GAP = 5  # pixels between letters that belong together
LEAST = 10  # pixels of strokes in a mark
LONGEST, TALLEST = 0.45, 0.16  # of the longer side: the longest and the least extent of a mark
DEEP = 0.02  # of the longer side: how far inside the lungs marks are still looked for


def markers_of(grey: np.ndarray, lungs: np.ndarray | None = None) -> np.ndarray:
    """bool (H, W): printed or laid-on marks on a film with grey values 0..1, each with a narrow rim.

    Bright strokes are looked for everywhere but deep inside ``lungs`` (bool), where vessels and ribs are as narrow;
    there only strokes of full white count. Black strokes are looked for outside the lungs.
    """
    factor = WORKING / max(grey.shape)
    size = tuple(max(1, round(side * factor)) for side in grey.shape)
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    small = cv2.resize(grey.astype(np.float32), size[::-1], interpolation=way)
    bright, black = _strokes(small, WHITE), _strokes(1 - small, BLACK)
    if lungs is not None:
        inside = cv2.resize(lungs.astype(np.uint8), size[::-1], interpolation=cv2.INTER_NEAREST) > 0
        margin = round(DEEP * WORKING)
        bright &= ~ndimage.binary_erosion(inside, iterations=margin) | (small > 0.97)
        black &= ~ndimage.binary_dilation(inside, iterations=margin)
    steepness = _steepness(small)
    marks = _marks(bright, steepness) | _marks(black, steepness)
    return cv2.resize(marks.astype(np.uint8), grey.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0


def _strokes(grey: np.ndarray, least: float) -> np.ndarray:
    """bool (h, w): what an opening with a disc takes away, where it stands out and is ``least`` bright."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (STROKE, STROKE))
    raised = cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, disc)
    return (raised > CONTRAST) & (grey > least)


def _steepness(grey: np.ndarray) -> np.ndarray:
    """float32 (h, w): largest change of grey from one pixel to the next in the neighbourhood."""
    slope = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)) / 8
    return cv2.dilate(slope, np.ones((3, 3)))


def _marks(strokes: np.ndarray, steepness: np.ndarray) -> np.ndarray:
    """Strokes near each other, taken together where they have a mark's size and edges; with a rim around them."""
    near = cv2.dilate(strokes.astype(np.uint8), np.ones((GAP, GAP)))
    groups, _ = ndimage.label(near)
    kept = np.zeros_like(strokes)
    side = max(strokes.shape)
    for number, box in enumerate(ndimage.find_objects(groups), 1):
        own = (groups[box] == number) & strokes[box]
        extents = sorted(length / side for length in own.shape)
        steep = float(np.quantile(steepness[box][own], 0.75)) if own.any() else 0.0
        if own.sum() >= LEAST and extents[0] <= TALLEST and extents[1] <= LONGEST and steep >= STEEP:
            kept[box] |= own
    return cv2.dilate(kept.astype(np.uint8), np.ones((GAP, GAP))) > 0

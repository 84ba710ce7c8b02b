"""The zones of a frontal chest film, from its two lungs."""

from itertools import pairwise

import numpy as np
from scipy import ndimage

from diagnosis.anatomy.body import body_of
from diagnosis.anatomy.markers import markers_of
from diagnosis.anatomy.plausible import doubts_of, extent
from diagnosis.anatomy.zones import Zone, Zones
from diagnosis.study import Study

SIDES = ("right", "left")
LEVELS = ("upper", "middle", "lower")
LATERAL = frozenset({"LL", "RL", "LATERAL"})
ANGLE = 0.22  # height of a costophrenic angle as a share of its lung's
HEART_WIDTH = (0.17, 0.30)  # from the midline to the patient's right and left, as shares of the chest's breadth
HEART_HEIGHT = 0.55  # from its base upwards, as a share of the height from there to the lungs' tips

MEDIASTINUM = "mediastinum"
HEART = "heart"
WALL = "body outside the lungs"
OUTSIDE = "area outside the body"
PRINTED = "letters and markers"


def chest_film_zones(study: Study, lungs: np.ndarray, found: str, threshold: float = 0.5) -> Zones:
    """Zones of a film whose lungs are known.

    The patient faces the reader: the patient's right lies on the image's left. Each lung is cut by its height into
    thirds. Heart and angles follow from the lungs' outline, not from what the film shows there.

    Args:
        lungs: (2, H, W), the patient's right and left: probabilities, or bool where they are known.
        found: what found them.
        threshold: probability from which a pixel counts as lung.
    """
    grey = study.pixels.mean(axis=2)
    doubts = list(doubts_of(lungs, threshold))
    lungs = largest_pieces(lungs > threshold)
    if (study.view or "").upper() in LATERAL:
        doubts.append(f"the film is a lateral one ({study.view})")
    both = lungs[0] | lungs[1]
    printed = markers_of(grey, both)
    outside = ~body_of(grey, both) & ~printed
    zones = [Zone(PRINTED, printed, "sharp, evenly bright shapes", off=True)]
    zones.append(Zone(OUTSIDE, outside, "dark or even from the edge inwards", off=True))
    free = ~(printed | outside)
    lungs = np.stack([lungs[0], lungs[1] & ~lungs[0]]) & free
    if any(not lung.any() for lung in lungs):
        zones.append(Zone(WALL, free, "what remains"))
        return Zones("chest-film", tuple(zones), tuple(doubts) or ("a lung lies off the body",))
    middle = between(lungs) & free
    for side, lung in zip(SIDES, lungs, strict=True):
        zones += [
            Zone(f"patient's {side} {level} zone", third, f"{found}, a third of the lung's height", organ=True)
            for level, third in zip(LEVELS, thirds(lung), strict=True)
        ]
    zones.append(Zone(MEDIASTINUM, middle, "between the lungs", organ=True))
    zones.append(Zone(WALL, free & ~middle & ~lungs.any(axis=0), "what remains"))
    zones.append(Zone(HEART, heart(lungs) & free, "proportions of the two lungs", part=False))
    zones += [
        Zone(
            f"patient's {side} costophrenic angle", angle(lung, side) & free, "lower outer end of the lung", part=False
        )
        for side, lung in zip(SIDES, lungs, strict=True)
    ]
    return Zones("chest-film", tuple(zones), tuple(doubts))


def largest_pieces(lungs: np.ndarray, least: float = 0.3) -> np.ndarray:
    """Each lung of bool (2, H, W) without pieces smaller than ``least`` of its largest, and without holes."""
    kept = np.zeros_like(lungs)
    for lung, clean in zip(lungs, kept, strict=True):
        pieces, count = ndimage.label(lung)
        if count:
            areas = np.bincount(pieces.ravel())
            areas[0] = 0
            clean |= ndimage.binary_fill_holes(np.isin(pieces, np.flatnonzero(areas >= least * areas.max())))
    return kept


def thirds(lung: np.ndarray) -> tuple[np.ndarray, ...]:
    """The upper, middle and lower third of the height of a bool (H, W) lung."""
    rows = np.flatnonzero(lung.any(axis=1))
    edges = np.linspace(rows[0], rows[-1] + 1, len(LEVELS) + 1).round().astype(int)
    row = np.arange(lung.shape[0])[:, None]
    return tuple(lung & (row >= top) & (row < bottom) for top, bottom in pairwise(edges))


def between(lungs: np.ndarray) -> np.ndarray:
    """bool (H, W): what lies between the inner edges of two lungs, from their tips down to the :func:`base`."""
    height, width = lungs.shape[1:]
    row = np.arange(np.flatnonzero(lungs.any(axis=(0, 2)))[0], base(lungs) + 1)
    edges = []
    for lung, inner in ((lungs[0][:, ::-1], True), (lungs[1], False)):
        own = np.flatnonzero(lung.any(axis=1))
        first = lung[own].argmax(axis=1)
        edges.append(np.interp(row, own, width - 1 - first if inner else first))
    column = np.arange(width)[None, :]
    inside = np.zeros((height, width), dtype=bool)
    inside[row] = (column > edges[0][:, None]) & (column < edges[1][:, None])
    return inside & ~lungs.any(axis=0)


def base(lungs: np.ndarray) -> int:
    """The row at which the middle of the chest ends: midway between the lowest rows of the lungs' inner halves."""
    lowest = []
    for lung, inner in zip(lungs, (slice(1, None), slice(None, 1)), strict=True):
        columns = np.flatnonzero(lung.any(axis=0))
        half = np.array_split(columns, 2)[inner][0]
        lowest.append(np.flatnonzero(lung[:, half].any(axis=1))[-1])
    return int(np.mean(lowest))


def heart(lungs: np.ndarray) -> np.ndarray:
    """bool (H, W): an ellipse where the lungs' proportions put the heart, two thirds of it left of the midline."""
    height, width = lungs.shape[1:]
    rows, columns = (np.flatnonzero(lungs.any(axis=axes)) for axes in ((0, 2), (0, 1)))
    gap = between(lungs)
    filled = np.flatnonzero(gap.any(axis=1))
    spine = np.median([np.flatnonzero(gap[row]).mean() for row in filled]) if filled.size else columns.mean()
    breadth, bottom = np.ptp(columns) + 1, base(lungs)
    left, right = spine - HEART_WIDTH[0] * breadth, spine + HEART_WIDTH[1] * breadth
    top = bottom - HEART_HEIGHT * (bottom - rows[0])
    row, column = np.ogrid[:height, :width]
    across = (column - (left + right) / 2) / ((right - left) / 2)
    return across**2 + ((row - (top + bottom) / 2) / ((bottom - top) / 2)) ** 2 <= 1


def angle(lung: np.ndarray, side: str) -> np.ndarray:
    """bool (H, W): the lower outer end of a lung, the deepest part of its outer half."""
    columns = np.flatnonzero(lung.any(axis=0))
    middle = (columns[0] + columns[-1] + 1) // 2
    outer = np.zeros_like(lung)
    half = slice(None, middle) if side == "right" else slice(middle, None)
    outer[:, half] = lung[:, half]
    deepest = np.flatnonzero(outer.any(axis=1))[-1]
    tall, _ = extent(lung)
    outer[: int(deepest - ANGLE * tall) + 1] = False
    return outer

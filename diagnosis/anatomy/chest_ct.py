"""The zones of a chest CT slice: body, lungs and what lies between them, by brightness and geometry."""

import numpy as np
from scipy import ndimage
from skimage.filters import threshold_otsu

from diagnosis.anatomy.body import border_of, closed
from diagnosis.anatomy.chest_film import between
from diagnosis.anatomy.markers import markers_of
from diagnosis.anatomy.zones import Zone, Zones
from diagnosis.study import Study

LUNG_LEAST = 0.012  # share of the image that one lung takes at least
BODY_LEAST = 0.15
MOST = 0.75  # share of the body that both lungs take at most

OUTSIDE = "area outside the body"
PRINTED = "letters and markers"
WALL = "chest wall"
MEDIASTINUM = "mediastinum with the spine"


def chest_ct_zones(study: Study) -> Zones:
    """Zones of an axial slice through the chest, seen from the feet: the patient's right lies on the image's left."""
    grey = study.pixels.mean(axis=2)
    body = slice_body(grey)
    printed = markers_of(grey) & ~body
    outside = ~body & ~printed
    zones = [
        Zone(PRINTED, printed, "sharp, evenly bright shapes", off=True),
        Zone(OUTSIDE, outside, "around the largest bright shape", off=True),
    ]
    inside = ~(printed | outside)
    lungs = ct_lungs(grey, body)
    doubts = _doubts(lungs, body)
    if any(not lung.any() for lung in lungs):
        zones.append(Zone("body", inside, "largest bright shape", organ=True))
        return Zones("chest-ct", tuple(zones), doubts)
    lungs &= inside
    middle = between(lungs) & inside
    for side, lung in zip(("right", "left"), lungs, strict=True):
        zones.append(Zone(f"patient's {side} lung", lung, "dark inside the body", organ=True))
    zones.append(Zone(MEDIASTINUM, middle, "between the lungs", organ=True))
    zones.append(Zone(WALL, inside & ~middle & ~lungs.any(axis=0), "what remains", organ=True))
    return Zones("chest-ct", tuple(zones), doubts)


def slice_body(grey: np.ndarray) -> np.ndarray:
    """bool (H, W): the largest thing brighter than air, with its holes filled; the table lies apart from it."""
    smooth = ndimage.gaussian_filter(grey, max(grey.shape) / 250)
    bright = (smooth > threshold_otsu(smooth) * 0.8) & ~border_of(grey)
    pieces, count = ndimage.label(ndimage.binary_opening(bright, iterations=max(1, round(max(grey.shape) / 120))))
    if not count:
        return np.ones(grey.shape, dtype=bool)
    areas = np.bincount(pieces.ravel())
    areas[0] = 0
    return ndimage.binary_fill_holes(closed(pieces == areas.argmax(), max(2, round(max(grey.shape) / 60))))


def ct_lungs(grey: np.ndarray, body: np.ndarray) -> np.ndarray:
    """bool (2, H, W): the dark parts inside the body on the image's left and right half; empty where there are none."""
    lungs = np.zeros((2, *grey.shape), dtype=bool)
    if not body.any() or np.ptp(grey[body]) == 0:
        return lungs
    inner = ndimage.binary_erosion(body, iterations=max(1, round(max(grey.shape) / 50)))
    dark = ndimage.binary_opening(inner & (grey < threshold_otsu(grey[body])), iterations=1)
    pieces, count = ndimage.label(dark)
    middle = ndimage.center_of_mass(body)[1]
    areas = np.bincount(pieces.ravel(), minlength=count + 1)
    for number in range(1, count + 1):
        if areas[number] < LUNG_LEAST * grey.size:
            continue
        piece = pieces == number
        share = float(piece[:, round(middle) :].sum()) / areas[number]
        if 0.2 < share < 0.8:
            lungs[0, :, : round(middle)] |= piece[:, : round(middle)]
            lungs[1, :, round(middle) :] |= piece[:, round(middle) :]
        else:
            lungs[int(share >= 0.5)] |= piece
    return np.stack([ndimage.binary_fill_holes(closed(lung, 3)) for lung in lungs])


def _doubts(lungs: np.ndarray, body: np.ndarray) -> tuple[str, ...]:
    names = ("right", "left")
    found = [f"no {name} lung stands out" for name, lung in zip(names, lungs, strict=True) if not lung.any()]
    if body.mean() < BODY_LEAST:
        found.append("no body stands out from the ground")
    areas = lungs.sum(axis=(1, 2))
    if not found and areas.sum() > MOST * body.sum():
        found.append(f"the lungs would take {100 * areas.sum() / body.sum():.0f} % of the body")
    if not found and areas.max() > 6 * areas.min():
        found.append(f"one lung would be {areas.max() / areas.min():.1f} times as large as the other")
    return tuple(found)

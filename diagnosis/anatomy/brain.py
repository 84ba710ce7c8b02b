"""The zones of a head slice: hemispheres by symmetry, front and back where the plane can be told."""

import numpy as np

from diagnosis.anatomy.body import border_of
from diagnosis.anatomy.head import Head, Plane, measure_head
from diagnosis.anatomy.markers import markers_of
from diagnosis.anatomy.zones import Zone, Zones
from diagnosis.study import Study

# All three were chosen on the train part of medpix_cases.
SYMMETRIC = 0.50  # correlation of the halves from which a slice counts as one that shows both alike
OVAL = 0.94  # overlap with an ellipse, and
TALL = 1.12  # height over breadth, from which a symmetric slice counts as axial
MIDDLE = 0.05  # half the breadth of the midline's band, as a share of the head's

OUTSIDE = "area outside the head"
PRINTED = "letters and markers"
MIDLINE = "midline"
LEFT_HALF = "hemisphere on the image's left"
RIGHT_HALF = "hemisphere on the image's right"


def brain_zones(study: Study) -> Zones:
    """Zones of a head slice. Sides are the image's: a slice does not say from where it is looked at."""
    grey = study.pixels.mean(axis=2)
    head = measure_head(grey)
    if head is None:
        return Zones("brain", (), ("no head stands out from the ground",))
    printed = markers_of(grey) & ~head.mask
    outside = (~head.mask | border_of(grey)) & ~printed
    zones = [
        Zone(PRINTED, printed, "sharp, evenly bright shapes", off=True),
        Zone(OUTSIDE, outside, "dark around the largest bright shape", off=True),
    ]
    inside = ~(printed | outside)
    plane = plane_of(head)
    if head.symmetry < SYMMETRIC:
        zones.append(Zone("head", inside, "largest bright shape", organ=True))
        return Zones("brain", tuple(zones), ("its two halves are not alike, so sides cannot be told",))
    middle = _band(head) & inside
    for name, half in ((LEFT_HALF, head.left_half), (RIGHT_HALF, ~head.left_half)):
        zones.append(Zone(name, half & inside & ~middle, "line of symmetry", organ=True))
    zones.append(Zone(MIDLINE, middle, "line of symmetry", organ=True))
    if plane == "axial":
        front = _front(head) & inside
        zones.append(Zone("front half of the head", front, "axial slice, shown with the face upwards", part=False))
        zones.append(Zone("back half of the head", inside & ~front, "the same", part=False))
    return Zones("brain", tuple(zones))


def plane_of(head: Head) -> Plane | None:
    """``axial`` for a symmetric slice that is clearly taller than broad and not cut off below; None otherwise."""
    return "axial" if head.symmetry >= SYMMETRIC and head.tall >= TALL and head.oval >= OVAL else None


def _band(head: Head) -> np.ndarray:
    """bool (H, W): a narrow band around the line of symmetry."""
    row, column = np.ogrid[: head.mask.shape[0], : head.mask.shape[1]]
    line = head.centre[1] - (row - head.centre[0]) * np.tan(np.radians(head.tilt))
    return np.abs(column - line) <= MIDDLE * int(head.mask.any(axis=0).sum())


def _front(head: Head) -> np.ndarray:
    """bool (H, W): the upper half along the line of symmetry."""
    row, column = np.ogrid[: head.mask.shape[0], : head.mask.shape[1]]
    along = (row - head.centre[0]) - (column - head.centre[1]) * np.tan(np.radians(head.tilt))
    return along < 0

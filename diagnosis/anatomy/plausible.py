"""Could these be two lungs? Checks that need no truth, for films that nobody has marked."""

import numpy as np
from scipy import ndimage

SMALLEST, LARGEST = 0.02, 0.40  # share of the film that one lung may take
UNEVEN = 3.5  # how many times larger one lung may be than the other
SCATTERED = 0.10  # share of a lung that may lie apart from its largest piece
SHARED = 0.02  # share of the smaller lung that both may claim
OFFSET = 0.35  # how far apart in height the lungs' centres may be, as a share of the taller lung
VAGUE = 0.25  # pixels that are hardly lung and hardly not, as a share of those marked; 98 % of val's films have fewer
UNSURE = (0.2, 0.8)  # probabilities of such pixels
FLAT, THIN = 0.5, 4.5  # height over breadth of one lung


def doubts_of(probabilities: np.ndarray, threshold: float) -> tuple[str, ...]:
    """What speaks against lungs that were found with float (2, H, W) probabilities; empty where nothing does."""
    lungs = probabilities > threshold
    unsure = ((probabilities > UNSURE[0]) & (probabilities < UNSURE[1])).sum() / max(1, lungs.sum())
    vague = (f"the lungs' outline is vague over {100 * unsure:.0f} % of their area",) if unsure > VAGUE else ()
    return problems(lungs) + vague


def problems(lungs: np.ndarray) -> tuple[str, ...]:
    """What speaks against bool (2, H, W) being the right and left lung, in words; empty where nothing does."""
    areas = lungs.sum(axis=(1, 2))
    size = lungs[0].size
    names = ("right", "left")
    found = [f"the {name} lung was not found" for name, area in zip(names, areas, strict=True) if area < 0.002 * size]
    if found:
        return tuple(found)
    for name, lung, area in zip(names, lungs, areas, strict=True):
        found += _of_one(name, lung, int(area), size)
    found += _of_both(lungs, areas)
    return tuple(found)


def _of_one(name: str, lung: np.ndarray, area: int, size: int) -> list[str]:
    found = []
    if not SMALLEST <= area / size <= LARGEST:
        found.append(f"the {name} lung would take {100 * area / size:.1f} % of the film")
    parts, count = ndimage.label(lung)
    largest = int(np.bincount(parts.ravel())[1:].max())
    if count > 1 and 1 - largest / area > SCATTERED:
        found.append(f"the {name} lung would lie in {count} pieces")
    height, width = extent(lung)
    if not FLAT <= height / width <= THIN:
        found.append(f"the {name} lung would be {height / width:.1f} times as high as broad")
    return found


def _of_both(lungs: np.ndarray, areas: np.ndarray) -> list[str]:
    found = []
    if areas.max() / areas.min() > UNEVEN:
        found.append(f"one lung would be {areas.max() / areas.min():.1f} times as large as the other")
    if (lungs[0] & lungs[1]).sum() > SHARED * areas.min():
        found.append("the two lungs would overlap")
    (right_y, right_x), (left_y, left_x) = (ndimage.center_of_mass(lung) for lung in lungs)
    if right_x >= left_x:
        found.append("the patient's right lung would lie on the image's right")
    if abs(right_y - left_y) > OFFSET * max(extent(lung)[0] for lung in lungs):
        found.append("one lung would lie far above the other")
    return found


def extent(mask: np.ndarray) -> tuple[int, int]:
    """Height and breadth in pixels of what a bool (H, W) mask marks; it must mark something."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(rows[-1] - rows[0] + 1), int(columns[-1] - columns[0] + 1)

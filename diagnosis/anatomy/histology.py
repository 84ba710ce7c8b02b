"""The zones of stained tissue: glass, lumen, nuclei-rich tissue, stroma and the rest, by colour deconvolution."""

import cv2
import numpy as np
from scipy import ndimage
from skimage.color import rgb2hed
from skimage.filters import threshold_otsu

from diagnosis.anatomy.zones import Zone, Zones
from diagnosis.places import PLACES, Place
from diagnosis.study import Study

WORKING = 256  # pixels of the longer side at which structures are told apart
PALE = 0.10  # most optical density (base 10) above the lamp's at which light passed through nothing; a quarter of the
# density of dark tissue where that is less, but never less than half of this
OPEN_LEAST = 0.006  # share of the image that an empty space takes at least
EDGE = 0.25  # share of an empty space's rim that may lie on the image's edge before it counts as glass
CROWDED = 0.35  # share of a neighbourhood that nuclei take in nuclei-rich tissue
STRONG = 0.95  # quantile of a dye in the tissue that counts as its full strength
NEIGHBOURHOOD = 9  # pixels: spread of that neighbourhood
INK = 0.35  # by how much the strongest colour of a pen's ink exceeds the weakest, where no dye has such a colour

GLASS, LUMEN = "glass", "gland lumen or cleft"
NUCLEI, STROMA, OTHER = "nuclei-rich tissue", "stroma", "other tissue"
PEN = "pen marks"


def histology_zones(study: Study) -> Zones:
    """Zones of a field of tissue stained with haematoxylin and eosin, and its quarters."""
    quarters = tuple(
        Zone(f"{box.name} of the image", _box(study.size, box), "position", part=False) for box in PLACES["quadrants"]
    )
    if study.pixels.shape[2] == 1:
        return Zones("histology", quarters, ("the image has no colour",))
    small = _small(study.pixels)
    pen = ink(small)
    open_space = _open(small) & ~pen
    glass, lumen = _split(open_space)
    tissue = ~(open_space | pen)
    nuclei, stroma = _tissue(small, tissue)
    found = {
        PEN: (pen, "a colour that no dye has"),
        GLASS: (glass, "light passed through unchanged, at the image's edge"),
        LUMEN: (lumen, "light passed through unchanged, tissue all around"),
        NUCLEI: (nuclei, "haematoxylin, crowded"),
        STROMA: (stroma, "eosin, few nuclei"),
        OTHER: (tissue & ~nuclei & ~stroma, "what remains"),
    }
    parts = tuple(
        Zone(name, _full(mask, study.size), how, off=name in (PEN, GLASS), organ=name not in (PEN, GLASS))
        for name, (mask, how) in _disjoint(found).items()
    )
    doubts = () if tissue.mean() >= 0.05 else ("there is hardly any tissue",)
    return Zones("histology", (*parts, *quarters), doubts)


def density(pixels: np.ndarray) -> np.ndarray:
    """float32 (H, W): mean optical density, base 10, of RGB pixels in 0..1."""
    return -np.log10(np.clip(pixels, 1 / 255, 1)).mean(axis=2)


def ink(pixels: np.ndarray) -> np.ndarray:
    """bool (H, W): green, blue or black pen. Both dyes let red through more than green; ink does not.

    Where most of a field is bluish, that is its stain or its camera: blue ink exceeds it by as much as elsewhere.
    """
    red, green, blue = np.moveaxis(pixels, -1, 0)
    tint = max(0.0, float(np.median(blue - red)))
    coloured = (green > red + INK / 2) | ((blue > red + INK + tint) & (blue > green + INK / 2))
    black = pixels.max(axis=2) < 0.06
    return ndimage.binary_opening(coloured | black, iterations=2)


def _open(pixels: np.ndarray) -> np.ndarray:
    """bool (h, w): where light passed through nothing, without specks."""
    smooth = ndimage.gaussian_filter(density(pixels), 1.0)
    ground = min(float(np.quantile(smooth, 0.005)), PALE)  # the lamp's own colour
    strength = float(np.quantile(smooth, 0.9)) - ground
    empty = ndimage.binary_opening(smooth < ground + np.clip(strength / 4, PALE / 2, PALE), iterations=2)
    pieces, count = ndimage.label(empty)
    areas = np.bincount(pieces.ravel(), minlength=count + 1)
    areas[0] = 0
    return np.isin(pieces, np.flatnonzero(areas >= OPEN_LEAST * empty.size))


def _split(space: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Empty space → (glass, lumen): a lumen has tissue around most of its rim."""
    pieces, count = ndimage.label(space)
    glass, lumen = np.zeros_like(space), np.zeros_like(space)
    frame = np.ones_like(space)
    frame[1:-1, 1:-1] = False
    for number in range(1, count + 1):
        piece = pieces == number
        rim = piece & ~ndimage.binary_erosion(piece)
        target = glass if (piece & frame).sum() > EDGE * max(1, rim.sum()) else lumen
        target |= piece
    return glass, lumen


def _tissue(pixels: np.ndarray, tissue: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tissue → (where nuclei are crowded, where eosin outweighs haematoxylin and nuclei are few)."""
    if tissue.sum() < 16:
        return np.zeros_like(tissue), np.zeros_like(tissue)
    nuclei = nuclei_of(pixels, tissue)
    room = np.maximum(ndimage.gaussian_filter(tissue.astype(np.float32), NEIGHBOURHOOD), 1e-3)
    crowd = ndimage.gaussian_filter((nuclei & tissue).astype(np.float32), NEIGHBOURHOOD) / room
    rich = tissue & (crowd >= CROWDED)
    stained = rgb2hed(np.clip(pixels, 1 / 255, 1))
    blue, pink = (ndimage.gaussian_filter(stained[..., layer], NEIGHBOURHOOD / 2) for layer in (0, 1))
    pink = pink / max(float(np.quantile(pink[tissue], STRONG)), 1e-3)  # laboratories stain more or less strongly,
    blue = blue / max(float(np.quantile(blue[tissue], STRONG)), 1e-3)  # so each dye is measured by its own strongest
    return rich, tissue & ~rich & (pink > blue) & (crowd < CROWDED / 2)


def nuclei_of(pixels: np.ndarray, tissue: np.ndarray) -> np.ndarray:
    """bool (H, W): the darker side of Otsu's threshold on the haematoxylin of the tissue."""
    blue = ndimage.gaussian_filter(rgb2hed(np.clip(pixels, 1 / 255, 1))[..., 0], 0.7)
    values = blue[tissue]
    return tissue & (blue > threshold_otsu(values)) if np.ptp(values) > 0 else np.zeros_like(tissue)


def _disjoint(found: dict[str, tuple[np.ndarray, str]]) -> dict[str, tuple[np.ndarray, str]]:
    """Each mask without what an earlier one took."""
    taken = np.zeros_like(next(iter(found.values()))[0])
    apart = {}
    for name, (mask, how) in found.items():
        apart[name] = mask & ~taken, how
        taken = taken | mask
    return apart


def _small(pixels: np.ndarray) -> np.ndarray:
    factor = WORKING / max(pixels.shape[:2])
    size = tuple(max(8, round(side * factor)) for side in pixels.shape[:2])
    return cv2.resize(pixels, size[::-1], interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)


def _full(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return cv2.resize(mask.astype(np.uint8), size[::-1], interpolation=cv2.INTER_NEAREST) > 0


def _box(size: tuple[int, int], box: Place) -> np.ndarray:
    mask = np.zeros(size, dtype=bool)
    box.of(mask)[:] = True
    return mask

"""Zones of heads, chest slices and tissue, against drawings whose parts are known."""

import numpy as np
import pytest
from scipy import ndimage

from diagnosis.anatomy.brain import LEFT_HALF, MIDLINE, RIGHT_HALF, brain_zones
from diagnosis.anatomy.chest_ct import MEDIASTINUM, chest_ct_zones
from diagnosis.anatomy.head import measure_head
from diagnosis.anatomy.histology import GLASS, LUMEN, NUCLEI, PEN, STROMA, histology_zones, nuclei_of
from diagnosis.anatomy.zones import Zones
from diagnosis.phantoms import STAINS, draw_tissue
from diagnosis.study import Study

SIDE = 160


def oval(row: float, column: float, down: float, across: float, side: int = SIDE) -> np.ndarray:
    y, x = np.ogrid[:side, :side]
    return ((y - row) / down) ** 2 + ((x - column) / across) ** 2 <= 1


def a_head(tilt: float = 0.0, lesion: bool = False) -> np.ndarray:
    """An axial head, taller than broad, with two ventricles and texture that is mirrored."""
    noise = ndimage.gaussian_filter(np.random.default_rng(0).standard_normal((SIDE, SIDE)), 5)
    grey = 0.45 + 0.9 * (noise + noise[:, ::-1]) / 2
    grey[oval(80, 68, 18, 5)] = grey[oval(80, 91, 18, 5)] = 0.12
    if lesion:
        grey[oval(60, 105, 14, 14)] = 0.95
    grey = np.where(oval(79.5, 79.5, 68, 52), grey, 0)
    return np.clip(ndimage.rotate(grey, -tilt, reshape=False, order=1), 0, 1)


def covers(zones: Zones) -> bool:
    return bool((np.sum([zone.mask for zone in zones.parts], axis=0) == 1).all())


def mask(zones: Zones, name: str) -> np.ndarray:
    zone = zones.named(name)
    assert zone is not None, name
    return zone.mask


@pytest.mark.parametrize("tilt", [0.0, 8.0, -12.0])
def test_halves_of_a_leaning_head(tilt: float) -> None:
    head = measure_head(a_head(tilt))
    assert head is not None
    assert head.tilt == pytest.approx(tilt, abs=4)
    zones = brain_zones(Study(a_head(tilt)[..., None]))
    assert zones.certain and covers(zones)
    left, right = mask(zones, LEFT_HALF), mask(zones, RIGHT_HALF)
    assert left.sum() == pytest.approx(right.sum(), rel=0.1)
    lean = np.tan(np.radians(tilt))
    rows, columns = np.indices(left.shape)
    truth = columns < 79.5 - (rows - 79.5) * lean
    inside = left | right
    assert (left[inside] == truth[inside]).mean() > 0.97
    assert mask(zones, MIDLINE)[80, 79]


def test_an_axial_head_has_a_front_and_a_back() -> None:
    zones = brain_zones(Study(a_head()[..., None]))
    front, back = mask(zones, "front half of the head"), mask(zones, "back half of the head")
    assert np.nonzero(front)[0].max() <= np.nonzero(back)[0].min()


def test_a_lesion_on_one_side_leaves_the_sides_told() -> None:
    zones = brain_zones(Study(a_head(lesion=True)[..., None]))
    assert mask(zones, RIGHT_HALF)[60, 105]


def test_halves_that_differ_are_not_told_apart() -> None:
    profile = np.where(oval(70, 80, 50, 60), 0.3 + 0.6 * np.linspace(0, 1, SIDE)[None, :] ** 2, 0)
    profile[100:, 90:120] = 0.8
    zones = brain_zones(Study(profile[..., None]))
    assert zones.named(LEFT_HALF) is None
    assert "sides cannot be told" in zones.doubts[0]
    assert covers(zones)


def test_a_black_picture_has_no_head() -> None:
    zones = brain_zones(Study(np.zeros((64, 64, 1))))
    assert zones.zones == () and not zones.certain


def a_slice(lungs: bool = True) -> np.ndarray:
    """An axial chest slice: a body, two dark lungs of known place, and a table below."""
    grey = np.where(oval(80, 80, 55, 72), 0.55, 0.02)
    if lungs:
        grey[oval(78, 50, 34, 22)] = grey[oval(78, 110, 34, 22)] = 0.06
    grey[148:152, 30:130] = 0.5
    noise = ndimage.gaussian_filter(np.random.default_rng(1).standard_normal(grey.shape), 1)
    return np.clip(grey + 0.02 * noise, 0, 1)


def test_lungs_of_a_slice_and_what_lies_between() -> None:
    zones = chest_ct_zones(Study(a_slice()[..., None]))
    assert zones.certain and covers(zones)
    truth = oval(78, 50, 34, 22)
    found = mask(zones, "patient's right lung")
    assert (found & truth).sum() / (found | truth).sum() > 0.9
    assert mask(zones, MEDIASTINUM)[80, 80] and not mask(zones, MEDIASTINUM)[80, 140]
    off = zones.off
    assert off is not None and off[2, 2] and off[150, 80] and not off[80, 80]


def test_a_slice_without_lungs_is_doubted() -> None:
    zones = chest_ct_zones(Study(a_slice(lungs=False)[..., None]))
    assert not zones.certain and covers(zones)


@pytest.mark.parametrize("stain", ["standard", "pale", "blue"])
def test_nuclei_and_lumens_of_drawn_glands(stain: str) -> None:
    phantom = draw_tissue("benign-glands", seed=0, size=256, stain=STAINS[stain])
    zones = histology_zones(Study(phantom.pixels))
    assert zones.certain and covers(zones)
    hollow = mask(zones, LUMEN) | mask(zones, GLASS)
    assert (hollow & phantom.lumen_mask).sum() > 0.7 * phantom.lumen_mask.sum()
    found = nuclei_of(phantom.pixels, np.ones((256, 256), dtype=bool))
    assert (found & phantom.nuclei_mask).sum() > 0.7 * phantom.nuclei_mask.sum()
    rich = phantom.nuclei_mask[mask(zones, NUCLEI)].mean()
    assert rich > 1.5 * phantom.nuclei_mask[mask(zones, STROMA)].mean()


def test_glass_at_the_edge_and_pen_on_it_are_off_the_tissue() -> None:
    pixels = draw_tissue("cell-sheet", seed=1, size=256).pixels.copy()
    pixels[:, 180:] = (0.96, 0.95, 0.97)
    pixels[100:130, 200:240] = (0.1, 0.6, 0.25)
    zones = histology_zones(Study(pixels))
    assert mask(zones, GLASS)[:90, 190:].mean() > 0.95
    assert mask(zones, PEN)[105:125, 205:235].mean() > 0.95
    off = zones.off
    assert off is not None and not off[:, :170].any()


def test_a_field_that_is_bluish_all_over_has_no_pen_marks_but_those_that_are_bluer() -> None:
    drawn = draw_tissue("cell-sheet", seed=1, size=256).pixels
    bluish = np.stack([0.5 * drawn[..., 0], 0.6 * drawn[..., 1], 0.1 + 0.9 * drawn[..., 2]], axis=-1).astype(np.float32)
    assert np.median(bluish[..., 2] - bluish[..., 0]) > 0.3
    assert not mask(histology_zones(Study(bluish)), PEN).any()
    bluish[100:140, 60:120] = (0.02, 0.1, 0.95)
    assert mask(histology_zones(Study(bluish)), PEN)[105:135, 65:115].mean() > 0.95


def test_quarters_of_tissue_and_grey_pictures() -> None:
    zones = histology_zones(Study(np.full((40, 60, 1), 0.5)))
    assert zones.doubts == ("the image has no colour",)
    assert mask(zones, "lower left quarter of the image")[20:, :30].all()
    assert mask(zones, "lower left quarter of the image").sum() == 600

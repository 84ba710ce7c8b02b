"""The zones of drawn films, whose lungs, markers and outlines are known."""

import numpy as np
import pytest

from diagnosis.anatomy.body import body_of, border_of
from diagnosis.anatomy.chest_film import HEART, MEDIASTINUM, OUTSIDE, PRINTED, chest_film_zones
from diagnosis.anatomy.markers import markers_of
from diagnosis.anatomy.plausible import doubts_of, problems
from diagnosis.anatomy.training.planted import plant
from diagnosis.anatomy.zones import Zones
from diagnosis.phantoms import ChestPhantom, Zone, draw_chest
from diagnosis.phantoms.anatomy import Build, body
from diagnosis.phantoms.canvas import fill
from diagnosis.study import Study

SIZE = 320


@pytest.fixture(scope="module")
def phantom() -> ChestPhantom:
    return draw_chest(seed=3, size=SIZE)


@pytest.fixture(scope="module")
def zones(phantom: ChestPhantom) -> Zones:
    return zones_of(phantom)


def zones_of(phantom: ChestPhantom, view: str | None = "PA") -> Zones:
    lungs = np.stack([phantom.right_lung, phantom.left_lung])
    return chest_film_zones(Study(phantom.pixels, view=view), lungs, "drawn")


def mask(zones: Zones, name: str) -> np.ndarray:
    zone = zones.named(name)
    assert zone is not None, name
    return zone.mask


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    return float((first & second).sum() / (first | second).sum())


def test_the_parts_share_the_film_out(zones: Zones) -> None:
    assert zones.certain
    assert (np.sum([zone.mask for zone in zones.parts], axis=0) == 1).all()


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("level", ["upper", "middle", "lower"])
def test_thirds_are_named_from_the_patients_side(phantom: ChestPhantom, zones: Zones, side: str, level: str) -> None:
    assert overlap(mask(zones, f"patient's {side} {level} zone"), phantom.zone_mask(Zone(side, level))) > 0.95


def test_the_patients_right_is_on_the_images_left(zones: Zones) -> None:
    columns = np.arange(SIZE)
    right, left = (
        columns[mask(zones, f"patient's {side} middle zone").any(axis=0)].mean() for side in ("right", "left")
    )
    assert right < SIZE / 2 < left


def test_the_middle_of_the_chest_lies_between_the_lungs(phantom: ChestPhantom, zones: Zones) -> None:
    middle, heart = mask(zones, MEDIASTINUM), mask(zones, HEART)
    assert not (middle & phantom.lung_mask).any()
    assert middle[SIZE // 2, SIZE // 2]
    rows, columns = np.nonzero(heart)
    assert SIZE * 0.5 < columns.mean() < SIZE * 0.65  # towards the patient's left
    assert SIZE * 0.45 < rows.mean() < SIZE * 0.7


def test_costophrenic_angles_are_the_lower_outer_ends(phantom: ChestPhantom, zones: Zones) -> None:
    for side, lung in (("right", phantom.right_lung), ("left", phantom.left_lung)):
        corner = mask(zones, f"patient's {side} costophrenic angle")
        assert corner.any() and not (corner & ~lung).any()
        columns = np.flatnonzero(corner.any(axis=0))
        inner = np.flatnonzero(lung.any(axis=0)).mean()
        assert (columns < inner + 1).all() if side == "right" else (columns > inner - 1).all()
        assert np.flatnonzero(corner.any(axis=1))[0] > np.flatnonzero(lung.any(axis=1)).mean()


def test_the_letter_is_found_and_nothing_else(phantom: ChestPhantom, zones: Zones) -> None:
    printed = mask(zones, PRINTED)
    assert (printed & phantom.marker_mask).sum() > 0.9 * phantom.marker_mask.sum()
    bare = draw_chest(seed=3, size=SIZE, marker=False)
    assert not markers_of(bare.pixels[..., 0], bare.lung_mask).any()


def test_outside_the_body_is_where_the_body_was_not_drawn(phantom: ChestPhantom, zones: Zones) -> None:
    build = Build.draw(np.random.default_rng(3).spawn(4)[0])
    drawn = fill([body(build)], SIZE) > 0.5
    assert overlap(~drawn & ~phantom.marker_mask, mask(zones, OUTSIDE)) > 0.8


@pytest.mark.parametrize("seed", [1, 2])
def test_a_planted_mark_is_found_on_light_and_dark_ground(seed: int) -> None:
    phantom = draw_chest(seed=4, size=SIZE, marker=False)
    marked, truth = plant(Study(phantom.pixels), seed)
    found = markers_of(marked.pixels[..., 0], phantom.lung_mask)
    assert (found & truth).sum() > 0.8 * truth.sum()


def test_planting_is_the_same_for_a_film_and_a_seed() -> None:
    study = Study(draw_chest(seed=4, size=128).pixels)
    assert plant(study, 1)[0] == plant(study, 1)[0]
    assert plant(study, 1)[0] != plant(study, 2)[0]


def test_black_letters_are_found_outside_the_lungs() -> None:
    phantom = draw_chest(seed=4, size=SIZE, marker=False)
    light = np.clip(phantom.pixels * 0.5 + 0.5, 0, 1)
    light[20:50, 20:24] = light[20:24, 20:40] = 0
    found = markers_of(light[..., 0], phantom.lung_mask)
    assert found[20:50, 20:24].mean() > 0.9
    assert found.mean() < 0.02


def test_a_frame_is_border_and_not_body() -> None:
    framed = np.pad(draw_chest(seed=4, size=128).pixels[..., 0], 12, constant_values=1.0)
    border = border_of(framed)
    assert border[:12].all() and border[:, -12:].all() and not border[20:-20, 20:-20].any()
    assert not body_of(framed)[:12].any()


def test_an_even_picture_has_no_body_outline_to_fail_on() -> None:
    assert body_of(np.full((40, 40), 0.5)).shape == (40, 40)


def test_swapped_and_missing_lungs_are_doubted(phantom: ChestPhantom) -> None:
    right, left = phantom.right_lung, phantom.left_lung
    assert problems(np.stack([right, left])) == ()
    assert "the patient's right lung would lie on the image's right" in problems(np.stack([left, right]))
    nothing = np.zeros_like(right)
    assert problems(np.stack([right, nothing])) == ("the left lung was not found",)
    half = left.copy()
    half[: SIZE * 6 // 10] = False
    assert any("as large as the other" in one or "far above" in one for one in problems(np.stack([right, half])))
    assert any("overlap" in one for one in problems(np.stack([right, left | right])))
    speckled = right & (np.arange(SIZE)[:, None] % 40 < 20)
    assert any("pieces" in one for one in problems(np.stack([speckled, left])))


def test_vague_lungs_are_doubted(phantom: ChestPhantom) -> None:
    sure = np.stack([phantom.right_lung, phantom.left_lung]) * 0.9
    assert doubts_of(sure, 0.5) == ()
    [doubt] = doubts_of(np.where(sure > 0, 0.7, 0.0), 0.5)
    assert doubt == "the lungs' outline is vague over 100 % of their area"


def test_zones_of_missing_lungs_say_so_and_still_cover_the_film(phantom: ChestPhantom) -> None:
    zones = chest_film_zones(Study(phantom.pixels), np.zeros((2, SIZE, SIZE), dtype=bool), "drawn")
    assert not zones.certain
    assert "was not found" in zones.doubts[0]
    assert (np.sum([zone.mask for zone in zones.parts], axis=0) == 1).all()


def test_a_lateral_film_is_doubted(phantom: ChestPhantom) -> None:
    assert any("lateral" in doubt for doubt in zones_of(phantom, view="LL").doubts)

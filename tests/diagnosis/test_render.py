"""Pictures show what was measured."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from diagnosis.attribution import AttributionMap
from diagnosis.render import composite, data_uri, film, outline, overlay, scale_of
from diagnosis.study import Study
from tests.diagnosis.toys import toy_card

SIZE = (120, 80)


def a_map(cells: np.ndarray, resize: str = "squash") -> AttributionMap:
    return AttributionMap(
        "bright", "grad-cam", cells, "logit per cell", SIZE, toy_card(resize=resize).input, {}, {}, 0.1
    )


def corner() -> np.ndarray:
    cells = np.zeros((8, 8))
    cells[:2, 6:] = 0.3
    return cells


@pytest.mark.parametrize("level", [1e-7, 0.5, 40.0])
def test_a_flat_map_is_drawn_flat(level: float) -> None:
    flat = a_map(np.full((8, 8), level))
    assert np.asarray(overlay(flat, SIZE)).max() == 0
    assert outline(flat, SIZE) == []
    study = Study(np.full((*SIZE, 1), 0.5))
    drawn = np.asarray(composite(study, flat))[: SIZE[0]]
    assert (drawn == drawn[0, 0]).all()


def test_rounding_error_is_not_painted_hot() -> None:
    """A peak of 1e-7 logits is nothing, however it compares with its surroundings."""
    noise = np.zeros((8, 8))
    noise[2, 2] = 1e-7
    assert np.asarray(overlay(a_map(noise), SIZE)).max() == 0


def test_overlay_marks_the_place_and_nothing_else() -> None:
    alpha = np.asarray(overlay(a_map(corner()), SIZE))[..., 3]
    assert alpha[:20, 65:].min() > 200
    assert alpha[60:].max() == 0 and alpha[:, :40].max() == 0


def test_evidence_against_the_class_stays_clear() -> None:
    cells = corner()
    cells[6:, :2] = -3
    alpha = np.asarray(overlay(a_map(cells), SIZE))[..., 3]
    assert alpha[100:, :10].max() == 0


def test_scale_is_in_the_maps_own_unit() -> None:
    scale = scale_of(a_map(corner()))
    assert (scale.low, scale.unit) == (0, "logit per cell")
    assert scale.high == pytest.approx(0.3)


def test_outline_surrounds_the_top() -> None:
    points = np.concatenate(outline(a_map(corner()), SIZE))
    assert points[:, 0].min() > 40 and points[:, 1].max() < 60


def test_film_keeps_grey_values_and_proportions() -> None:
    ramp = np.tile(np.linspace(0, 1, 256)[None, :, None], (64, 1, 1))
    picture = np.asarray(film(Study(ramp)))
    np.testing.assert_array_equal(picture[0], np.arange(256))
    assert film(Study(np.zeros((3000, 1500, 1)))).size == (512, 1024)


def test_data_uri_is_the_picture() -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 255, (9, 7, 3), dtype=np.uint8))
    header, body = data_uri(image).split(",")
    assert header == "data:image/png;base64"
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(base64.b64decode(body)))), np.asarray(image))

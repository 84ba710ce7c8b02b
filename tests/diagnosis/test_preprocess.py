"""Geometry of the network's square."""

import numpy as np
import pytest
import torch

from diagnosis.cards import InputSpec
from diagnosis.preprocess import normalise, place, preprocess, seen_by, to_square, to_study_grid
from diagnosis.study import Study
from tests.diagnosis.toys import toy_card


def spec(resize: str = "squash", channels: int = 1, size: int = 32) -> InputSpec:
    return toy_card(channels=channels, resize=resize, size=size).input


def test_same_size_is_untouched() -> None:
    pixels = np.random.default_rng(0).random((32, 32, 1), dtype=np.float32)
    np.testing.assert_allclose(to_square(Study(pixels), spec()).numpy(), pixels.transpose(2, 0, 1), atol=1e-6)


@pytest.mark.parametrize("resize", ["squash", "pad", "crop"])
@pytest.mark.parametrize("size", [(100, 50), (50, 100), (32, 32), (17, 200)])
def test_every_rule_fills_the_square(resize: str, size: tuple[int, int]) -> None:
    square = to_square(Study(np.ones((*size, 1))), spec(resize))
    assert square.shape == (1, 32, 32)
    top, left, height, width = place(size, spec(resize)).inner_box
    torch.testing.assert_close(square[:, top : top + height, left : left + width], torch.ones(1, height, width))
    assert square.sum() == pytest.approx(height * width)  # padding is 0
    assert seen_by(size, spec(resize)).sum() == np.prod(place(size, spec(resize)).study_box[2:])


def test_grey_and_colour_meet_the_channels() -> None:
    rgb = np.zeros((32, 32, 3))
    rgb[..., 1] = 1
    assert to_square(Study(rgb), spec())[0, 0, 0] == pytest.approx(0.587)
    assert to_square(Study(np.full((32, 32, 1), 0.25)), spec(channels=3)).shape == (3, 32, 32)


def test_normalise_is_by_channel() -> None:
    card = InputSpec(size=16, channels=3, resize="squash", mean=(0.1, 0.2, 0.3), std=(0.5, 1, 2), modalities=())
    out = normalise(torch.full((3, 2, 2), 0.3), card)
    np.testing.assert_allclose(out[:, 0, 0], [0.4, 0.1, 0.0], atol=1e-6)


def test_downsizing_is_antialiased() -> None:
    """A pixel-wide checkerboard becomes grey, not stripes."""
    board = np.indices((256, 256)).sum(axis=0) % 2
    square = preprocess(Study(board[..., None].astype(float)), spec())
    assert square.std() < 0.02 and square.mean() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("resize", ["squash", "pad", "crop"])
@pytest.mark.parametrize("size", [(64, 128), (128, 64), (10, 33)])
def test_a_point_comes_back_to_where_it_was(resize: str, size: tuple[int, int]) -> None:
    """Image → square → study grid: the brightest place stays within two cells of the square."""
    pixels = np.zeros((*size, 1))
    row, column = int(size[0] * 0.5), int(size[1] * 0.55)
    pixels[max(0, row - 2) : row + 3, max(0, column - 2) : column + 3] = 1
    grid = to_study_grid(to_square(Study(pixels), spec(resize))[0].numpy(), size, spec(resize))
    found = np.unravel_index(np.nanargmax(grid), size)
    reach = 2 * max(size) / 32 + 2
    assert abs(found[0] - row) <= reach and abs(found[1] - column) <= reach

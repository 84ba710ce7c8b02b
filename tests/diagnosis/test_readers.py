"""Reading PNG, JPEG, TIFF, WebP and BMP."""

import warnings
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from diagnosis.readers import read_study
from diagnosis.study import Study
from tests.diagnosis.images import DEEP, GREY, LOSSLESS, NOISE, RGB, encode, png

REDUCED = "The file names no display window"


def fraction(values: np.ndarray, low: float, high: float) -> np.ndarray:
    return ((values.astype(np.float64) - low) / (high - low)).astype(np.float32)


def has_caution(study: Study, words: str) -> bool:
    return any(words in caution for caution in study.cautions)


@pytest.mark.parametrize(("kind", "options"), LOSSLESS)
@pytest.mark.parametrize("pixels", [GREY, RGB], ids=["grey", "rgb"])
def test_eight_bits_are_divided_by_255(kind: str, options: dict[str, Any], pixels: np.ndarray) -> None:
    study = read_study(encode(pixels, kind, **options))
    assert study.pixels.dtype == np.float32
    assert np.array_equal(study.pixels, pixels.reshape(24, 40, -1) / np.float32(255))
    assert (study.window, study.cautions) == (None, ())


@pytest.mark.parametrize("pixels", [GREY, RGB], ids=["grey", "rgb"])
@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_is_what_the_decoder_gives(pixels: np.ndarray, progressive: bool) -> None:
    data = encode(pixels, "JPEG", progressive=progressive)
    decoded = np.asarray(Image.open(BytesIO(data))).reshape(24, 40, -1)
    assert np.array_equal(read_study(data).pixels, decoded / np.float32(255))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF"])
def test_equal_channels_become_one(kind: str) -> None:
    grey_as_rgb = np.full((24, 40, 3), 90, np.uint8)
    grey_as_rgb[:, 20:] = 200
    assert read_study(encode(grey_as_rgb, kind)).pixels.shape == (24, 40, 1)


def test_the_content_decides_and_not_the_extension(tmp_path: Path) -> None:
    path = tmp_path / "scan.jpg"
    path.write_bytes(encode(RGB, "PNG"))
    assert read_study(path) == read_study(encode(RGB, "PNG"))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("order", ["<u2", ">u2"])
def test_sixteen_bits_are_stretched_exactly(kind: str, order: str) -> None:
    study = read_study(encode(DEEP.astype(order), kind))
    low, high = int(DEEP.min()), int(DEEP.max())
    assert np.array_equal(study.pixels[..., 0], fraction(DEEP, low, high))
    assert study.window == (low, high)
    assert has_caution(study, REDUCED)
    assert has_caution(study, f"{low} as black and {high} as white")


def test_sixteen_bit_tiff_with_white_as_zero_is_turned() -> None:
    study = read_study(encode(DEEP, "TIFF", tiffinfo={262: 0}))
    assert np.array_equal(study.pixels[..., 0], fraction(DEEP, int(DEEP.max()), int(DEEP.min())))
    assert study.window == (int(DEEP.max()), int(DEEP.min()))


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_other_numbers_are_stretched(dtype: type) -> None:
    values = (DEEP.astype(np.float64) - 40000).astype(dtype)
    study = read_study(encode(values, "TIFF"))
    assert np.array_equal(study.pixels[..., 0], fraction(values, values.min(), values.max()))


@pytest.mark.parametrize("value", [0, 512, 65535])
def test_a_constant_image_is_black_and_says_so(value: int) -> None:
    study = read_study(encode(np.full((20, 20), value, np.uint16), "PNG"))
    assert not study.pixels.any()
    assert study.window == (value, value + 1)
    assert has_caution(study, "the same value")


def test_a_constant_eight_bit_image_keeps_its_value() -> None:
    study = read_study(encode(np.full((20, 20), 51, np.uint8), "PNG"))
    assert np.all(study.pixels == np.float32(0.2))
    assert has_caution(study, "the same value")


def test_one_bit_becomes_black_and_white() -> None:
    image = Image.fromarray(GREY > 127)
    assert image.mode == "1"
    assert np.array_equal(read_study(encode(image, "PNG")).pixels[..., 0], (GREY > 127).astype(np.float32))


def test_palette_becomes_its_colours() -> None:
    image = Image.fromarray(RGB).quantize(16)
    study = read_study(encode(image, "PNG"))
    assert np.array_equal(study.pixels, np.asarray(image.convert("RGB")) / np.float32(255))


@pytest.mark.parametrize("channels", [2, 4], ids=["grey", "rgb"])
def test_transparency_is_put_on_black(channels: int) -> None:
    pixels = NOISE.integers(0, 256, (24, 40, channels), dtype=np.uint8)
    study = read_study(encode(pixels, "PNG"))
    expected = pixels[..., :-1] / 255 * (pixels[..., -1:] / 255)
    assert study.pixels.shape == (24, 40, channels - 1)
    assert np.allclose(study.pixels, expected, atol=1e-6)
    assert has_caution(study, "put on black")


def test_transparent_palette_entry_is_put_on_black() -> None:
    image = Image.fromarray(np.repeat([[0, 1]], 16, axis=0).repeat(8, axis=1).astype(np.uint8))
    image.putpalette([255, 0, 0, 0, 255, 0])
    study = read_study(encode(image, "PNG", transparency=0))
    assert study.pixels[0, 0].tolist() == [0, 0, 0]
    assert study.pixels[0, -1].tolist() == [0, 1, 0]
    assert has_caution(study, "put on black")


def test_opaque_alpha_is_ignored() -> None:
    rgba = np.dstack([RGB, np.full((24, 40), 255, np.uint8)])
    study = read_study(encode(rgba, "PNG"))
    assert study == read_study(encode(RGB, "PNG"))
    assert study.cautions == ()


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_becomes_rgb_with_a_caution(kind: str) -> None:
    image = Image.new("CMYK", (20, 20), (0, 255, 255, 0))
    image.paste((255, 0, 255, 0), (0, 0, 10, 20))
    study = read_study(encode(image, kind))
    assert study.pixels[10, 15].argmax() == 0
    assert study.pixels[10, 5].argmax() == 1
    assert has_caution(study, "CMYK")


def test_sixteen_bit_colour_says_that_it_lost_bits() -> None:
    rows = b"".join(b"\0" + (RGB[row].astype(">u2") * 257).tobytes() for row in range(24))
    study = read_study(png(40, 24, 16, 2, rows))
    assert np.array_equal(study.pixels, RGB / np.float32(255))
    assert has_caution(study, "16 bits were read with 8")


@pytest.mark.parametrize("kind", ["TIFF", "WEBP", "PNG"])
def test_of_several_pages_the_first_is_read(kind: str) -> None:
    first, second = Image.fromarray(RGB), Image.fromarray(RGB[::-1].copy())
    options = {"lossless": True} if kind == "WEBP" else {}
    study = read_study(encode(first, kind, save_all=True, append_images=[second, first], **options))
    assert np.array_equal(study.pixels, RGB / np.float32(255))
    assert has_caution(study, "first of 3 pages")


@pytest.mark.parametrize(("kind", "options"), LOSSLESS[:4])
def test_exif_orientation_is_applied(kind: str, options: dict[str, Any]) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the top of the picture is at the right of the stored rows
    study = read_study(encode(RGB, kind, exif=exif, **options))
    assert np.array_equal(study.pixels, np.rot90(RGB, -1) / np.float32(255))


def test_a_hundred_megapixels_are_read_without_a_warning() -> None:
    data = encode(Image.new("L", (10_000, 10_000), 7), "PNG", compress_level=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        study = read_study(data)
    assert study.size == (10_000, 10_000)
    assert study.pixels.max() == np.float32(7 / 255)


def test_ninety_five_megapixels_of_tiff_are_read_without_a_warning() -> None:
    data = encode(Image.new("L", (9_500, 10_000), 7), "TIFF", compression="tiff_adobe_deflate")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_study(data).size == (10_000, 9_500)


def test_the_limits_of_pillow_are_left_alone() -> None:
    before = Image.MAX_IMAGE_PIXELS
    read_study(encode(RGB, "TIFF"))
    assert before == Image.MAX_IMAGE_PIXELS


def test_threads_read_side_by_side() -> None:
    files = [encode(NOISE.integers(0, 256, (64, 64, 3), dtype=np.uint8), "PNG") for _ in range(8)]
    alone = [read_study(data) for data in files]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(read_study, files * 5)) == alone * 5

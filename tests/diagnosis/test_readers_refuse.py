"""What is no image, or not one that can be read, is refused with a reason and a remedy."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diagnosis.errors import BadImage
from diagnosis.readers import read_study
from tests.diagnosis.images import DEEP, GREY, LOSSLESS, RGB, encode, png


@pytest.mark.parametrize(
    ("width", "height"), [(10_001, 10_000), (20_000, 20_000), (2_000_000_000, 2_000_000_000)], ids=str
)
def test_a_bomb_is_refused_before_it_is_unpacked(width: int, height: int) -> None:
    with pytest.raises(BadImage, match=rf"bomb.png has {width} × {height} pixels .* at most 100 megapixels") as raised:
        read_study(png(width, height, 8, 0, bytes(64)), "bomb.png")
    assert raised.value.remedy.startswith("Scale it down")


@pytest.mark.parametrize("shape", [(15, 40), (40, 15), (1, 1)], ids=str)
def test_a_tiny_image_is_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(BadImage, match=f"dot.png has {shape[1]} × {shape[0]} pixels; each side needs at least 16"):
        read_study(encode(np.zeros(shape, np.uint8), "PNG"), "dot.png")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"Dear colleague, please find attached", "a text file"),
        (b"\x00\x01\x02\x03 noise", "begins with the bytes 00 01 02 03"),
        (encode(GREY, "GIF"), "a GIF"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"PK\x03\x04rest", "a ZIP"),
        (b"\0\0\0\x18ftypheic", "a HEIC"),
        (b"\x89PNG\r\n\x1a\n", "damaged"),
        (b"\xff\xd8\xff\xe0 no picture", "damaged"),
        (b"BM a text that begins so", "damaged"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_image_is_refused_by_name(data: bytes, words: str) -> None:
    with pytest.raises(BadImage) as raised:
        read_study(data, "scan.png")
    assert raised.value.problem.startswith("scan.png ")
    assert words in raised.value.problem
    assert raised.value.remedy


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf], ids=str)
def test_numbers_that_are_not_finite_are_refused(bad: float) -> None:
    values = DEEP.astype(np.float32)
    values[3, 4] = bad
    with pytest.raises(BadImage, match=r"map.tif has 1 pixels that are NaN or infinite"):
        read_study(encode(values, "TIFF"), "map.tif")


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        *LOSSLESS,
        pytest.param("JPEG", {}, id="jpeg"),
        pytest.param("JPEG", {"progressive": True}, id="jpeg-progressive"),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_a_file_cut_anywhere_is_refused_or_whole(kind: str, options: dict[str, Any]) -> None:
    """A cut that only takes what follows the pixels may pass, with the same picture; no cut gives another picture."""
    data = encode(RGB, kind, **options)
    whole, passed = read_study(data), []
    for length in range(1, len(data), 7):
        try:
            assert read_study(data[:length]) == whole
            passed.append(length)
        except BadImage:
            continue
    assert all(length > len(data) - 30 for length in passed)


def test_paths_that_hold_no_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadImage, match=r"There is no file lost\.png\."):
        read_study(tmp_path / "lost.png")
    with pytest.raises(BadImage, match=f"{tmp_path.name} is a folder"):
        read_study(tmp_path)


def test_messages_name_the_file_and_never_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "scan.png"
    path.write_bytes(b"")
    with pytest.raises(BadImage) as raised:
        read_study(path)
    assert "scan.png" in str(raised.value)
    assert str(tmp_path) not in str(raised.value)
    with pytest.raises(BadImage, match=r"upload\.png is empty"):
        read_study(path, "upload.png")


def test_a_huge_file_is_refused_before_it_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "series.tif"
    with path.open("wb") as stream:
        stream.truncate((1 << 30) + 1)  # a hole: it takes no room on the disk
    with pytest.raises(BadImage, match=r"series.tif has 1074 MB"):
        read_study(path)

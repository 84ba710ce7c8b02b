"""PNG, JPEG, TIFF, WebP and BMP → Study, by Pillow."""

from collections.abc import Callable
from io import BytesIO
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageFile, ImageOps
from PIL.BmpImagePlugin import BmpImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import BITSPERSAMPLE, PHOTOMETRIC_INTERPRETATION, TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from diagnosis.errors import BadImage
from diagnosis.notices import SYNTHETIC_MARK, SYNTHETIC_NOTICE
from diagnosis.readers.pixels import (
    UNREADABLE,
    check_finite,
    check_size,
    full_window,
    merge_equal_channels,
    sealed,
    stretch,
    window_caution,
)
from diagnosis.study import Study

_DEEP_GREY = ("I;16", "I;16B", "I;16L", "I", "F")


class _TiffFile(TiffImageFile):
    """Pillow's TIFF without its second look at the size, which warns from 89 megapixels on."""

    def load_prepare(self) -> None:
        if self._im is None:
            self.im = Image.new(self.mode, self._tile_size).im
        super().load_prepare()


# Opened by class and not by Image.open(), whose limit on the size is a global of the process and below ours.
OPENERS: dict[str, Callable[[BinaryIO], ImageFile.ImageFile]] = {
    "PNG": PngImageFile,
    "JPEG": JpegImageFile,
    "TIFF": _TiffFile,
    "WebP": WebPImageFile,
    "BMP": BmpImageFile,
}


def read_raster(data: bytes, kind: str, name: str) -> Study:
    """The picture in ``data``, turned upright after its EXIF orientation.

    8-bit grey and colour become exactly value / 255. Grey values of more than 8 bits are stretched from the darkest to
    the brightest pixel, transparent parts are put on black, of several pages the first is read; each with a caution.

    Args:
        kind: a key of ``OPENERS``.
        name: what messages call the file.

    Raises:
        BadImage: damaged, cut short, too large, too small, or with pixels that are not finite numbers.
    """
    try:
        image = OPENERS[kind](BytesIO(data))
        check_size(name, image.height, image.width)
        cautions = _cautions(image, data)
        image.load()
        if any(SYNTHETIC_MARK in text for text in image.info.values() if isinstance(text, str)):
            cautions.append(SYNTHETIC_NOTICE)  # also where the text is packed: a PNG's are unpacked by now
        ImageOps.exif_transpose(image, in_place=True)
        if image.mode in _DEEP_GREY:
            return _deep_grey(image, name, cautions)
        return _eight_bit(image, cautions)
    except UNREADABLE as error:
        problem = f"{name} is damaged, incomplete, or a rare kind of {kind}."
        raise BadImage(problem, "Save it again as PNG and retry.") from error


def _cautions(image: ImageFile.ImageFile, data: bytes) -> list[str]:
    """What is lost on the way from this file to a Study."""
    cautions = []
    if (pages := getattr(image, "n_frames", 1)) > 1:
        cautions.append(f"Only the first of {pages} pages was read.")
    if image.mode not in _DEEP_GREY and _bits(image, data) > 8:
        cautions.append(f"Colours of {_bits(image, data)} bits were read with 8 bits.")
    if image.mode == "CMYK":
        cautions.append("Printing colours (CMYK) were converted to RGB, so hues are approximate.")
    return cautions


def _bits(image: ImageFile.ImageFile, data: bytes) -> int:
    """Bits of one channel as stored."""
    if isinstance(image, PngImageFile):
        return data[24]  # the IHDR chunk comes first, and this is its bit depth
    if isinstance(image, TiffImageFile):
        return int(max(image.tag_v2.get(BITSPERSAMPLE, (1,))))
    return 8


def _deep_grey(image: ImageFile.ImageFile, name: str, cautions: list[str]) -> Study:
    """16- and 32-bit integers and floats."""
    values = np.asarray(image)
    check_finite(name, values)
    white_is_zero = isinstance(image, TiffImageFile) and image.tag_v2.get(PHOTOMETRIC_INTERPRETATION) == 0
    window = full_window(values, inverted=white_is_zero)
    pixels = stretch(values[..., None], *window)
    return Study(sealed(pixels), window, cautions=(*cautions, window_caution(window)))


def _eight_bit(image: Image.Image, cautions: list[str]) -> Study:
    if image.has_transparency_data:
        rgba = np.asarray(image.convert("RGBA"))
        values, alpha = merge_equal_channels(rgba[..., :3]), rgba[..., 3:]
        if alpha.min() < 255:
            pixels = values / np.float32(255) * (alpha / np.float32(255))
            return Study(sealed(pixels), cautions=(*cautions, "Transparent parts were put on black."))
    elif image.mode in ("1", "L"):
        values = np.asarray(image.convert("L"))[..., None]
    else:
        values = merge_equal_channels(np.asarray(image.convert("RGB")))
    return Study(sealed(values / np.float32(255)), cautions=tuple(cautions))

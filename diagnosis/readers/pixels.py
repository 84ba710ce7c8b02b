"""What every reader shares: the limits, the arithmetic of grey values and the refusals."""

import struct
import zlib

import numpy as np
from pydicom.errors import InvalidDicomError

from diagnosis.errors import BadImage

MAX_PIXELS = 100_000_000
MIN_SIDE = 16
MAX_BYTES = 1 << 30  # of a file, and of what a deflated DICOM data set unpacks to

# What Pillow, pydicom and their codecs raise on files that are damaged, forged or of a kind they do not know.
UNREADABLE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    InvalidDicomError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    Warning,  # where the interpreter is told to raise them
    struct.error,
    zlib.error,
)

FLAT = "Every pixel of this image has the same value, so there is nothing to see in it."


def check_size(name: str, height: int, width: int) -> None:
    """Raises BadImage for a picture above 100 megapixels or with a side below 16 pixels."""
    if height * width > MAX_PIXELS:
        raise BadImage(
            f"{name} has {width} × {height} pixels ({height * width / 1e6:.1f} megapixels); "
            f"at most {MAX_PIXELS // 10**6} megapixels can be read.",
            "Scale it down, or cut out the part that matters.",
        )
    if min(height, width) < MIN_SIDE:
        raise BadImage(
            f"{name} has {width} × {height} pixels; each side needs at least {MIN_SIDE}.",
            "Use the original image, not a thumbnail.",
        )


def check_finite(name: str, values: np.ndarray) -> None:
    """Raises BadImage when a pixel is not a number or infinite."""
    bad = values.size - np.count_nonzero(np.isfinite(values))
    if bad:
        raise BadImage(
            f"{name} has {bad} pixels that are NaN or infinite.", "Replace them by numbers and save it again."
        )


def full_window(values: np.ndarray, inverted: bool) -> tuple[float, float]:
    """The values that become 0 and 1 where nothing else is known: the extremes of the image.

    Where all are the same, that value becomes 0, with or without ``inverted``.
    """
    low, high = float(values.min()), float(values.max())
    if inverted:
        low, high = high, low
    return (low, high) if low != high else (low, low + 1)


def window_caution(window: tuple[float, float]) -> str:
    black, white = window
    return f"The file names no display window, so its extremes were taken: {black:g} as black and {white:g} as white."


def stretch(values: np.ndarray, zero: float, one: float) -> np.ndarray:
    """Linear map that takes ``zero`` to 0 and ``one`` to 1, clipped to 0..1: float32, same shape.

    ``zero`` may exceed ``one``, which turns dark into light.
    """
    scaled = np.empty(values.shape, np.float32)
    for top in range(0, len(values), 256):  # in strips: a large image in float64 would not fit the memory
        strip = (values[top : top + 256].astype(np.float64) - zero) / (one - zero)
        scaled[top : top + 256] = strip.clip(0, 1) + 0.0  # no −0, which would be another digest
    return scaled


def merge_equal_channels(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3) → (H, W, 1) where the three channels are identical, else as it came."""
    first = pixels[..., 0]
    if np.array_equal(first, pixels[..., 1]) and np.array_equal(first, pixels[..., 2]):
        return pixels[..., :1]
    return pixels


def sealed(pixels: np.ndarray) -> np.ndarray:
    """The same array, contiguous and read-only, so that a Study takes it without a copy."""
    pixels = np.ascontiguousarray(pixels, np.float32)
    pixels.flags.writeable = False
    return pixels

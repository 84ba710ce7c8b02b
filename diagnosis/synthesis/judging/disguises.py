"""Copies of real images in disguise: what the judge must find, made so that its sight can be measured."""

from collections.abc import Callable, Mapping
from io import BytesIO

import numpy as np
from PIL import Image

from diagnosis.study import Study

_SHIFTED = 0.02  # of the width, and half of that of the height
_BRIGHTER = 1.15
_QUALITY = 30  # of the JPEG

Disguise = Callable[[np.ndarray], np.ndarray]  # float32 (H, W, C) in 0..1 → the same


def _shifted(pixels: np.ndarray) -> np.ndarray:
    """Down and to the right; the edge is repeated."""
    down, right = (max(1, round(share * pixels.shape[1])) for share in (_SHIFTED / 2, _SHIFTED))
    padded = np.pad(pixels, ((down, 0), (right, 0), (0, 0)), mode="edge")
    return padded[: pixels.shape[0], : pixels.shape[1]]


def _jpeg(pixels: np.ndarray) -> np.ndarray:
    stored = np.round(pixels * 255).astype(np.uint8)
    stream = BytesIO()
    Image.fromarray(stored[..., 0] if stored.shape[2] == 1 else stored).save(stream, "JPEG", quality=_QUALITY)
    found = np.asarray(Image.open(stream), np.float32) / 255
    return found.reshape(pixels.shape)


DISGUISES: Mapping[str, Disguise] = {
    "none": lambda pixels: pixels,
    "mirrored": lambda pixels: pixels[:, ::-1],
    "shifted by 2 % of the width": _shifted,
    "brighter by 15 %": lambda pixels: (_BRIGHTER * pixels).clip(0, 1),
    "JPEG of quality 30": _jpeg,
}

RESTORED: Mapping[str, float] = {  # by the generator's autoencoder; noise in the latents, as a share of their spread
    "restored by the autoencoder": 0,
    "restored from latents with 20 % noise": 0.2,
}


def disguised(study: Study, name: str) -> Study:
    """A copy of a study in one of ``DISGUISES``."""
    return Study(np.ascontiguousarray(DISGUISES[name](study.pixels), np.float32))

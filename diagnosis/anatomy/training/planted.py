"""Marks printed on films by code: a shortcut whose place is known."""

import hashlib

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from diagnosis.study import Study

LETTERS = ("L", "AP", "X", "PORT", "#")
REACH = 0.14  # of the film's side: how far from the edge a mark may begin
HEIGHT = (0.05, 0.09)  # of the shorter side


def plant(study: Study, seed: int) -> tuple[Study, np.ndarray]:
    """A copy of a film with one white mark near an edge, and where it is, bool (H, W); drawn by study and seed."""
    rng = np.random.default_rng([seed, int(hashlib.sha256(study.digest.encode()).hexdigest()[:8], 16)])
    height, width = study.size
    tall = float(rng.uniform(*HEIGHT)) * min(height, width)
    text = str(rng.choice(LETTERS))
    stamp = _stamp(text, tall)
    rows, columns = stamp.shape
    rows, columns = min(rows, height), min(columns, width)
    top, left = _corner(rng, height - rows, width - columns)
    field = np.zeros((height, width), dtype=np.float32)
    field[top : top + rows, left : left + columns] = stamp[:rows, :columns]
    pixels = np.maximum(study.pixels, field[..., None])
    return Study(pixels, study.window, study.modality, study.view, study.spacing_mm, study.spacing_kind), field > 0.5


def _corner(rng: np.random.Generator, rows: int, columns: int) -> tuple[int, int]:
    """Top and left of a mark that may move within ``rows`` and ``columns``: near a corner or an upright edge."""
    down = float(rng.uniform(0, 1)) if rng.uniform() < 0.3 else float(rng.uniform(0, REACH))
    across = float(rng.uniform(0, REACH / 2))
    if rng.uniform() < 0.5:
        down = 1 - down
    if rng.uniform() < 0.5:
        across = 1 - across
    return round(down * rows), round(across * columns)


def _stamp(text: str, tall: float) -> np.ndarray:
    """float32 (h, w), 0..1: a text as it is printed, drawn fine and brought down to size."""
    font = ImageFont.load_default(96)
    left, top, right, bottom = font.getbbox(text)
    picture = Image.new("L", (int(right - left) + 12, int(bottom - top) + 12))
    ImageDraw.Draw(picture).text((6 - left, 6 - top), text, fill=255, font=font, stroke_width=3)
    factor = tall / picture.height
    size = (max(2, round(picture.width * factor)), max(2, round(tall)))
    drawn = np.asarray(picture.resize(size, Image.Resampling.LANCZOS), dtype=np.float32) / 255
    return ndimage.gaussian_filter(drawn, 0.4).clip(0, 1)

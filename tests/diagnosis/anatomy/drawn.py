"""A data folder of drawn films with masks and boxes, and a segmenter small enough to train within a test."""

import csv
from pathlib import Path

import numpy as np
from PIL import Image

from diagnosis.phantoms import draw_chest
from diagnosis.phantoms.export import write_raster

CARD = """\
# what the card says of itself
name = "tiny"
version = "1"
title = "Tiny"
architecture = "unet"
widths = [8, 16]
outputs = ["right_lung", "left_lung"]
threshold = 0.5
licence = "Apache-2.0"
intended_use = "Tests."
out_of_scope = "Everything else."
training_data = "Drawn."
limitations = []
references = []

[input]
size = 64
channels = 1
resize = "pad"
mean = [0.5]
std = [0.25]
modalities = ["DX"]
"""

RECIPE = """\
dataset = "drawn"
unlabelled = "bare"
val_share = 0.3
seed = 1
batch_size = 4
learning_rate = 0.01
weight_decay = 0.0
warmup_steps = 1
average_decay = 0.5

[[stages]]
size = 32
epochs = 4

[[stages]]
size = 64
epochs = 1
borrowed = 2

[changes]
flip = true
degrees = 5
translate = 0.05
scale = [0.9, 1.1]
shear = 2
aspect = 0.1
gamma = 0.2
brightness = 0.1
contrast = 0.1
shading = 0.2
blur = 0.5
noise = 0.02
patches = 0.2
"""


def write_films(root: Path, size: int = 72) -> Path:
    """``root/drawn`` with masks and boxes, of one film a patient, and ``root/bare`` without; returns ``root``."""
    rows = [_film(root / "drawn", seed, "test" if seed > 11 else "train", size) for seed in range(14)]
    rows.append(_film(root / "drawn", 14, "test", size) | {"lung_mask": ""})
    _manifest(root / "drawn", rows)
    _manifest(root / "bare", [_film(root / "bare", 20 + seed, split, size) for seed, split in enumerate(_SPLITS)])
    return root


_SPLITS = ("train", "train", "train", "test", "val")


def _film(folder: Path, seed: int, split: str, size: int) -> dict[str, str]:
    phantom = draw_chest(seed, size)
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    write_raster(phantom.pixels, folder / f"images/{seed}.png")
    Image.fromarray((phantom.lung_mask * 255).astype(np.uint8)).save(folder / f"masks/{seed}.png")
    return {
        "path": f"images/{seed}.png",
        "group": f"patient {seed}",
        "split": split,
        "label": "drawn",
        "lung_mask": f"masks/{seed}.png",
        "right_lung_box": _box(phantom.right_lung),
        "left_lung_box": _box(phantom.left_lung),
    }


def _box(lung: np.ndarray) -> str:
    rows, columns = np.flatnonzero(lung.any(axis=1)), np.flatnonzero(lung.any(axis=0))
    edges = (columns[0], rows[0], np.ptp(columns) + 1, np.ptp(rows) + 1)
    return " ".join(f"{edge / len(lung):.4f}" for edge in edges)


def _manifest(folder: Path, rows: list[dict[str, str]]) -> None:
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)

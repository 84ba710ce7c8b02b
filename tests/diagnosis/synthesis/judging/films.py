"""A set of drawn films laid out as the real sets are: some patients have twins, two films that differ in a letter."""

import csv
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from diagnosis.phantoms import draw_chest
from diagnosis.study import Study

SIZE = 64
PATIENTS, TWINS, UNSEEN = 16, 4, 20  # of train, those of them with a second film, and patients of test
LABELS = ("normal", "viral_pneumonia")  # the shipped model calls drawings viral pneumonia


@cache
def film(patient: int, *, marker: bool = True) -> Study:
    """The film of a patient; those from 1000 on are in no set."""
    return Study(draw_chest(seed=patient, size=SIZE, marker=marker).pixels)


def save(study: Study, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(grey(study)).save(path)
    return path


def grey(study: Study) -> np.ndarray:
    """uint8 (H, W)."""
    return np.round(study.pixels[..., 0] * 255).astype(np.uint8)


def write_set(folder: Path, patients: int = PATIENTS, twins: int = TWINS, unseen: int = UNSEEN, first: int = 0) -> Path:
    """``manifest.csv`` and images: patients of train from ``first`` on, those of test from 500 on."""
    films = [(patient, "train", True) for patient in range(first, first + patients)]
    films += [(patient, "train", False) for patient in range(first, first + twins)]
    films += [(500 + patient, "test", True) for patient in range(unseen)]
    rows = []
    for patient, split, marker in films:
        name = f"images/{patient}{'' if marker else '-twin'}.png"
        save(film(patient, marker=marker), folder / name)
        rows.append((name, LABELS[patient % 2], f"p{patient}", split))
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("path", "label", "group", "split"), *rows])
    return folder

"""Chest films with what is known of their lungs: drawn masks, or boxes, or nothing."""

import csv
import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from PIL import Image
from scipy import ndimage

from diagnosis.cards import InputSpec
from diagnosis.errors import BadRequest, Missing
from diagnosis.preprocess import to_square
from diagnosis.readers import read_study
from diagnosis.study import Study

Part = Literal["train", "val", "test"]
Box = tuple[float, float, float, float]  # left, top, width, height as fractions of the film

COLUMNS = ("path", "group", "split", "lung_mask", "right_lung_box", "left_lung_box")


@dataclass(frozen=True)
class Film:
    """One film of a manifest; ``mask`` marks both lungs, ``right`` and ``left`` are the patient's."""

    path: Path
    group: str
    mask: Path | None
    right: Box | None
    left: Box | None


def films_of(folder: Path, part: Part, val_share: float) -> list[Film]:
    """The films of one part. ``val`` are the patients of the manifest's ``train`` that a digest of their name picks.

    Raises Missing or BadRequest when the manifest is absent or lacks a column.
    """
    rows = _rows(folder, COLUMNS)
    wanted = "test" if part == "test" else "train"
    chosen = [row for row in rows if row["split"] == wanted]
    if part != "test":
        chosen = [row for row in chosen if (_draw(row["group"]) < val_share) == (part == "val")]
    return [
        Film(
            folder / row["path"],
            row["group"],
            folder / row["lung_mask"] if row["lung_mask"] else None,
            _box(row["right_lung_box"]),
            _box(row["left_lung_box"]),
        )
        for row in chosen
    ]


def unlabelled_paths(folder: Path, split: str) -> list[Path]:
    """The images of one split of a manifest, in an order that a digest of their name gives."""
    rows = [row for row in _rows(folder, ("path", "split")) if row["split"] == split]
    return [folder / row["path"] for row in sorted(rows, key=lambda row: _draw(row["path"]))]


def drawn_lungs(film: Film) -> np.ndarray:
    """bool (2, H, W): the patient's right and left lung, from the drawn mask of both.

    Each connected part goes to the side of the line midway between the boxes on which most of it lies; a part that
    crosses the line with a fifth of its area is cut there.
    """
    if film.mask is None or film.right is None or film.left is None:
        raise ValueError(f"{film.path.name} needs a mask and two boxes")
    both = np.asarray(Image.open(film.mask).convert("L")) > 127
    middle = round((film.right[0] + film.right[2] + film.left[0]) / 2 * both.shape[1])
    parts, count = ndimage.label(both)
    lungs = np.zeros((2, *both.shape), dtype=bool)
    for number in range(1, count + 1):
        part = parts == number
        share = part[:, middle:].sum() / part.sum()
        if 0.2 < share < 0.8:
            lungs[0, :, :middle] |= part[:, :middle]
            lungs[1, :, middle:] |= part[:, middle:]
        else:
            lungs[int(share >= 0.5)] |= part
    return lungs


def squares(paths: Iterable[Path], spec: InputSpec) -> torch.Tensor:
    """uint8 (N, C, S, S): films on the network's square."""
    with ThreadPoolExecutor(2) as pool:
        return torch.stack(
            list(pool.map(lambda path: (to_square(read_study(path), spec) * 255).round().to(torch.uint8), paths))
        )


def mask_squares(films: Iterable[Film], spec: InputSpec) -> torch.Tensor:
    """bool (N, 2, S, S): drawn lungs on the same square as their films."""
    return torch.stack([mask_square(drawn_lungs(film), spec) for film in films])


def mask_square(lungs: np.ndarray, spec: InputSpec) -> torch.Tensor:
    """bool (L, H, W) on a film's grid → bool (L, S, S) on the network's square."""
    return torch.cat([to_square(Study(one[..., None].astype(np.float32)), spec) > 0.5 for one in lungs])


def _rows(folder: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    path = folder / "manifest.csv"
    if not path.is_file():
        raise Missing(f"There is no manifest.csv in {folder}.", "Name the folder of the image sets with --data.")
    with path.open(newline="", encoding="utf-8") as stream:
        reader = csv.DictReader(stream)
        if lacking := [column for column in columns if column not in (reader.fieldnames or ())]:
            raise BadRequest(f"{path} has no column {lacking[0]!r}.", f"It needs the columns {', '.join(columns)}.")
        return list(reader)


def _draw(name: str) -> float:
    """0..1, the same for a name at any time and on any machine."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) / 2**64


def _box(text: str) -> Box | None:
    if not text.strip():
        return None
    left, top, width, height = (float(number) for number in text.split())
    return left, top, width, height

"""A labelled folder of images: ``manifest.csv`` (path, label, group, split) beside ``images/``."""

import csv
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from diagnosis.cards import ModelCard, file_digest
from diagnosis.errors import BadRequest, Missing
from diagnosis.preprocess import to_square
from diagnosis.readers import read_study
from diagnosis.study import Study

COLUMNS = ("path", "label", "group", "split")


@dataclass(frozen=True)
class Row:
    """One line of a manifest; ``path`` is absolute. A group (patient, slide …) never crosses a split."""

    path: Path
    label: str
    group: str
    split: str


@dataclass(frozen=True, eq=False)
class Dataset:
    """One split in memory.

    Attributes:
        squares: uint8 (N, C, S, S): :func:`diagnosis.preprocess.to_square`, rounded to 1/255.
        targets: int64 (N,), positions in the card's labels.
        groups: N group names.
    """

    squares: torch.Tensor
    targets: torch.Tensor
    groups: np.ndarray

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, positions: np.ndarray) -> "Dataset":
        """The images at int64 (M,) ``positions``, in this order."""
        return Dataset(self.squares[positions], self.targets[positions], self.groups[positions])

    def joined(self, other: "Dataset") -> "Dataset":
        """These images, and after them those of the other."""
        squares, targets = torch.cat([self.squares, other.squares]), torch.cat([self.targets, other.targets])
        return Dataset(squares, targets, np.concatenate([self.groups, other.groups]))


def read_manifest(folder: Path) -> list[Row]:
    """All rows of ``folder/manifest.csv``. Raises Missing or BadRequest when it is absent or lacks a column."""
    path = folder / "manifest.csv"
    if not path.is_file():
        remedy = "Name a folder laid out as docs/training.md says, with --data."
        raise Missing(f"There is no manifest.csv in the folder {folder.name}.", remedy)
    with path.open(newline="", encoding="utf-8") as stream:
        reader = csv.DictReader(stream)
        lacking = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
        if lacking:
            remedy = f"It needs the columns {', '.join(COLUMNS)}."
            raise BadRequest(f"{path.name} has no column {lacking[0]!r}.", remedy)
        return [Row(folder / row["path"], row["label"], row["group"], row["split"]) for row in reader]


def manifest_digest(folder: Path) -> str:
    """sha256 of the manifest, 64 hex digits."""
    return file_digest(folder / "manifest.csv")


def rows_of(folder: Path, split: str, card: ModelCard) -> list[Row]:
    """The rows of one split whose labels the card knows.

    Raises BadRequest for a split without rows, for a label that the card does not have, and for a model of independent
    findings, because a row names one class.
    """
    if card.independent:
        problem = f"{card.name} scores independent findings, and a manifest names one class an image."
        raise BadRequest(problem, "Use a model whose classes exclude each other.")
    rows = read_manifest(folder)
    chosen = [row for row in rows if row.split == split]
    if not chosen:
        splits = ", ".join(sorted({row.split for row in rows}))
        raise BadRequest(f"{folder.name} has no rows with split {split!r}.", f"It has: {splits}.")
    for label in {row.label for row in chosen}:
        card.index(label)
    return chosen


def load_split(folder: Path, split: str, card: ModelCard) -> Dataset:
    """One split, read and brought onto the network's square."""
    return load_rows(rows_of(folder, split, card), card)


def load_rows(rows: list[Row], card: ModelCard) -> Dataset:
    """Images with labels that the card knows, read and brought onto the network's square."""

    with ThreadPoolExecutor(4) as pool:
        squares = torch.stack(list(pool.map(lambda row: square_of(read_study(row.path), card), rows)))
    targets = torch.tensor([card.index(row.label) for row in rows])
    return Dataset(squares, targets, np.array([row.group for row in rows]))


def square_of(study: Study, card: ModelCard) -> torch.Tensor:
    """uint8 (C, S, S): the study on the network's square, rounded to 1/255."""
    return (to_square(study, card.input) * 255).round().to(torch.uint8)

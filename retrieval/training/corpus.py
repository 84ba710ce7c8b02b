"""The images that the encoder is trained and measured on, as rows of the data sets' manifests and as one array.

Sets with labels hold many images of few classes; sets of cases hold few images each with words of its own. A group
(patient, slide, case) never crosses a split. Sets of cases have no ``val`` split: an eighth of their ``train`` groups,
chosen by a hash of the group's name, stands in for it.
"""

import csv
import hashlib
import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from diagnosis.errors import BadRequest, Missing
from diagnosis.readers import read_study
from retrieval.preprocess import squarer

if TYPE_CHECKING:
    from open_clip.transform import PreprocessCfg

LABELLED = ("chest_xray", "lung_colon", "breast_idc", "colorectal", "brain_mri", "chest_ct")
CASES = ("covid_cases", "medpix_cases")
_COLUMNS = ("path", "group", "split")


@dataclass(frozen=True)
class Item:
    """One image: ``label`` is ``set/class`` for labelled sets and empty for cases; ``facts`` is its manifest row."""

    dataset: str
    path: Path
    label: str
    group: str
    split: str
    facts: Mapping[str, str]


def read_items(data: Path, datasets: Iterable[str] = (*LABELLED, *CASES)) -> list[Item]:
    """All images of the sets in ``data``, in the order of their manifests.

    Raises:
        Missing: a set's manifest is not there.
        BadRequest: a manifest lacks a column.
    """
    return [item for dataset in datasets for item in _read_set(data / dataset)]


def _read_set(folder: Path) -> list[Item]:
    path = folder / "manifest.csv"
    if not path.is_file():
        raise Missing(f"There is no manifest.csv in {folder}.", "Name the folder of the data sets with --data.")
    with path.open(newline="", encoding="utf-8") as stream:
        reader = csv.DictReader(stream)
        columns = (*_COLUMNS, "label") if folder.name in LABELLED else _COLUMNS
        if lacking := [column for column in columns if column not in (reader.fieldnames or ())]:
            raise BadRequest(f"{path} has no column {lacking[0]!r}.", f"It needs the columns {', '.join(columns)}.")
        return [_item(folder, row) for row in reader]


def _item(folder: Path, row: dict[str, str]) -> Item:
    labelled = folder.name in LABELLED
    split = row["split"]
    if not labelled and split == "train" and _share(row["group"]) < 1 / 8:
        split = "val"
    label = f"{folder.name}/{row['label']}" if labelled else ""
    return Item(folder.name, folder / row["path"], label, f"{folder.name}/{row['group']}", split, row)


def _share(name: str) -> float:
    """A number in 0..1 that depends on the name alone, spread evenly over names."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) / 2**32


def load_squares(items: list[Item], settings: "PreprocessCfg", cache: Path) -> np.ndarray:
    """uint8 (N, S, S, 3), one :func:`retrieval.preprocess.squarer` square an item, read-only, mapped from ``cache``.

    The array is made once and made again when the items or the settings change.
    """
    described = json.dumps([asdict(settings), [f"{item.dataset}/{item.facts['path']}" for item in items]])
    digest = hashlib.sha256(described.encode()).hexdigest()[:16]
    path = cache / f"squares-{digest}.npy"
    if not path.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        _write_squares(items, settings, path)
    return np.load(path, mmap_mode="r")


def _write_squares(items: list[Item], settings: "PreprocessCfg", path: Path) -> None:
    square = squarer(settings)
    side = settings.size if isinstance(settings.size, int) else settings.size[0]
    partial = path.with_suffix(".partial.npy")
    squares = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=(len(items), side, side, 3))
    with ThreadPoolExecutor(2) as pool:
        for row, values in enumerate(pool.map(lambda item: square(read_study(item.path)), items)):
            squares[row] = values
    squares.flush()
    partial.replace(path)

"""MedMNIST's npz files (Yang et al. 2023, Scientific Data 10:41) → a labelled folder as the other commands take it."""

import csv
import logging
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from diagnosis.cards import ModelCard
from diagnosis.errors import BadRequest, Missing
from diagnosis.training.dataset import COLUMNS

log = logging.getLogger(__name__)
SPLITS = ("train", "val", "test")
ALONE = (
    "The file does not tell which images are of one patient or slide: each counts as a group of its own, and the "
    "intervals are too narrow."
)


def unpack(file: Path, folder: Path, card: ModelCard) -> int:
    """Write every image as PNG and ``manifest.csv``, the manifest last; returns the number of images.

    A file holds, for each split, images uint8 (N, H, W) or (N, H, W, 3) and labels (N, 1), positions in the order of
    the card's labels.

    Raises:
        Missing: there is no such file.
        BadRequest: it is no such file, or its labels are not the card's; or the folder has a manifest already.
    """
    if not file.is_file():
        raise Missing(f"There is no {file}.", "Get it as docs/weights.md says.")
    manifest = folder / "manifest.csv"
    if manifest.exists():
        raise BadRequest(f"{folder} has a manifest.csv already.", "Name another folder with --data.")
    partial = manifest.with_name(manifest.name + ".partial")
    count = 0
    try:
        (folder / "images").mkdir(parents=True, exist_ok=True)
        with np.load(file, allow_pickle=False) as arrays, partial.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(COLUMNS)
            for split in SPLITS:
                for path, label in _write_split(arrays, split, folder, card):
                    writer.writerow((path, label, Path(path).stem, split))
                    count += 1
    except (zipfile.BadZipFile, ValueError, EOFError) as error:
        partial.unlink(missing_ok=True)
        raise BadRequest(f"{file.name} is not an npz file of MedMNIST: {error}.", "Get it from its source.") from error
    except OSError as error:
        raise BadRequest(f"Cannot write to {folder}: {error.strerror}.", "Name another folder with --data.") from error
    partial.replace(manifest)
    log.info(ALONE)
    return count


def _write_split(arrays: np.lib.npyio.NpzFile, split: str, folder: Path, card: ModelCard) -> Iterator[tuple[str, str]]:
    """(path in the folder, label) of each image of a split, as it is written. Raises ValueError."""
    for name in (f"{split}_images", f"{split}_labels"):
        if name not in arrays:
            raise ValueError(f"it has no {name}")
    images, labels = arrays[f"{split}_images"], arrays[f"{split}_labels"]
    if images.dtype != np.uint8 or images.shape[3:] not in ((), (3,)) or images.ndim < 3:
        raise ValueError(f"{split}_images are {images.dtype} {images.shape}, not uint8 (N, H, W) or (N, H, W, 3)")
    if labels.shape not in ((len(images),), (len(images), 1)):
        raise ValueError(f"{split}_labels are {labels.shape}: one label an image is read here, and no more")
    labels = labels.reshape(-1)
    if len(labels) and not 0 <= labels.min() <= labels.max() < len(card.labels):
        raise ValueError(f"{split}_labels go up to {labels.max()}, and {card.name} has {len(card.labels)} labels")
    for at, (image, label) in enumerate(zip(images, labels, strict=True)):
        path = f"images/{split}-{at:06}.png"
        Image.fromarray(image).save(folder / path)
        yield path, card.label_names[int(label)]

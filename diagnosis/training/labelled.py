"""Labelled images as people have them: a folder or an archive, with a manifest or with a folder for each class."""

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import BadZipFile, ZipFile

from diagnosis.cards import ModelCard
from diagnosis.errors import BadRequest, Missing
from diagnosis.training.dataset import COLUMNS, read_manifest

MANIFEST = "manifest.csv"
EVERY = "all"  # the split of images that came in class folders
MOST_FILES = 20_000
MOST_BYTES = 2_000_000_000  # of an archive, unpacked


@contextmanager
def labelled_images(place: Path, split: str, card: ModelCard) -> Iterator[tuple[Path, str]]:
    """(folder with a manifest, split to read) of a folder or a zip archive; what was unpacked goes afterwards.

    Args:
        split: value of the manifest's split column. Without a manifest, all images of the class folders are read.

    Raises:
        Missing: there is nothing at ``place``, or no labelled image in it.
        BadRequest: a damaged or too large archive, an image outside it, or a class folder that the card does not know.
    """
    with TemporaryDirectory(prefix="lightbox-labelled-") as work:
        if place.is_dir():
            folder = place
        else:
            folder = Path(work) / "unpacked" / place.stem
            _unpack(place, folder)
        root = _root(folder)
        if (root / MANIFEST).is_file():
            if folder != place:
                _refuse_outside(root)
            yield root, split
        else:
            yield _with_manifest(root, Path(work) / "labels" / root.name, card), EVERY


def _unpack(place: Path, folder: Path) -> None:
    if not place.is_file():
        raise Missing(f"There is no folder or archive {place}.", "Name a folder, or a zip archive of one.")
    try:
        with ZipFile(place) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > MOST_BYTES:
                limit = f"{MOST_FILES} files and {MOST_BYTES / 1e9:.0f} GB"
                raise BadRequest(f"{place.name} unpacks to more than {limit}.", "Measure fewer images at a time.")
            archive.extractall(folder)  # leaves out .. and absolute parts of names
    except (BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
        raise BadRequest(f"{place.name} is no zip archive that can be unpacked.", "Zip the folder again.") from error


def _root(folder: Path) -> Path:
    """The folder itself, or the one folder in it, as archives often have."""
    inside = [path for path in folder.iterdir() if not _hidden(path)]
    if len(inside) != 1 or not inside[0].is_dir():
        return folder
    deeper = any(path.is_dir() or path.name == MANIFEST for path in inside[0].iterdir())
    return inside[0] if deeper else folder


def _hidden(path: Path) -> bool:
    return path.name.startswith((".", "__MACOSX")) or path.name in {"Thumbs.db", "desktop.ini"}


def _refuse_outside(root: Path) -> None:
    """An archive that came from elsewhere may name its own files alone."""
    top = root.resolve()
    for row in read_manifest(root):
        if not row.path.resolve().is_relative_to(top):
            problem = f"{MANIFEST} names a file outside the archive."
            raise BadRequest(problem, "Name the images relative to the manifest.")


def _with_manifest(root: Path, folder: Path, card: ModelCard) -> Path:
    """A manifest, in a folder of its own, of the images in class folders; each image counts as a group of its own."""
    known = {_plain(text): label.name for label in card.labels for text in (label.title, label.name)}
    classes = [path for path in sorted(root.iterdir()) if path.is_dir() and not _hidden(path)]
    for one in classes:
        if _plain(one.name) not in known:
            remedy = f"Name the folders {', '.join(card.label_names)}, or add a {MANIFEST}."
            raise BadRequest(f"{card.name} has no class {one.name!r}.", remedy)
    files = [(path, known[_plain(one.name)]) for one in classes for path in sorted(one.rglob("*"))]
    images = [(path, label) for path, label in files if path.is_file() and not _hidden(path)]
    if not images:
        problem = f"{root.name} has neither a {MANIFEST} nor a folder of images for each class."
        raise Missing(problem, f"Name the folders {', '.join(card.label_names)}.")
    folder.mkdir(parents=True)
    with (folder / MANIFEST).open("w", newline="", encoding="utf-8") as stream:
        rows = [(path.resolve(), label, path.relative_to(root).as_posix(), EVERY) for path, label in images]
        csv.writer(stream).writerows([COLUMNS, *rows])
    return folder


def _plain(text: str) -> str:
    return re.sub("[^a-z0-9]+", "_", text.lower()).strip("_")

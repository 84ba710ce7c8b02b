"""A folder of made images, ``<model>/<class label>/*.png`` or ``*.jpg``."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from diagnosis.cards import ModelCard
from diagnosis.errors import BadRequest, Missing
from diagnosis.readers import read_study
from diagnosis.study import Study

GENERATOR = "Weights"  # text of a PNG file that a generator wrote: sha256 of its weights
_SUFFIXES = (".png", ".jpg", ".jpeg")


@dataclass(frozen=True, eq=False)
class MadeImages:
    """N made images of one model.

    Attributes:
        files: where they lie.
        sha256: over the labels and files of all.
        generators: sha256 of the weights that made them, as far as the files tell.
    """

    studies: Sequence[Study]
    labels: tuple[str, ...]
    files: tuple[Path, ...]
    sha256: str
    generators: tuple[str, ...]


def read_made(folder: Path, card: ModelCard) -> MadeImages:
    """The images of ``folder/<name of the model>``.

    Raises:
        Missing: there are none.
        BadRequest: a folder is named like no class of the model.
        BadImage: a file cannot be read.
    """
    top = folder / card.name
    classes = sorted(path for path in top.glob("*") if path.is_dir() and not path.name.startswith("."))
    for one in classes:
        if one.name not in card.label_names:
            known = ", ".join(card.label_names)
            raise BadRequest(f"{top} has a folder {one.name}, which is no class of {card.name}.", f"Use {known}.")
    files = [path for one in classes for path in sorted(one.iterdir()) if path.suffix.lower() in _SUFFIXES]
    if not files:
        raise Missing(f"There are no PNG or JPEG images in {top}.", "Put them in a folder named after each class.")
    studies = [read_study(path) for path in files]
    labels = tuple(path.parent.name for path in files)
    sha256 = made_digest((path.parent.name, path.read_bytes()) for path in files)
    return MadeImages(studies, labels, tuple(files), sha256, _generators(files))


def made_digest(files: Iterable[tuple[str, bytes]]) -> str:
    """sha256 over labels and contents."""
    digest = hashlib.sha256()
    for label, content in files:
        digest.update(f"{label} {hashlib.sha256(content).hexdigest()}\n".encode())
    return digest.hexdigest()


def _generators(files: Sequence[Path]) -> tuple[str, ...]:
    found = set()
    for path in files:
        with Image.open(path) as image:
            found.add(image.info.get(GENERATOR))
    return tuple(sorted(digest for digest in found if isinstance(digest, str)))

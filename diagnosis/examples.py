"""Images that a newcomer can click: drawings by code, and synthetic images of the models' classes."""

from dataclasses import dataclass
from pathlib import Path

from diagnosis.errors import UserError
from diagnosis.synthesis.images import SYNTHETIC
from diagnosis.synthesis.shipped import Shipped, load_shipped

ENDINGS = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".dcm"}
PICTURES = {".png", ".jpg", ".jpeg", ".webp"}


@dataclass(frozen=True)
class Example:
    """A file to read, a picture that stands for it, and a short caption.

    Attributes:
        model: the one whose class the image was made for; None where it was made for none.
    """

    file: Path
    picture: Path
    caption: str
    model: str | None = None

    @property
    def name(self) -> str:
        """Of the file, which tells it from the others of its folder."""
        return self.file.name

    def fits(self, model: str) -> bool:
        """Whether it is for a model: made for no other."""
        return self.model in (None, model)


def find_examples(folder: Path) -> tuple[Example, ...]:
    """The images directly in ``folder``: synthetic ones as their list has them, then the others by name.

    A file that browsers cannot show (DICOM, TIFF) needs a picture of the same name beside it and is left out otherwise;
    the caption of a synthetic image is its class, that of another its file's name in words. A synthetic image that the
    list beside ``folder`` does not name, by its digest and its picture's, is no example: nothing is known of it.
    """
    if not folder.is_dir():
        return ()
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS)
    stand_ins = {_picture(path) for path in files if path.suffix.lower() not in PICTURES}
    shown = [(path, picture) for path in files if path not in stand_ins and (picture := _picture(path))]
    drawn = [
        Example(path, picture, path.stem.replace("-", " "))
        for path, picture in shown
        if not path.name.startswith(SYNTHETIC)
    ]
    top = folder.parent
    made = [
        Example(top / one.file, top / one.picture, f"{one.title}, {SYNTHETIC}", one.model)
        for one in _listed(top)
        if (top / one.file).parent == folder and one.is_in(top)
    ]
    return *made, *drawn


def _listed(examples: Path) -> tuple[Shipped, ...]:
    """The synthetic images of all folders; none where their list cannot be read."""
    try:
        return load_shipped(examples)
    except UserError:
        return ()


def _picture(path: Path) -> Path | None:
    """What a browser can show for a file: itself, or its twin."""
    if path.suffix.lower() in PICTURES:
        return path
    return next((twin for ending in sorted(PICTURES) if (twin := path.with_suffix(ending)).is_file()), None)

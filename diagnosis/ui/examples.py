"""Images that a newcomer can click."""

from dataclasses import dataclass
from pathlib import Path

ENDINGS = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".dcm"}
PICTURES = {".png", ".jpg", ".jpeg", ".webp"}


@dataclass(frozen=True)
class Example:
    """A file to read, a picture that stands for it, and a short caption."""

    file: Path
    picture: Path
    caption: str


def find_examples(folder: Path) -> tuple[Example, ...]:
    """The images directly in ``folder``, by name; none when there is no such folder.

    A file that browsers cannot show (DICOM, TIFF) needs a picture of the same name beside it and is left out otherwise;
    the caption is the file's name in words.
    """
    if not folder.is_dir():
        return ()
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS)
    stand_ins = {_picture(path) for path in files if path.suffix.lower() not in PICTURES}
    shown = [(path, _picture(path)) for path in files if path not in stand_ins]
    return tuple(Example(path, picture, path.stem.replace("-", " ")) for path, picture in shown if picture)


def _picture(path: Path) -> Path | None:
    """What a browser can show for a file: itself, or its twin."""
    if path.suffix.lower() in PICTURES:
        return path
    return next((twin for ending in sorted(PICTURES) if (twin := path.with_suffix(ending)).is_file()), None)

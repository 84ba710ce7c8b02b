"""Files → studies: :func:`read_study` looks at the content, never at the extension."""

from dataclasses import replace
from pathlib import Path

from diagnosis.errors import BadImage
from diagnosis.notices import SYNTHETIC_MARK, SYNTHETIC_NOTICE
from diagnosis.readers.dicom import read_dicom
from diagnosis.readers.pixels import FLAT, MAX_BYTES
from diagnosis.readers.raster import read_raster
from diagnosis.study import Study

_RASTERS = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"BM": "BMP",
}
_STRANGERS = {
    b"GIF8": "a GIF",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive or an Office document",
    b"\x1f\x8b": "a gzip archive",
    b"\0\0\0\x0cjP  ": "a JPEG 2000 image",
    b"\x5c\x01\0\0": "a NIfTI volume",
    b"\x08\0": "not a complete DICOM file (its header is missing)",
}
_FORMATS = "Use a PNG, JPEG, TIFF, WebP, BMP or DICOM file."


def read_study(source: Path | bytes, name: str | None = None) -> Study:
    """Read one image of at most 100 megapixels: PNG, JPEG, TIFF, WebP, BMP or DICOM.

    Nothing of the file but its picture and what :class:`Study` lists is kept. Several threads may call it at once.
    What has the mark of this project's synthetic images as a text of its file, also a packed one of a PNG or a deflated
    DICOM file, gets a caution that its file says so. Nothing tells whether that is true.

    Args:
        source: a path, or the content of a file.
        name: what messages call the file; by default the last part of the path.

    Raises:
        BadImage: there is no such file, or no image can be read from it. The message says why and what to do.
    """
    name = name or (source.name if isinstance(source, Path) else "The image")
    data = _load(source, name) if isinstance(source, Path) else source
    _check_bytes(len(data), name)
    kind = _sniff(data)
    if kind is None:
        raise BadImage(f"{name} is {_describe(data)}.", _FORMATS)
    study = read_dicom(data, name) if kind == "DICOM" else read_raster(data, kind, name)
    marked = SYNTHETIC_MARK.encode() in data and not study.synthetic  # no text of the file need be parsed for it
    further = [SYNTHETIC_NOTICE] if marked else []
    further += [FLAT] if study.pixels.min() == study.pixels.max() else []
    return replace(study, cautions=(*study.cautions, *further)) if further else study


def _load(path: Path, name: str) -> bytes:
    if path.is_dir():
        raise BadImage(f"{name} is a folder.", "Name one image in it.")
    if not path.exists():
        raise BadImage(f"There is no file {name}.", "Check the path.")
    try:
        _check_bytes(path.stat().st_size, name)
        return path.read_bytes()
    except OSError as error:
        raise BadImage(f"{name} could not be opened ({error.strerror}).", "Check that you may read it.") from error


def _check_bytes(count: int, name: str) -> None:
    if count == 0:
        raise BadImage(f"{name} is empty (0 bytes).", "Save or upload it again.")
    if count > MAX_BYTES:
        problem = f"{name} has {count / 1e6:.0f} MB; at most {MAX_BYTES / 1e6:.0f} MB can be read."
        raise BadImage(problem, "Export a single image of it.")


def _sniff(data: bytes) -> str | None:
    """Name of the format that the first bytes announce, or None."""
    if data[128:132] == b"DICM":  # first: a DICOM file may carry a TIFF header before this mark
        return "DICOM"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    return next((kind for mark, kind in _RASTERS.items() if data.startswith(mark)), None)


def _describe(data: bytes) -> str:
    """What a file that holds no readable image seems to be: a noun for "… is …"."""
    for mark, noun in _STRANGERS.items():
        if data.startswith(mark):
            return noun
    if data[4:8] == b"ftyp":
        return "a HEIC, AVIF or video file"
    head = data[:1024]
    if b"<svg" in head:
        return "an SVG drawing"
    if not any(byte < 9 for byte in head) and head.isascii():
        return "a text file, not an image"
    return f"in no known image format (it begins with the bytes {data[:4].hex(' ')})"

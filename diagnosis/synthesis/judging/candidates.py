"""Made images as the files that would be shipped: what is judged is the file, as a visitor's browser gets it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pydicom
from PIL import ExifTags, Image

from diagnosis.cards import ModelCard
from diagnosis.errors import BadRequest, Missing
from diagnosis.phantoms.export import write_dicom, write_tiff
from diagnosis.readers import read_study
from diagnosis.study import Study
from diagnosis.synthesis.cards import GeneratorCard
from diagnosis.synthesis.generator import Generator
from diagnosis.synthesis.images import NOTICE, SYNTHETIC, SyntheticImage, read_png

JPEG, DICOM, TIFF = "jpeg", "dicom", "tiff16"
ENDINGS = {JPEG: ".jpg", DICOM: ".dcm", TIFF: ".tiff"}
LARGEST = 60_000  # bytes
_QUALITIES = (95, 90, 80, 70, 50)


@dataclass(frozen=True, eq=False)
class Candidate:
    """One image in one of the formats. Its pixels are read from ``content`` again."""

    image: SyntheticImage
    kind: str
    content: bytes

    @classmethod
    def of(cls, image: SyntheticImage, kind: str = JPEG) -> "Candidate":
        """The image as ``jpeg``, ``dicom`` or ``tiff16``. Raises BadRequest where it takes over 60 kB."""
        content = _WRITERS[kind](image)
        if len(content) > LARGEST:
            size = " × ".join(map(str, image.pixels.shape[1::-1]))
            took = f"{len(content) / 1000:.0f} kB as {kind}, over {LARGEST / 1000:.0f} kB"
            problem = f"An image of {size} px for {image.model} takes {took}."
            raise BadRequest(problem, "Make smaller images, or use another --format.")
        return cls(image, kind, content)

    @property
    def label(self) -> str:
        return self.image.label

    @cached_property
    def study(self) -> Study:
        return read_study(self.content, self.image.file_name)


def check_formats(kinds: list[str], card: ModelCard, made: GeneratorCard) -> None:
    """Raises BadRequest for a format that images of the model by a generator cannot have, or not in 60 kB."""
    if DICOM in kinds and card.anatomy != "chest-film":
        raise BadRequest(f"Images of {card.name} are not written as DICOM.", "Use dicom for chest films alone.")
    if TIFF in kinds and card.input.channels != 1:
        raise BadRequest(f"Images of {card.name} are in colour.", "Use tiff16 for grey images alone.")
    blank = np.zeros((made.size, round(made.size * made.aspect)), np.uint8)  # a DICOM film is as large as any other
    for kind in kinds:
        Candidate.of(SyntheticImage(blank, card.name, "blank", "Blank", 0, made.steps, made.guidance, ""), kind)


def kept_images(folder: Path, generator: Generator, model: str, label: str) -> list[SyntheticImage]:
    """The images that ``sample`` wrote to ``folder/<model>/<label>`` with the generator that is here, by their seeds.

    Raises Missing where the generator has no weights yet.
    """
    card, own = generator.card(model), folder / model / label
    if card.weights is None:
        raise Missing(f"{card.name} has no weights yet.", f"Run `python -m diagnosis.synthesis train {card.name}`.")
    files = own.glob(f"{SYNTHETIC}-{model}-{label}-*-{card.weights.sha256[:8]}.png")
    return sorted(map(read_png, files), key=lambda image: image.seed)


def _jpeg(image: SyntheticImage) -> bytes:
    """With its facts as a comment, in the best quality that is small enough, if any."""
    told = "\n".join(f"{name}: {words}" for name, words in image.facts.items())
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription], exif[ExifTags.Base.Software] = image.facts["Description"], "Lightbox"
    content = b""
    for quality in _QUALITIES:
        stream = BytesIO()
        Image.fromarray(image.pixels).save(stream, "JPEG", quality=quality, subsampling=0, comment=told, exif=exif)
        content = stream.getvalue()
        if len(content) <= LARGEST:
            break
    return content


def _dicom(image: SyntheticImage) -> bytes:
    """A phantom's film, but for what its header says that it is. It has no spacing: nobody was measured."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "film.dcm"
        write_dicom(image.study.pixels, path)
        header = pydicom.dcmread(path)
    header.PatientName = header.PatientID = SYNTHETIC.upper()
    header.ManufacturerModelName = header.StudyDescription = header.SeriesDescription = "Synthetic chest film"
    header.ImageComments = f"{image.facts['Description']} Seed {image.seed}, weights {image.weights[:16]}."
    header.DerivationDescription = NOTICE
    header.ViewPosition = ""
    del header.ImagerPixelSpacing
    stream = BytesIO()
    header.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def _tiff(image: SyntheticImage) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "image.tiff"
        write_tiff(image.study.pixels, path)
        stream = BytesIO()
        with Image.open(path) as grey:
            told = {"description": image.facts["Description"], "software": "Lightbox"}
            grey.save(stream, "TIFF", compression="tiff_adobe_deflate", **told)
    return stream.getvalue()


_WRITERS: Mapping[str, Callable[[SyntheticImage], bytes]] = {JPEG: _jpeg, DICOM: _dicom, TIFF: _tiff}

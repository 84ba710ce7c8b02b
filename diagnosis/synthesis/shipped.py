"""The synthetic images that come with the app: ``synthetic.json`` in the folder of examples, and what it says of each.

:mod:`diagnosis.synthesis.judging` chooses the images, writes them and measures what stands here, of the file as it is.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from diagnosis.cards import file_digest
from diagnosis.errors import BadRequest
from diagnosis.written import Strict

FILE = "synthetic.json"
REMEDY = "Run `python -m diagnosis.synthesis.judging choose --model NAME`, or put the file back from the project."
_NAME = r"^[a-z0-9-]+/synthetic-[A-Za-z0-9_-]+\.(jpg|png|dcm|tiff)$"
_UNSEEN = (".dcm", ".tiff")  # browsers show no such files: a JPEG of the same stem lies beside
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Near(Strict):
    """How far the nearest real image lies in one space, and the limit up to which an image counts as a copy."""

    distance: float = Field(ge=0)
    limit: float = Field(ge=0)


class Nearest(Strict):
    """In each space of :mod:`diagnosis.synthesis.judging`. The limit is the 1st percentile between real images."""

    pixels: Near
    structure: Near
    encoder: Near


class Shipped(Strict):
    """One image, and all it takes to make it again.

    Attributes:
        file: below the folder of examples, ``<tab's folder>/synthetic-<model>-<label>-<number>.<ending>``.
        sha256: of the file; ``picture_sha256``: of the JPEG beside a file that browsers cannot show.
        model, label, title: whose class it was made for, by the model's own names.
        generator: sha256 of the weights that made it.
        score: the model's, of ``label``.
        verdict: of the gate; ``gate_distance`` is how far it found the image from the model's own, 1 being its limit.
    """

    file: str = Field(pattern=_NAME)
    sha256: Digest
    picture_sha256: Digest | None = None
    model: str
    label: str
    title: str
    seed: int = Field(ge=0)
    steps: int = Field(ge=2)
    guidance: float = Field(ge=1)
    generator: Digest
    score: float = Field(ge=0, le=1)
    verdict: Literal["pass", "caution"]
    gate_distance: float | None = Field(default=None, ge=0)
    nearest: Nearest

    @model_validator(mode="after")
    def _names_its_picture(self) -> Self:
        if (self.picture != self.file) != (self.picture_sha256 is not None):
            raise ValueError("picture_sha256 belongs to a DICOM or TIFF file, and to no other")
        return self

    @property
    def picture(self) -> str:
        """The file that a browser shows for it: itself, or the JPEG beside it."""
        path = Path(self.file)
        return path.with_suffix(".jpg").as_posix() if path.suffix in _UNSEEN else self.file

    def is_in(self, examples: Path) -> bool:
        """Whether the file, and the picture beside it, are there as they were judged."""
        digests = {self.file: self.sha256, self.picture: self.picture_sha256 or self.sha256}
        files = {examples / name: digest for name, digest in digests.items()}
        return all(path.is_file() and file_digest(path) == digest for path, digest in files.items())


_ALL: TypeAdapter[tuple[Shipped, ...]] = TypeAdapter(tuple[Shipped, ...])


def load_shipped(folder: Path) -> tuple[Shipped, ...]:
    """What ``folder/synthetic.json`` says, in its order; nothing where there is no such file. Raises BadRequest."""
    path = folder / FILE
    if not path.is_file():
        return ()
    try:
        found = _ALL.validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadRequest(f"{FILE}: {where or 'list'}: {first['msg']}.", REMEDY) from error
    if len({one.file for one in found}) != len(found):
        raise BadRequest(f"{FILE} names a file twice.", REMEDY)
    return found


def save_shipped(folder: Path, shipped: Sequence[Shipped]) -> Path:
    """Write ``folder/synthetic.json``, whole or not at all; returns its path."""
    path = folder / FILE
    partial = path.with_name(f"{FILE}.partial")
    partial.write_bytes(_ALL.dump_json(tuple(shipped), indent=2, exclude_none=True) + b"\n")
    return partial.replace(path)

"""A library of cases on disk: vectors, what is known of each case, and a manifest that vouches for both.

index/cases/
├── manifest.json          the encoder, the data sets, what was measured, and a digest of every other file
├── cases.jsonl            one :class:`Record` a line
├── vectors.safetensors    ``vectors`` float16 (N, D), rows of length 1, in the order of the lines
├── patches.safetensors    coarse patch maps, where the encoder has them (see ``patches.py``)
├── cases.sqlite           the lines again, ready to be filtered; only for large libraries
└── index.faiss            a trained index; only for large libraries
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open

from diagnosis.errors import BadRequest, Missing
from retrieval.types import Case

CASES, VECTORS, MANIFEST = "cases.jsonl", "vectors.safetensors", "manifest.json"
PATCHES, TABLE, INDEX = "patches.safetensors", "cases.sqlite", "index.faiss"
UNKNOWN = "unknown"
REMEDY = "Build it again with `python -m retrieval build`."


@dataclass(frozen=True)
class Record:
    """A case and what a search needs beside it.

    Attributes:
        patient: hash of the patient, slide or other group that the image is from, or None where none is known.
        image: digest of the image's pixels as they were read, or None.
        thumbnail: address of the picture itself, or None where there is none to link to. Of a synthetic case it is a
            ``data:`` address, which holds a small picture.
    """

    case: Case
    patient: str | None = None
    image: str | None = None
    thumbnail: str | None = None

    @property
    def id(self) -> str:
        return self.case.id


class Value(BaseModel):
    """A part of the manifest. An unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class EncoderStamp(Value):
    """The encoder that made the vectors."""

    name: str
    digest: str
    dimensions: int = Field(gt=0)


class FileStamp(Value):
    sha256: str
    bytes: int = Field(ge=0)


class Origin(Value):
    """A data set: where it is from, and what holds for its cases unless they say otherwise.

    ``group`` names what ``patient`` stands for: ``patient``, ``slide``, ``original image`` …
    """

    title: str
    licence: str = UNKNOWN
    url: str | None = None
    group: str = "patient"
    cases: int = 0


class Floor(Value):
    """The cosine under which a result is not called similar, for queries that are images by ``weight``, 0..1.

    Attributes:
        kept: share of real queries whose best other case reaches the floor.
        refused: share of queries from elsewhere (photographs, patterns, everyday sentences) that don't.
    """

    weight: float = Field(ge=0, le=1)
    cosine: float
    kept: float
    refused: float


class VoteScore(Value):
    """How good the vote of the ``k`` nearest is, asked with images that the encoder did not learn from.

    Attributes:
        accuracy: share of ``queries`` whose own label won; cases of the query's own group have no vote.
        balanced: mean of the share by class.
        majority: share that the commonest label of the queries alone would reach.
        recall: the share by class.
        groups: how many patients, slides … the queries are of, or None where some query's is unknown.
    """

    k: int
    queries: int
    accuracy: float
    balanced: float
    majority: float
    recall: dict[str, float]
    groups: int | None = None


class Measured(Value):
    """What was measured of the library when it was built.

    Attributes:
        floors: by rising weight.
        spread: standard deviation of all cosines of one query, by kind of query: ``image`` and ``text``. A query of
            both kinds is divided by it, so that the weight means the same for both.
        leave_one_out: by data set, asked with the library's own images.
        test: by data set, asked with test images, which are not in the library.
    """

    floors: tuple[Floor, ...] = ()
    spread: dict[str, float] = {}
    leave_one_out: dict[str, VoteScore] = {}
    test: dict[str, VoteScore] = {}


class IndexStamp(Value):
    """How the vectors are searched: ``flat`` or ``ivf``, and with what."""

    kind: str = "flat"
    lists: int = 0
    probes: int = 0
    recall: float = 1.0


class Manifest(Value):
    """What ``manifest.json`` holds."""

    format: int = 1
    encoder: EncoderStamp
    cases: int
    datasets: dict[str, Origin]
    index: IndexStamp = IndexStamp()
    measured: Measured = Measured()
    refused: tuple[str, ...] = ()
    inputs: dict[str, str] = {}
    files: dict[str, FileStamp]

    @property
    def digest(self) -> str:
        """First 16 hex of the sha256 of all this: two libraries with the same digest give the same answers."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


def to_line(record: Record, origin: Origin) -> str:
    """One line of ``cases.jsonl``; what the data set says of all its cases is left out."""
    case = record.case
    known = {
        "id": case.id,
        "dataset": case.source,
        "labels": list(case.labels),
        "facts": dict(case.facts),
        "patient": record.patient,
        "image": record.image,
        "thumbnail": record.thumbnail,
        "licence": case.licence if case.licence != origin.licence else None,
        "url": case.url if case.url != origin.url else None,
    }
    return json.dumps({key: value for key, value in known.items() if value}, ensure_ascii=False)


def from_line(line: str, origins: Mapping[str, Origin]) -> Record:
    """A record from its line. Raises ValueError, KeyError or TypeError where it is not one."""
    read = json.loads(line)
    origin = origins[read["dataset"]]
    case = Case(
        id=read["id"],
        labels=tuple(read.get("labels", ())),
        source=read["dataset"],
        licence=read.get("licence", origin.licence),
        facts=read.get("facts", {}),
        url=read.get("url", origin.url),
    )
    return Record(case, read.get("patient"), read.get("image"), read.get("thumbnail"))


def read_manifest(folder: Path) -> Manifest:
    """The manifest, once every file that it names was found to be as it says.

    Raises:
        Missing: there is no library, or a file of it is missing.
        BadRequest: a file is damaged.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise Missing(f"There is no case library in {folder}: it has no {MANIFEST}.", REMEDY)
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise BadRequest(f"{path} is damaged: {where}: {first['msg']}.", REMEDY) from error
    for name, stamp in manifest.files.items():
        _check_file(folder / name, stamp)
    return manifest


def _check_file(path: Path, stamp: FileStamp) -> None:
    if not path.is_file():
        raise Missing(f"The case library lacks {path.name}.", REMEDY)
    found = stamp_of(path)
    if found != stamp:
        raise BadRequest(
            f"{path.name} of the case library is damaged: its sha256 begins {found.sha256[:12]}, the manifest says "
            f"{stamp.sha256[:12]}.",
            REMEDY,
        )


def stamp_of(path: Path) -> FileStamp:
    """Digest and size of a file."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return FileStamp(sha256=digest, bytes=path.stat().st_size)


def read_records(folder: Path, manifest: Manifest) -> Iterator[Record]:
    """The records in the order of the vectors. Raises BadRequest, naming the line, where one is not a record."""
    with (folder / CASES).open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, 1):
            try:
                yield from_line(line, manifest.datasets)
            except (ValueError, KeyError, TypeError) as error:
                raise BadRequest(f"Line {number} of {folder / CASES} is not a case ({error}).", REMEDY) from error


def write_records(path: Path, records: Iterable[Record], origins: Mapping[str, Origin]) -> None:
    """Write ``cases.jsonl``."""
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(to_line(record, origins[record.case.source]) + "\n" for record in records)


def map_tensor(path: Path, name: str) -> np.ndarray:
    """An array of a safetensors file, mapped into memory and read-only. Raises BadRequest for a damaged file."""
    try:
        with safe_open(path, "np") as tensors:
            shape, kind = tensors.get_slice(name).get_shape(), tensors.get_slice(name).get_dtype()
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            start = json.loads(stream.read(length))[name]["data_offsets"][0] + 8 + length
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise BadRequest(f"{path.name} is damaged ({error}).", REMEDY) from error
    types = {"F16": np.float16, "F32": np.float32, "I8": np.int8}
    if 0 in shape:
        return np.empty(shape, types[kind])
    return np.memmap(path, types[kind], "r", start, tuple(shape))

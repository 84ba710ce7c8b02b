"""What a library is built from: the images, one :class:`Entry` each, whatever they lie in."""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile, ZipFile

from diagnosis.errors import BadImage, BadRequest, Missing
from diagnosis.readers import read_study
from diagnosis.study import Study
from retrieval.library import UNKNOWN, Origin, Record
from retrieval.mine import DATASET
from retrieval.sources import Source, hashed, make_record, sources, written
from retrieval.types import SYNTHETIC, Case

OWN_COLUMNS = ("path", "label")
_SAID = frozenset({"id", "path", "label", "group", "patient", "split", "licence", "url", "thumbnail"})
TEST = "test"


@dataclass(frozen=True)
class Entry:
    """One image that is to be embedded.

    Attributes:
        place: its file, or None for a member of ``archive``.
        split: ``train``, ``val``, ``test`` or empty: the encoder learnt from ``train`` alone, and images of ``test``
            only measure.
    """

    record: Record
    place: Path
    archive: Path | None = None
    split: str = ""

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"{self.record.case.source}/{self.record.case.facts.get('file', self.place.name)}"

    def read(self) -> Study:
        """The image. Raises BadImage."""
        if not self.archive:
            return read_study(self.place, self.name)
        try:
            with ZipFile(self.archive) as archive:
                return read_study(archive.read(self.place.as_posix()), self.name)
        except (BadZipFile, KeyError, OSError) as error:
            raise BadImage(f"{self.name} could not be taken out of {self.archive.name}.", "Fetch it again.") from error


@dataclass(frozen=True)
class Plan:
    """The images of a library, the data sets that they are of, and a digest of each table that named them."""

    entries: tuple[Entry, ...]
    origins: dict[str, Origin]
    inputs: dict[str, str]
    refused: tuple[str, ...] = ()


def plan_data(data: Path, names: Iterable[str] | None = None) -> Plan:
    """The public data sets in a folder that holds one folder each.

    Raises:
        Missing: a set is not there.
        BadRequest: a set is not known, or its table lacks a column.
    """
    names = list(names or sources())
    for name in names:
        if name not in sources():
            raise BadRequest(f"There is no data set {name!r}.", f"Use one of: {', '.join(sources())}.")
    entries = []
    for name in names:
        rows = _table(data / name / "manifest.csv", sources()[name].needed())
        steered = any(row.get("split") == "val" for row in rows)
        for row in rows:
            record = make_record(name, sources()[name], row)
            entries.append(Entry(record, data / name / row["path"], None, _split(row, steered)))
    inputs = {name: hashed((data / name / "manifest.csv").read_text("utf-8")) for name in names}
    return Plan(tuple(entries), {name: sources()[name].origin for name in names}, inputs)


def _split(row: dict[str, str], steered: bool) -> str:
    """The row's split; in sets without ``val``, the groups that the encoder's training sets aside are that."""
    split = row.get("split", "")
    aside = not steered and split == "train" and int(hashed(row["group"])[:8], 16) / 2**32 < 1 / 8
    return "val" if aside else split


def plan_folder(folder: Path, table: Path, name: str) -> Plan:
    """Images of one's own: ``table`` has the columns path and label, and may have id, patient, licence, url and others.

    A ``path`` is taken from the folder; further columns become facts. A row that can't be used is told and passed over.

    Raises BadRequest for the name of visitors' own cases or of synthetic ones, and as :func:`plan_data` for the table.
    """
    if name.strip().lower() in (DATASET, SYNTHETIC):
        whose = "visitors' own" if name.strip().lower() == DATASET else "synthetic"
        raise BadRequest(f"{name!r} is what {whose} cases are called.", "Give another one with --name.")
    rows, entries, refused = _table(table, OWN_COLUMNS), [], []
    seen: set[str] = set()
    for number, row in enumerate(rows, 2):
        id = f"{name}:{row.get('id') or hashed(row['path'])[:12]}"
        outside = PurePosixPath(row["path"]).is_absolute() or ".." in PurePosixPath(row["path"]).parts
        if not row["path"] or outside or id in seen:
            why = "has no path" if not row["path"] else "names a file outside" if outside else "repeats an id"
            refused.append(f"line {number} of {table.name} {why}")
            continue
        seen.add(id)
        entries.append(Entry(_own_record(id, name, row), folder / row["path"], None, row.get("split", "")))
    origin = Origin(title=name, licence=UNKNOWN)
    return Plan(tuple(entries), {name: origin}, {name: hashed(table.read_text("utf-8-sig"))}, tuple(refused))


def _own_record(id: str, name: str, row: dict[str, str]) -> Record:
    facts = {key: value for key, text in row.items() if key not in _SAID and (value := written(key, text))}
    labels = tuple(dict.fromkeys(label.strip() for label in row["label"].split("|") if label.strip()))
    group = row.get("patient") or row.get("group") or ""
    case = Case(id, labels, name, row.get("licence") or UNKNOWN, facts, row.get("url") or None)
    return Record(case, hashed(f"{name}/{group}") if group else None, None, row.get("thumbnail") or None)


def plan_archive(archive: Path, name: str, source: Source) -> Plan:
    """The original of a public data set: an archive whose paths say label and group.

    Raises BadRequest where it is no archive or holds none of its images.
    """
    download = source.download
    if not download:
        raise BadRequest(f"The original of {name} can't be fetched: no address and digest of it are known.", _HAVE)
    try:
        with ZipFile(archive) as members:
            paths = [path for path in members.namelist() if not path.endswith("/")]
    except (BadZipFile, OSError) as error:
        raise BadRequest(f"{archive.name} is not a ZIP archive.", "Fetch it again.") from error
    entries = []
    for path in sorted(paths):
        said = re.fullmatch(download.path, path)
        if not said or said["folder"] not in download.labels:
            continue
        row = {"path": path, "group": said["group"], source.labels: download.labels[said["folder"]]}
        entries.append(Entry(make_record(name, source, row), Path(path), archive))
    if not entries:
        raise BadRequest(f"{archive.name} holds no image of {name}.", "Check that it is the right archive.")
    return Plan(tuple(entries), {name: source.origin}, {name: download.sha256})


_HAVE = "Build it from a folder with --data, or name another set."


def _table(path: Path, columns: Iterable[str]) -> list[dict[str, str]]:
    """The rows of a CSV. Raises Missing without the file, BadRequest where it lacks a column or is no CSV."""
    if not path.is_file():
        raise Missing(f"There is no table {path}.", "Name the folder or the table that there is.")
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            if lacking := [column for column in columns if column not in (reader.fieldnames or ())]:
                raise BadRequest(f"{path} has no column {lacking[0]!r}.", f"It needs: {', '.join(columns)}.")
            return [{key: (value or "").strip() for key, value in row.items() if key} for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadRequest(f"{path} is not a CSV in UTF-8 ({error}).", "Save it as one.") from error

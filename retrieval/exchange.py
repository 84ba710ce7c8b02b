"""A user's own cases in and out: by a CSV of what is said of them, and by one archive that holds everything."""

import csv
import hashlib
import io
import json
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from diagnosis.errors import BadImage, BadRequest, UserError
from diagnosis.readers import read_study
from retrieval.library import Origin, Record, from_line
from retrieval.mine import DATASET, MOST, Changes, MyCases, as_json

_SAID = ("id", "path", "label", "patient", "licence", "url", "delete")
_YES = frozenset({"1", "yes", "true", "x", "delete"})
_FORMAT = 1
_LARGEST = 4_000_000  # bytes of one kept picture
_BLANK = {DATASET: Origin(title="", licence="\0")}


def read_table(mine: MyCases, table: Path, folder: Path | None = None) -> Changes:
    """Add, edit and delete by a CSV.

    A row with the ``id`` of a case edits it, or deletes it where ``delete`` says yes; any other row adds the image
    that ``path`` names in ``folder`` (by default the table's own). ``label`` may hold several, divided by ``|``;
    further columns are facts. A row that can't be used is told and passed over.

    Raises BadRequest where it is no CSV or lacks a column.
    """
    folder = folder or table.parent
    try:
        with table.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            names = [name.strip().lower() for name in reader.fieldnames or ()]
            if "label" not in names or not {"id", "path"} & set(names):
                lacking = "label" if "label" not in names else "path"
                raise BadRequest(f"{table.name} has no column {lacking!r}.", "It needs path (or id) and label.")
            reader.fieldnames = names
            rows = [{key: (value or "").strip() for key, value in row.items() if key} for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadRequest(f"{table.name} is not a CSV in UTF-8 ({error}).", "Save it as one.") from error
    known = {record.id for record in mine.records()}
    done: dict[str, list[str]] = {"added": [], "edited": [], "deleted": [], "refused": []}
    for number, row in enumerate(rows, 2):
        try:
            what, id = _apply(mine, row, folder, known)
            done[what].append(id)
        except UserError as error:
            done["refused"].append(f"line {number}: {error.problem}")
    return Changes(**{name: tuple(ids) for name, ids in done.items()})


def _apply(mine: MyCases, row: dict[str, str], folder: Path, known: set[str]) -> tuple[str, str]:
    id = row.get("id", "")
    labels = tuple(dict.fromkeys(part.strip() for part in row["label"].split("|") if part.strip()))
    facts = {key: value for key, value in row.items() if key not in _SAID and value}
    patient, url = row.get("patient") or None, row.get("url") or None
    if row.get("delete", "").lower() in _YES:
        mine.delete(id)
        return "deleted", id
    if id in known:
        mine.edit(id, labels, facts, patient=patient, licence=row.get("licence") or None, url=url)
        return "edited", id
    path = PurePosixPath(row.get("path", "").replace("\\", "/"))
    if not path.name or path.is_absolute() or ".." in path.parts:
        raise BadRequest(f"{str(path)!r} is not an image in the folder.", "Name one in it.")
    licence = row.get("licence") or "private"
    study = read_study(folder / path)
    return "added", mine.add(study, labels, facts, id=id or None, patient=patient, licence=licence, url=url).id


def write_table(mine: MyCases, path: Path) -> None:
    """What is said of the cases, as a CSV that :func:`read_table` takes back; patients are not in it."""
    records = mine.records()
    facts = sorted({key for record in records for key in record.case.facts} - set(_SAID))
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "label", "licence", "url", "delete", *facts])
        for record in records:
            case = record.case
            values = [case.id, "|".join(case.labels), case.licence, case.url or "", ""]
            writer.writerow([_tame(value) for value in (*values, *(case.facts.get(key, "") for key in facts))])


def _tame(value: str) -> str:
    """A cell that a spreadsheet does not take for a formula."""
    return f"'{value}" if value[:1] in {"=", "@", "\t"} else value


def export(mine: MyCases, path: Path) -> None:
    """Everything in one ZIP archive: ``cases.jsonl``, ``pictures/``, and a manifest with a digest of each."""
    rows = mine.rows()
    lines = "".join(as_json(record) + "\n" for record, _ in rows).encode()
    files = {f"pictures/{number:05}.png": picture for number, (_, picture) in enumerate(rows)}
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in {"cases.jsonl": lines, **files}.items()}
    partial = path.with_name(path.name + ".partial")
    with ZipFile(partial, "w", ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", json.dumps({"format": _FORMAT, "files": digests}, indent=2))
        archive.writestr("cases.jsonl", lines)
        for name, picture in files.items():
            archive.writestr(name, picture, ZIP_STORED)
    partial.replace(path)


def import_archive(mine: MyCases, source: Path | bytes) -> Changes:
    """Take in the cases of an archive; those that are there already, and damaged ones, are told and passed over.

    Raises BadRequest where it is not an archive of cases.
    """
    try:
        with ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source) as archive:
            read = _reader(archive, _manifest(archive))
            lines = [line for line in read("cases.jsonl").decode().split("\n") if line]
            if len(lines) > MOST:
                raise BadRequest(f"The archive holds {len(lines):,} cases; {MOST:,} are the most.", "Split it.")
            added, refused = [], []
            for number, line in enumerate(lines):
                try:
                    record = _record(line)
                    mine.restore(record, read(f"pictures/{number:05}.png"))
                    added.append(record.id)
                except UserError as error:
                    refused.append(f"case {number + 1}: {error.problem}")
    except (BadZipFile, OSError, KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise BadRequest(f"This is not an archive of cases ({error}).", "Export one and import that.") from error
    return Changes(added=tuple(added), refused=tuple(refused))


def _manifest(archive: ZipFile) -> dict[str, str]:
    told = json.loads(_bounded(archive, "manifest.json", _LARGEST))
    if told["format"] != _FORMAT:
        raise BadRequest(f"The archive has the format {told['format']}; {_FORMAT} is read.", "Export it again.")
    return dict(told["files"])


def _reader(archive: ZipFile, digests: dict[str, str]) -> Callable[[str], bytes]:
    def read(name: str) -> bytes:
        """A file of the archive. Raises BadImage where it is not there, or not as the manifest says."""
        data = _bounded(archive, name, _LARGEST if name.startswith("pictures/") else 25 * _LARGEST)
        if hashlib.sha256(data).hexdigest() != digests.get(name):
            raise BadImage(f"{name} of the archive is damaged.", "Export it again.")
        return data

    return read


def _bounded(archive: ZipFile, name: str, most: int) -> bytes:
    """A file of at most so many bytes, which are never unpacked beyond that. Raises BadImage for any other."""
    try:
        with archive.open(name) as stream:
            data = stream.read(most + 1)
    except KeyError as error:
        raise BadImage(f"{name} of the archive is missing.", "Export it again.") from error
    except (BadZipFile, zlib.error, RuntimeError, EOFError, OSError) as error:  # RuntimeError: a password, or a method
        raise BadImage(f"{name} of the archive is damaged.", "Export it again.") from error
    if len(data) > most:
        raise BadImage(f"{name} of the archive is too large, over {most:,} bytes.", "Export it again.")
    return data


def _record(line: str) -> Record:
    try:
        return from_line(line, _BLANK)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadRequest("is not a case.", "Export it again.") from error

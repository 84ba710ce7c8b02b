"""What is known of the cases, in SQLite: by row, by id, and as the set of rows that filters leave."""

import json
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from diagnosis.errors import BadRequest
from retrieval.filters import ENDLESS, NAMELESS, Filter, unknown_key, unknown_value
from retrieval.library import Origin, Record, from_line, to_line
from retrieval.types import MADE_BY, SYNTHETIC

UNFILTERED = frozenset({"file", MADE_BY})  # facts with another value for each case
_KEPT = 64  # masks
_CHUNK = 10_000
_BLANK = Origin(title="", licence="\0")  # lines in the table say everything
_SCHEMA = """
CREATE TABLE IF NOT EXISTS cases (
    row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, image TEXT, patient TEXT, line TEXT
);
CREATE TABLE IF NOT EXISTS terms (
    term INTEGER PRIMARY KEY, key TEXT NOT NULL, value TEXT NOT NULL, number REAL, UNIQUE (key, value)
);
CREATE TABLE IF NOT EXISTS held (term INTEGER, row INTEGER, PRIMARY KEY (term, row)) WITHOUT ROWID;
"""
_INDEXES = """
CREATE INDEX IF NOT EXISTS cases_image ON cases (image) WHERE image IS NOT NULL;
CREATE INDEX IF NOT EXISTS cases_patient ON cases (patient) WHERE patient IS NOT NULL;
"""


class Metadata:
    """The table of a store. Rows count from 0 in the order of adding and are not used twice. Threads may share it.

    Args:
        path: of the database, None for one in memory.
        frozen: a database that is there already and is not changed.
    """

    def __init__(self, path: Path | None = None, frozen: bool = False) -> None:
        self._lock = threading.RLock()
        self._masks: OrderedDict[tuple[Filter, ...], np.ndarray] = OrderedDict()
        self._frozen = frozen
        where = f"{path.absolute().as_uri()}?mode=ro&immutable=1" if path and frozen else str(path or ":memory:")
        self._base = sqlite3.connect(where, uri=frozen, check_same_thread=False)
        if not frozen:
            self._base.executescript(_SCHEMA)
        self._terms = {(key, value): term for term, key, value in self._all("SELECT term, key, value FROM terms")}
        self.rows = int(self._all("SELECT coalesce(max(row), -1) FROM cases")[0][0]) + 1
        self._gone: list[int] = []

    def __len__(self) -> int:
        return self.rows - len(self._gone)

    def add(self, records: Iterable[Record]) -> None:
        """Append records. Raises BadRequest, changing nothing, for an id that is there already."""
        self._refuse_frozen()
        with self._lock:
            rows, terms = self.rows, dict(self._terms)
            try:
                chunk: list[Record] = []
                for record in records:
                    chunk.append(record)
                    if len(chunk) == _CHUNK:
                        self._insert(chunk)
                        chunk = []
                self._insert(chunk)
                self._base.executescript(_INDEXES)
                self._base.commit()
            except BaseException as error:
                with suppress(sqlite3.ProgrammingError):
                    self._base.rollback()
                self.rows, self._terms = rows, terms
                if isinstance(error, sqlite3.IntegrityError):
                    raise BadRequest("A case with this id is there already.", "Give it another id.") from error
                raise
            finally:
                self._masks.clear()

    def _insert(self, records: Sequence[Record]) -> None:
        cases, held = [], []
        for row, record in enumerate(records, self.rows):
            cases.append((row, record.id, record.image, record.patient, whole_line(record)))
            held += [(self._term(key, value), row) for key, value in keyed(record)]
        self._base.executemany("INSERT INTO cases VALUES (?, ?, ?, ?, ?)", cases)
        self._base.executemany("INSERT OR IGNORE INTO held VALUES (?, ?)", held)
        self.rows += len(records)

    def _term(self, key: str, value: str) -> int:
        if (key, value) not in self._terms:
            term = len(self._terms)
            self._base.execute("INSERT INTO terms VALUES (?, ?, ?, ?)", (term, key, value, as_number(value)))
            self._terms[key, value] = term
        return self._terms[key, value]

    def remove(self, ids: Iterable[str]) -> list[int]:
        """Forget cases; their rows are returned."""
        self._refuse_frozen()
        with self._lock, self._base:
            rows = [row for id in dict.fromkeys(ids) for (row,) in self._all("SELECT row FROM cases WHERE id = ?", id)]
            self._base.executemany("DELETE FROM cases WHERE row = ?", [(row,) for row in rows])
            self._base.executemany("DELETE FROM held WHERE row = ?", [(row,) for row in rows])
            self._masks.clear()
            self._gone += rows
            return rows

    def _refuse_frozen(self) -> None:
        if self._frozen:
            raise BadRequest("A library is not changed where it is.", "Build it again, or add cases of your own.")

    def records(self, rows: Iterable[int]) -> list[Record]:
        """The records of these rows, which exist."""
        return [from_whole_line(self._all("SELECT line FROM cases WHERE row = ?", int(row))[0][0]) for row in rows]

    def row(self, id: str) -> int | None:
        """Where a case is, or None."""
        found = self._all("SELECT row FROM cases WHERE id = ?", id)
        return int(found[0][0]) if found else None

    def with_image(self, digest: str) -> list[Record]:
        """The cases whose image has this digest."""
        return [from_whole_line(line) for (line,) in self._all("SELECT line FROM cases WHERE image = ?", digest)]

    def of_patient(self, patient: str) -> list[int]:
        """Rows of a patient."""
        return [row for (row,) in self._all("SELECT row FROM cases WHERE patient = ?", patient)]

    def keys(self) -> list[str]:
        """What can be filtered by."""
        return sorted({key for key, _ in self._terms} - {NAMELESS})

    def values(self, key: str) -> dict[str, int]:
        """How many cases have each value of a key, the commonest first."""
        query = """SELECT value, count(*) AS n FROM terms JOIN held USING (term) WHERE key = ?
                   GROUP BY value ORDER BY n DESC, value"""
        return dict(self._all(query, key))

    def mask(self, filters: tuple[Filter, ...]) -> np.ndarray:
        """bool (rows,), read-only: the cases that filters leave, of those that are there.

        Raises BadRequest for an unknown key or value.
        """
        with self._lock:
            if filters not in self._masks:
                mask = self._made(filters)
                mask.flags.writeable = False
                self._masks[filters] = mask
            self._masks.move_to_end(filters)
            while len(self._masks) > _KEPT:
                self._masks.popitem(last=False)
            return self._masks[filters]

    def _made(self, filters: tuple[Filter, ...]) -> np.ndarray:
        mask = np.ones(self.rows, bool)
        mask[self._gone] = False
        for key in dict.fromkeys(one.key for one in filters if not one.excluded):
            mask &= self._where([one for one in filters if one.key == key and not one.excluded])
        for one in filters:
            if one.excluded:
                mask &= ~self._where([one])
        return mask

    def _where(self, filters: Sequence[Filter]) -> np.ndarray:
        """bool (rows,): where any of these holds."""
        terms = [term for one in filters for term in self._fitting(one)]
        mask = np.zeros(self.rows, bool)
        for term in terms:
            rows = self._base.execute("SELECT row FROM held WHERE term = ?", (term,))
            mask[np.fromiter((row for (row,) in rows), np.int64)] = True
        return mask

    def _fitting(self, one: Filter) -> list[int]:
        if one.key not in (NAMELESS, *self.keys()):
            raise unknown_key(one, self.keys())
        if one.value is None:
            low, high = one.bounds
            query = "SELECT term FROM terms WHERE key = ? AND number BETWEEN ? AND ?"
            return [term for (term,) in self._all(query, one.key, low, high)]
        if (one.key, one.value) not in self._terms:
            raise unknown_value(one, [value for key, value in self._terms if key == one.key])
        return [self._terms[one.key, one.value]]

    def _all(self, query: str, *values: object) -> list[tuple]:
        with self._lock:
            return self._base.execute(query, values).fetchall()

    def close(self) -> None:
        self._base.close()


def whole_line(record: Record) -> str:
    """One line that says everything of a case, without its data set's manifest."""
    return to_line(record, _BLANK)


def from_whole_line(line: str) -> Record:
    """The record of a line that :func:`whole_line` made."""
    return from_line(line, {json.loads(line)["dataset"]: _BLANK})


def keyed(record: Record) -> set[tuple[str, str]]:
    """The pairs that a case can be filtered by, in small letters."""
    case = record.case
    pairs = [("dataset", case.source), ("licence", case.licence), *(("label", label) for label in case.labels)]
    pairs += [(key, value) for key, value in case.facts.items() if key not in UNFILTERED]
    pairs += [(NAMELESS, SYNTHETIC)] if case.synthetic else []
    return {(key.lower(), value.strip().lower()) for key, value in pairs}


def as_number(value: str) -> float | None:
    """What a range compares, or None for a value that is no number."""
    try:
        number = float(value)
    except ValueError:
        return None
    return number if abs(number) < ENDLESS else None

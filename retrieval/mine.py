"""A user's own cases: one file a user, in which every change is there whole or not at all.

The file is an SQLite database whose writes reach the disk before they are confirmed, so that it survives a process
that is killed while writing. Pictures are kept at ``SIDE`` pixels at most, enough to be shown and to be embedded again
when the encoder changes. A patient's number is kept as a hash with a secret of the file, never as it is.
"""

import hashlib
import io
import json
import re
import secrets
import sqlite3
import threading
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from diagnosis.errors import BadRequest
from diagnosis.readers import read_study
from diagnosis.study import Study
from retrieval.encoder import Encoder
from retrieval.library import Origin, Record, from_line, to_line
from retrieval.store import LocalStore
from retrieval.types import Case

DATASET = "own"
SIDE = 512
MOST = 5_000  # cases of one user
_BLANK = {DATASET: Origin(title="", licence="\0")}
_SCHEMA = """
PRAGMA journal_mode = DELETE;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS cases (
    id TEXT PRIMARY KEY, line TEXT NOT NULL, image TEXT NOT NULL UNIQUE,
    vector BLOB NOT NULL, encoder TEXT NOT NULL, picture BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_HASH = re.compile(r"[0-9a-f]{16}")  # what :meth:`MyCases.hashed` makes
_CHANGED = "UPDATE kept SET value = value + 1 WHERE name = 'revision'"


@dataclass(frozen=True)
class Changes:
    """What a table or an archive changed, by id, and what could not be used and why."""

    added: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


class MyCases:
    """The cases of one user. Nothing here can reach another user's file. Threads may share it.

    Args:
        folder: of all users' files.
        user: who it is; the file's name is a hash of it.

    Raises BadRequest where the file is damaged.
    """

    def __init__(self, folder: Path, user: str, encoder: Encoder) -> None:
        if not user:
            raise BadRequest("Cases of one's own need a user.", "Sign in, or name one.")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = self.file(folder, user)
        self.encoder = encoder
        self._lock = threading.RLock()
        self._store: tuple[str, LocalStore] | None = None  # with the revision that it is of
        try:
            with self._open() as base:
                base.executescript(_SCHEMA)
                base.execute("INSERT OR IGNORE INTO kept VALUES ('secret', ?)", (secrets.token_hex(16),))
                base.execute("INSERT OR IGNORE INTO kept VALUES ('revision', '0')")
                base.commit()
                self._secret = str(base.execute("SELECT value FROM kept WHERE name = 'secret'").fetchone()[0])
        except sqlite3.DatabaseError as error:
            raise BadRequest(f"The file of your cases is damaged ({error}).", "Import your last archive.") from error
        self.path.chmod(0o600)

    @staticmethod
    def file(folder: Path, user: str) -> Path:
        """Where a user's cases are kept."""
        return folder / f"{hashlib.sha256(user.encode()).hexdigest()[:32]}.sqlite"

    def _open(self) -> "closing[sqlite3.Connection]":
        base = sqlite3.connect(self.path, timeout=30)
        base.execute("PRAGMA synchronous = FULL")
        return closing(base)

    def __len__(self) -> int:
        with self._open() as base:
            return int(base.execute("SELECT count(*) FROM cases").fetchone()[0])

    def records(self) -> list[Record]:
        """All cases, in the order of their ids."""
        with self._open() as base:
            return [from_line(line, _BLANK) for (line,) in base.execute("SELECT line FROM cases ORDER BY id")]

    def get(self, id: str) -> Record:
        """A case. Raises BadRequest where there is none."""
        with self._open() as base:
            found = base.execute("SELECT line FROM cases WHERE id = ?", (id,)).fetchone()
        if not found:
            raise BadRequest(f"You have no case {id!r}.", "Name one of yours.")
        return from_line(found[0], _BLANK)

    def picture(self, id: str) -> Study:
        """The kept picture of a case. Raises BadRequest where there is none."""
        self.get(id)
        with self._open() as base:
            return read_study(bytes(base.execute("SELECT picture FROM cases WHERE id = ?", (id,)).fetchone()[0]), id)

    def add(
        self,
        image: Study,
        labels: tuple[str, ...] = (),
        facts: Mapping[str, str] | None = None,
        *,
        id: str | None = None,
        patient: str | None = None,
        licence: str = "private",
        url: str | None = None,
    ) -> Record:
        """Take in an image. Raises BadRequest where its id or the image itself is there already."""
        with self._lock:
            id = id or f"{DATASET}:{secrets.token_hex(6)}"
            self._need_room()
            case = Case(id, tuple(labels), DATASET, licence, _plain(facts or {}), url)
            record = Record(case, self.hashed(patient), image.digest)
            vector = self.encoder.embed_images([image])[0]
            self._insert(record, vector, _small(image))
            return record

    def _need_room(self) -> None:
        if len(self) >= MOST:
            raise BadRequest(f"You have {MOST:,} cases, the most there can be.", "Delete some first.")

    def _insert(self, record: Record, vector: np.ndarray, picture: bytes) -> None:
        line = to_line(record, _BLANK[DATASET])
        row = (record.id, line, record.image, vector.astype("<f4").tobytes(), self.encoder.digest, picture)
        with self._lock, self._open() as base:
            try:
                with base:
                    base.execute("INSERT INTO cases VALUES (?, ?, ?, ?, ?, ?)", row)
                    base.execute(_CHANGED)
            except sqlite3.IntegrityError as error:
                known = base.execute("SELECT id FROM cases WHERE image = ?", (record.image,)).fetchone()
                what = f"This image is your case {known[0]!r} already." if known else f"You have a case {record.id!r}."
                raise BadRequest(what, "Edit that one, or give another id.") from error

    def edit(
        self,
        id: str,
        labels: tuple[str, ...] | None = None,
        facts: Mapping[str, str] | None = None,
        *,
        patient: str | None = None,
        licence: str | None = None,
        url: str | None = None,
    ) -> Record:
        """Change what is said of a case; None leaves a part as it is. Raises BadRequest where there is no such case."""
        with self._lock:
            old = self.get(id)
            case = Case(
                id,
                old.case.labels if labels is None else tuple(labels),
                DATASET,
                licence or old.case.licence,
                old.case.facts if facts is None else _plain(facts),
                old.case.url if url is None else url or None,
            )
            record = Record(case, self.hashed(patient) or old.patient, old.image)
            with self._open() as base, base:
                base.execute("UPDATE cases SET line = ? WHERE id = ?", (to_line(record, _BLANK[DATASET]), id))
                base.execute(_CHANGED)
            return record

    def delete(self, id: str) -> None:
        """Forget a case and its picture. Raises BadRequest where there is no such case."""
        with self._lock:
            self.get(id)
            with self._open() as base:
                base.execute("PRAGMA secure_delete = ON")
                with base:
                    base.execute("DELETE FROM cases WHERE id = ?", (id,))
                    base.execute(_CHANGED)

    def erase(self) -> None:
        """Forget every case, and the file with them; afterwards there is nothing to ask here."""
        with self._lock:
            with self._open() as base:
                base.execute("PRAGMA secure_delete = ON")
                with base:
                    base.execute("DELETE FROM cases")
            self._store = None
            self.path.unlink()

    def store(self) -> LocalStore:
        """The cases as they are now, ready to be searched. Those of another encoder are embedded again."""
        with self._lock:
            self._refresh()
            with self._open() as base:
                base.execute("BEGIN")
                revision = str(base.execute("SELECT value FROM kept WHERE name = 'revision'").fetchone()[0])
                if self._store and self._store[0] == revision:
                    return self._store[1]
                rows = base.execute("SELECT line, vector FROM cases ORDER BY id").fetchall()
            vectors = [np.frombuffer(vector, "<f4") for _, vector in rows]
            empty = np.empty((0, self.encoder.dimensions), np.float32)
            records = [from_line(line, _BLANK) for line, _ in rows]
            store = LocalStore.of(records, np.stack(vectors) if vectors else empty)
            self._store = revision, store
            return store

    def _refresh(self) -> None:
        with self._open() as base:
            query = "SELECT id, picture FROM cases WHERE encoder != ?"
            for id, picture in base.execute(query, (self.encoder.digest,)).fetchall():
                vector = self.encoder.embed_images([read_study(bytes(picture), id)])[0].astype("<f4").tobytes()
                with base:
                    change = "UPDATE cases SET vector = ?, encoder = ? WHERE id = ?"
                    base.execute(change, (vector, self.encoder.digest, id))
                    base.execute(_CHANGED)

    def hashed(self, patient: str | None) -> str | None:
        """The hash that stands for a patient in this file."""
        if not patient:
            return None
        return hashlib.blake2b(patient.encode(), key=self._secret.encode(), digest_size=8).hexdigest()

    def rows(self) -> list[tuple[Record, bytes]]:
        """Every case and the bytes of its picture."""
        with self._open() as base:
            query = "SELECT line, picture FROM cases ORDER BY id"
            return [(from_line(line, _BLANK), bytes(picture)) for line, picture in base.execute(query)]

    def restore(self, record: Record, picture: bytes) -> None:
        """Take in a case of an archive by its kept picture, which is kept at ``SIDE`` pixels and without its headers.

        A patient that is no hash becomes one. Raises as :meth:`add`, BadImage for the picture, and BadRequest for a
        record that holds anything but text.
        """
        _need_text(record)
        with self._lock:
            self._need_room()
            study = read_study(picture, record.id)
            patient = record.patient if _HASH.fullmatch(record.patient or "") else self.hashed(record.patient)
            kept = replace(record, case=replace(record.case, facts=_plain(record.case.facts)), patient=patient)
            self._insert(replace(kept, thumbnail=None), self.encoder.embed_images([study])[0], _small(study))


def _need_text(record: Record) -> None:
    """Raises BadRequest, which names the first, where an archive's record holds something that is no text."""
    case = record.case
    needed = [("id", case.id), ("image", record.image), ("licence", case.licence)]
    given = [(name, one) for name, one in (("url", case.url), ("patient", record.patient)) if one is not None]
    labels = [("label", label) for label in case.labels]
    for name, value in (*needed, *given, *labels, *case.facts.items()):
        if not (isinstance(value, str) and value):
            raise BadRequest(f"The {name} {value!r} is not text.", "Write it in quotes in cases.jsonl.")


def _plain(facts: Mapping[str, str]) -> dict[str, str]:
    """Facts on one line each, without empty ones."""
    cleaned = {" ".join(key.split()).lower(): " ".join(str(value).split()) for key, value in facts.items()}
    return {key: value for key, value in cleaned.items() if key and value}


def _small(image: Study) -> bytes:
    """PNG of at most ``SIDE`` pixels a side."""
    pixels = np.rint(image.pixels * 255).astype(np.uint8)
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    picture.save(stream, "PNG", optimize=False)
    return stream.getvalue()


def as_json(record: Record) -> str:
    """One line that says everything of a case."""
    return json.dumps(json.loads(to_line(record, _BLANK[DATASET])), ensure_ascii=False)

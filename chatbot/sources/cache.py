"""Replies that were paid for once, kept for a while.

A cache never stands in the way: where its file can't be read or written, nothing is kept and all goes on. What
is kept is found by a hash of the request: neither a question nor a key is in it or in its file's name.
"""

import contextlib
import hashlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

NAME = "searches-1.sqlite"  # the number goes with the table's form
PATIENCE = 5.0  # seconds to wait for another process that writes
_BROKEN = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_TABLE = "CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, kept REAL NOT NULL, value TEXT NOT NULL)"
_OVER = """DELETE FROM replies WHERE key IN (SELECT key FROM (
    SELECT key, SUM(LENGTH(value)) OVER (ORDER BY kept DESC, key) AS total FROM replies) WHERE total > ?)"""


@dataclass(frozen=True)
class Kept:
    """A reply and when it was kept, in seconds since 1970."""

    value: str
    at: float


class Cache:
    """Texts by key, in a file of ``folder`` that threads and processes share, or in memory where that is None.

    Args:
        days: how long a text is kept.
        megabytes: how much is kept; the oldest goes first.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        folder: Path | None = None,
        days: float = 7,
        megabytes: float = 50,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._file = folder / NAME if folder else None
        self._seconds, self._bytes, self._clock = days * 86400, int(megabytes * 2**20), clock
        self._lock = threading.Lock()
        self._memory = None if folder else sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)

    def get(self, key: str) -> Kept | None:
        """What was kept under ``key`` and has not expired."""
        for _ in range(2):  # a broken file is replaced, and then empty
            try:
                with self._connected() as store:
                    row = store.execute("SELECT value, kept FROM replies WHERE key = ?", (key,)).fetchone()
                kept = Kept(str(row[0]), float(row[1])) if row else None
                return kept if kept and 0 <= self._clock() - kept.at < self._seconds else None
            except (sqlite3.Error, OSError, ValueError) as error:
                if not self._replaced(error):
                    return None
        return None

    def put(self, key: str, value: str) -> None:
        """Keep ``value``; what has expired, and the oldest of what is too much, goes."""
        for _ in range(2):
            try:
                with self._connected() as store, store:  # all of it or nothing
                    store.execute("BEGIN IMMEDIATE")
                    now = self._clock()
                    store.execute("INSERT OR REPLACE INTO replies VALUES (?, ?, ?)", (key, now, value))
                    store.execute("DELETE FROM replies WHERE kept <= ? OR kept > ?", (now - self._seconds, now + 3600))
                    store.execute(_OVER, (self._bytes,))
            except (sqlite3.Error, OSError) as error:
                if not self._replaced(error):
                    return
            else:
                return

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            if self._memory is not None:
                self._memory.execute(_TABLE)
                yield self._memory
                return
            with self._opened() as store:
                yield store

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """The file's store. Processes wait for one another; a crash may lose what was kept last, or break the file."""
        assert self._file is not None
        if not self._file.exists():
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.touch(mode=0o600)  # what people look up is nobody else's business
        with closing(sqlite3.connect(self._file, timeout=PATIENCE, isolation_level=None)) as store:
            store.execute("PRAGMA synchronous = OFF")
            if not store.execute("SELECT 1 FROM sqlite_master WHERE name = 'replies'").fetchone():
                with store:
                    store.execute("BEGIN IMMEDIATE")  # of several that begin at once, one makes the table
                    store.execute(_TABLE)
            yield store

    def _replaced(self, error: Exception) -> bool:
        """Whether a file that is no cache was taken away, so that the next try makes a new one."""
        code = getattr(error, "sqlite_errorcode", None)
        if self._file is None or code is None or code & 0xFF not in _BROKEN:
            return False
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)
            self._file.with_name(f"{NAME}-journal").unlink(missing_ok=True)
            return True
        return False


def key_of(*parts: str) -> str:
    """A key for what these texts say together."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.hexdigest()

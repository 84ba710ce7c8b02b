"""The database that a benchmark fills and empties."""

import sys
import time
from pathlib import Path

from psycopg import sql

from retrieval.database import connect, read_address
from retrieval.push import Progress, push

_SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname ~ '^lightbox(_[0-9a-f]{16})?$'"
_HELD = """
SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relname LIKE 'lightbox\\_%'
"""


def put(folder: Path, url: str, progress: Progress) -> float:
    """The seconds that it took to put the library into the database."""
    clock = folder / "pushed.json"
    if not clock.is_file():
        started = time.perf_counter()
        push(url, folder / "library" / "cases", progress)
        clock.write_text(str(time.perf_counter() - started), "utf-8")
    return float(clock.read_text("utf-8"))


def refuse_used(url: str | None) -> None:
    """Raises SystemExit where there is no database, or one that holds a library."""
    if not url:
        sys.exit("Name a database with --url or LIGHTBOX_CASES_URL.")
    with connect(read_address(url)) as connection:
        if connection.execute("SELECT to_regclass('lightbox.current') IS NOT NULL").fetchall()[0][0]:
            sys.exit("The database holds a case library. Name another.")


def forget(url: str) -> None:
    """Take the made-up library out of the database again."""
    with connect(read_address(url)) as connection:
        for (name,) in connection.execute(_SCHEMAS).fetchall():
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(name)))


def held(url: str) -> int:
    """Bytes of the tables and their indexes."""
    with connect(read_address(url)) as connection:
        return int(connection.execute(_HELD).fetchall()[0][0])

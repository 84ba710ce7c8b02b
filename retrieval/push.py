"""A library's folder → a database: copied in batches beside the library in use, indexed, measured, then switched to.

Each batch is committed, so that a push that was cut off goes on when it is run again; until the last step the former
library is the one that is searched. It stays after that step too, for apps that have it open, until the next push.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from time import monotonic

import numpy as np
from psycopg import errors, sql

from diagnosis.errors import BadRequest
from retrieval.database import Address, Connection, asking, connect, current, enter, need_vectors, read_address
from retrieval.index import TARGET, exact, gather
from retrieval.library import REMEDY, VECTORS, Manifest, map_tensor, read_manifest, read_records
from retrieval.postgres import EXACT_MOST, PostgresStore, grow, write

BATCH = 5_000  # cases that are committed at once
_LOCK = 0x6C62  # of pushes, one at a time in a database
_WIDTHS = (40, 80, 160, 320, 640, 1_000)  # candidates, up to the most that pgvector takes
_SAMPLE = 200  # queries that the width is chosen with
_TOLD = 5.0  # seconds between two lines of progress
_CURRENT = """
CREATE SCHEMA IF NOT EXISTS lightbox;
CREATE TABLE IF NOT EXISTS lightbox.current (
    one boolean PRIMARY KEY DEFAULT true CHECK (one), generation text NOT NULL, former text
);
"""
_TABLES = """
CREATE TABLE lightbox_library (
    manifest text NOT NULL, rows bigint NOT NULL DEFAULT 0, cases bigint NOT NULL DEFAULT 0,
    width int NOT NULL DEFAULT 0, recall float8
);
CREATE TABLE lightbox_terms (
    term int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text NOT NULL, value text NOT NULL, number float8,
    cases bigint NOT NULL, UNIQUE (key, value)
);
CREATE TABLE lightbox_cases (
    row bigint NOT NULL, id text NOT NULL, image text, patient text, line text NOT NULL, terms int[] NOT NULL,
    vector halfvec({dimensions}) NOT NULL
);
ALTER TABLE lightbox_cases ALTER vector SET STORAGE MAIN;
"""
_INDEXES = (
    "CREATE UNIQUE INDEX IF NOT EXISTS lightbox_row ON lightbox_cases (row)",
    "CREATE UNIQUE INDEX IF NOT EXISTS lightbox_id ON lightbox_cases (id)",
    "CREATE UNIQUE INDEX IF NOT EXISTS lightbox_image ON lightbox_cases (image) WHERE image IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS lightbox_patient ON lightbox_cases (patient) WHERE patient IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS lightbox_held ON lightbox_cases USING gin (terms)",
    "ANALYZE lightbox_cases, lightbox_terms",
)
_HNSW = "CREATE INDEX IF NOT EXISTS lightbox_near ON lightbox_cases USING hnsw (vector halfvec_ip_ops)"
_SWITCH = """
INSERT INTO lightbox.current (generation) VALUES (%s) ON CONFLICT (one)
DO UPDATE SET former = current.generation, generation = excluded.generation
"""
_OLD = """
SELECT nspname FROM pg_namespace, lightbox.current
WHERE nspname ~ '^lightbox_[0-9a-f]{16}$' AND nspname NOT IN (generation, coalesce(former, ''))
"""
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Pushed:
    """What became of a push.

    Attributes:
        where: the database.
        width: candidates that the index is searched with, 0 for no index: every case is compared.
        recall: of the true ten nearest, on a sample.
    """

    where: str
    cases: int
    width: int
    recall: float


def push(url: str, folder: Path, progress: Progress = lambda line: None, memory: int = 1_000) -> Pushed:
    """Put the library of a folder in the place of the one in a database; one that is there already is left alone.

    Args:
        memory: megabytes that the server may use to build the index.

    Raises:
        Missing: there is no library, or the server does not answer or lacks pgvector.
        BadRequest: the library is damaged, the user may not make tables, or another push is under way.
    """
    address, manifest = read_address(url), read_manifest(folder)
    vectors = map_tensor(folder / VECTORS, "vectors")
    generation = f"lightbox_{sha256(manifest.model_dump_json().encode()).hexdigest()[:16]}"
    with asking(address), connect(address) as connection:
        _install(connection)
        if not connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchall()[0][0]:
            raise BadRequest(f"Another push into the database {address.where} is under way.", "Wait until it is done.")
        connection.execute(_CURRENT)
        if current(connection) == generation:
            progress("this library is in use there already")
        else:
            _make(connection, generation, manifest)
            _copy(connection, folder, manifest, vectors, progress)
            _index(connection, manifest, memory, progress)
            _tune(connection, address, generation, manifest, vectors, progress)
            _switch(connection, generation)
        enter(connection, generation, 1)
        cases, width, recall = connection.execute("SELECT cases, width, recall FROM lightbox_library").fetchall()[0]
    return Pushed(address.where, cases, width, recall)


def _install(connection: Connection) -> None:
    """The extension, where this user may make it. Raises Missing where there is none after that."""
    with suppress(errors.InsufficientPrivilege, errors.FeatureNotSupported, errors.UndefinedFile):
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    need_vectors(connection)


def _make(connection: Connection, generation: str, manifest: Manifest) -> None:
    """The schema and its tables, unless a push that was cut off has made them."""
    name = sql.Identifier(generation)
    with connection.transaction():
        known = connection.execute("SELECT FROM pg_namespace WHERE nspname = %s", (generation,)).fetchone()
        if known is None:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(name))
        enter(connection, generation, 1)
        if known is None:
            connection.execute(sql.SQL(_TABLES).format(dimensions=sql.Literal(manifest.encoder.dimensions)))
            connection.execute("INSERT INTO lightbox_library (manifest) VALUES (%s)", (manifest.model_dump_json(),))


def _copy(connection: Connection, folder: Path, manifest: Manifest, vectors: np.ndarray, progress: Progress) -> None:
    done = int(connection.execute("SELECT rows FROM lightbox_library").fetchall()[0][0])
    if done:
        progress(f"going on after {done:,} cases")
    started, told, start = monotonic(), 0.0, done
    records = islice(read_records(folder, manifest), done, None)
    while done < manifest.cases:
        batch = list(islice(records, BATCH))
        if not batch:
            raise BadRequest(f"The library has {done:,} cases, and its manifest says {manifest.cases:,}.", REMEDY)
        with connection.transaction():
            write(connection, batch, vectors[done : done + len(batch)], grow(connection, len(batch)))
        done += len(batch)
        if monotonic() - told > _TOLD or done == manifest.cases:
            told = monotonic()
            left = (manifest.cases - done) * (told - started) / (done - start)
            progress(f"copied {done:,} of {manifest.cases:,}, {left:.0f} s left")


def _index(connection: Connection, manifest: Manifest, memory: int, progress: Progress) -> None:
    progress("indexing what can be filtered by")
    try:
        for statement in _INDEXES:
            connection.execute(statement)
    except errors.UniqueViolation as error:
        raise BadRequest(f"The library repeats a case ({error.diag.message_detail}).", REMEDY) from error
    if manifest.cases > EXACT_MOST:
        progress("indexing the vectors")
        connection.execute("SELECT set_config('maintenance_work_mem', %s, false)", (f"{memory}MB",))
        connection.execute(_HNSW)


def _tune(
    connection: Connection,
    address: Address,
    generation: str,
    manifest: Manifest,
    vectors: np.ndarray,
    progress: Progress,
) -> None:
    """Keep the fewest candidates that find ``TARGET`` of the true ten nearest of a sample of the library."""
    width, recall = 0, 1.0
    if manifest.cases > EXACT_MOST:
        rows = np.sort(np.random.default_rng(1).choice(len(vectors), _SAMPLE, replace=False))
        queries = gather(vectors, rows)
        truth = [
            vectors[some].astype(np.float32) @ query
            for some, query in zip(exact(vectors, queries, 10), queries, strict=True)
        ]
        for width in _WIDTHS:
            recall = _recall(PostgresStore(address, generation, manifest, width), queries, truth)
            progress(f"searching {width} candidates finds {100 * recall:.1f} % of the nearest")
            if recall >= TARGET:
                break
    connection.execute("UPDATE lightbox_library SET width = %s, recall = %s", (width, recall))


def _recall(store: PostgresStore, queries: np.ndarray, truth: list[np.ndarray]) -> float:
    """The share of the ten results that are as near as the true tenth."""
    try:
        found = [[cosine for _, cosine in store.nearest(query, 10)] for query in queries]
    finally:
        store.close()
    return float(
        np.mean([np.mean(np.array(some) >= true.min() - 1e-6) for some, true in zip(found, truth, strict=True)])
    )


def _switch(connection: Connection, generation: str) -> None:
    """Search this library from now on; forget those before the former one, and what cut-off pushes left."""
    with connection.transaction():
        connection.execute(_SWITCH, (generation,))
    for (name,) in connection.execute(_OLD).fetchall():
        connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(name)))


def summary(pushed: Pushed) -> str:
    """A push in one line."""
    how = "every case is compared"
    if pushed.width:
        how = f"{pushed.width} candidates of an HNSW index, recall@10 {pushed.recall:.3f} on a sample"
    return f"in use: {pushed.cases:,} cases in {pushed.where}; {how}"

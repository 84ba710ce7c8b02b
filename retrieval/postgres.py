"""Cases in Postgres with pgvector: the store for more than one machine holds, or for several that share a library.

A library is a schema of its own, ``lightbox_`` and 16 hex of its manifest's digest; ``lightbox.current`` names the one
in use. Vectors are ``halfvec``: 16 bits a number, as in the library's files, so that nothing is lost and a row is half
as long. Few cases are compared one by one, many through an HNSW index, which unlike lists (IVFFlat) needs no training
again when cases are added (Malkov and Yashunin 2018, arXiv:1603.09320); the candidates' cosines are then computed with
the query in 32 bits.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import LiteralString, Self

import numpy as np
from pgvector import HalfVector
from psycopg_pool import ConnectionPool

from diagnosis.errors import BadRequest, Missing
from retrieval.conditions import conditions
from retrieval.database import (
    PUSH,
    Address,
    Connection,
    asking,
    connect,
    current,
    enter,
    need_vectors,
    read_address,
    sendable,
)
from retrieval.filters import NAMELESS, Filter
from retrieval.library import REMEDY, Manifest, Record
from retrieval.metadata import as_number, from_whole_line, keyed, whole_line
from retrieval.store import Neighbour

EXACT_MOST = 10_000  # cases that filters leave: up to here they are all compared
_CANDIDATES = 2  # for each result that is wanted
_CONNECTIONS = 8
_LONGEST = "60s"  # that a statement of a search may take
_EXACT: LiteralString = """
WITH fit AS MATERIALIZED (
    SELECT row, -(vector::vector <#> %(query)s) AS cosine FROM lightbox_cases WHERE {fit}
), best AS (SELECT row, cosine FROM fit ORDER BY cosine DESC, row LIMIT %(k)s)
SELECT line, cosine FROM best JOIN lightbox_cases USING (row) ORDER BY cosine DESC, row
"""
_LIKELY: LiteralString = """
WITH likely AS MATERIALIZED (
    SELECT row, line, -(vector::vector <#> %(query)s) AS cosine FROM lightbox_cases WHERE {fit}
    ORDER BY vector <#> %(query)s::halfvec LIMIT %(candidates)s
) SELECT line, cosine FROM likely ORDER BY cosine DESC, row LIMIT %(k)s
"""
_MANY: LiteralString = (
    "SELECT count(*) > %(most)s FROM (SELECT FROM lightbox_cases WHERE {fit} LIMIT %(most)s + 1) AS fit"
)
_TERMS = """
INSERT INTO lightbox_terms (key, value, number, cases)
SELECT * FROM unnest(%s::text[], %s::text[], %s::float8[], %s::bigint[])
ON CONFLICT (key, value) DO UPDATE SET cases = lightbox_terms.cases + excluded.cases RETURNING key, value, term
"""
_COPY = "COPY lightbox_cases (row, id, image, patient, line, terms, vector) FROM STDIN WITH (FORMAT BINARY)"
_FEWER = """
UPDATE lightbox_terms SET cases = cases - gone.count
FROM unnest(%s::int[], %s::bigint[]) AS gone (term, count) WHERE lightbox_terms.term = gone.term
"""


class PostgresStore:
    """A library in a database; a :class:`~retrieval.store.CaseStore`. Threads and processes may share it.

    Args:
        generation: schema of the library.
        width: candidates that the index is searched with, 0 where there is no index.
        wait: seconds that a search waits for a connection.
    """

    def __init__(self, address: Address, generation: str, manifest: Manifest, width: int, wait: float = 5.0) -> None:
        self.manifest, self._address, self._indexed = manifest, address, width > 0

        def ready(connection: Connection) -> None:
            need_vectors(connection)
            enter(connection, generation, max(width, 1))
            connection.execute("SELECT set_config('statement_timeout', %s, false)", (_LONGEST,))

        self._pool: ConnectionPool[Connection] = ConnectionPool(
            address.conninfo,
            min_size=1,
            max_size=_CONNECTIONS,
            timeout=wait,
            kwargs={"autocommit": True},
            configure=ready,
            check=ConnectionPool.check_connection,
            open=True,
        )

    @classmethod
    def open(cls, url: str, wait: float = 5.0) -> Self:
        """The library that is in use in a database.

        Raises:
            BadRequest: the URL is not one.
            Missing: the server does not answer, lacks pgvector, or holds no library.
        """
        address = read_address(url)
        with asking(address), connect(address) as connection:
            need_vectors(connection)
            generation = current(connection)
            if generation is None:
                raise Missing("The database holds no case library.", PUSH)
            enter(connection, generation, 1)
            row = connection.execute("SELECT manifest, width FROM lightbox_library").fetchone()
        if row is None:
            raise Missing("The library in the database is not whole.", PUSH)
        return cls(address, generation, Manifest.model_validate_json(row[0]), row[1], wait)

    def __repr__(self) -> str:
        return f"PostgresStore({self._address.where})"

    def close(self) -> None:
        """Give the connections back."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _asked(self) -> Iterator[Connection]:
        with asking(self._address), self._pool.connection() as connection:
            yield connection

    def _rows(self, statement: LiteralString, *values: object) -> list[tuple]:
        with self._asked() as connection:
            return connection.execute(statement, values).fetchall()

    def __len__(self) -> int:
        return int(self._rows("SELECT cases FROM lightbox_library")[0][0])

    def nearest(
        self, query: np.ndarray, k: int, filters: tuple[Filter, ...] = (), without: Collection[str] = ()
    ) -> list[Neighbour]:
        cases = len(self)
        if k < 1 or not cases:
            return []
        with self._asked() as connection:
            where = conditions(connection, cases, filters, without)
            values = {"query": query.astype(np.float32), "k": k, "candidates": _CANDIDATES * k, "most": EXACT_MOST}
            values |= where.values
            many = self._indexed and where.most > EXACT_MOST
            if many and where.least <= EXACT_MOST:
                many = bool(connection.execute(where.into(_MANY), values).fetchall()[0][0])
            found = connection.execute(where.into(_LIKELY), values).fetchall() if many else []
            if len(found) < k:
                found = connection.execute(where.into(_EXACT), values).fetchall()
        return [(from_whole_line(line), float(cosine)) for line, cosine in found]

    def add(self, records: Sequence[Record], vectors: np.ndarray) -> None:
        if vectors.shape != (len(records), self.manifest.encoder.dimensions):
            raise BadRequest(f"{len(records)} cases came with vectors of shape {vectors.shape}.", REMEDY)
        with self._asked() as connection, connection.transaction():
            first = grow(connection, len(records))  # whoever else adds waits from here on
            _refuse_known(connection, records)
            write(connection, records, vectors, first)

    def remove(self, ids: Iterable[str]) -> None:
        with self._asked() as connection, connection.transaction():
            connection.execute("SELECT FROM lightbox_library FOR UPDATE")
            gone = connection.execute(
                "DELETE FROM lightbox_cases WHERE id = ANY(%s) RETURNING terms", ([sendable(id) for id in ids],)
            ).fetchall()
            counts = Counter(term for (terms,) in gone for term in terms)
            connection.execute(_FEWER, (list(counts), list(counts.values())))
            connection.execute("UPDATE lightbox_library SET cases = cases - %s", (len(gone),))

    def get(self, id: str) -> Record | None:
        found = self._rows("SELECT line FROM lightbox_cases WHERE id = %s", sendable(id))
        return from_whole_line(found[0][0]) if found else None

    def vector(self, id: str) -> np.ndarray | None:
        found = self._rows("SELECT vector FROM lightbox_cases WHERE id = %s", sendable(id))
        return found[0][0].to_numpy().astype(np.float32) if found else None

    def place(self, id: str) -> int | None:
        query: LiteralString = "SELECT row FROM lightbox_cases WHERE id = %s AND row < %s"
        found = self._rows(query, sendable(id), self.manifest.cases)
        return int(found[0][0]) if found else None

    def with_image(self, digest: str) -> list[Record]:
        found = self._rows("SELECT line FROM lightbox_cases WHERE image = %s ORDER BY row", sendable(digest))
        return [from_whole_line(line) for (line,) in found]

    def keys(self) -> list[str]:
        return sorted({key for (key,) in self._rows("SELECT DISTINCT key FROM lightbox_terms")} - {NAMELESS})

    def values(self, key: str) -> dict[str, int]:
        query: LiteralString = """SELECT value, cases FROM lightbox_terms WHERE key = %s AND cases > 0
                                  ORDER BY cases DESC, value COLLATE "C" """
        return dict(self._rows(query, sendable(key)))


def _refuse_known(connection: Connection, records: Sequence[Record]) -> None:
    ids, images = [sendable(record.id) for record in records], [record.image for record in records if record.image]
    known = connection.execute("SELECT id FROM lightbox_cases WHERE id = ANY(%s)", (ids,)).fetchall()
    pictured = connection.execute("SELECT image FROM lightbox_cases WHERE image = ANY(%s)", (images,)).fetchall()
    seen, seen_images = {id for (id,) in known}, {image for (image,) in pictured}
    for record, id in zip(records, ids, strict=True):
        if id in seen:
            raise BadRequest(f"There is a case {record.id} already.", "Give it another id.")
        if record.image and record.image in seen_images:
            raise BadRequest(f"The image of {record.id} is there already.", "Edit the case that has it.")
        seen.add(id)
        seen_images.add(record.image)


def grow(connection: Connection, count: int) -> int:
    """Make room for cases, and return the row of the first; until the transaction ends nobody else can."""
    statement = "UPDATE lightbox_library SET rows = rows + %(n)s, cases = cases + %(n)s RETURNING rows - %(n)s"
    return int(connection.execute(statement, {"n": count}).fetchall()[0][0])


def write(connection: Connection, records: Sequence[Record], vectors: np.ndarray, first: int) -> None:
    """Write cases into the rows from ``first`` on, and count what can be filtered by. The caller commits."""
    pairs = [{(sendable(key), sendable(value)) for key, value in keyed(record)} for record in records]
    counts = sorted(Counter(pair for some in pairs for pair in some).items())
    columns = (
        [key for (key, _), _ in counts],
        [value for (_, value), _ in counts],
        [as_number(value) for (_, value), _ in counts],
        [count for _, count in counts],
    )
    terms = {(key, value): term for key, value, term in connection.execute(_TERMS, columns)}
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.set_types(["int8", "text", "text", "text", "text", "int4[]", "halfvec"])
        for row, (record, some, vector) in enumerate(zip(records, pairs, vectors, strict=True), first):
            named = (sendable(one) if one else None for one in (record.id, record.image, record.patient))
            copy.write_row((row, *named, whole_line(record), [terms[pair] for pair in some], HalfVector(vector)))

"""A Postgres server with pgvector, as the case store reaches it: its address, its connections, its errors in words.

Those words may be read by anyone, so they name neither the server nor what it answered; both go to the log.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from pgvector.psycopg import register_vector
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from diagnosis.errors import BadRequest, Missing

log = logging.getLogger(__name__)
PUSH = "Load one with `python -m retrieval push`."
_SCHEMES = ("postgresql://", "postgres://")
_FORM = "Write postgresql://user:password@host:port/database; in the password %40 stands for @, %2F for /."
_PATIENCE = 5  # seconds until a server that does not answer is given up, where the address says nothing else
_LEAST = (0, 8)  # of pgvector: the first whose index is scanned on until enough is found that filters leave
Connection = psycopg.Connection[tuple]


@dataclass(frozen=True)
class Address:
    """Where a database is.

    Attributes:
        conninfo: everything that is needed to connect, the password included; not shown.
        where: what the log and the commands call it.
    """

    conninfo: str = field(repr=False)
    where: str


def read_address(url: str) -> Address:
    """The address in a URL. Raises BadRequest, showing nothing of it, where it can't be read without a doubt."""
    scheme = next((one for one in _SCHEMES if url.startswith(one)), None)
    user, at, rest = url.removeprefix(scheme or "").partition("@")
    if scheme is None or "@" in rest or (at and set(user) & set("/?#")):
        raise BadRequest("The address of the database is not one.", _FORM)
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        raise BadRequest("The address of the database is not one.", _FORM) from None
    host, port = parts.get("host") or "this machine", parts.get("port")
    where = f"{parts.get('dbname') or parts.get('user') or 'postgres'} on {host}{f':{port}' if port else ''}"
    return Address(make_conninfo(url, **{"connect_timeout": _PATIENCE, **parts}), where)


@contextmanager
def asking(address: Address) -> Iterator[None]:
    """What goes wrong inside, in words; the log tells where and what the server answered.

    Raises:
        Missing: the server does not answer, or the library that was opened is not there any more.
        BadRequest: the user may not do that.
    """
    try:
        yield
    except errors.UndefinedTable as error:
        log.warning("The library that was opened in the database %s is gone (%s).", address.where, _first(error))
        gone = "The library that was opened in the database has been replaced twice since."
        raise Missing(gone, "Start this again.") from error
    except errors.InsufficientPrivilege as error:
        log.warning("The user of the database %s may not do that (%s).", address.where, _first(error))
        refused = "The user of the case library's database may not do that."
        raise BadRequest(refused, "Have the database's owner grant it.") from error
    except psycopg.OperationalError as error:  # a pool that ran out of time raises one too
        log.warning("The database %s can't be used (%s).", address.where, _first(error))
        raise Missing("The case library's database does not answer.", "Try again later; the log says why.") from error


def _first(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")


def connect(address: Address) -> Connection:
    """A connection of one's own, which commits each statement."""
    return psycopg.connect(address.conninfo, autocommit=True)


def need_vectors(connection: Connection) -> None:
    """Get a connection ready for vectors. Raises Missing where the database has no pgvector, or an old one."""
    found = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchone()
    remedy = "Install pgvector 0.8 or newer there, and have an administrator run CREATE EXTENSION vector."
    if found is None:
        raise Missing("The case library's database lacks the extension vector.", remedy)
    if tuple(int(part) for part in found[0].split(".")[:2]) < _LEAST:
        raise Missing(f"The case library's database has pgvector {found[0]}.", remedy)
    register_vector(connection)


def current(connection: Connection) -> str | None:
    """The schema of the library that is in use, or None for none."""
    there = connection.execute("SELECT to_regclass('lightbox.current') IS NOT NULL").fetchone()
    row = connection.execute("SELECT generation FROM lightbox.current").fetchone() if there and there[0] else None
    return None if row is None else str(row[0])


def enter(connection: Connection, generation: str, width: int) -> None:
    """Let a connection's statements mean the tables of a library, and search its index ``width`` candidates wide.

    Plans are made for the values at hand, since a filter may leave everything or next to nothing.
    """
    chosen = {
        "hnsw.ef_search": str(width),
        "hnsw.iterative_scan": "relaxed_order",
        "hnsw.max_scan_tuples": "100000",
        "hnsw.scan_mem_multiplier": "8",
        "plan_cache_mode": "force_custom_plan",
        "jit": "off",
    }
    for name, value in chosen.items():
        connection.execute("SELECT set_config(%s, %s, false)", (name, value))
    path = "SELECT set_config('search_path', %s || ', ' || current_setting('search_path'), false)"
    connection.execute(path, (generation,))


def sendable(text: str) -> str:
    """Text without what Postgres does not take, the character 0 and halves of characters."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")

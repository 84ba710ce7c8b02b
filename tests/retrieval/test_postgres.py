"""A library in Postgres: a push that can be cut off anywhere, and a server that fails.

What both stores have in common is in test_store.py, and searches in test_postgres_search.py.
"""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from psycopg import sql

from diagnosis.errors import BadRequest, Missing, UserError
from retrieval import push as module
from retrieval.__main__ import main
from retrieval.database import connect, read_address
from retrieval.library import CASES
from retrieval.postgres import PostgresStore
from retrieval.push import push, summary
from tests.retrieval.database import SECRET, Database
from tests.retrieval.made import library, record, rows

COUNT = 120


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small library, which a push copies in four batches."""
    library(tmp_path / "library", [record(n, image=f"i{n}", age=str(n)) for n in range(COUNT)], rows(COUNT))
    return tmp_path / "library"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Another one, of another encoder."""
    library(tmp_path / "other", [record(n, "b") for n in range(7)], rows(7, seed=1), digest="1" * 16)
    return tmp_path / "other"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 30)
    monkeypatch.setattr(module, "_TOLD", 0.0)


@pytest.fixture
def url(database: Database) -> str:
    return database.url()


@pytest.fixture
def own_server(database: Database) -> Iterator[Database]:
    """Another server, which a test may stop."""
    server = Database(database.programs)
    yield server
    server.close()


def generations(url: str) -> int:
    with connect(read_address(url)) as connection:
        found = connection.execute("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'lightbox\\__%'")
        return int(found.fetchall()[0][0])


@pytest.mark.parametrize(
    "url",
    [
        "",
        "index/cases",
        "mysql://a:SECRET@here/cases",
        "postgresql://a:SECRET@b@here/cases",
        "postgresql://a:SEC/RET@here/cases",
        "postgresql://a:SECRET@here/cases?colour=red",
        "postgresql://a:SECRET@here:port/cases?=",
    ],
)
def test_an_address_that_is_none_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(BadRequest, match="not one") as caught:
        PostgresStore.open(url)
    assert "SEC" not in str(caught.value) and "RET" not in str(caught.value)


def test_a_password_is_shown_nowhere(
    url: str, folder: Path, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    push(url, folder)
    with PostgresStore.open(url) as store:
        shown = [repr(store), repr(read_address(url)), str(read_address(url))]
    for wrong in (
        database.address("cases0", secret="wr0ng"),
        database.address("nowhere"),
        "postgresql://u:wr0ng@[::1]:1",
    ):
        with pytest.raises(Missing, match="does not answer") as caught:
            PostgresStore.open(wrong)
        shown.append(str(caught.value))
    assert not re.search(r"s3cret|wr0ng", "".join(shown) + caplog.text)
    assert all(named in caplog.text for named in ("cases0 on", "nowhere on", "::1:1"))
    assert not re.search(r"cases0|nowhere|::1|FATAL|refused|socket|/tmp", "".join(shown[3:]))


def test_a_command_that_reaches_no_database_says_where_it_looked(
    folder: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert main(["push", "--index", str(folder), "--url", "postgresql://u:wr0ng@[::1]:1/cases"]) == 3
    said = capfd.readouterr().err + caplog.text
    assert "does not answer" in said and "cases on ::1:1" in said and "wr0ng" not in said


def test_a_database_without_pgvector_or_without_a_library_says_what_to_do(database: Database, folder: Path) -> None:
    url = database.url()
    name = url.partition("@/")[2].partition("?")[0]
    database.execute("postgres", sql.SQL("CREATE ROLE weak LOGIN PASSWORD {}").format(sql.Literal(SECRET)))
    weak = database.address(name, user="weak")
    with pytest.raises(Missing, match=r"lacks the extension vector.*CREATE EXTENSION"):
        PostgresStore.open(url)
    with pytest.raises(Missing, match=r"lacks the extension vector.*administrator"):
        push(weak, folder)
    database.execute(name, sql.SQL("CREATE EXTENSION vector"))
    with pytest.raises(Missing, match=r"no case library.*retrieval push"):
        PostgresStore.open(url)
    with pytest.raises(BadRequest, match=r"may not do that.*grant"):
        push(weak, folder)
    database.execute(name, sql.SQL("UPDATE pg_extension SET extversion = '0.7.4' WHERE extname = 'vector'"))
    with pytest.raises(Missing, match=r"has pgvector 0\.7\.4.*0\.8 or newer"):
        push(url, folder)


def test_a_push_is_done_once(url: str, folder: Path) -> None:
    lines: list[str] = []
    first = push(url, folder, lines.append)
    assert first.cases == COUNT and first.width == 0 and "every case is compared" in summary(first)
    assert any("copied 120 of 120" in line for line in lines)
    lines.clear()
    assert push(url, folder, lines.append) == first and lines == ["this library is in use there already"]
    assert generations(url) == 1


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("at", ["copied 30 ", "copied 90 ", "copied 120 ", "indexing"])
def test_a_push_that_is_cut_off_changes_nothing_and_goes_on_later(url: str, folder: Path, other: Path, at: str) -> None:
    push(url, other)
    watcher = connect(read_address(url))

    def cut(line: str) -> None:
        if line.startswith(at):
            watcher.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")

    with pytest.raises(Missing, match="does not answer"):
        push(url, folder, cut)
    with PostgresStore.open(url) as store:
        assert len(store) == 7 and store.get("a:0") is None
    lines: list[str] = []
    push(url, folder, lines.append)
    watcher.close()
    done = "120" if at == "indexing" else at.split()[1]
    assert lines[0] == f"going on after {done} cases"
    with PostgresStore.open(url) as store:
        assert len(store) == COUNT and store.values("age") == dict.fromkeys(map(str, range(COUNT)), 1)
        assert [store.place(f"a:{n}") for n in range(COUNT)] == list(range(COUNT))


def test_an_app_keeps_its_library_through_one_push_and_is_told_after_two(url: str, folder: Path, other: Path) -> None:
    push(url, folder)
    with PostgresStore.open(url) as before:
        push(url, other)
        assert len(before) == COUNT and before.nearest(rows(1)[0], 1)[0][0].id.startswith("a:")
        with PostgresStore.open(url) as after:
            assert len(after) == 7 and after.manifest.encoder.digest == "1" * 16
        push(url, folder)  # it is kept, and only switched to
        assert len(before) == COUNT and generations(url) == 2
        library(folder.parent / "third", [record(1)], rows(1))
        push(url, other)
        push(url, folder.parent / "third")
        with pytest.raises(Missing, match="replaced twice"):
            before.nearest(rows(1)[0], 1)
    assert generations(url) == 2


@pytest.mark.usefixtures("small")
def test_what_a_cut_off_push_left_goes_with_the_next_one(url: str, folder: Path, other: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        push(url, folder, lambda line: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(Missing, match="no case library"):
        PostgresStore.open(url)
    push(url, other)
    assert generations(url) == 1


def test_one_push_at_a_time(url: str, folder: Path) -> None:
    def again(line: str) -> None:
        with pytest.raises(BadRequest, match="Another push"):
            push(url, folder)

    push(url, folder, again)


def test_a_damaged_library_is_refused_and_the_one_in_use_stays(url: str, folder: Path, other: Path) -> None:
    push(url, other)
    lines = (folder / CASES).read_text("utf-8").splitlines(keepends=True)
    (folder / CASES).write_text("".join(lines[:-1]), "utf-8")
    with pytest.raises(BadRequest, match=r"cases\.jsonl .* is damaged"):
        push(url, folder)
    twice = [record(1), record(1)]
    manifest = library(folder.parent / "twice", twice, rows(2))
    assert manifest.cases == 2
    with pytest.raises(BadRequest, match="repeats a case"):
        push(url, folder.parent / "twice")
    with PostgresStore.open(url) as store:
        assert len(store) == 7


def test_a_server_that_stops_is_told_and_one_that_comes_back_is_used(own_server: Database, folder: Path) -> None:
    url = own_server.url()
    push(url, folder)
    query = rows(1)[0]
    with PostgresStore.open(url, wait=1) as store:
        before = [record.id for record, _ in store.nearest(query, 5)]
        own_server.stop()
        for attempt in (lambda: store.nearest(query, 5), lambda: store.get("a:1"), lambda: PostgresStore.open(url)):
            with pytest.raises(Missing, match="does not answer"):
                attempt()
        own_server.start()
        assert _in_the_end(store, query) == before


def _in_the_end(store: PostgresStore, query: np.ndarray) -> list[str]:
    for _ in range(30):
        try:
            return [record.id for record, _ in store.nearest(query, 5)]
        except UserError:  # the pool asks for new connections with growing pauses
            continue
    raise AssertionError("The store did not come back.")


def test_two_who_add_at_once_have_rows_of_their_own(url: str, folder: Path) -> None:
    push(url, folder)
    with PostgresStore.open(url) as store, PostgresStore.open(url) as second, ThreadPoolExecutor(8) as pool:

        def add(n: int) -> str:
            try:
                (store, second)[n % 2].add([record(1_000 + n // 2, image=f"new{n // 2}")], rows(1, seed=n))
            except BadRequest:
                return "refused"
            return "added"

        outcomes = list(pool.map(add, range(40)))
        assert outcomes.count("added") == 20 and len(store) == len(second) == COUNT + 20
        with connect(read_address(url)) as connection:
            name = connection.execute("SELECT generation FROM lightbox.current").fetchall()[0][0]
            statement = sql.SQL("SELECT count(DISTINCT row), max(row) FROM {}.lightbox_cases").format(
                sql.Identifier(name)
            )
            assert connection.execute(statement).fetchall() == [(COUNT + 20, COUNT + 19)]
        assert store.place("a:1001") is None  # the files have no such row

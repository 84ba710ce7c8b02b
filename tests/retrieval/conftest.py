"""What the tests of retrieval share."""

import threading
from collections.abc import Iterator

import pytest

from tests.retrieval.database import Database, programs
from tests.retrieval.serving import Server


@pytest.fixture(scope="session")
def database() -> Iterator[Database]:
    """A server with pgvector; a test without one is skipped."""
    found = programs()
    if found is None:
        pytest.skip("There is no Postgres with pgvector here: install requirements-dev.txt.")
    server = Database(found)
    yield server
    server.close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr("diagnosis.fetching.transfer.PAUSE", 0.01)
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()

"""What the tests of retrieval share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval.build import build
from retrieval.encoder import Encoder
from retrieval.mine import MyCases
from retrieval.plan import plan_folder
from retrieval.shared import Cases
from retrieval.ui.own import Keeper
from tests.retrieval.database import Database, programs
from tests.retrieval.made import paint, painted
from tests.retrieval.serving import Server, serving
from tests.retrieval.tiny import write_tiny


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    """A tiny one with random weights."""
    return Encoder.load(write_tiny(tmp_path_factory.mktemp("encoder")))


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
    with serving() as server:
        yield server


@pytest.fixture
def mine(encoder: Encoder, tmp_path: Path) -> MyCases:
    """The cases of one user, none yet."""
    return MyCases(tmp_path / "users", "ann@example.org", encoder)


@pytest.fixture(scope="session")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Cases:
    """A library of painted images, and nobody's own cases."""
    folder = tmp_path_factory.mktemp("similar")
    model = write_tiny(folder / "encoder")
    images = painted(folder / "images", 32)
    build(plan_folder(images, images / "cases.csv", "painted"), Encoder.load(model), folder / "cases")
    return Cases(model, folder / "cases", folder / "own")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An image to look for."""
    return paint(tmp_path / "query.png", 99)


@pytest.fixture
def keeper(cases: Cases) -> Iterator[Keeper]:
    """Of one's own cases, of which none are left behind."""
    yield Keeper(cases)
    for file in cases.own.glob("*"):
        file.unlink()

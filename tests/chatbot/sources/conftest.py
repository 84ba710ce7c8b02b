"""A scripted server for each test of the web search, and a source that asks it."""

from collections.abc import Iterator

import pytest

from chatbot.sources.exa import ExaSource
from tests.chatbot.exa_server import ExaServer, exa_server
from tests.chatbot.sources.asking import source_of


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")


@pytest.fixture
def server() -> Iterator[ExaServer]:
    with exa_server() as running:
        yield running


@pytest.fixture
def source(server: ExaServer) -> ExaSource:
    return source_of(server)

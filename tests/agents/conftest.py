"""An endpoint for each test, and the readings that words are about."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from agents.llm import LanguageModel
from diagnosis.reading import Reading
from tests.agents.endpoint import Endpoint, endpoint
from tests.agents.readings import example_readings

KEY = "sk-secret-of-the-test"


@pytest.fixture
def scripted() -> Iterator[Endpoint]:
    with endpoint() as running:
        yield running


@pytest.fixture
def model(scripted: Endpoint) -> LanguageModel:
    return LanguageModel("scripted", scripted.url, SecretStr(KEY), price_in=1, price_out=4)


@pytest.fixture(scope="session")
def readings() -> dict[str, Reading]:
    return example_readings()


@pytest.fixture
def reading(readings: dict[str, Reading]) -> Reading:
    return readings["narrow-viral"]

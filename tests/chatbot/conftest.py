"""A small library, and a language model at a scripted endpoint."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from agents.llm import LanguageModel
from tests.agents.endpoint import Endpoint, endpoint

KEY = "sk-secret-of-the-test"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def scripted() -> Iterator[Endpoint]:
    with endpoint() as running:
        yield running


@pytest.fixture
def model(scripted: Endpoint) -> LanguageModel:
    return LanguageModel("scripted", scripted.url, SecretStr(KEY), timeout=5, retries=0, price_in=1, price_out=4)

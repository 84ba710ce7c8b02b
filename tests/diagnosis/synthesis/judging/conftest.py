from dataclasses import replace
from pathlib import Path

import pytest

from diagnosis.cards import ModelCard, load_card
from diagnosis.gate import Gate
from diagnosis.gate.card import Limit
from diagnosis.synthesis.judging.judge import Judge
from settings import ROOT
from tests.diagnosis.synthesis.judging.films import film, write_set

WEIGHTS = ROOT / "weights"
MARGIN = 1.3  # over the farthest of four drawings


@pytest.fixture(scope="package")
def card() -> ModelCard:
    return load_card(WEIGHTS / "chest-xray.toml")


@pytest.fixture(scope="package")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_set(tmp_path_factory.mktemp("films"))


@pytest.fixture(scope="package")
def judge(card: ModelCard, films: Path, tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """Of drawn films: the shipped encoder and model, and the gate with limits that let drawings of a chest pass."""
    judge = Judge.load(card, WEIGHTS, films, tmp_path_factory.mktemp("kept"))
    return replace(judge, gate=_lenient(judge.gate, card))


def _lenient(gate: Gate, card: ModelCard) -> Gate:
    farthest = max(gate.check(film(1000 + patient), card).distance or 0 for patient in range(4))
    wider = {
        name: Limit(surprise=MARGIN * farthest * limit.surprise, far=MARGIN * farthest * limit.far)
        for name, limit in gate.card.limits.items()
    }
    return Gate(gate.card.model_copy(update={"limits": wider}), gate.space, gate.trunk, gate.fingerprints)

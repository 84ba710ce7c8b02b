import shutil
from pathlib import Path

import pytest

from diagnosis.cards import ModelCard, load_card
from diagnosis.gate import Gate
from diagnosis.gate.card import FOLDER, NAME
from diagnosis.synthesis.judging.judge import Judge
from diagnosis.written import amend_toml
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
def lenient(card: ModelCard, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of weights: the shipped encoder and model, and the gate with limits that let drawings of a chest pass.

    Tests leave it as it is.
    """
    folder, gate = tmp_path_factory.mktemp("lenient"), Gate.load(WEIGHTS)
    for name in ("chest-xray.toml", "chest-xray.safetensors", "encoder"):
        (folder / name).symlink_to(WEIGHTS / name)
    shutil.copytree(WEIGHTS / FOLDER, folder / FOLDER)
    wider = MARGIN * max(gate.check(film(1000 + patient), card).distance or 0 for patient in range(4))
    limits = {
        name: {"surprise": wider * limit.surprise, "far": wider * limit.far} for name, limit in gate.card.limits.items()
    }
    amend_toml(folder / FOLDER / NAME, {"limits": limits})
    return folder


@pytest.fixture(scope="package")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where what is computed of ``films`` is kept."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="package")
def judge(card: ModelCard, lenient: Path, films: Path, kept: Path) -> Judge:
    """Of drawn films, with the lenient gate."""
    return Judge.load(card, lenient, films, kept)

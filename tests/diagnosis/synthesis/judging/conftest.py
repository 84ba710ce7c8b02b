import shutil
from pathlib import Path

import pytest

from diagnosis.cards import ModelCard, load_card
from diagnosis.gate import Gate
from diagnosis.gate.card import FOLDER, NAME
from diagnosis.synthesis.judging.judge import Judge
from diagnosis.synthesis.judging.learned import Learned
from diagnosis.written import amend_toml
from settings import ROOT
from tests.diagnosis.synthesis.discs import Place
from tests.diagnosis.synthesis.judging.films import LABELS, film, write_set

WEIGHTS = ROOT / "weights"
MARGIN = 1.3  # over the farthest of four drawings
NORMAL, VIRAL = LABELS
TITLES = {"on_left": NORMAL, "on_right": VIRAL, "Disc on the left": "Normal", "Disc on the right": "Viral pneumonia"}


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
    """Of drawn films, with the lenient gate, for a generator that there is not."""
    return Judge.load(card, lenient, films, kept, Learned())


@pytest.fixture
def weights(lenient: Path, place: Place, tmp_path: Path) -> Path:
    """The lenient folder, with the generator of discs for that of two classes of chest films."""
    folder = tmp_path / "weights"
    shutil.copytree(lenient, folder, symlinks=True)
    shutil.copytree(place.weights / "synthesis", folder / "synthesis")
    card = folder / "synthesis/tiny-discs.toml"
    text = card.read_text("utf-8").replace('model = "discs"', 'model = "chest-xray"')
    for old, new in TITLES.items():
        text = text.replace(f'"{old}"', f'"{new}"')
    card.write_text(text, "utf-8")
    return folder

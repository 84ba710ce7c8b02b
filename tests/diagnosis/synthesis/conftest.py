"""A family that was trained once for all tests."""

import shutil
from pathlib import Path

import pytest

from diagnosis.synthesis.generator import Generator
from tests.diagnosis.synthesis.discs import Place, write_discs


@pytest.fixture(scope="session")
def discs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the set of discs."""
    return write_discs(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory, discs: Path) -> Place:
    """An autoencoder and a generator, trained by the commands. Tests leave it as it is."""
    made = Place.make(tmp_path_factory.mktemp("discs"), discs)
    assert made.train("train-autoencoder", "tiny") == 0
    assert made.train("train", "tiny-discs") == 0
    return made


@pytest.fixture
def copied(place: Place, tmp_path: Path) -> Place:
    """The same place, which a test may change."""
    for folder in (place.data, place.weights, place.recipes, place.runs):
        shutil.copytree(folder, tmp_path / folder.name)
    return Place(*(tmp_path / folder.name for folder in (place.data, place.weights, place.recipes, place.runs)))


@pytest.fixture(scope="session")
def generator(place: Place) -> Generator:
    return Generator(place.weights)

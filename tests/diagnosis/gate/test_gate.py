"""The gate as it is shipped: drawings, photographs, noise, and images of the sets where they are here."""

import csv
import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from diagnosis.cards import ModelCard, load_card
from diagnosis.errors import BadRequest, Missing, Refused
from diagnosis.gate import Gate
from diagnosis.gate.card import FOLDER, NAME
from diagnosis.gate.trunk import FILE
from diagnosis.gating.evaluate import SETS
from diagnosis.gating.strangers import TESTED, drawn, photographs
from diagnosis.models import Models
from diagnosis.phantoms import draw_chest, draw_tissue
from diagnosis.phantoms.export import write_dicom, write_raster
from diagnosis.readers import read_study
from diagnosis.reading import read
from diagnosis.study import Study
from settings import ROOT

WEIGHTS, EXAMPLES = ROOT / "weights", ROOT / "examples"
FILMS = sorted((EXAMPLES / "x-ray").glob("phantom-*"))
TILES = sorted((EXAMPLES / "histology").glob("phantom-*"))
MANY = 12  # images of a set


@pytest.fixture(scope="module")
def gate() -> Gate:
    return Gate.load(WEIGHTS)


@pytest.fixture(scope="module")
def cards() -> dict[str, ModelCard]:
    """The cards that are here."""
    return {name: load_card(WEIGHTS / f"{name}.toml") for name in SETS if (WEIGHTS / f"{name}.toml").is_file()}


@pytest.mark.parametrize("path", [*FILMS, *TILES], ids=lambda path: path.name)
def test_a_drawing_of_the_projects_own_is_read_as_what_it_is_and_by_no_other_model(
    gate: Gate, cards: dict[str, ModelCard], path: Path
) -> None:
    study = read_study(path)
    own, other = ("chest-xray", "lung-colon") if path in FILMS else ("lung-colon", "chest-xray")
    found = gate.check(study, cards[own])
    assert found.verdict == "caution"
    assert found.reason == "This is a drawing made by Lightbox, not a patient's image."
    assert gate.check(study, cards[other]).verdict == "refuse"


def test_a_drawing_is_known_in_other_files_and_another_drawing_is_not(gate: Gate, tmp_path: Path) -> None:
    known = read_study(EXAMPLES / "x-ray" / "phantom-chest-clear.jpg")
    write_raster(known.pixels[::2, ::2], tmp_path / "half.webp")
    write_dicom(known.pixels, tmp_path / "negative.dcm", "MONOCHROME1", bits=12)
    card = load_card(WEIGHTS / "chest-xray.toml")
    for name in ("half.webp", "negative.dcm"):
        assert "made by Lightbox" in gate.check(read_study(tmp_path / name), card).reason
    for other in (
        draw_chest(seed=901).pixels,
        1 - known.pixels,
        known.pixels[:, ::-1],
        np.full_like(known.pixels, 0.5),
    ):
        assert "made by Lightbox" not in gate.check(Study(np.ascontiguousarray(other)), card).reason


def test_what_is_no_medical_image_passes_nowhere_and_is_hardly_ever_read(
    gate: Gate, cards: dict[str, ModelCard]
) -> None:
    strangers = [*photographs(TESTED, 0, seed=11), *drawn(16, seed=12)]
    verdicts = [gate.check(one.study, card).verdict for one in strangers for card in cards.values()]
    assert "pass" not in verdicts
    assert verdicts.count("refuse") >= 0.9 * len(verdicts)


def test_grey_as_colours_is_the_same_as_grey(gate: Gate, cards: dict[str, ModelCard]) -> None:
    film = draw_chest(seed=902, size=300).pixels
    grey, coloured = (gate.check(Study(pixels), cards["chest-xray"]) for pixels in (film, film.repeat(3, axis=2)))
    assert coloured.verdict == grey.verdict
    assert coloured.distance == pytest.approx(grey.distance, rel=1e-4)


def test_nothing_is_scored_of_an_image_that_is_refused(cards: dict[str, ModelCard]) -> None:
    models = Models(WEIGHTS)
    classifier, passes = models.classifier("chest-xray"), []
    hook = classifier.network.register_forward_hook(lambda *_: passes.append(1))
    try:
        with pytest.raises(Refused) as told:
            next(read(read_study(TILES[0]), classifier, gate=models.check))
        assert not passes
        reading = next(read(read_study(FILMS[0]), classifier, gate=models.check))
    finally:
        hook.remove()
    assert passes and reading.gate is not None and reading.gate.verdict == "caution"
    assert "Nothing was scored" in told.value.remedy


def test_without_the_gates_files_an_image_is_read_and_the_reading_says_so(tmp_path: Path) -> None:
    for name in ("chest-xray.toml", "chest-xray.safetensors"):
        shutil.copy(WEIGHTS / name, tmp_path)
    models = Models(tmp_path)
    found = models.check(read_study(TILES[0]), models.card("chest-xray"))
    assert found.verdict == "caution" and "was not checked" in found.reason and NAME in found.reason
    assert str(tmp_path) not in found.reason


def test_files_that_do_not_belong_together_are_no_gate(tmp_path: Path) -> None:
    with pytest.raises(Missing, match=NAME):
        Gate.load(tmp_path)
    shutil.copytree(WEIGHTS / FOLDER, tmp_path / FOLDER)
    with pytest.raises(Missing, match="encoder"):
        Gate.load(tmp_path)
    (tmp_path / FILE).parent.mkdir()
    shutil.copy(WEIGHTS / FILE, tmp_path / FILE)
    changed = (tmp_path / FOLDER / NAME).read_text("utf-8")
    digest = Gate.load(tmp_path).card.encoder_sha256
    (tmp_path / FOLDER / NAME).write_text(changed.replace(digest, "0" * 64), encoding="utf-8")
    with pytest.raises(BadRequest, match="not fitted on this encoder"):
        Gate.load(tmp_path)
    weights = tmp_path / FOLDER / "gate.safetensors"
    weights.write_bytes(weights.read_bytes() + b"\0")
    with pytest.raises(BadRequest, match="not the file that its card describes"):
        Gate.load(tmp_path)


def test_a_look_leaves_nothing_behind_and_is_the_same_every_time(gate: Gate) -> None:
    study = Study(draw_tissue("cell-sheet", 903, size=200).pixels)
    torch.manual_seed(0)
    first, second = gate.look(study), gate.look(study)
    assert np.array_equal(first.weights, second.weights) and np.array_equal(first.far, second.far)
    assert first.weights.sum() == pytest.approx(1)


def test_images_of_the_sets_are_read_by_their_own_model_and_by_no_other(
    gate: Gate, cards: dict[str, ModelCard], data_folder: Path
) -> None:
    for owner, own_set in SETS.items():
        studies = [read_study(path) for path in spread(data_folder / own_set, "test")]
        for name, card in cards.items():
            verdicts = [gate.check(study, card).verdict for study in studies]
            if name == owner:
                assert verdicts.count("refuse") <= 1, own_set
            else:
                assert verdicts.count("pass") <= 1, (own_set, name)
                assert verdicts.count("refuse") >= MANY - 2, (own_set, name)


def test_films_of_adults_are_read_with_a_caution_and_inverted_ones_are_not_read(
    gate: Gate, cards: dict[str, ModelCard], data_folder: Path
) -> None:
    films = [read_study(path) for path in spread(data_folder / "covid_cases", "test")]
    verdicts = [gate.check(film, cards["chest-xray"]).verdict for film in films]
    assert verdicts.count("caution") >= 0.8 * len(films)
    inverted = [gate.check(Study(1 - film.pixels), cards["chest-xray"]).verdict for film in films]
    assert inverted.count("refuse") >= len(films) - 1
    upside_down = [gate.check(Study(film.pixels[::-1, ::-1].copy()), cards["chest-xray"]).verdict for film in films]
    assert "pass" not in upside_down


def spread(folder: Path, split: str) -> Iterator[Path]:
    """``MANY`` images of a set, evenly over its manifest."""
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["split"] == split]
    return islice((folder / row["path"] for row in rows[:: max(1, len(rows) // MANY)]), MANY)

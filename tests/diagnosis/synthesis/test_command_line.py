"""``python -m diagnosis.synthesis``: files that say what they are, and what comes with the project."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from diagnosis.cards import file_digest, load_card
from diagnosis.errors import BadRequest
from diagnosis.readers import read_study
from diagnosis.synthesis.__main__ import main
from diagnosis.synthesis.autoencoder import build_autoencoder
from diagnosis.synthesis.cards import LARGEST, generator_cards, load_autoencoder_card
from diagnosis.synthesis.denoiser import build_denoiser
from diagnosis.synthesis.generator import Generator
from diagnosis.synthesis.images import read_png
from diagnosis.synthesis.training.recipe import load_autoencoder_recipe, load_generator_recipe
from tests.conftest import ROOT
from tests.diagnosis.synthesis.discs import Place

FOLDER = ROOT / "weights/synthesis"
FAMILIES = ("brain-mri", "chest-ct", "chest-xray", "histology")


def test_sample_writes_images_that_say_they_are_synthetic(
    place: Place, generator: Generator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["sample", "--model", "discs", "--class", "disc on the right", "-n", "2", "--seed", "5"]
    assert main([*words, "--out", str(tmp_path / "out"), "--weights", str(place.weights)]) == 0
    files = [Path(line) for line in capsys.readouterr().out.splitlines()]
    digest = file_digest(place.weights / "synthesis/tiny-discs.safetensors")
    folder = tmp_path / "out/discs/on_right"
    assert files == [folder / f"synthetic-discs-on_right-{n}-{digest[:8]}.png" for n in (5, 6)]
    with Image.open(files[0]) as image:
        assert image.text["Kind"] == "synthetic" and "shows nobody" in image.text["Description"]
        told = tuple(image.text[name] for name in ("Model", "Class", "Seed", "Weights", "Steps", "Guidance"))
        assert told == ("discs", "on_right", "5", digest, "12", "2")
    assert [read_png(file) for file in files] == list(generator.stream("discs", "on_right", 2, 5))
    assert read_study(files[0]).size == (32, 48)


def test_sample_makes_all_classes_of_a_model_where_none_is_named(place: Place, tmp_path: Path) -> None:
    words = ["sample", "--model", "discs", "-n", "2", "--seed", "5", "--steps", "2"]
    assert main([*words, "--out", str(tmp_path), "--weights", str(place.weights)]) == 0
    made = [read_png(path) for path in sorted(tmp_path.rglob("*.png"))]
    assert [(one.label, one.seed) for one in made] == [("on_left", 5), ("on_left", 6), ("on_right", 7), ("on_right", 8)]
    assert {path.parent.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.png")} == {
        "discs/on_left",
        "discs/on_right",
    }


def test_a_png_that_does_not_say_how_it_was_made_is_refused(tmp_path: Path) -> None:
    Image.new("L", (8, 8)).save(tmp_path / "plain.png")
    with pytest.raises(BadRequest, match=r"plain\.png does not say how it was made"):
        read_png(tmp_path / "plain.png")


def test_an_unknown_class_ends_the_command_in_one_line(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sample", "--model", "discs", "--class", "above", "--weights", str(place.weights)]) == 2
    error = capsys.readouterr().err
    assert "disc on the left" in error and error.count("\n") == 1


def test_export_writes_a_run_again(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    before = file_digest(place.weights / "synthesis/tiny-discs.safetensors")
    assert place.train("export", "tiny-discs") == 0
    assert before in capsys.readouterr().out


def test_the_families_make_every_class_of_every_model_of_the_project() -> None:
    cards = generator_cards(FOLDER)
    assert tuple(cards) == FAMILIES
    made = {(one.model, one.label, one.title) for card in cards.values() for one in card.classes}
    models = [load_card(path) for path in sorted((ROOT / "weights").glob("*.toml"))]
    assert made == {(model.name, label.name, label.title) for model in models for label in model.labels}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_has_a_recipe_for_its_models_and_a_network_of_40_mb_at_most(family: str) -> None:
    card, recipe = generator_cards(FOLDER)[family], load_generator_recipe(family)
    assert tuple(recipe.datasets) == card.models
    autoencoder = load_autoencoder_card(FOLDER, card.autoencoder)
    assert {*card.models} <= {*load_autoencoder_recipe(autoencoder.name).datasets}
    assert card.size % (autoencoder.reduction * 2 ** (len(card.widths) - 1)) == 0
    for network in (build_denoiser(card, autoencoder), build_autoencoder(autoencoder)):
        assert 2 * sum(one.numel() for one in network.parameters()) < LARGEST


def test_the_page_does_not_wait_for_diffusers() -> None:
    said = "import sys, diagnosis.synthesis.generator; print('diffusers' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", said], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"

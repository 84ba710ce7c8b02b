"""A folder of class folders, from images to a model that the app offers."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diagnosis.models import Models
from diagnosis.readers import read_study
from diagnosis.training.__main__ import main
from diagnosis.training.folders import read_folders, write_manifest

COLOURS = {"red_spots": 0, "blue_spots": 2}


def write_folders(folder: Path, groups: int = 12) -> Path:
    """Three images of each of ``groups`` patients a class, named ``<patient>_<number>.png``."""
    random = np.random.default_rng(0)
    for label, channel in COLOURS.items():
        (folder / label).mkdir(parents=True)
        for at in range(3 * groups):
            pixels = random.integers(0, 90, (30, 36, 3))
            pixels[..., channel] += 120
            name = f"{label[:2]}{at // 3:02}_{at}.png"
            Image.fromarray(pixels.astype(np.uint8)).save(folder / label / name)
    (folder / "red_spots" / "notes.txt").write_text("not an image", encoding="utf-8")
    return folder


def manifest_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_names_tell_groups_and_groups_stay_together(tmp_path: Path) -> None:
    write_manifest(read_folders(write_folders(tmp_path / "spots"), "_"), tmp_path / "data", seed=1)
    rows = manifest_of(tmp_path / "data")
    assert len(rows) == 72
    assert {row["group"] for row in rows} == {f"{start}{at:02}" for start in ("re", "bl") for at in range(12)}
    splits = {row["group"]: {other["split"] for other in rows if other["group"] == row["group"]} for row in rows}
    assert {len(own) for own in splits.values()} == {1}
    for split in ("train", "val", "test"):
        assert {row["label"] for row in rows if row["split"] == split} == {*COLOURS}
    assert sum(row["split"] == "train" for row in rows) > 40


def test_one_command_makes_a_model_that_is_offered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, out, run = write_folders(tmp_path / "spots"), tmp_path / "weights", tmp_path / "runs" / "spots"
    sizes = ["--size", "32", "--epochs", "3", "--threads", "1"]
    command = ["train-folder", str(folder), "--name", "spots", *sizes, "--group-until", "_"]
    command += ["--out", str(out), "--run", str(run)]
    assert main(command) == 0
    assert "balanced accuracy" in capsys.readouterr().out
    models = Models(out)
    card = models.card("spots")
    assert (card.label_names, card.input.channels, card.anatomy) == (("blue_spots", "red_spots"), 3, "histology")
    assert "the groups that their names tell" in card.training_data
    assert card.weights is not None
    assert "train-folder spots --name spots" in card.weights.source
    metrics = json.loads((out / "spots.metrics.json").read_text("utf-8"))
    assert metrics["weights_sha256"] == card.weights.sha256
    assert metrics["split"] == "test" and metrics["balanced_accuracy"]["value"] > 0.9
    read = models.classifier("spots").predict(read_study(folder / "red_spots" / "re00_0.png"))
    assert read.top == "red_spots"
    before = (out / "spots.toml").read_text("utf-8")
    assert main(command) == 0  # nothing is left to train
    assert (out / "spots.toml").read_text("utf-8") == before


def test_without_groups_the_card_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    from diagnosis.training.folders import OwnModel, start_own

    own = OwnModel("spots", "resnet18", 32, 1)
    start_own(own, write_folders(tmp_path / "spots"), None, tmp_path / "run", tmp_path / "weights" / "spots.toml")
    assert "It is not known which images belong together" in Models(tmp_path / "weights").card("spots").limitations[0]
    assert any("--group-until" in message for message in caplog.messages)
    assert len({row["group"] for row in manifest_of(tmp_path / "run" / "spots")}) == 72


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--name", "Spots"], "'Spots' is no name for a model"),
        (["--name", "chest-xray"], "the name of a model that comes with the app"),
        (["--name", "spots", "--arch", "resnet17"], "resnet17"),
        (["--name", "spots", "--group-until", "s"], "has 1 group(s) of images"),
        (["--name", "taken"], "taken.toml is there already"),
    ],
)
def test_what_cannot_be_trained_is_said_before_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], message: str
) -> None:
    folder = write_folders(tmp_path / "spots")
    for path in folder.rglob("*.png"):
        path.rename(path.with_name(f"xs{path.name}"))
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "taken.toml").touch()
    places = ["--out", str(tmp_path / "weights"), "--run", str(tmp_path / "run")]
    assert main(["train-folder", str(folder), *more, *places]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "weights" / "spots.toml").exists()


def test_a_folder_that_is_not_there_exits_with_3(tmp_path: Path) -> None:
    assert main(["train-folder", str(tmp_path / "none"), "--name", "x", "--out", str(tmp_path)]) == 3

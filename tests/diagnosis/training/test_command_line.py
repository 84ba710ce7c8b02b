"""``python -m diagnosis.training`` from images to a metrics file, on a problem that takes seconds."""

import json
import logging
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from diagnosis.cards import file_digest, load_card
from diagnosis.classifier import Classifier
from diagnosis.errors import BadRequest, Missing
from diagnosis.readers import read_study
from diagnosis.training.__main__ import main
from diagnosis.training.dataset import rows_of
from diagnosis.training.evaluate import load_metrics
from tests.diagnosis.training.squares import write_card, write_data, write_recipe


@dataclass(frozen=True)
class Place:
    """Folders of one trained model."""

    data: Path
    weights: Path
    recipes: Path
    run: Path

    @classmethod
    def make(cls, root: Path) -> "Place":
        write_card(root / "weights")
        return cls(write_data(root / "squares"), root / "weights", write_recipe(root / "recipes"), root / "run")

    def call(self, command: str, *more: str) -> int:
        folders = ["--data", str(self.data), "--weights", str(self.weights), "--recipes", str(self.recipes)]
        run = ["--run", str(self.run)] if command in ("train", "export") else []
        return main([command, "squares", *folders, *run, *more])

    def log(self) -> list[dict[str, float]]:
        """The epochs of the run, without the time they took."""
        rows = [json.loads(line) for line in (self.run / "log.jsonl").read_text("utf-8").splitlines()]
        return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    root = tmp_path_factory.mktemp("trained")
    place = Place.make(root)
    assert place.call("train") == 0
    yield place
    shutil.rmtree(root)


@pytest.fixture
def copy(trained: Place, tmp_path: Path) -> Place:
    """The trained model with weights of its own, to be spoilt."""
    return Place(trained.data, shutil.copytree(trained.weights, tmp_path / "weights"), trained.recipes, trained.run)


class Interruption(logging.Handler):
    """Ctrl-C right after an epoch was saved."""

    def emit(self, record: logging.LogRecord) -> None:
        raise KeyboardInterrupt


def test_training_writes_weights_that_know_more_than_chance(trained: Place) -> None:
    card = load_card(trained.weights / "squares.toml")
    assert [row["epoch"] for row in trained.log()] == [1, 2, 3]
    assert card.weights is not None
    assert card.weights.sha256 == file_digest(trained.weights / "squares.safetensors")
    assert "3 epochs" in card.weights.source
    assert card.score_kind == "calibrated probability"  # mislabelled images in val: there is something to calibrate
    assert trained.log()[-1]["val_balanced_accuracy"] > 0.6


def test_evaluate_agrees_with_reading_one_image_after_another(
    trained: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    card = load_card(trained.weights / "squares.toml")
    classifier, rows = Classifier.load(card, trained.weights), rows_of(trained.data, "test", card)
    predictions = [classifier.predict(read_study(row.path)) for row in rows]
    assert trained.call("evaluate", "--split", "test", "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    expected = balanced_accuracy_score([row.label for row in rows], [prediction.top for prediction in predictions])
    assert printed["balanced_accuracy"]["value"] == pytest.approx(expected, abs=1e-6)
    own = [prediction.scores[card.index(row.label)] for prediction, row in zip(predictions, rows, strict=True)]
    assert printed["log_loss"]["value"] == pytest.approx(-np.log(own).mean(), abs=1e-5)
    assert not (trained.weights / "squares.metrics.json").exists()  # only on request


def test_the_written_file_holds_what_is_printed(copy: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert copy.call("evaluate", "--split", "test", "--json", "--write") == 0
    printed = json.loads(capsys.readouterr().out)
    path, card = copy.weights / "squares.metrics.json", load_card(copy.weights / "squares.toml")
    assert json.loads(path.read_text("utf-8")) == printed
    loaded = load_metrics(path, card)
    assert card.weights is not None
    assert (loaded.model, loaded.dataset, loaded.split) == ("squares@1", "squares", "test")
    assert (loaded.images, loaded.groups) == (18, 9)
    assert loaded.weights_sha256 == card.weights.sha256
    assert loaded.manifest_sha256 == file_digest(copy.data / "manifest.csv")
    log_loss, balanced = loaded.log_loss, loaded.balanced_accuracy
    assert log_loss.low < log_loss.value < log_loss.high
    assert (balanced.low, balanced.high) == (None, None)  # each class has images of three groups alone
    assert loaded.command == "python -m diagnosis.training evaluate squares --data squares --split test"
    assert str(copy.data) not in path.read_text("utf-8")


def test_the_table_shows_the_same_numbers(trained: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert trained.call("evaluate", "--split", "test", "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert trained.call("evaluate", "--split", "test") == 0
    table = capsys.readouterr().out
    for name in ("accuracy", "balanced_accuracy", "macro_auc", "log_loss", "expected_calibration_error"):
        value, low, high = printed[name].values()
        assert f"{value:.3f}" + (f" ({low:.3f}-{high:.3f})" if low is not None else "") in table
    for label, counts in zip(("red", "green", "blue"), printed["confusion"]["counts"], strict=True):
        assert [label, *map(str, counts)] in [line.split() for line in table.splitlines()]


def test_metrics_of_other_weights_are_refused(copy: Place) -> None:
    assert copy.call("evaluate", "--split", "val", "--write") == 0
    path, card = copy.weights / "squares.metrics.json", load_card(copy.weights / "squares.toml")
    assert card.weights is not None
    retrained = card.model_copy(update={"weights": card.weights.model_copy(update={"sha256": "0" * 64})})
    with pytest.raises(BadRequest, match="was measured on other weights"):
        load_metrics(path, retrained)
    with pytest.raises(BadRequest, match="was measured on other weights"):
        load_metrics(path, card.model_copy(update={"weights": None}))
    with pytest.raises(BadRequest, match="was measured at temperature"):
        load_metrics(path, card.model_copy(update={"temperature": 9.0}))
    path.write_text('{"accuracy": 0.99}', encoding="utf-8")
    with pytest.raises(BadRequest, match="is not a metrics file"):
        load_metrics(path, card)
    path.unlink()
    with pytest.raises(Missing, match=r"no squares\.metrics\.json"):
        load_metrics(path, card)


def test_calibrating_again_changes_nothing(copy: Place) -> None:
    before = (copy.weights / "squares.toml").read_text("utf-8")
    assert copy.call("calibrate") == 0
    assert (copy.weights / "squares.toml").read_text("utf-8") == before


def test_an_interrupted_run_is_exported_and_then_goes_on_as_if_it_had_not_been(trained: Place, tmp_path: Path) -> None:
    place, logger, interruption = Place.make(tmp_path), logging.getLogger("diagnosis.training.train"), Interruption()
    logger.addHandler(interruption)
    try:
        with pytest.raises(KeyboardInterrupt):
            place.call("train")
    finally:
        logger.removeHandler(interruption)
    assert place.log() == trained.log()[:1]
    assert place.call("export") == 0
    early, late = load_card(place.weights / "squares.toml"), load_card(trained.weights / "squares.toml")
    assert early.weights is not None
    assert late.weights is not None
    assert "1 epoch:" in early.weights.source
    assert early.weights.sha256 != late.weights.sha256
    assert place.call("train") == 0
    assert place.log() == trained.log()
    assert load_card(place.weights / "squares.toml") == late  # to the last bit: the card holds the weights' sha256
    shutil.rmtree(tmp_path)


def test_data_is_found_beside_the_checkout(trained: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIGHTBOX_DATA", str(trained.data.parent))
    folders = ["--weights", str(trained.weights), "--recipes", str(trained.recipes)]
    assert main(["evaluate", "squares", *folders, "--split", "val"]) == 0
    monkeypatch.setenv("LIGHTBOX_DATA", str(trained.weights))
    assert main(["evaluate", "squares", *folders, "--split", "val"]) == 3


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """What went to stderr: one line, with nothing on stdout."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    return err


def test_bad_input_exits_with_2(copy: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert copy.call("evaluate", "--split", "final", "--json") == 2
    assert "no rows with split 'final'" in one_line(capsys)
    data = shutil.copytree(copy.data, copy.weights.parent / "data")
    manifest = data / "manifest.csv"
    manifest.write_text(manifest.read_text("utf-8").replace(",blue,", ",purple,"), encoding="utf-8")
    assert copy.call("evaluate", "--data", str(data), "--split", "test") == 2
    assert "squares has no class 'purple'" in one_line(capsys)
    (copy.weights / "squares.safetensors").write_bytes(b"something else")
    assert copy.call("evaluate", "--split", "test", "--json") == 2
    assert "is not the file that its card describes" in one_line(capsys)


def test_a_recipe_with_a_mistake_is_told_in_one_line(
    trained: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = write_recipe(tmp_path) / "squares.toml"
    recipe.write_text(recipe.read_text("utf-8").replace("seed = 3", "sed = 3"), encoding="utf-8")
    assert trained.call("train", "--recipes", str(tmp_path)) == 2
    assert "sed" in one_line(capsys)


def test_what_is_not_there_exits_with_3(copy: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert copy.call("evaluate", "--split", "test", "--data", str(tmp_path)) == 3
    assert "no manifest.csv in" in one_line(capsys)
    assert copy.call("export", "--run", str(tmp_path)) == 3
    assert "no last.pt in" in one_line(capsys)
    (copy.weights / "squares.safetensors").unlink()
    assert copy.call("evaluate", "--split", "test") == 3
    assert "The weights of squares are missing" in one_line(capsys)
    (copy.weights / "squares.toml").unlink()
    assert copy.call("evaluate", "--split", "test") == 3
    assert "no model card squares.toml" in one_line(capsys)


@pytest.mark.parametrize(
    "arguments", [[], ["evaluate", "squares"], ["evaluate", "--split", "test"], ["train", "squares", "--threads", "0"]]
)
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2


def test_as_a_process(trained: Place, tmp_path: Path) -> None:
    """With the JSON alone on stdout, and exit codes that a shell sees."""
    command = [sys.executable, "-m", "diagnosis.training", "evaluate", "squares", "--weights", str(trained.weights)]
    good = subprocess.run(
        [*command, "--data", trained.data, "--split", "test", "--json", "--threads", "1"],
        capture_output=True,
        check=False,
    )
    assert (good.returncode, json.loads(good.stdout)["images"]) == (0, 18)
    bad = subprocess.run([*command, "--data", tmp_path, "--split", "test"], capture_output=True, text=True, check=False)
    assert (bad.returncode, bad.stdout, bad.stderr.count("\n")) == (3, "", 1)

"""``python -m diagnosis read``: what it prints, writes and answers when something is wrong."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diagnosis.__main__ import HEADINGS, main
from diagnosis.notices import NOTICE
from diagnosis.phantoms import draw_tissue
from diagnosis.phantoms.export import write_raster
from settings import ROOT

MODEL = "lung-colon"
QUICK = ["--model", MODEL, "--evaluations", "50"]
SIDE = 448


@pytest.fixture(scope="module")
def tile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tile") / "tile.png"
    write_raster(draw_tissue("benign-glands", 0, size=SIDE).pixels, path)
    return path


@pytest.fixture(autouse=True)
def at_the_top(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A copy of the weights folder, to be spoilt."""
    return shutil.copytree("weights", tmp_path / "weights", ignore=shutil.ignore_patterns("chest-xray.*"))


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """(exit code, stdout, stderr) of a command, usage errors included."""
    try:
        code = main(["read", *arguments])
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    output = capsys.readouterr()
    return code, output.out, output.err


def test_a_reading_is_told_as_text(tile: Path) -> None:
    command = [sys.executable, "-m", "diagnosis", "read", str(tile), *QUICK]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    assert all(heading in run.stdout for heading in HEADINGS.values())
    assert run.stdout.rstrip().endswith(NOTICE)
    percent = [float(line.split("%")[0]) for line in run.stdout.splitlines()[2:7]]
    assert percent == sorted(percent, reverse=True) and sum(percent) == pytest.approx(100, abs=0.3)
    assert "  [F1] The model gives" in run.stdout and "Grad-CAM" in run.stdout and "SHAP" in run.stdout


def test_json_is_all_that_is_printed(tile: Path) -> None:
    command = [sys.executable, "-m", "diagnosis", "read", str(tile), *QUICK, "--json", "--class", "lung_benign"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    record = json.loads(run.stdout)
    assert {"model", "labels", "scores", "logits", "findings", "maps"} <= set(record)
    assert record["label"] == "lung_benign"
    assert {(one["method"], one["class"]) for one in record["maps"]} == {
        (method, label) for method in ("grad-cam", "shap") for label in record["labels"]
    }
    assert all(one["checks"] and one["shares"] for one in record["maps"] if not one["flat"])
    shap = [one for one in record["maps"] if one["method"] == "shap"]
    assert all(one["params"]["evaluations"] == 50 for one in shap)


def test_out_holds_the_record_and_one_overlay_a_method(
    tile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a" / "new" / "folder"
    code, printed, problem = told(capsys, str(tile), *QUICK, "--out", str(out), "--json")
    assert (code, problem) == (0, "")
    assert (out / "reading.json").read_text("utf-8") == printed
    label = json.loads(printed)["label"]
    assert {path.name for path in out.glob("*.png")} == {f"grad-cam-{label}.png", f"shap-{label}.png"}
    film = np.asarray(Image.open(tile).convert("RGB"), dtype=int)
    for path in out.glob("*.png"):
        drawn = np.asarray(Image.open(path), dtype=int)
        assert drawn.shape[1:] == film.shape[1:] and len(drawn) > SIDE  # a colour bar below
        assert np.abs(drawn[:SIDE] - film).mean() > 1  # something is laid over the image, and the image is still there
        assert np.corrcoef(drawn[:SIDE].ravel(), film.ravel())[0, 1] > 0.2


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nothing.png", *QUICK], 2, "There is no file nothing.png."),
        (["README.md", *QUICK], 2, "README.md is a text file, not an image."),
        (["{tile}", "--model", "cat"], 2, "There is no model 'cat'. Use one of: brain-mri,"),
        (["{tile}", *QUICK, "--class", "cat"], 2, "lung-colon has no class 'cat'."),
        (["{tile}", "--model", MODEL, "--evaluations", "3"], 2, "--evaluations 3 is too few. Give at least 50."),
        (["{tile}", *QUICK, "--out", "README.md"], 2, "Cannot write to README.md: File exists."),
        (["{tile}", *QUICK, "--out", "README.md/below"], 2, "Cannot write to README.md/below: Not a directory."),
        (["{tile}", *QUICK, "--weights", "nowhere"], 3, "There are no model cards in nowhere."),
        (["{tile}", "--model", MODEL, "--evaluations", "many"], 2, "invalid int value: 'many'"),
        (["{tile}"], 2, "the following arguments are required: --model"),
        ([*QUICK], 2, "the following arguments are required: image"),
        (["{tile}", *QUICK, "--colour"], 2, "unrecognized arguments: --colour"),
    ],
)
def test_what_is_wrong_is_one_line(
    arguments: list[str], code: int, words: str, tile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [argument.format(tile=tile) for argument in arguments]
    _is_one_line(told(capsys, *given), code, words)


def test_a_text_named_png(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "scan.png").write_text("Dear colleague", encoding="utf-8")
    _is_one_line(told(capsys, str(tmp_path / "scan.png"), *QUICK), 2, "scan.png is a text file, not an image.")


def test_weights_that_are_not_there(tile: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (weights / "lung-colon.safetensors").unlink()
    given = [str(tile), *QUICK, "--weights", str(weights)]
    _is_one_line(told(capsys, *given), 3, "The weights of lung-colon are missing")


def test_weights_that_were_touched(tile: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = weights / "lung-colon.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    given = [str(tile), *QUICK, "--weights", str(weights)]
    _is_one_line(told(capsys, *given), 2, "is not the file that its card describes")


def test_nothing_is_written_for_what_is_no_image(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "README.md", *QUICK, "--out", str(tmp_path / "out"))[0] == 2
    assert not (tmp_path / "out").exists()


def _is_one_line(answer: tuple[int, str, str], code: int, words: str) -> None:
    assert answer[:2] == (code, "")
    assert answer[2].startswith("error: ") and answer[2].count("\n") == 1 and answer[2].endswith("\n")
    assert words in answer[2]

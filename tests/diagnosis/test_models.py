"""The models of a folder: loaded once, and never with another's record."""

import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from diagnosis.cards import file_digest
from diagnosis.errors import BadRequest, Missing
from diagnosis.models import Models
from diagnosis.phantoms import draw_tissue
from diagnosis.reading import read
from diagnosis.study import Study
from settings import ROOT

MODEL = "lung-colon"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of one model, to be spoilt."""
    for path in (ROOT / "weights").glob(f"{MODEL}.*"):
        shutil.copy(path, tmp_path)
    return tmp_path


def change_metrics(folder: Path, **fields: object) -> None:
    path = folder / f"{MODEL}.metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | fields), encoding="utf-8")


def test_visitors_who_come_at_once_share_one_copy(folder: Path) -> None:
    models = Models(folder)
    with ThreadPoolExecutor(8) as visitors:
        copies = list(visitors.map(lambda _: models.classifier(MODEL), range(16)))
    assert len({id(copy) for copy in copies}) == 1
    assert models.classifier(MODEL) is copies[0]


def test_weights_that_come_later_are_found(folder: Path) -> None:
    weights, away = folder / f"{MODEL}.safetensors", folder / "away"
    weights.rename(away)
    models = Models(folder)
    with pytest.raises(Missing, match="weights of lung-colon are missing"):
        models.classifier(MODEL)
    away.rename(weights)
    assert models.classifier(MODEL).card.name == MODEL


def test_names_that_are_not_there(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=r"no model 'cat'\. Use one of: lung-colon"):
        Models(folder).classifier("cat")
    with pytest.raises(Missing, match="no model cards"):
        Models(tmp_path / "empty").classifier(MODEL)


def test_the_record_is_the_evaluation_of_these_weights(folder: Path) -> None:
    record = Models(folder).record(MODEL)
    written = json.loads((folder / f"{MODEL}.metrics.json").read_text("utf-8"))
    assert record is not None
    assert (record.images, record.groups) == (written["images"], written["groups"])
    assert record.balanced_accuracy.value == pytest.approx(100 * written["balanced_accuracy"]["value"])
    assert record.recall.keys() == {one["label"] for one in written["classes"]}


def test_a_figure_without_an_interval_counts_all_the_same(folder: Path) -> None:
    written = json.loads((folder / f"{MODEL}.metrics.json").read_text("utf-8"))
    bare = {**written["balanced_accuracy"], "low": None, "high": None}
    change_metrics(folder, groups=2, balanced_accuracy=bare)
    record = Models(folder).record(MODEL)
    assert record is not None
    assert (record.groups, record.balanced_accuracy.groups, record.balanced_accuracy.interval) == (2, 2, None)
    rare = [{**one, "groups": 4 + at} for at, one in enumerate(written["classes"])]
    change_metrics(folder, groups=60, balanced_accuracy=bare, classes=rare)
    few = Models(folder).record(MODEL)
    assert few is not None and (few.groups, few.balanced_accuracy.groups) == (60, 4)
    assert record.balanced_accuracy.value == pytest.approx(100 * written["balanced_accuracy"]["value"])


@pytest.mark.parametrize(
    "fields", [{"weights_sha256": "0" * 64}, {"temperature": 9.0}, {"split": "train"}, {"invented": 0.99}]
)
def test_another_evaluation_counts_for_nothing(folder: Path, fields: dict[str, object]) -> None:
    change_metrics(folder, **fields)
    assert Models(folder).record(MODEL) is None


def test_without_an_evaluation_the_reading_says_so(folder: Path) -> None:
    (folder / f"{MODEL}.metrics.json").unlink()
    models = Models(folder)
    assert models.record(MODEL) is None
    study = Study(draw_tissue("cell-sheet", 3, size=224).pixels)
    reading = next(read(study, models.classifier(MODEL), record=models.record(MODEL)))
    kinds = {finding.kind for finding in reading.findings}
    assert "unmeasured" in kinds and not kinds & {"performance", "recall"}


def test_a_card_that_cannot_be_read_stops_no_other(folder: Path) -> None:
    (folder / "broken.toml").write_text('name = "broken', encoding="utf-8")
    (folder / "binary.toml").write_bytes(b"\xff\xfe\x00")
    card = (folder / f"{MODEL}.toml").read_text("utf-8")
    (folder / "odd.toml").write_text(
        card.replace(f'name = "{MODEL}"', 'name = "odd"\ncolour = "red"'), encoding="utf-8"
    )
    models = Models(folder)
    assert list(models.cards) == [MODEL]
    assert {path.stem for path in models.problems} == {"broken", "binary", "odd"}
    assert "odd.toml: colour: Extra inputs" in str(models.problems[folder / "odd.toml"])
    with pytest.raises(BadRequest, match=r"broken\.toml is not valid TOML"):
        models.classifier("broken")


def test_a_further_folder_adds_models_and_takes_no_name(folder: Path, tmp_path: Path) -> None:
    further = tmp_path / "further"
    further.mkdir()
    card = (folder / f"{MODEL}.toml").read_text("utf-8")
    (further / "mine.toml").write_text(card.replace(f'name = "{MODEL}"', 'name = "mine"', 1), encoding="utf-8")
    shutil.copy(folder / f"{MODEL}.safetensors", further)
    shutil.copy(folder / f"{MODEL}.toml", further)
    models = Models(folder, further)
    assert list(models.cards) == [MODEL, "mine"]
    assert (models.folder_of(MODEL), models.folder_of("mine")) == (folder, further)
    assert models.classifier("mine").card.name == "mine"
    clash = str(models.problems[further / f"{MODEL}.toml"])
    assert f"there is a model '{MODEL}' in the folder {folder.name} already" in clash
    (further / f"{MODEL}.safetensors").write_bytes(b"other")
    models.reload()
    assert "is not the file that its card describes" in str(models.problems[further / "mine.toml"])
    with pytest.raises(BadRequest, match="is not the file that its card describes"):
        models.classifier("mine")
    assert Models(folder, folder).problems == {} == Models(folder, tmp_path / "nowhere").problems


def test_a_state_dict_of_torch_is_read_and_nothing_else_in_such_a_file(folder: Path) -> None:
    card, tensors = folder / f"{MODEL}.toml", load_file(folder / f"{MODEL}.safetensors")
    expected = Models(folder).classifier(MODEL)
    kept = card.read_text("utf-8")
    for content in ({"epoch": 3, "state_dict": tensors}, {"model": nn.Linear(2, 2)}, {"a": tensors, "b": tensors}):
        torch.save(content, folder / "mine.pt")
        text = kept.replace(f"{MODEL}.safetensors", "mine.pt")
        text = re.sub(r'sha256 = "[0-9a-f]+"', f'sha256 = "{file_digest(folder / "mine.pt")}"', text)
        card.write_text(text, encoding="utf-8")
        if "state_dict" in content:
            study = Study(draw_tissue("cell-sheet", 3, size=224).pixels)
            assert (Models(folder).classifier(MODEL).predict(study).logits == expected.predict(study).logits).all()
            continue
        with pytest.raises(BadRequest, match=r"mine\.pt (is not a file of tensors alone|holds no tensors by name)"):
            Models(folder).classifier(MODEL)


def test_models_that_can_be_fetched_are_told_apart_from_those_that_are_here(folder: Path) -> None:
    (folder / "ready").mkdir()
    shutil.copy(ROOT / "weights" / "ready" / "pathmnist.toml", folder / "ready")
    models = Models(folder)
    assert (list(models.cards), list(models.ready)) == ([MODEL], ["pathmnist"])
    with pytest.raises(Missing, match="python -m diagnosis weights fetch pathmnist"):
        models.classifier("pathmnist")
    shutil.copy(ROOT / "weights" / "ready" / "pathmnist.toml", folder / "mine.toml")
    models.reload()
    assert (list(models.cards), list(models.ready)) == ([MODEL], ["pathmnist"])

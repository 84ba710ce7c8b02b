"""The models of a folder: loaded once, and never with another's record."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

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

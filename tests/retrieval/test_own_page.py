"""The section of one's own cases: no private picture is left without its key, and an edit can be left."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import gradio as gr
import pytest

from diagnosis.readers import read_study
from retrieval.build import build
from retrieval.encoder import Encoder
from retrieval.exchange import export
from retrieval.mine import MyCases
from retrieval.plan import plan_folder
from retrieval.shared import Cases, is_key, new_key
from retrieval.ui.own import EMPTY, Keeper
from retrieval.ui.visit import Visit
from tests.retrieval.made import paint, painted
from tests.retrieval.tiny import write_tiny


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Cases:
    folder = tmp_path_factory.mktemp("own")
    model = write_tiny(folder / "encoder")
    images = painted(folder / "images", 8)
    build(plan_folder(images, images / "cases.csv", "painted"), Encoder.load(model), folder / "cases", patches=False)
    return Cases(model, folder / "cases", folder / "own")


@pytest.fixture
def keeper(cases: Cases) -> Iterator[Keeper]:
    yield Keeper(cases)
    for file in cases.own.glob("*"):
        file.unlink()


@pytest.fixture
def visit(tmp_path: Path) -> Visit:
    return Visit(study=read_study(paint(tmp_path / "query.png", 99)))


def pressed(act: str, case: str) -> gr.EventData:
    return gr.EventData(None, {"act": act, "case": case})


def skipped(value: Any) -> bool:
    return value == gr.skip()


def test_an_import_that_fails_still_hands_out_the_key(keeper: Keeper, cases: Cases, tmp_path: Path) -> None:
    """What it put into the file before it failed would be nobody's otherwise."""
    (tmp_path / "bad.zip").write_bytes(b"no archive")
    key, _, _, told = keeper.take_in(Visit(), None, [str(tmp_path / "bad.zip")])
    assert is_key(key) and "not an archive" in told and cases.mine(key) is not None


def test_a_key_outlives_an_import_with_a_bad_member(keeper: Keeper, cases: Cases, visit: Visit, tmp_path: Path) -> None:
    source = MyCases(tmp_path / "users", "someone", cases.searcher().encoder)
    for number in range(2):
        source.add(read_study(paint(tmp_path / f"{number}.png", number)), id=f"c{number}")
    export(source, tmp_path / "whole.zip")
    with ZipFile(tmp_path / "whole.zip") as old, ZipFile(tmp_path / "less.zip", "w") as new:
        for name in old.namelist():
            if name != "pictures/00001.png":
                new.writestr(name, old.read(name))
    key, _, _, told = keeper.take_in(visit, None, [str(tmp_path / "less.zip")])
    assert "1 added" in told and "case 2: pictures/00001.png of the archive is missing." in told
    mine = cases.mine(key)
    assert mine is not None and [record.id for record in mine.records()] == ["c0"]


def test_a_case_that_is_refused_leaves_no_file_without_a_key(
    keeper: Keeper, cases: Cases, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retrieval.mine.MOST", 0)
    key, *_, told = keeper.keep(visit, None, None, *EMPTY)[:5]
    assert "the most there can be" in told and is_key(key) and cases.mine(key) is not None


def test_an_edit_ends_where_its_case_is_gone(keeper: Keeper, cases: Cases, visit: Visit) -> None:
    key, *_ = keeper.keep(visit, None, None, *EMPTY)
    (record,) = visit.own(cases, key).records()
    MyCases(cases.own, key, cases.searcher().encoder).delete(record.id)  # in another window
    _, listed, editing, button, told, *boxes = keeper.keep(visit, key, record.id, *EMPTY)
    assert editing is None and button.value == "Add the image" and tuple(boxes) == EMPTY
    assert "no case" in told and "keep no cases" in listed
    listed, editing, button, told, *boxes = keeper.act(pressed("edit", record.id), visit, key, record.id)
    assert editing is None and "no case" in told and tuple(boxes) == EMPTY and "keep no cases" in listed


def test_an_edit_ends_with_its_case_and_with_all_of_them_but_not_with_another(
    keeper: Keeper, cases: Cases, visit: Visit, tmp_path: Path
) -> None:
    key, *_ = keeper.keep(visit, None, None, *EMPTY)
    visit.put(read_study(paint(tmp_path / "other.png", 5)))
    keeper.keep(visit, key, None, *EMPTY)
    first, second = visit.own(cases, key).records()
    _, editing, *_, last = keeper.act(pressed("delete", first.id), visit, key, second.id)
    assert skipped(editing) and skipped(last)
    _, editing, button, _, *boxes = keeper.act(pressed("delete", second.id), visit, key, second.id)
    assert editing is None and button.value == "Add the image" and tuple(boxes) == EMPTY
    key, sure, listed, editing, button, _, *boxes = keeper.erase(visit, key)
    assert (key, editing, tuple(boxes)) == (None, None, EMPTY) and button.value == "Add the image"
    assert not sure.visible and "keep no cases" in listed


def test_a_file_of_cases_that_is_damaged_gives_no_new_key(keeper: Keeper, cases: Cases, visit: Visit) -> None:
    key = new_key()
    cases.own.mkdir(exist_ok=True)
    MyCases.file(cases.own, key).write_bytes(b"not a database" * 500)
    returned, *_ = keeper.keep(visit, key, None, *EMPTY)
    assert returned == key

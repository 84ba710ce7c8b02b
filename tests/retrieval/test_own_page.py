"""The section of one's own cases: no private picture is left without its key, and an edit can be left."""

from pathlib import Path
from typing import Any
from zipfile import ZipFile

import gradio as gr
import numpy as np
import pytest

from diagnosis.errors import BadRequest
from diagnosis.readers import read_study
from diagnosis.study import Study
from retrieval.exchange import export
from retrieval.found import OWN
from retrieval.mine import MyCases
from retrieval.shared import Cases, is_key, new_key
from retrieval.ui.finder import Finder
from retrieval.ui.own import EMPTY, Form, Keeper, boxes_of
from retrieval.ui.visit import Visit
from tests.retrieval.made import paint
from tests.retrieval.page import BOXES, boxes, last, pressed


@pytest.fixture
def visit(tmp_path: Path) -> Visit:
    return Visit(study=read_study(paint(tmp_path / "query.png", 99)))


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


def test_a_key_is_long_and_random_and_only_adding_makes_a_file(cases: Cases) -> None:
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100 and all(is_key(key) and len(key) >= 43 for key in keys)
    for key in (None, "", "guess", "../" * 14 + "x", 7):
        assert not is_key(key) and cases.mine(key) is None
    assert cases.mine(new_key()) is None
    assert not list(cases.own.glob("*"))


def test_own_cases_are_found_by_their_key_alone(keeper: Keeper, cases: Cases, image: Path) -> None:
    finder, visit, stranger = Finder(cases), Visit(study=read_study(image)), Visit(study=read_study(image))
    key, listed, *_ = keeper.keep(visit, None, None, *boxes(labels="mine", patient="P-7", age="64", others="view: PA"))
    assert is_key(key) and "Mine" in listed
    found = last(finder.search(visit, key, *BOXES))[2]
    assert OWN in found and "same image" in found and "data:image/png" in found and "P-7" not in found
    for other in (None, new_key()):
        assert OWN not in last(finder.search(stranger, other, *BOXES))[2]
    again = Visit(study=visit.study)
    assert OWN in last(finder.search(again, key, *BOXES))[2]
    one = visit.own(cases, key).records()[0]
    *_, match = last(finder.act(pressed("match", one.id), again, key, *BOXES))
    assert 'class="lb-match"' in match


def test_a_case_is_edited_in_the_boxes_that_made_it(keeper: Keeper, cases: Cases, image: Path) -> None:
    visit = Visit(study=read_study(image))
    said = boxes(
        labels="one\ntwo, b", modality="CT", age="0.5", sex="male", others="view: PA\nward: 3", url="https://x.org"
    )
    key, *_ = keeper.keep(visit, None, None, *said)
    (record,) = visit.own(cases, key).records()
    assert record.case.labels == ("one", "two, b")
    assert dict(record.case.facts) == {"modality": "CT", "age": "0.5", "sex": "male", "view": "PA", "ward": "3"}
    assert boxes_of(record) == said
    _, editing, _, _, *shown = keeper.act(pressed("edit", record.id), visit, key)
    assert editing == record.id and tuple(shown) == said
    keeper.keep(visit, key, editing, *boxes(labels="three"))
    (record,) = visit.own(cases, key).records()
    assert record.case.labels == ("three",) and not record.case.facts
    keeper.act(pressed("delete", record.id), visit, key)
    assert len(visit.own(cases, key)) == 0


@pytest.mark.parametrize(
    ("said", "why"),
    [({"age": "old"}, "'old'"), ({"others": "view PA"}, "view PA"), ({"url": "javascript:alert(1)"}, "no link")],
)
def test_a_box_that_cannot_be_used_is_told(said: dict[str, str], why: str) -> None:
    with pytest.raises(BadRequest, match=why.replace("(", r"\(")):
        Form.of(boxes(**said))


def test_an_archive_and_a_table_go_out_and_come_in(keeper: Keeper, cases: Cases, image: Path, tmp_path: Path) -> None:
    visit = Visit(study=read_study(image))
    key, *_ = keeper.keep(visit, None, None, *boxes(labels="mine"))
    update, folder, _ = keeper.give_out(visit, key)
    archive, table = (Path(path) for path in update["value"])
    assert archive.parent == table.parent == Path(folder)
    assert keeper.erase(visit, key)[0] is None
    assert not list(cases.own.glob("*")) and cases.mine(key) is None
    other = Visit()
    fresh, _, listed, told = keeper.take_in(other, None, [str(archive)])
    assert fresh != key and "Mine" in listed and "1 added" in told
    paint(tmp_path / "more.png", 3)
    (tmp_path / "more.csv").write_text("path,label,age\nmore.png,from a table,40\nlost.png,gone,\n")
    _, _, listed, told = keeper.take_in(other, fresh, [str(tmp_path / "more.csv"), str(tmp_path / "more.png")])
    assert "From a table" in listed and "1 added" in told and "line 3" in told
    assert "0 archives and 2 tables" in keeper.take_in(other, fresh, [str(table), str(tmp_path / "more.csv")])[3]


def test_there_is_nothing_to_keep_or_export_without_an_image_or_cases(keeper: Keeper, cases: Cases) -> None:
    assert "There is no image to keep." in keeper.keep(Visit(), None, None, *EMPTY)[4]
    assert "There are no cases of yours." in keeper.give_out(Visit(), None)[2]
    assert not list(cases.own.glob("*"))


def test_erased_cases_leave_no_file(cases: Cases, tmp_path: Path) -> None:
    mine = MyCases(tmp_path, "someone", cases.searcher().encoder)
    mine.add(Study(np.zeros((8, 8, 1), np.float32)), ("x",))
    mine.erase()
    assert not list(tmp_path.iterdir())

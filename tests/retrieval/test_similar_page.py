"""The tab of similar cases without a browser: what happens when its buttons are pressed."""

from pathlib import Path

import gradio as gr
import pytest

from diagnosis.errors import BadRequest, Missing
from diagnosis.readers import read_study
from retrieval.filters import Filter
from retrieval.shared import Cases
from retrieval.ui import pieces
from retrieval.ui.finder import Finder
from retrieval.ui.visit import AGES, Visit, Wish
from tests.retrieval.made import paint
from tests.retrieval.page import BOXES, ids, last, pressed


def test_boxes_become_filters_and_an_open_age_is_none() -> None:
    chosen = (["x-ray"], [], [], [], ["female"])
    plain = Wish.of(("", 50, *chosen, *AGES, "without", 12, True))
    assert plain.synthetic == "without" and plain.filters == (Filter("modality", "x-ray"), Filter("sex", "female"))
    assert Wish.of(("", 50, *chosen, 30, AGES[1], "with", 12, True)).filters[-1] == Filter("age", None, 30, None)
    assert Wish.of(("", 50, *chosen, AGES[0], 5, "with", 12, True)).filters[-1] == Filter("age", None, None, 5)
    with pytest.raises(BadRequest, match="empty"):
        _ = Wish.of(("", 50, *chosen, 60, 30, "with", 12, True)).filters


def test_a_search_shows_what_it_does_and_then_the_cases(cases: Cases, image: Path) -> None:
    finder, visit = Finder(cases), Visit()
    finder.open(image, visit)
    steps = list(finder.search(visit, None, *BOXES))
    assert "lb-progress" in steps[0][0] and steps[-1][0] == ""
    shown = ids(steps[-1][2])
    assert len(shown) == steps[-1][2].count("What matches</button>") > 1
    liked = shown[0]
    _, chips, results, _ = last(finder.act(pressed("less", liked), visit, None, *BOXES))
    assert liked not in ids(results) and "Less like" in chips
    assert visit.less == {liked: "Waves"} or visit.less == {liked: "Rows"}
    _, chips, results, _ = last(finder.act(pressed("drop", liked), visit, None, *BOXES))
    assert chips == "" and ids(results) == shown
    *_, match = last(finder.act(pressed("match", liked), visit, None, *BOXES))
    assert 'class="lb-match"' in match
    assert last(finder.act(pressed("close"), visit, None, *BOXES))[3] == ""


def test_another_image_forgets_what_was_liked(cases: Cases, image: Path, tmp_path: Path) -> None:
    finder, visit = Finder(cases), Visit()
    finder.open(image, visit)
    shown = ids(last(finder.search(visit, None, *BOXES))[2])
    last(finder.act(pressed("more", shown[0]), visit, None, *BOXES))
    assert visit.more
    finder.open(paint(tmp_path / "other.png", 5, 1), visit)
    assert not visit.more and visit.result(shown[0]) is None


def test_a_search_that_is_no_longer_wanted_shows_nothing(cases: Cases, image: Path) -> None:
    finder, visit = Finder(cases), Visit()
    finder.open(image, visit)
    first = finder.search(visit, None, *BOXES)
    next(first)
    second = last(finder.search(visit, None, *BOXES))
    assert list(first) == [] and ids(second[2])


def test_an_image_taken_away_takes_its_cases_along_and_stops_its_search(cases: Cases, image: Path) -> None:
    finder, visit = Finder(cases), Visit()
    finder.open(image, visit)
    running = finder.search(visit, None, *BOXES)
    next(running)
    _, _, _, *cleared = finder.remove(visit)
    assert cleared == ["", "", pieces.note(pieces.START), ""]
    assert list(running) == [] and visit.found is None


def test_no_search_begins_for_what_was_refused_removed_or_looked_for_already(
    cases: Cases, image: Path, tmp_path: Path
) -> None:
    finder, visit = Finder(cases), Visit()
    finder.open(image, visit)
    assert ids(last(finder.search_new(visit, None, *BOXES))[2])
    found, untouched = visit.found, (gr.skip(),) * 4
    (tmp_path / "text.png").write_text("no image")
    assert "text.png" in finder.open(tmp_path / "text.png", visit)[3]
    assert list(finder.search_new(visit, None, *BOXES)) == [untouched] and visit.found is found
    finder.open(image, visit)
    finder.remove(visit)
    assert list(finder.search_new(visit, None, *BOXES)) == [untouched]


def test_a_search_that_fails_leaves_no_older_cases(cases: Cases, image: Path) -> None:
    finder, visit = Finder(cases), Visit()
    finder.open(image, visit)
    shown = ids(last(finder.search(visit, None, *BOXES))[2])
    empty = (*BOXES[: -len(AGES) - 3], 60, 30, *BOXES[-3:])
    message, _, results, compared = last(finder.search(visit, None, *empty))
    assert "empty" in message and results == pieces.note(pieces.START) and compared == ""
    told, *_ = last(finder.act(pressed("match", shown[0]), visit, None, *BOXES))
    assert "no longer kept" in told


@pytest.mark.parametrize("then", ["remove", "search", "close", "match"])
def test_patches_that_are_no_longer_wanted_are_not_shown(cases: Cases, image: Path, then: str) -> None:
    finder, visit = Finder(cases), Visit()
    finder.open(image, visit)
    shown = ids(last(finder.search(visit, None, *BOXES))[2])
    comparing = finder.act(pressed("match", shown[0]), visit, None, *BOXES)
    next(comparing)
    if then == "remove":
        finder.remove(visit)
    elif then == "search":
        last(finder.search(visit, None, *BOXES))
    else:
        last(finder.act(pressed(then, shown[1]), visit, None, *BOXES))
    assert list(comparing) == []


def test_nothing_to_look_for_and_what_cannot_be_read_are_told(cases: Cases, tmp_path: Path) -> None:
    finder, visit = Finder(cases), Visit()
    assert "There is nothing to look for." in last(finder.search(visit, None, *BOXES))[0]
    (tmp_path / "text.png").write_text("no image")
    assert "text.png" in finder.open(tmp_path / "text.png", visit)[3] and visit.study is None
    assert "There is no image." in finder.open_upload(visit, None)[3]


def test_without_an_encoder_the_tab_says_what_is_missing(tmp_path: Path, image: Path) -> None:
    bare = Cases(f"local-dir:{tmp_path / 'nothing'}", tmp_path / "none", tmp_path / "own")
    assert "is not here" in last(Finder(bare).choices(Visit(), None))[0]
    visit = Visit(study=read_study(image))
    assert "is not here" in last(Finder(bare).search(visit, None, *BOXES))[0]
    with pytest.raises(Missing):
        bare.searcher()
    assert not bare.ready


def test_the_encoder_and_the_library_are_loaded_once(cases: Cases) -> None:
    assert cases.searcher() is cases.searcher() and cases.ready

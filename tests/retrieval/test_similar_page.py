"""The tab of similar cases without a browser: what its pieces say, and what happens when its buttons are pressed."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest

from diagnosis.errors import BadRequest, Missing
from diagnosis.readers import read_study
from diagnosis.study import Study
from diagnosis.ui import Tray
from retrieval.build import build
from retrieval.encoder import Encoder
from retrieval.filters import Filter
from retrieval.library import Floor, Measured
from retrieval.mine import MyCases
from retrieval.patches import PatchMatch
from retrieval.plan import plan_folder
from retrieval.search import OWN, Found, Searcher, Similar
from retrieval.shared import Cases, is_key, new_key
from retrieval.store import LocalStore
from retrieval.types import Case
from retrieval.ui import pieces
from retrieval.ui.drawings import drawing
from retrieval.ui.finder import Finder, picture, source_picture
from retrieval.ui.match import matched
from retrieval.ui.neighbours import Witness
from retrieval.ui.own import EMPTY, Form, Keeper, boxes_of
from retrieval.ui.visit import AGES, CHOSEN, Visit, Wish
from retrieval.vote import SecondOpinion, score_votes
from tests.agents.readings import made_up_reading
from tests.retrieval.made import ORIGINS, manifest, paint, painted, record, rows
from tests.retrieval.tiny import write_tiny

HOSTILE = '"><script>alert(1)</script><img src=x onerror="alert(2)">'
BOXES = ("", 50, *([] for _ in CHOSEN), *AGES, 12, True)


class Tags(HTMLParser):
    """The elements of a piece of HTML with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def match(rank: int = 1, marks: tuple[str, ...] = (), thumbnail: str | None = None, **case: Any) -> Similar:
    known = {"labels": ("viral_pneumonia",), "source": "a", "licence": "CC BY 4.0", "url": "https://example.org/1"}
    facts = {"modality": "X-ray", "age": "4", "file": "secret-name.png"}
    return Similar(Case(f"a:{rank}", **{"facts": facts, **known, **case}), 0.874, rank, marks, thumbnail)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Cases:
    """A library of painted images, and nobody's own cases."""
    folder = tmp_path_factory.mktemp("similar")
    model = write_tiny(folder / "encoder")
    images = painted(folder / "images", 32)
    build(plan_folder(images, images / "cases.csv", "painted"), Encoder.load(model), folder / "cases")
    return Cases(model, folder / "cases", folder / "own")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return paint(tmp_path / "query.png", 99)


def last(outcome: Iterable[tuple[Any, ...]]) -> tuple[Any, ...]:
    return list(outcome)[-1]


def ids(html: str) -> list[str | None]:
    return [button["data-case"] for button in Tags(html).named("button") if button.get("data-act") == "more"]


def pressed(act: str, case: object = "") -> gr.EventData:
    return gr.EventData(None, {"act": act, "case": case})


def test_a_card_says_what_is_known_and_what_likeness_is_not() -> None:
    told = Tags(pieces.cards([match(marks=("same patient",))], ORIGINS, lambda one: None, acts=(("more", "More"),)))
    for part in ("Viral pneumonia", "0.87", "same patient", "X-ray", "age", "Set A", "CC BY 4.0", "Open at its source"):
        assert part in told.text
    assert "secret-name" not in told.text
    assert any("not the probability" in (one.get("title") or "") for one in told.named("p"))
    assert told.named("a")[0]["rel"] == "noopener noreferrer"
    assert told.named("button")[0]["data-case"] == "a:1"


def test_what_a_source_says_stays_text() -> None:
    case = {"labels": (HOSTILE,), "facts": {HOSTILE: HOSTILE}, "licence": HOSTILE, "url": f"javascript:{HOSTILE}"}
    hostile = match(marks=(HOSTILE,), source=HOSTILE, **case)
    found = Found((hostile,), 0.5, 0.9)
    told = Tags(pieces.results(found, pieces.cards([hostile], {}, lambda one: None, acts=(("more", "More"),)), True))
    named = Tags(pieces.leaning({HOSTILE: HOSTILE}, {}))
    pair = Tags(matched(PatchMatch(np.ones((2, 2, 2, 2), np.float32)), hostile, "data:,", HOSTILE, "squash"))
    for tags in (told, named, pair):
        assert not tags.named("script") and not any("onerror" in attributes for _, attributes in tags.found)
        assert HOSTILE.lower() in tags.text.lower()
    assert not told.named("a")


def test_only_the_words_that_the_query_has_too_are_marked() -> None:
    html = pieces.cards([match()], ORIGINS, lambda one: None, words="viral infection of a child")
    assert html.count("<mark>") == 1 and "<mark>Viral</mark> pneumonia" in html


def test_a_picture_lies_over_what_is_drawn_and_tells_its_site_nothing_of_the_page() -> None:
    html = pieces.thumb(match().case, "https://example.org/p.png")
    assert html.index("lb-blank") < html.index("<img")
    (picture,) = Tags(html).named("img")
    assert (picture["loading"], picture["referrerpolicy"]) == ("lazy", "no-referrer")
    label = Tags(pieces.blank(match().case)).named("div")[0]["aria-label"] or ""
    assert all(part in label for part in ("X-ray", "Viral pneumonia", "a"))


def test_only_pictures_over_https_are_loaded_from_elsewhere() -> None:
    for address, loaded in (("https://example.org/p.png", True), ("http://example.org/p.png", False), (None, False)):
        one = match(thumbnail=address)
        assert source_picture(one) == picture(one, Visit(), live=True) == (address if loaded else None)
        assert picture(one, Visit(), live=False) is None


@pytest.mark.parametrize(("scheme", "pictures"), [("https", 10), ("http", 0)])
def test_the_panel_of_neighbours_loads_pictures_over_https_alone(cases: Cases, scheme: str, pictures: int) -> None:
    encoder, labels = cases.searcher().encoder, ("normal", "bacterial_pneumonia", "viral_pneumonia")
    vectors, truth = rows(12, encoder.dimensions), [labels[n % 3] for n in range(12)]
    records = [
        replace(record(n, labels=(name,), patient=f"p{n}"), thumbnail=f"{scheme}://example.org/{n}.png")
        for n, name in enumerate(truth)
    ]
    score = score_votes(vectors, truth, range(12), vectors, truth, range(12))
    measured = Measured(floors=(Floor(weight=1.0, cosine=-1.0, kept=0.9, refused=0.9),), leave_one_out={"a": score})
    made = manifest(digest=encoder.digest).model_copy(update={"measured": measured})

    class Ready(Cases):
        def searcher(self) -> Searcher:
            return Searcher(encoder, LocalStore.of(records, vectors), made)

    reading = made_up_reading("chest-xray", dict(zip(labels, (0.1, 0.8, 0.1), strict=True)))
    *_, (_, panel, _, _) = Witness(Ready(cases.model, cases.library, cases.own)).ask(reading, Tray())
    told = Tags(panel)
    assert len([one for one in told.named("li") if one.get("class") == "lb-case"]) == 10
    assert len(told.named("img")) == pictures


def test_each_kind_of_image_has_a_drawing_and_any_other_a_frame() -> None:
    drawn = {kind: drawing(kind) for kind in ("X-ray", "CT", "MRI", "histology", "ultrasound")}
    assert len(set(drawn.values())) == 5 and drawing("x-RAY") == drawn["X-ray"] and drawing("") == drawn["ultrasound"]


def test_nothing_similar_is_told_in_the_searchs_own_words() -> None:
    html = pieces.results(Found((), 0.9, 0.4, "Nothing similar: the nearest case has a cosine of 0.40."), "", False)
    assert "Nothing similar" in html and "The nearest case has a cosine of 0.40." in html and "lb-cases" not in html


@pytest.mark.parametrize(("top", "heading"), [("b", "agree"), ("a", "disagree")])
def test_a_vote_is_told_as_agreement_or_conflict(top: str, heading: str) -> None:
    opinion = SecondOpinion("b", {"b": 7, "a": 3}, tuple("0123456789"), "set", None)
    told = Tags(pieces.vote(opinion, {"a": "First", "b": "Second"}, ["Seven of ten."], [top]))
    assert f"The nearest cases {heading}" in told.text and "Seven of ten." in told.text
    assert "7 of 10" in told.text and told.text.index("Second") < told.text.index("First")
    assert [one["style"] for one in told.named("span") if "style" in one] == ["width:70.0%", "width:30.0%"]


def test_the_patches_point_at_their_best_and_are_told_in_words() -> None:
    values = np.full((2, 2, 2, 3), -0.5, np.float32)
    values[0, 0, 1, 2], values[1, 1, 0, 0] = 0.9, 0.7
    told = Tags(matched(PatchMatch(values), match(), "data:,", None, "squash"))
    patches = told.named("g")
    assert next(one["data-best"] for one in patches if "data-best" in one) == "1-2"
    assert {one["data-cell"] for one in patches if "data-cell" in one} == {f"{r}-{c}" for r in (0, 1) for c in range(3)}
    assert "Row 1, column 1 of your image and row 2, column 3 of the case: 0.90" in told.text
    assert float(told.named("rect")[1]["fill-opacity"] or 1) == 0
    assert "Its picture is not here" in told.text


def test_boxes_become_filters_and_an_open_age_is_none() -> None:
    chosen = (["x-ray"], [], [], [], ["female"])
    assert Wish.of(("", 50, *chosen, *AGES, 12, True)).filters == (Filter("modality", "x-ray"), Filter("sex", "female"))
    assert Wish.of(("", 50, *chosen, 30, AGES[1], 12, True)).filters[-1] == Filter("age", None, 30, None)
    assert Wish.of(("", 50, *chosen, AGES[0], 5, 12, True)).filters[-1] == Filter("age", None, None, 5)
    with pytest.raises(BadRequest, match="empty"):
        _ = Wish.of(("", 50, *chosen, 60, 30, 12, True)).filters


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
    empty = (*BOXES[: -len(AGES) - 2], 60, 30, *BOXES[-2:])
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


def test_a_key_is_long_and_random_and_only_adding_makes_a_file(cases: Cases) -> None:
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100 and all(is_key(key) and len(key) >= 43 for key in keys)
    for key in (None, "", "guess", "../" * 14 + "x", 7):
        assert not is_key(key) and cases.mine(key) is None
    assert cases.mine(new_key()) is None
    assert not list(cases.own.glob("*"))


def boxes(**said: str) -> tuple[Any, ...]:
    names = ("labels", "modality", "age", "sex", "others", "patient", "url", "licence")
    return tuple(said.get(name, blank) for name, blank in zip(names, EMPTY, strict=True))


@pytest.fixture
def keeper(cases: Cases) -> Iterator[Keeper]:
    yield Keeper(cases)
    for file in cases.own.glob("*"):
        file.unlink()


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

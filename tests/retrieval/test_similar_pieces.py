"""The pieces of the tab of similar cases: what they say, and that what a source says stays text."""

from dataclasses import replace

import numpy as np
import pytest

from diagnosis.ui import Tray
from retrieval.found import Found
from retrieval.library import Floor, Measured
from retrieval.patches import PatchMatch
from retrieval.search import Searcher
from retrieval.shared import Cases
from retrieval.store import LocalStore
from retrieval.ui import pieces
from retrieval.ui.drawings import drawing
from retrieval.ui.finder import picture, source_picture
from retrieval.ui.match import matched
from retrieval.ui.neighbours import Witness
from retrieval.ui.visit import Visit
from retrieval.vote import SecondOpinion, score_votes
from tests.agents.readings import made_up_reading
from tests.retrieval.made import ORIGINS, manifest, record, rows
from tests.retrieval.page import HOSTILE, Tags, match


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

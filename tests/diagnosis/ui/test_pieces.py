"""The parts of a reading as HTML: what a file or a card says stays text, and a flat map is told as flat."""

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from agents.narrate import narrate
from agents.ui.pieces import explanation
from diagnosis.cards import Label
from diagnosis.classifier import Classifier
from diagnosis.errors import BadImage
from diagnosis.reading import Progress, Reading, read
from diagnosis.study import Study
from diagnosis.ui import pieces
from tests.diagnosis.findings_model import quadrant_classifier
from tests.diagnosis.toys import SIDE, PooledSum, toy_card, toy_classifier


def words(reading: Reading) -> str:
    return explanation(narrate(reading), reading)


HOSTILE = '"><img src=x onerror="alert(1)"><script>alert(\'2\')</script>'
PARTS = (lambda one: pieces.stage(one, "grad-cam"), pieces.maps, pieces.scores, pieces.facts, words)


class Tags(HTMLParser):
    """The elements of a piece of HTML and their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        self.text += data


def reading_of(study: Study, classifier: Classifier) -> Reading:
    return list(read(study, classifier, shap_evaluations=60))[-1]


@pytest.fixture(scope="module")
def hostile() -> Reading:
    """A reading whose file and card hold markup."""
    card = toy_card().model_copy(
        update={
            "title": HOSTILE,
            "version": HOSTILE,
            "labels": tuple(Label(name=name, title=HOSTILE, description=HOSTILE) for name in ("bright", "dark")),
        }
    )
    pixels = np.random.default_rng(0).random((SIDE, SIDE, 1))
    return reading_of(Study(pixels, cautions=(HOSTILE,), modality=HOSTILE), Classifier(card, PooledSum()))


@pytest.mark.parametrize("part", PARTS, ids=["stage", "maps", "scores", "facts", "words"])
def test_markup_in_a_file_or_a_card_stays_text(hostile: Reading, part: object) -> None:
    tags = Tags(part(hostile))
    assert "script" not in {tag for tag, _ in tags.found}
    for tag, attributes in tags.found:
        assert not any(name.startswith("on") for name in attributes)
        assert tag != "img" or (attributes["src"] or "").startswith("data:image/png;base64,")
    told = tags.text + "".join(value or "" for _, attributes in tags.found for value in attributes.values())
    assert "onerror" in told.lower()  # it is told, as it was written


def test_markup_in_a_file_name_stays_text() -> None:
    tags = Tags(pieces.problem(BadImage(f"{HOSTILE} is empty (0 bytes).", "Save it again.")))
    assert {tag for tag, _ in tags.found} == {"div", "strong"}
    assert HOSTILE in tags.text


def test_a_flat_map_is_told_as_flat() -> None:
    flat = PooledSum(weight=(0.0, 0.0))
    reading = reading_of(Study(np.random.default_rng(0).random((SIDE, SIDE, 1))), toy_classifier(flat))
    assert all(one.is_flat for one in reading.maps)
    tags = Tags(pieces.stage(reading, "grad-cam"))
    assert "Grad-CAM for bright: flat" in tags.text and "Nothing is drawn." in tags.text
    assert "lb-colourbar" not in pieces.stage(reading, "grad-cam") and "polygon" not in {tag for tag, _ in tags.found}
    assert "is flat" in Tags(words(reading)).text


def test_every_citation_leads_to_a_row_of_its_own() -> None:
    reading = reading_of(Study(np.random.default_rng(0).random((SIDE, SIDE, 1))), toy_classifier())
    chips = [given["href"] for tag, given in Tags(words(reading)).found if tag == "a"]
    rows = [given["id"] for tag, given in Tags(pieces.facts(reading)).found if tag == "tr"]
    assert len(rows) == len(set(rows)) == len(reading.findings)
    assert chips and {(address or "").removeprefix("#") for address in chips} <= set(rows)


def test_progress_is_a_number_of_evaluations() -> None:
    assert pieces.progress(None) == ""
    tags = Tags(pieces.progress(Progress("shap", 32, 500)))
    assert tags.text == "Computing SHAP: 32 of 500 evaluations"
    assert ("progress", {"max": "500", "value": "32"}) in tags.found
    assert ("div", {"class": "lb-progress", "role": "status"}) in tags.found


def test_the_explained_class_is_marked_in_words_too() -> None:
    reading = reading_of(Study(np.random.default_rng(0).random((SIDE, SIDE, 1))), toy_classifier())
    other = replace(reading, label="dark" if reading.label == "bright" else "bright")
    for one in (reading, other):
        assert f"{one.card.title_of(one.label)} explained" in Tags(pieces.scores(one)).text


def test_bars_of_independent_findings_have_their_thresholds_and_claim_no_sum(tmp_path: Path) -> None:
    study = Study(np.pad(np.ones((SIDE // 2, SIDE // 2, 1)), ((SIDE // 2, 0), (0, SIDE // 2), (0, 0))))
    *_, reading = read(study, quadrant_classifier(tmp_path), methods=())
    shown = Tags(pieces.scores(reading))
    assert reading.prediction.present == ("fracture",)
    assert "Fracture explained above threshold" in shown.text and shown.text.count("below threshold") == 3
    assert [attributes["style"] for name, attributes in shown.found if name == "i"] == ["left:50.00%"] * 4
    assert "Operating-point score" in shown.text and "do not add up to 100 %" in shown.text

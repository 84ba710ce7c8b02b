"""What the page says of an image that the model is not made for."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from diagnosis.errors import Refused
from diagnosis.gate.verdict import GateResult
from diagnosis.reading import read
from diagnosis.study import Study
from diagnosis.tabs import Tab
from diagnosis.ui.unlike import caution, message, stage
from tests.diagnosis.toys import SIDE, toy_card, toy_classifier

TABS = tuple(
    Tab(title, anatomy, (model,), "", "", ())
    for title, anatomy, model in (("X-ray", "chest-film", "films"), ("Histology <&>", "histology", "tiles"))
)
CARDS = {
    name: toy_card().model_copy(update={"name": name, "title": title, "anatomy": anatomy})
    for name, title, anatomy in (
        ("films", "Films", "chest-film"),
        ("tiles", "Tiles", "histology"),
        ("nowhere", "N", None),
    )
}


def test_a_refusal_tells_why_and_offers_the_tab_of_the_model_that_reads_such_images() -> None:
    told = message(Refused("It looks like <a tile>.", "Nothing was scored.", "tiles"), TABS, CARDS)
    assert "&lt;a tile&gt;" in told and "<a tile>" not in told and 'role="alert"' in told
    button = re.search(r"<button[^>]*>(.*?)</button>", told)
    assert button is not None and button[1] == "Read it as Tiles"
    assert told.count("Tiles") == 2 and "Such images are for Tiles." in told
    assert not re.search(r"\btiles\b", re.sub(r"<[^>]*>", "", told))  # the model's name stands nowhere
    assert 'data-tab="Histology &lt;&amp;&gt;"' in button[0] and 'data-model="tiles"' in button[0]


def test_there_is_no_button_without_a_tab_to_go_to() -> None:
    for model in (None, "unknown", "nowhere"):
        assert "<button" not in message(Refused("No.", "Nothing was scored.", model), TABS, CARDS)


def test_a_refused_image_is_shown_alone() -> None:
    shown = stage(Study(np.full((SIDE, 2 * SIDE, 1), 0.5, np.float32)))
    assert shown.count("<img") == 1 and "lb-overlay" not in shown
    assert f"{2 * SIDE} by {SIDE} pixels" in shown and "no score" in shown


def test_a_caution_stands_below_the_picture_and_a_pass_says_nothing(tmp_path: Path) -> None:
    study = Study(np.full((SIDE, SIDE, 1), 0.5, np.float32))
    *_, reading = read(study, toy_classifier(), methods=("grad-cam",))
    assert caution(reading) == ""
    passed = GateResult("pass", "a toy", None, 0.2, 1.0, "")
    assert caution(replace(reading, gate=passed)) == ""
    warned = replace(passed, verdict="caution", reason="It is 1.4 times as far & no toy.")
    assert "1.4 times as far &amp; no toy." in caution(replace(reading, gate=warned))

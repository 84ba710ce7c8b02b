"""Which models a tab offers, and that a reading by another model than the chosen one is an earlier one."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from diagnosis.cards import load_card
from diagnosis.errors import Missing
from diagnosis.reading import read
from diagnosis.study import Study
from diagnosis.tabs import Tab, load_tabs
from diagnosis.ui import choosing
from diagnosis.ui.tray import Tray
from diagnosis.ui.workbench import NOTHING, follow
from settings import ROOT
from tests.diagnosis.toys import SIDE, toy_card, toy_classifier

TAB = Tab("Brain", "brain", ("second", "first"), "Put in a slice.", "Drop a slice.", ())


def card(name: str, anatomy: str | None = "brain") -> object:
    return toy_card().model_copy(update={"name": name, "anatomy": anatomy})


def test_a_tab_offers_its_own_models_first_and_then_all_that_show_the_same() -> None:
    cards = {name: card(name) for name in ("another", "first", "second")} | {"film": card("film", "chest-film")}
    assert [one.name for one in TAB.offered(cards)] == ["second", "first", "another"]
    assert [one.name for one in TAB.offered({"another": card("another")})] == ["another"]


def test_a_tab_without_a_model_says_which_are_missing() -> None:
    with pytest.raises(Missing, match="neither second, first nor another"):
        TAB.offered({"film": card("film", None)})


def test_the_tabs_of_the_page_offer_every_model_that_ships() -> None:
    tabs = load_tabs(ROOT / "page" / "tabs.toml", ROOT / "examples")
    cards = {path.stem: load_card(path) for path in sorted((ROOT / "weights").glob("*.toml"))}
    there = [tab for tab in tabs if {*tab.models} & {*cards}]
    assert sorted(one.name for tab in there for one in tab.offered(cards)) == sorted(cards)
    assert {"X-ray", "Histology"} <= {tab.title for tab in there}


def test_a_reading_by_another_model_is_not_held(tmp_path: Path) -> None:
    study = Study(np.random.default_rng(0).random((SIDE, SIDE, 1)))
    *_, reading = read(study, toy_classifier(), methods=("grad-cam",))
    tray = Tray()
    tray.put(study)
    assert tray.holds(reading)
    tray.put(study, "toy")
    run = tray.begin("reading")
    assert tray.holds(reading) and tray.wants("reading", run)
    tray.put(study, "another")
    assert not tray.holds(reading) and not tray.wants("reading", run) and tray.take() is study


def test_lists_of_classes_are_those_of_the_model_that_read() -> None:
    *_, reading = read(Study(np.zeros((SIDE, SIDE, 1))), toy_classifier(), methods=("grad-cam",))
    assert choosing.classes(reading).choices == [("Bright", "bright"), ("Dark", "dark")]
    box = follow(reading, "glioma")
    assert [value for _, value in box.choices] == [
        NOTHING,
        "bright",
        "dark",
    ] and box.value == NOTHING
    assert follow(reading, "dark").value == "dark"
    several = replace(reading, card=reading.card.model_copy(update={"intended_use": "<b>Tests</b>"})).card
    assert "&lt;b&gt;Tests" in choosing.made_for(several) and "It compares: Bright, Dark." in choosing.made_for(several)

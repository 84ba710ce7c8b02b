"""Examples: those of the chosen model alone, answered at once from maps that were computed beforehand."""

from playwright.sync_api import Page, expect

from diagnosis.kept import FOLDER, Kept
from diagnosis.models import Models
from diagnosis.readers import read_study
from diagnosis.tabs import load_tabs
from diagnosis.ui.pieces import BEFOREHAND
from settings import ROOT, Settings
from tests.page.conftest import Visitor
from tests.page.server import Server
from tests.page.test_first_screen import sideways

EVALUATIONS = Settings.model_fields["shap_evaluations"].default
# Writes down, whenever something on the page changes, what is said to be computed.
WATCH_WORK = """() => {
    window.work = new Set();
    const doing = () => [...document.querySelectorAll('.lb-progress')];
    const look = () => doing().forEach(node => window.work.add(node.innerText.trim()));
    new MutationObserver(look).observe(document.body, {childList: true, subtree: true, characterData: true});
}"""


def work(page: Page) -> set[str]:
    return set(page.evaluate("[...window.work]"))


def test_a_click_is_answered_from_the_maps_that_are_kept(visitor: Visitor, shipped: Server) -> None:
    kept, models = Kept(ROOT / "examples" / FOLDER), Models(shipped.weights)
    visit = visitor(shipped.address)
    visit.page.evaluate(WATCH_WORK)
    for tab in load_tabs(ROOT / "page" / "tabs.toml", ROOT / "examples")[:2]:
        example, here = tab.examples_for(tab.models[0])[0], visit.tab(tab.title)
        study = read_study(example.file)
        here.example(example.name).click()
        here.wait_for_reading(study.digest)
        maps = kept.maps(study, models.card(tab.models[0]), EVALUATIONS)
        assert {one["digest"] for one in here.record["maps"]} == {one.digest for one in maps} != set()
        expect(here.here.get_by_text(BEFOREHAND)).to_be_visible()
        assert example.caption in here.caption
        top = here.record["labels"][max(range(len(maps) // 2), key=here.record["scores"].__getitem__)]
        assert here.record["label"] == top  # and not the class of the list before there was a reading
    assert not [words for words in work(visit.page) if words.startswith("Computing")]


def test_another_model_brings_its_own_examples_and_reads_what_lies_there(visitor: Visitor, shipped: Server) -> None:
    histology = load_tabs(ROOT / "page" / "tabs.toml", ROOT / "examples")[1]
    visit = visitor(shipped.address, width=390)
    tab = visit.tab("Histology")
    shown = tab.here.locator("button.lb-example")
    for title, model in (("Lung and colon histology", "lung-colon"), ("Colorectal histology", "colorectal")):
        tab.here.get_by_role("radio", name=title).check()
        expect(shown).to_have_text([one.caption for one in histology.examples_for(model)])
    tab.example(histology.examples_for("colorectal")[-1].name).press("Enter")
    tab.wait_for_reading()
    assert tab.record["model"].startswith("colorectal@")
    assert sideways(visit.page) <= 0

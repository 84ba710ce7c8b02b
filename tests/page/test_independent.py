"""A model of findings that do not exclude each other, put beside the project's own, on the whole page."""

from tests.diagnosis.findings_model import THRESHOLDS
from tests.page.conftest import Visitor
from tests.page.server import Server
from tests.page.test_first_screen import sideways

TITLE = "Chest findings"


def test_each_score_stands_beside_its_threshold(visitor: Visitor, shelf: Server) -> None:
    visit = visitor(shelf.address)
    tab = visit.tab("X-ray")
    tab.here.get_by_role("radio", name=TITLE).check()
    tab.example("phantom-chest-clear.jpg").click()  # one for every model, whichever are shown meanwhile
    tab.wait_for_reading()
    record = tab.record
    assert record["model"] == "findings@1" and record["task"] == "multi-label"
    assert record["labels"] == list(THRESHOLDS)
    assert tab.scores == {
        name.capitalize().replace("_", " "): round(100 * score, 1)
        for name, score in zip(record["labels"], record["scores"], strict=True)
    }
    bars = tab.here.locator(".lb-scores")
    assert bars.locator(".lb-bar i").count() == len(THRESHOLDS)
    sides = bars.locator(".lb-reached").all_inner_texts()
    assert sides == ["above threshold"] * 2 + ["below threshold"] * 2
    assert "Of the model's 4 findings, 2 reach their operating thresholds" in tab.words
    assert "do not add up to 100 %" in tab.words and "highest" not in tab.words
    for width in (1400, 390):
        visit.page.set_viewport_size({"width": width, "height": 900})
        assert sideways(visit.page) <= 0

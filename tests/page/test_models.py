"""The tab Models: figures of the metrics file, refused where they are of other weights, and measured again."""

import json
from pathlib import Path
from zipfile import ZipFile

from playwright.sync_api import Locator, expect

from diagnosis.phantoms import draw_tissue
from diagnosis.phantoms.export import write_raster
from tests.page.conftest import SECOND, Visitor
from tests.page.server import Server
from tests.page.test_first_screen import sideways
from tests.page.visit import WAIT, Visit


def open_models(visit: Visit, title: str) -> Locator:
    """The page about a model, once it is there."""
    visit.page.get_by_role("tab", name="Models").click()
    visit.page.get_by_role("radio", name=title, exact=True).and_(visit.page.locator(":visible")).check()
    model = visit.page.locator("article.lb-model:visible")
    expect(model.locator(".lb-label-name b")).to_have_text(title, timeout=WAIT)
    return model


def test_a_model_is_told_with_its_measured_figures(visitor: Visitor, shelf: Server) -> None:
    visit = visitor(shelf.address)
    model = open_models(visit, "Lung and colon histology")
    metrics = json.loads((shelf.weights / "lung-colon.metrics.json").read_text("utf-8"))
    told = model.inner_text()
    assert (
        f"{100 * metrics['balanced_accuracy']['value']:.1f} %" in told
        and f"{metrics['macro_auc']['value']:.3f}" in told
    )
    assert model.locator(".lb-label dt").all_inner_texts() == [
        "What it is", "For", "Not for", "Learned from", "How good", "When not to trust it",
    ]  # fmt: skip
    counts = [int(text) for text in model.locator(".lb-confusion td:not(.lb-sum)").all_inner_texts()]
    assert counts == [count for row in metrics["confusion"]["counts"] for count in row]
    assert metrics["weights_sha256"] in told
    assert model.locator(".lb-guide a").count() == len(metrics["classes"])
    assert visit.page.get_by_text("broken.toml").is_visible()
    for width in (1400, 390):
        visit.page.set_viewport_size({"width": width, "height": 900})
        assert sideways(visit.page) <= 0


def test_figures_of_other_weights_are_not_shown(visitor: Visitor, shelf: Server) -> None:
    model = open_models(visitor(shelf.address), SECOND)
    assert "was measured on other weights" in model.get_by_role("alert").inner_text()
    assert "No figure is shown." in model.inner_text()
    assert not model.locator(".lb-figures, .lb-classes, .lb-confusion, svg").count()


def test_the_figures_are_measured_again_on_an_archive(visitor: Visitor, shelf: Server, tmp_path: Path) -> None:
    visit = visitor(shelf.address)
    open_models(visit, "Lung and colon histology")
    with ZipFile(tmp_path / "drawn.zip", "w") as archive:
        for at, (kind, label) in enumerate((("benign-glands", "colon_benign"), ("cell-sheet", "Lung adenocarcinoma"))):
            drawn = tmp_path / f"{at}.png"
            write_raster(draw_tissue(kind, at, size=224).pixels, drawn)
            archive.write(drawn, f"{label}/{at}.png")
    visit.page.get_by_text("Measure it again on labelled images").click()
    visit.page.locator(".lb-measure input[type=file]").set_input_files(tmp_path / "drawn.zip")
    visit.page.get_by_text("drawn.zip").wait_for()
    visit.page.get_by_role("button", name="Measure", exact=True).click()
    found = visit.page.locator(".lb-again")
    found.wait_for()
    assert "These are other images than those of the shipped figures (2 images of" in found.inner_text()
    rows = found.locator("tbody tr")
    assert [rows.nth(at).locator("th").inner_text() for at in (0, 3)] == ["Balanced accuracy", "Calibration error"]
    shipped = json.loads((shelf.weights / "lung-colon.metrics.json").read_text("utf-8"))["balanced_accuracy"]["value"]
    assert rows.first.locator("td").first.inner_text().startswith(f"{shipped:.4f}")
    assert not list(Path(shelf.uploads).rglob("*unpacked*"))


def test_histology_is_read_by_the_model_that_is_chosen(visitor: Visitor, shelf: Server) -> None:
    tab = visitor(shelf.address).tab("Histology")
    tab.click_example(0)
    tab.here.locator(".lb-scores li").first.wait_for()
    first = tab.record
    tab.here.get_by_role("radio", name=SECOND).check()  # while the first is still explained
    tab.here.get_by_text("again@").first.wait_for()
    second = tab.record
    assert first["model"].startswith("lung-colon@") and second["model"].startswith("again@")
    assert first["study"]["digest"] == second["study"]["digest"]
    assert not tab.page.locator(".toast-wrap:visible .error").count()

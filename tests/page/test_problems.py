"""What goes wrong is told in words, and the rest goes on."""

import shutil
from pathlib import Path

from playwright.sync_api import expect

from diagnosis.readers import read_study
from diagnosis.ui.synthetic_pieces import COMMAND
from tests.page.conftest import Launch, Visitor


def test_a_bad_file_is_refused_and_the_reading_stays(visitor: Visitor, images: Path) -> None:
    tab = visitor().tab("Histology")
    tab.upload(images / "tile.png")
    tab.wait_for_reading()
    before = tab.record
    tab.upload(images / "text.png")
    tab.alert.wait_for()
    assert "text.png is a text file, not an image. Use a PNG" in tab.alert.inner_text()
    assert tab.record == before
    tab.upload(images / "other.png")
    tab.wait_for_reading(read_study(images / "other.png").digest)
    assert tab.alert.count() == 0


def test_a_bad_file_stops_no_reading_half_way(visitor: Visitor, images: Path) -> None:
    tab = visitor().tab("Histology")
    tab.upload(images / "fresh.png")
    tab.here.get_by_text("Computing SHAP").wait_for()
    tab.upload(images / "text.png")
    tab.alert.wait_for()
    tab.wait_for_reading(read_study(images / "fresh.png").digest)


def test_without_weights_or_a_library_their_tabs_say_so_and_the_rest_works(
    visitor: Visitor, images: Path, launch: Launch, weights: Path, tmp_path: Path
) -> None:
    some = tmp_path / "weights"
    shutil.copytree(weights, some, ignore=shutil.ignore_patterns("chest-xray.safetensors", "synthesis"))
    nowhere = {"RETRIEVAL_MODEL": f"local-dir:{tmp_path / 'nothing'}", "LIGHTBOX_CASES": str(tmp_path / "none")}
    with launch(tmp_path, some, **nowhere) as bare:
        visit = visitor(bare.address)
        tab = visit.tab("X-ray")
        tab.upload(images / "film.png")
        tab.alert.wait_for()
        assert "The weights of chest-xray are missing" in tab.alert.inner_text()
        assert "python -m diagnosis.training train chest-xray" in tab.alert.inner_text()
        assert tab.here.locator(".lb-scores li").count() == 0
        tab = visit.tab("Similar cases")
        expect(tab.alert).to_contain_text("is not here")
        assert "python -m retrieval.training train" in tab.alert.inner_text()
        visit.page.get_by_role("tab", name="Synthetic images").click()
        expect(visit.page.get_by_text(COMMAND)).to_be_visible()
        assert visit.page.get_by_role("button", name="Make", exact=True).count() == 0
        assert visit.page.get_by_text("What was measured").count() == 0
        tab = visit.tab("Histology")
        tab.upload(images / "tile.png")
        tab.wait_for_reading()
        assert tab.alert.count() == 0
        tab.here.get_by_role("button", name="Find similar cases").click()
        expect(tab.alert).to_contain_text("is not here")
        assert tab.here.locator(".lb-words p").count() >= 3
        visit.leave()


FAULTY = """
import app, diagnosis.attribution.grad_cam as method
from settings import load_settings

def out_of_order(*arguments, **options):
    raise RuntimeError("layer9 is out of order")

method.grad_cam = out_of_order
app.serve(load_settings())
"""


def test_a_fault_of_the_program_is_told_without_its_words(
    visitor: Visitor, images: Path, launch: Launch, weights: Path, tmp_path: Path
) -> None:
    with launch(tmp_path, weights, "-c", FAULTY) as running:
        visit = visitor(running.address)
        tab = visit.tab("Histology")
        tab.upload(images / "fresh.png")
        tab.alert.wait_for()
        assert "a fault of the program" in tab.alert.inner_text()
        assert "layer9" in running.output.read_text("utf-8") and "layer9" not in visit.page.content()
        assert tab.here.locator(".lb-progress").count() == 0
        assert tab.here.locator(".lb-scores li").count() == 5
        visit.leave()

"""An image that the model is not made for: no score, the reason, and the way to the right tab."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import expect

from diagnosis.gating.strangers import TESTED, photographs
from diagnosis.phantoms.export import write_raster
from diagnosis.readers import read_study
from tests.page.conftest import Visitor
from tests.page.server import Server
from tests.page.visit import Tab


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photograph that comes with a library."""
    path = tmp_path_factory.mktemp("photo") / "photo.png"
    write_raster(next(photographs(TESTED, 0, seed=1)).study.pixels, path)
    return path


def test_a_tile_put_in_for_a_film_is_refused_and_read_where_it_belongs(visitor: Visitor, images: Path) -> None:
    visit = visitor()
    tab = visit.tab("X-ray")
    tab.upload(images / "film.png")
    tab.wait_for_reading(read_study(images / "film.png").digest)
    tab.upload(images / "tile.png")
    refused = tab.here.locator(".lb-refused")
    expect(refused).to_contain_text("Nothing was scored")
    left = tab.here.locator(".lb-scores, .lb-maps figure, .lb-large .lb-overlay, a[download^=reading-]")
    assert left.count() == 0  # at once: nothing of the film stands beside the refusal
    expect(tab.here.locator(".lb-large figcaption")).to_have_text("Not read: no score, no map.")
    for gone in (".lb-scores", ".lb-maps figure", ".lb-words p", "a[download^=reading-]"):
        expect(tab.here.locator(gone)).to_have_count(0)
    refused.get_by_role("button").click()
    there = visit.page.locator(".lb-tab:visible")
    expect(there.locator(".lb-scores li")).to_have_count(5)
    expect(visit.page.get_by_role("tab", name="Histology")).to_have_attribute("aria-selected", "true")


def test_a_real_tile_goes_to_the_model_of_its_organ(visitor: Visitor, server: Server, data_folder: Path) -> None:
    if not (server.weights / "colorectal.safetensors").is_file():
        pytest.skip("no weights of colorectal, which is not the first model of its tab")
    with (data_folder / "colorectal" / "manifest.csv").open(encoding="utf-8", newline="") as manifest:
        row = next(row for row in csv.DictReader(manifest) if row["split"] == "test")
    visit = visitor()
    tile = data_folder / "colorectal" / row["path"]
    visit.tab("X-ray").upload(tile)
    visit.page.locator(".lb-refused:visible").get_by_role("button", name="Read it as Colorectal histology").click()
    there = Tab(visit.page, visit.page.locator(".lb-tab:visible"))
    there.wait_for_reading(read_study(tile).digest)
    assert there.record["model"].startswith("colorectal@")


def test_a_photograph_is_refused_and_a_drawing_read_afterwards(visitor: Visitor, images: Path, photo: Path) -> None:
    tab = visitor().tab("X-ray")
    tab.upload(photo)
    refused = tab.here.locator(".lb-refused")
    expect(refused).to_contain_text("does not read this image")
    expect(refused).to_contain_text("% of the gate's weight")
    expect(tab.here.locator(".lb-film")).to_have_count(1)
    expect(refused.get_by_role("button")).to_have_count(0)
    tab.upload(images / "film.png")
    tab.wait_for_reading(read_study(images / "film.png").digest)
    expect(refused).to_have_count(0)
    assert tab.record["gate"]["verdict"] == "caution"
    assert "drawing made by Lightbox" in tab.record["gate"]["reason"]

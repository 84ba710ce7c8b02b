"""One server for all tests of the page, images to put in, and visitors whose every request is looked at."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from diagnosis.phantoms import Zone, draw_chest, draw_tissue
from diagnosis.phantoms.export import write_dicom, write_raster
from retrieval.encoder import LOCAL, OURS, WEIGHTS
from retrieval.library import MANIFEST
from settings import ROOT
from tests.page.server import Server, serve
from tests.page.visit import Visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Visitor = Callable[..., Visit]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The page with the project's own weights and examples."""
    weights = ROOT / os.environ.get("LIGHTBOX_BUNDLED", "weights")
    with serve(tmp_path_factory.mktemp("server"), weights) as running:
        yield running


@pytest.fixture(scope="session")
def library() -> dict[str, str]:
    """The settings of an encoder and a case library that are here; without them, tests that need them are skipped."""
    model = os.environ.get("RETRIEVAL_MODEL", OURS)
    folder = ROOT / os.environ.get("LIGHTBOX_CASES", "index/cases")
    if model.startswith(LOCAL) and not (ROOT / model.removeprefix(LOCAL) / WEIGHTS).is_file():
        pytest.skip(f"no encoder in {model}; name one in RETRIEVAL_MODEL")
    if not (folder / MANIFEST).is_file():
        pytest.skip(f"no case library in {folder}; name its folder in LIGHTBOX_CASES")
    return {"RETRIEVAL_MODEL": model, "LIGHTBOX_CASES": str(folder)}


@pytest.fixture
def visitor(browser: "Browser", server: Server) -> Iterator[Visitor]:
    """Opens the page as someone new. At the end nobody was shown an error or asked for anything from elsewhere."""
    visits: list[Visit] = []

    def arrive(address: str = server.address, **options: Any) -> Visit:
        visits.append(Visit.start(browser, address, **options))
        return visits[-1]

    yield arrive
    for visit in visits:
        visit.leave()
    for visit in visits:
        assert visit.requests and not visit.foreign_requests()
        assert not visit.errors


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of phantoms: ``tile.png``, ``other.png``, ``film.png`` and ``film.dcm``; and ``text.png``, no image.

    They are drawings of ``examples/``, which the gate knows for what they are.
    """
    folder = tmp_path_factory.mktemp("images")
    write_raster(draw_tissue("benign-glands", 0, size=448).pixels, folder / "tile.png")
    write_raster(draw_tissue("cell-sheet", 1, size=448).pixels, folder / "other.png")
    film = draw_chest(3, opacity=Zone("right", "lower")).pixels
    write_raster(film, folder / "film.png")
    write_dicom(film, folder / "film.dcm", "MONOCHROME1", bits=16)
    (folder / "text.png").write_text("This is no image.", encoding="utf-8")
    return folder

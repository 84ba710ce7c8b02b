"""One server for most tests of the page, images to put in, and visitors whose every request is looked at."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from diagnosis.kept import FOLDER, Kept
from diagnosis.models import Models
from diagnosis.phantoms import STAINS, Zone, draw_chest, draw_tissue
from diagnosis.phantoms.export import write_dicom, write_raster
from diagnosis.readers import read_study
from diagnosis.reading import read
from retrieval.encoder import LOCAL, OURS, WEIGHTS
from retrieval.library import MANIFEST
from settings import ROOT
from tests.agents.endpoint import Endpoint, endpoint
from tests.diagnosis.findings_model import write_model
from tests.page.server import EVALUATIONS, Server, serve
from tests.page.visit import Visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Visitor = Callable[..., Visit]
Launch = Callable[..., AbstractContextManager[Server]]
READ_BEFOREHAND = {
    "tile.png": "lung-colon",
    "other.png": "lung-colon",
    "film.png": "chest-xray",
    "film.dcm": "chest-xray",
}
KEY = "sk-secret-of-the-page"
SECOND = "Lung and colon histology, again"


@pytest.fixture(scope="session")
def weights() -> Path:
    """The project's own."""
    return ROOT / os.environ.get("LIGHTBOX_BUNDLED", "weights")


@pytest.fixture(scope="session")
def examples(weights: Path, images: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's examples; kept are the maps of ``READ_BEFOREHAND``, as a server of these tests computes them.

    Whatever a test does with a reading, it then need not wait for SHAP.
    """
    folder = tmp_path_factory.mktemp("kept") / "examples"
    shutil.copytree(ROOT / "examples", folder, ignore=shutil.ignore_patterns(FOLDER))
    models, kept = Models(weights), Kept(folder / FOLDER)
    for name, model in READ_BEFOREHAND.items():
        *_, whole = read(read_study(images / name), models.classifier(model), shap_evaluations=EVALUATIONS)
        kept.keep(whole, EVALUATIONS)
    return folder


@pytest.fixture(scope="session")
def launch(examples: Path) -> Launch:
    """Starts further servers, as :func:`serve` does."""
    return partial(serve, examples=examples)


@pytest.fixture(scope="session")
def server(launch: Launch, weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The page with the project's own weights and examples."""
    with launch(tmp_path_factory.mktemp("server"), weights) as running:
        yield running


@pytest.fixture(scope="session")
def shipped(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The page as it comes, with its default settings and the maps that are kept of its examples."""
    told = {"LIGHTBOX_SHAP_EVALUATIONS": "", "LIGHTBOX_TEST_MAPS": ""}
    with serve(tmp_path_factory.mktemp("shipped"), weights, examples=ROOT / "examples", **told) as running:
        yield running


@pytest.fixture(scope="session")
def endpoint_of_scripts() -> Iterator[Endpoint]:
    """A language model that says what it is told to."""
    with endpoint() as running:
        yield running


@pytest.fixture
def scripted(endpoint_of_scripts: Endpoint) -> Endpoint:
    """The same; what another test left unsaid is forgotten."""
    endpoint_of_scripts.replies.clear()
    return endpoint_of_scripts


@pytest.fixture(scope="session")
def writing(
    endpoint_of_scripts: Endpoint, launch: Launch, weights: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The page with a language model."""
    variables = {
        "LIGHTBOX_LLM_MODEL": "scripted",
        "LIGHTBOX_LLM_RETRIES": "0",
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": endpoint_of_scripts.url,
    }
    with launch(tmp_path_factory.mktemp("writing"), weights, **variables) as running:
        yield running


@pytest.fixture(scope="session")
def shelf(launch: Launch, weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The page with more models: another for histology, whose metrics are of other weights, a bad card, and in a
    further folder one of independent findings."""
    folder = tmp_path_factory.mktemp("shelf")
    shelved = Path(shutil.copytree(weights, folder / "weights"))
    card = (shelved / "lung-colon.toml").read_text("utf-8")
    again = card.replace('name = "lung-colon"', 'name = "again"').replace("Lung and colon histology", SECOND)
    (shelved / "again.toml").write_text(again, encoding="utf-8")
    metrics = json.loads((shelved / "lung-colon.metrics.json").read_text("utf-8"))
    (shelved / "again.metrics.json").write_text(json.dumps({**metrics, "weights_sha256": "0" * 64}), encoding="utf-8")
    (shelved / "broken.toml").write_text('name = "broken"', encoding="utf-8")
    (folder / "further").mkdir()
    write_model(folder / "further", anatomy="chest-film")
    with launch(folder, shelved) as running:
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
    """A folder of phantoms: those of ``READ_BEFOREHAND``, ``fresh.png`` and ``later.png``; and ``text.png``, no image.

    They are drawings of ``examples/``, which the gate knows for what they are. Nothing of the fresh and the later tile
    was computed beforehand: for tests of what happens meanwhile.
    """
    folder = tmp_path_factory.mktemp("images")
    write_raster(draw_tissue("benign-glands", 0, size=448).pixels, folder / "tile.png")
    write_raster(draw_tissue("cell-sheet", 1, size=448).pixels, folder / "other.png")
    write_raster(draw_tissue("crowded-glands", 0, size=448).pixels, folder / "fresh.png")
    write_raster(draw_tissue("benign-glands", 0, size=448, stain=STAINS["pale"]).pixels, folder / "later.png")
    film = draw_chest(3, opacity=Zone("right", "lower")).pixels
    write_raster(film, folder / "film.png")
    write_dicom(film, folder / "film.dcm", "MONOCHROME1", bits=16)
    (folder / "text.png").write_text("This is no image.", encoding="utf-8")
    return folder

"""A model that others publish: fetched by its button, and by a command alone where somebody must consent."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomlkit
import torch
from playwright.sync_api import expect
from safetensors.torch import save

from diagnosis.cards import ModelCard
from diagnosis.networks import build_network
from tests.diagnosis.fetching.conftest import ARCHITECTURE, offered
from tests.diagnosis.toys import toy_card
from tests.page.conftest import Launch, Visitor
from tests.page.test_first_screen import sideways
from tests.retrieval.serving import Server as Files
from tests.retrieval.serving import serving


@pytest.fixture
def files() -> Iterator[Files]:
    """A file server that breaks off three times, so that a fetch takes long enough to be watched."""
    torch.manual_seed(0)
    with serving() as files:
        files.content = save(build_network(ARCHITECTURE, 1, 2).state_dict())
        files.cuts += [len(files.content) // 4] * 3
        yield files


def shelf(folder: Path, weights: Path, *cards: ModelCard) -> Path:
    """The project's models, and cards of others that can be fetched."""
    shelved = Path(shutil.copytree(weights, folder / "weights", ignore=shutil.ignore_patterns("ready")))
    (shelved / "ready").mkdir()
    for card in cards:
        text = tomlkit.dumps(card.model_dump(mode="json", exclude_none=True))
        (shelved / "ready" / f"{card.name}.toml").write_text(text, encoding="utf-8")
    return shelved


def test_a_model_is_fetched_by_its_button_and_listed(
    visitor: Visitor, launch: Launch, weights: Path, files: Files, tmp_path: Path
) -> None:
    card = toy_card().model_copy(update={"architecture": ARCHITECTURE, "cam_layer": ""})
    free = offered(card.model_copy(update={"name": "theirs", "title": "Theirs"}), files)
    pickled = offered(card.model_copy(update={"name": "pickled", "title": "Pickled"}), files, format="pickle")
    with launch(tmp_path, shelf(tmp_path, weights, free, pickled)) as running:
        visit = visitor(running.address)
        visit.page.get_by_role("tab", name="Models").click()
        rows = visit.page.locator(".lb-ready:visible")
        expect(rows).to_have_count(2)
        asked = rows.filter(has_text="--trust-pickle")
        expect(asked.locator("code")).to_have_text("python -m diagnosis weights fetch pickled --trust-pickle")
        assert not asked.locator("button, input").count()
        listed = visit.page.get_by_role("radio", name="Theirs", exact=True)
        assert not listed.count()
        row = rows.filter(has=visit.page.get_by_role("button", name="Fetch Theirs"))
        row.get_by_role("button").click()
        doing = row.locator(".lb-progress")
        expect(doing).to_contain_text(f"of {len(files.content) / 1e6:.1f} MB")
        assert doing.locator("progress").get_attribute("max") == str(len(files.content))
        expect(row.locator(".lb-same")).to_contain_text("Theirs is here.")
        expect(doing).to_have_count(0)
        expect(listed.and_(visit.page.locator(":visible"))).to_have_count(1)
        assert sideways(visit.page) <= 0
        assert len(files.asked) == 4 and (tmp_path / "further" / "theirs.safetensors").is_file()
        visit.leave()

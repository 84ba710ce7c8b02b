"""What a newcomer finds, before there is an image."""

import pytest
from playwright.sync_api import Page

from diagnosis.notices import NOTICE
from settings import ROOT
from tests.page.conftest import Visitor

TABS = {"X-ray": "x-ray", "Histology": "histology"}


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_one_sentence_the_notice_and_examples_fit_the_window(visitor: Visitor, theme: str, width: int) -> None:
    page = visitor(color_scheme=theme, width=width).page
    page.get_by_role("button", name="Light or dark").wait_for()
    if theme == "light":
        page.get_by_role("button", name="Light or dark").click()
    lightness = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)")
    assert (min(lightness) > 200) if theme == "light" else (max(lightness) < 60)
    assert page.get_by_text("See what a model makes of a medical image, and what it looked at.").is_visible()
    assert page.get_by_text(NOTICE, exact=True).is_visible()
    assert page.get_by_role("tab", selected=True).inner_text() == "X-ray"
    assert page.get_by_text("click an example.").is_visible()
    assert sideways(page) <= 0


def test_every_example_is_a_phantom_by_name(visitor: Visitor) -> None:
    visit = visitor()
    for name, folder in TABS.items():
        tab = visit.tab(name)
        pictures = tab.here.locator("button.lb-example")
        pictures.first.wait_for()
        dicom = list((ROOT / "examples" / folder).glob("*.dcm"))
        assert pictures.count() == len(list((ROOT / "examples" / folder).iterdir())) - len(dicom) >= 4
        assert all("phantom" in text for text in pictures.all_inner_texts())


def test_the_theme_is_remembered_and_nothing_else(visitor: Visitor) -> None:
    page = visitor().page
    page.get_by_role("button", name="Light or dark").click()
    page.reload()
    page.get_by_role("tab").first.wait_for()
    page.wait_for_function("!document.body.classList.contains('dark')")
    assert page.evaluate("({...localStorage})") == {"lightbox-theme": "light"}


def test_everything_is_reached_by_keyboard(visitor: Visitor) -> None:
    page = visitor().page
    page.locator("button.lb-example").last.wait_for()
    reached = []
    page.locator("body").focus()
    for _ in range(20):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("(node => (node.innerText || node.ariaLabel || '').trim())(document.activeElement)")
        )
    assert "Light or dark" in reached
    assert "X-ray" in reached or "Histology" in reached
    assert any("Drop" in name for name in reached)
    assert sum("phantom" in name for name in reached) >= 4


def sideways(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

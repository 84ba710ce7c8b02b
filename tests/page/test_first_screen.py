"""What a newcomer finds, before there is an image."""

import pytest
from playwright.sync_api import Page, expect

from diagnosis.notices import NOTICE
from diagnosis.tabs import load_tabs
from settings import ROOT
from tests.page.conftest import Visitor


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


def test_every_example_says_that_it_shows_nobody(visitor: Visitor) -> None:
    visit = visitor()
    for tab in load_tabs(ROOT / "page" / "tabs.toml", ROOT / "examples"):
        pictures = visit.tab(tab.title).here.locator("button.lb-example")
        offered = tab.examples_for(tab.models[0])
        expect(pictures).to_have_count(len(offered))
        captions = pictures.all_inner_texts()
        assert captions == [one.caption for one in offered]
        assert all(text.startswith("phantom") or text.endswith(", synthetic") for text in captions)
        for picture in pictures.locator("img").all():
            picture.scroll_into_view_if_needed()
            assert picture.evaluate("node => node.decode().then(() => true)")
    assert len(load_tabs(ROOT / "page" / "tabs.toml", ROOT / "examples")[0].examples) >= 4


def test_the_theme_is_remembered_and_nothing_else(visitor: Visitor) -> None:
    visit = visitor()
    page = visit.page
    page.get_by_role("button", name="Light or dark").click()
    visit.settle()  # a reload that cuts off what was asked for is told as an error
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
    assert sum("phantom" in name or "synthetic" in name for name in reached) >= 4


def sideways(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

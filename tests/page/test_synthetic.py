"""The tab Synthetic images: what it says, and images that are made, labelled and read."""

from playwright.sync_api import expect

from diagnosis.models import Models
from diagnosis.notices import SYNTHETIC_NOTICE
from diagnosis.synthesis.generator import Generator
from diagnosis.synthesis.shipped import load_shipped
from diagnosis.ui.synthetic import UNCOMPARED
from settings import ROOT
from tests.page.conftest import Visitor
from tests.page.server import Server
from tests.page.test_first_screen import sideways
from tests.page.visit import Tab

MODEL = "brain-mri"
(SHIPPED, *_) = (one for one in load_shipped(ROOT / "examples") if one.model == MODEL)


def test_images_are_made_one_by_one_labelled_and_read_where_they_belong(visitor: Visitor, server: Server) -> None:
    visit, title = visitor(), SHIPPED.title
    page = visit.page
    page.get_by_role("tab", name="Synthetic images").click()
    expect(page.get_by_text(UNCOMPARED)).to_be_visible()
    page.get_by_label("Model", exact=True).click()
    page.get_by_role("option", name=Models(server.weights).card(MODEL).title, exact=True).click()
    page.get_by_label("Class", exact=True).click()
    page.get_by_role("option", name=title, exact=True).click()
    page.get_by_label("number input for How many").fill("2")
    page.get_by_label("Seed of the first").fill(str(SHIPPED.seed))
    page.get_by_role("button", name="Make", exact=True).click()
    made = page.locator(".lb-made")
    expect(page.get_by_role("status").filter(has_text="of 2")).to_be_visible()
    expect(made).to_have_count(2)
    expect(page.get_by_role("status").filter(has_text="of 2")).to_have_count(0)
    captions = made.locator("figcaption").all_inner_texts()
    assert captions == [f"{title}, synthetic, seed {SHIPPED.seed + more}" for more in (0, 1)]
    assert [one.get_attribute("alt") for one in made.locator("img").all()] == captions
    assert sideways(page) <= 0
    made.nth(0).get_by_role("button", name="Read this image").click()
    expect(page.get_by_role("tab", name="Brain MRI")).to_have_attribute("aria-selected", "true")
    there = Tab(page, page.locator(".lb-tab:visible"))
    (image,) = Generator(server.weights).stream(MODEL, SHIPPED.label, 1, SHIPPED.seed)
    there.wait_for_reading(image.study.digest)
    assert there.record["model"].startswith(f"{MODEL}@") and there.record["label"] == SHIPPED.label
    assert SYNTHETIC_NOTICE in there.caption


def test_what_was_measured_of_them_is_told(visitor: Visitor, server: Server) -> None:
    page = visitor().page
    page.get_by_role("tab", name="Synthetic images").click()
    told = page.locator(".lb-said li")
    titles = [Models(server.weights).card(model).title for model in Generator(server.weights).ready]
    for title in titles:
        expect(told.filter(has_text=f"{title}. Of ").filter(has_text="images that were made")).to_have_count(1)
    expect(told.filter(has_text="Not shown")).to_have_count(0)


def test_a_number_out_of_range_is_told(visitor: Visitor) -> None:
    page = visitor().page
    page.get_by_role("tab", name="Synthetic images").click()
    page.get_by_label("Seed of the first").fill("")
    page.get_by_role("button", name="Make", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="whole number")).to_be_visible()
    assert page.locator(".lb-made").count() == 0

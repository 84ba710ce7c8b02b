"""The tab Synthetic images: what it says, and images that are made, labelled and read."""

from playwright.sync_api import expect

from diagnosis.synthesis.generator import Generator
from diagnosis.synthesis.images import NOTICE
from diagnosis.ui.synthetic import UNCOMPARED
from tests.page.conftest import Visitor
from tests.page.made import MODEL, TITLES
from tests.page.server import Server
from tests.page.test_first_screen import sideways
from tests.page.visit import Tab


def test_images_are_made_one_by_one_labelled_and_read_where_they_belong(visitor: Visitor, shipped: Server) -> None:
    visit = visitor(shipped.address)
    page = visit.page
    page.get_by_role("tab", name="Synthetic images").click()
    expect(page.get_by_text(UNCOMPARED)).to_be_visible()
    page.get_by_label("number input for How many").fill("3")
    page.get_by_label("Seed of the first").fill("7")
    page.get_by_label("Class", exact=True).click()
    page.get_by_role("option", name=TITLES[1], exact=True).click()
    page.get_by_role("button", name="Make", exact=True).click()
    made = page.locator(".lb-made")
    expect(page.get_by_role("status").filter(has_text="of 3")).to_be_visible()
    expect(made).to_have_count(3)
    expect(page.get_by_role("status").filter(has_text="of 3")).to_have_count(0)
    captions = made.locator("figcaption").all_inner_texts()
    assert captions == [f"{TITLES[1]}, synthetic, seed {seed}" for seed in (7, 8, 9)]
    assert [one.get_attribute("alt") for one in made.locator("img").all()] == captions
    assert sideways(page) <= 0
    made.nth(1).get_by_role("button", name="Read this image").click()
    expect(page.get_by_role("tab", name="X-ray")).to_have_attribute("aria-selected", "true")
    there = Tab(page, page.locator(".lb-tab:visible"))
    expect(there.here.locator(".lb-refused")).to_contain_text("does not read this image")  # noise: nobody taught it
    (image,) = Generator(shipped.weights).stream(MODEL, TITLES[1], 1, 8)
    height, width = image.study.size
    assert there.here.locator(".lb-film").get_attribute("alt") == (
        f"The image that was not read, {width} by {height} pixels"
    )
    expect(there.here.locator(".lb-large figcaption")).to_contain_text(NOTICE)


def test_a_number_out_of_range_is_told(visitor: Visitor, shipped: Server) -> None:
    page = visitor(shipped.address).page
    page.get_by_role("tab", name="Synthetic images").click()
    page.get_by_label("Seed of the first").fill("")
    page.get_by_role("button", name="Make", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="whole number")).to_be_visible()
    assert page.locator(".lb-made").count() == 0

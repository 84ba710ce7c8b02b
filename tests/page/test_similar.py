"""The tab Similar cases: images and words in, cases out, one's own among them; and the neighbours of a reading."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Route, expect

from diagnosis.readers import read_study
from tests.page.conftest import Launch, Visitor
from tests.page.server import Server
from tests.page.test_first_screen import sideways
from tests.page.visit import Tab, Visit

WORDS = "viral pneumonia in a child"
OPINIONS = {"vote", "vote_conflict", "no_vote"}
AGES = (("from", "60"), ("to", "30"))  # years that no age lies between


@pytest.fixture(scope="module")
def gallery(
    launch: Launch, weights: Path, library: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The page with an encoder and a case library."""
    with launch(tmp_path_factory.mktemp("similar"), weights, **library) as running:
        yield running


def enter(visit: Visit, pictures: bool = False) -> Tab:
    """The tab, once the library is loaded; without ``pictures`` nothing is loaded from elsewhere."""
    tab = visit.tab("Similar cases")
    expect(tab.here.get_by_role("status")).to_have_count(0)
    if not pictures:
        tab.here.get_by_label("Load pictures").uncheck()
    return tab


def look_for(tab: Tab, words: str) -> Locator:
    """Type words and search; the cases."""
    tab.here.get_by_label("Words", exact=True).fill(words)
    tab.here.get_by_role("button", name="Search", exact=True).click()
    cases = tab.here.locator(".lb-case")
    cases.first.wait_for()
    expect(tab.here.get_by_role("status")).to_have_count(0)
    return cases


def keep(tab: Tab, image: Path, label: str) -> Locator:
    """Put an image in and keep it as a case; its row in the list."""
    tab.upload(image)
    tab.here.locator(".lb-picture").wait_for()
    tab.here.get_by_role("button", name="Your own cases").click()
    tab.here.get_by_label("Labels, one a line").fill(label)
    tab.here.get_by_role("button", name="Add the image").click()
    row = tab.here.locator(".lb-own li")
    expect(row).to_have_count(1)
    return row


def test_words_find_cases_with_their_facts_licence_and_source(visitor: Visitor, gallery: Server) -> None:
    tab = enter(visitor(gallery.address))
    cases = look_for(tab, WORDS)
    expect(cases).to_have_count(12)
    similarities = []
    for case in cases.all():
        text = case.inner_text()
        similarities.append(float(re.search(r"Similarity (-?[\d.]+)", text)[1]))
        assert "licence: " in text and "modality" in text
        assert case.get_by_role("button", name="What matches").count() == 0
        assert "not the probability" in (case.locator(".lb-cosine").get_attribute("title") or "")
        address = case.get_by_role("link").first.get_attribute("href") or ""
        assert address.startswith("http")
    assert similarities == sorted(similarities, reverse=True)
    floor = float(re.search(r"under (-?[\d.]+) are not shown", tab.here.inner_text())[1])
    assert similarities[-1] >= floor - 0.005
    assert any(mark.inner_text().lower() in WORDS for mark in tab.here.locator(".lb-about mark").all())
    assert tab.here.locator("img.lb-live").count() == 0


def test_results_lean_towards_a_case_that_is_liked_until_it_is_dropped(visitor: Visitor, gallery: Server) -> None:
    tab = enter(visitor(gallery.address))
    first = look_for(tab, WORDS).first.get_by_role("button", name="Less like this")
    liked = first.get_attribute("data-case")
    case = tab.here.locator(f'.lb-case [data-case="{liked}"]')
    first.click()
    chip = tab.here.locator(".lb-leaning button")
    expect(chip).to_contain_text("Less like")
    expect(case).to_have_count(0)
    chip.click()
    expect(case).to_have_count(2)
    expect(chip).to_have_count(0)


def test_filters_come_before_the_ranking_and_may_leave_nothing(visitor: Visitor, gallery: Server) -> None:
    tab = enter(visitor(gallery.address))
    tab.here.get_by_role("button", name="Filters").click()
    tab.here.get_by_label("Modality").first.click()
    option = tab.page.get_by_role("option").last
    chosen = option.inner_text().rpartition(" (")[0].strip().removeprefix("✓").strip()
    option.click()
    tab.page.keyboard.press("Escape")
    cases = look_for(tab, chosen)
    for case in cases.all():
        assert chosen.lower() in case.locator(".lb-known").inner_text().lower()
    ages = tab.here.get_by_label("number input for Age from, years")
    ages.fill("100")
    ages.press("Enter")
    tab.here.get_by_role("button", name="Search", exact=True).click()
    expect(tab.here.locator(".lb-nothing")).to_contain_text("No case fits")
    expect(cases).to_have_count(0)


def test_an_own_case_is_found_by_its_owner_alone_and_its_patches_are_matched(
    visitor: Visitor, gallery: Server, images: Path
) -> None:
    visit = visitor(gallery.address)
    tab = enter(visit)
    row = keep(tab, images / "tile.png", "my <b>gland</b>")
    expect(row).to_contain_text("My <b>gland</b>")
    tab.here.get_by_role("button", name="Search", exact=True).click()
    own = tab.here.locator(".lb-case", has_text="your own case")
    expect(own).to_contain_text("Similarity 1.00")
    expect(own).to_contain_text("same image")
    assert own.locator("img").evaluate("node => node.decode().then(() => true)")
    own.get_by_role("button", name="What matches").click()
    match = tab.here.locator(".lb-match")
    match.locator("[data-best]").first.hover()
    expect(match.locator(".lb-pointed")).to_have_count(2)
    assert match.locator("[data-best] text").count() == match.locator(".lb-pairs li").count() > 0
    match.get_by_role("button", name="Close").click()
    expect(match).to_have_count(0)

    stranger = enter(visitor(gallery.address))
    stranger.upload(images / "tile.png")
    stranger.here.locator(".lb-case, .lb-nothing").first.wait_for()
    assert stranger.here.get_by_text("your own case", exact=True).count() == 0

    visit.page.reload()
    tab = enter(visit)
    tab.here.get_by_role("button", name="Your own cases").click()
    expect(tab.here.locator(".lb-own li")).to_contain_text("My <b>gland</b>")


def test_an_edit_is_left_by_cancel(visitor: Visitor, gallery: Server, images: Path) -> None:
    tab = enter(visitor(gallery.address))
    row = keep(tab, images / "other.png", "first word")
    cancel = tab.here.get_by_role("button", name="Cancel")
    expect(cancel).to_have_count(0)
    row.get_by_role("button", name="Edit").click()
    labels = tab.here.get_by_label("Labels, one a line")
    expect(labels).to_have_value("first word")
    labels.fill("second word")
    cancel.click()
    expect(tab.here.get_by_role("button", name="Add the image")).to_be_visible()
    expect(labels).to_have_value("")
    expect(cancel).to_have_count(0)
    expect(row).to_contain_text("First word")


def test_own_cases_are_edited_exported_deleted_and_imported(
    visitor: Visitor, gallery: Server, images: Path, tmp_path: Path
) -> None:
    tab = enter(visitor(gallery.address))
    row = keep(tab, images / "other.png", "first")
    row.get_by_role("button", name="Edit").click()
    labels = tab.here.get_by_label("Labels, one a line")
    expect(labels).to_have_value("first")
    labels.fill("second")
    tab.here.get_by_role("button", name="Save the changes").click()
    expect(row).to_contain_text("Second")
    tab.here.get_by_role("button", name="Export").click()
    archive = tab.here.locator("a[download$='.zip']")
    with tab.page.expect_download() as download:
        archive.click()
    download.value.save_as(tmp_path / "cases.zip")
    tab.here.get_by_role("button", name="Delete all").click()
    tab.here.get_by_role("button", name="Yes, delete all my cases").click()
    expect(row).to_have_count(0)
    tab.page.wait_for_function("localStorage.getItem('lightbox-own-cases') === null")
    tab.here.locator("input[type=file][multiple]").set_input_files(tmp_path / "cases.zip")
    expect(row).to_contain_text("Second")
    row.get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)


def test_image_and_words_are_weighed_only_where_both_are_there(visitor: Visitor, gallery: Server, images: Path) -> None:
    tab = enter(visitor(gallery.address))
    weight = tab.here.get_by_label("number input for Weight of the image")
    assert weight.count() == 0
    tab.upload(images / "tile.png")
    tab.here.locator(".lb-picture").wait_for()
    assert weight.count() == 0
    tab.here.get_by_label("Words", exact=True).fill("colon")
    expect(weight).to_be_visible()
    tab.here.get_by_role("button", name="Remove the image").click()
    expect(weight).to_have_count(0)


def test_a_file_that_is_no_image_is_refused_with_its_reason_and_changes_nothing(
    visitor: Visitor, gallery: Server, images: Path
) -> None:
    tab = enter(visitor(gallery.address))
    cases = look_for(tab, WORDS)
    tab.upload(images / "text.png")
    expect(tab.alert).to_contain_text("text.png")
    tab.page.wait_for_timeout(1500)  # a search that followed would be over
    expect(tab.alert).to_contain_text("text.png")
    expect(cases).to_have_count(12)


def test_the_cases_of_an_image_go_with_it(visitor: Visitor, gallery: Server, images: Path) -> None:
    tab = enter(visitor(gallery.address))
    outcome = tab.here.locator(".lb-case, .lb-nothing")
    tab.upload(images / "tile.png")
    outcome.first.wait_for()
    tab.here.get_by_role("button", name="Remove the image").click()
    expect(outcome).to_have_count(0)
    tab.upload(images / "tile.png")
    outcome.first.wait_for()
    tab.here.get_by_role("button", name="Filters").click()
    ages = {tab.here.get_by_label(f"number input for Age {end}, years"): years for end, years in AGES}
    while any(box.input_value() != years for box, years in ages.items()):  # a box that is being drawn starts again
        for box, years in ages.items():
            box.fill(years)
            box.press("Enter")
        tab.page.wait_for_timeout(500)
    tab.upload(images / "other.png")
    expect(tab.alert).to_contain_text("empty")
    expect(outcome).to_have_count(0)


def test_pictures_are_loaded_from_their_sites_or_give_way_to_what_is_drawn(
    visitor: Visitor, gallery: Server, images: Path
) -> None:
    visit = visitor(gallery.address)
    asked: list[str] = []
    referers: list[str | None] = []
    picture = images / "tile.png"

    def serve_one(route: Route) -> None:
        """The first picture is there, every other one is not."""
        asked.append(route.request.url)
        referers.append(route.request.headers.get("referer"))
        if asked[0] == route.request.url:
            route.fulfill(path=picture, content_type="image/png")
        else:
            route.abort()

    visit.context.route(re.compile("^https://"), serve_one)
    tab = enter(visit, pictures=True)
    cases = look_for(tab, "COVID-19 pneumonia")
    for case in cases.all():
        case.scroll_into_view_if_needed()
    if not asked:
        pytest.skip("no case of these results has a picture elsewhere")
    live = tab.here.locator("img.lb-live")
    expect(live).to_have_count(1)
    assert live.evaluate("node => node.decode().then(() => node.naturalWidth)") == 448
    assert live.get_attribute("src") == asked[0]
    assert live.get_attribute("loading") == "lazy" and not any(referers)
    drawn = tab.here.locator(".lb-thumb:not(:has(img)) .lb-blank")
    assert drawn.count() == cases.count() - 1
    assert all(one.get_attribute("aria-label") for one in drawn.all())
    visit.requests[:] = [address for address in visit.requests if address not in asked]
    visit.errors.clear()


def test_the_tab_fits_the_window(visitor: Visitor, gallery: Server) -> None:
    visit = visitor(gallery.address)
    tab = enter(visit)
    look_for(tab, WORDS)
    tab.here.get_by_role("button", name="Your own cases").click()
    tab.here.get_by_label("Patient number").wait_for()
    for width in (1400, 390):
        visit.page.set_viewport_size({"width": width, "height": 900})
        assert sideways(visit.page) <= 0


def test_the_neighbours_of_a_reading_enter_it_and_go_with_its_image(
    visitor: Visitor, gallery: Server, images: Path
) -> None:
    tab = visitor(gallery.address).tab("Histology")
    find = tab.here.get_by_role("button", name="Find similar cases")
    tab.upload(images / "tile.png")
    tab.wait_for_reading(read_study(images / "tile.png").digest)
    find.click()
    panel = tab.here.locator(".lb-neighbours")
    panel.wait_for()
    said = panel.locator("p").first.inner_text()
    expect(tab.here.locator(".lb-facts table")).to_contain_text(said)
    opinions = [one for one in tab.record["findings"] if one["kind"] in OPINIONS]
    assert [one["statement"] for one in opinions] == [said]
    counts = [row.inner_text().partition(" of ") for row in panel.locator(".lb-votes b").all()]
    assert sum(int(count) for count, _, _ in counts) == panel.locator(".lb-case").count()
    assert all(int(whole) == panel.locator(".lb-case").count() for _, _, whole in counts)
    expect(find).to_have_count(0)
    tab.upload(images / "other.png")
    tab.wait_for_reading(read_study(images / "other.png").digest)
    expect(panel).to_have_count(0)
    assert not any(one["kind"] in OPINIONS for one in tab.record["findings"])
    expect(find).to_be_visible()

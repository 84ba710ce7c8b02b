"""What visitors do to find out how far to trust a map: tests, zones, erasing, files."""

import io
import json
from base64 import b64decode
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import expect

from diagnosis.readers import read_study
from diagnosis.tabs import load_tabs
from settings import ROOT
from tests.page.conftest import Visitor
from tests.page.server import Server
from tests.page.test_first_screen import sideways
from tests.page.visit import Tab

BADGES = ("faithful here", "weak", "no better than chance")


def read(tab: Tab, file: Path) -> None:
    tab.upload(file)
    tab.wait_for_reading(read_study(file).digest)


def wait_for_kind(tab: Tab, kind: str, count: int) -> list[str]:
    """Until that many findings of a kind are in the reading's record; their statements."""
    tab.page.wait_for_function(HOLDS, arg=[kind, count])
    return [one["statement"] for one in tab.record["findings"] if one["kind"] == kind]


HOLDS = """([kind, count]) => {
    const tab = [...document.querySelectorAll('.lb-tab')].find(node => node.offsetParent !== null);
    const link = tab.querySelector('a[download^=reading-]');
    if (!link) return false;
    const record = JSON.parse(decodeURIComponent(link.href.slice(link.href.indexOf(',') + 1)));
    return record.findings.filter(one => one.kind === kind).length === count;
}"""


def test_maps_are_tested_by_a_button_and_the_badges_enter_the_reading(visitor: Visitor, images: Path) -> None:
    tab = visitor().tab("Histology")
    read(tab, images / "tile.png")
    assert tab.here.locator(".lb-badge").count() == 0
    tab.here.get_by_role("button", name="Test these maps").click()
    statements = wait_for_kind(tab, "badge", 2)
    tested = tab.here.locator(".lb-tested > div")
    expect(tested).to_have_count(2)
    expect(tab.here.locator("figcaption .lb-badge")).to_have_count(1)
    for tile, statement in zip(tested.all(), statements, strict=True):
        badge = tile.locator(".lb-badge").inner_text()
        assert any(badge.endswith(name) for name in BADGES) and tile.locator(".lb-curves").count() == 1
        assert not tile.locator(".lb-curves").is_visible()
        tile.locator("summary").click()
        assert tile.locator(".lb-curves").is_visible() and statement in tile.inner_text()
    assert not tab.here.get_by_role("button", name="Test these maps").is_visible()
    tab.upload(images / "other.png")
    tab.wait_for_reading(read_study(images / "other.png").digest)
    expect(tab.here.locator(".lb-badge")).to_have_count(0)
    assert "badge" not in {one["kind"] for one in tab.record["findings"]}


def test_maps_test_themselves_and_a_new_image_ends_that(visitor: Visitor, shipped: Server) -> None:
    visit = visitor(shipped.address)
    tab = visit.tab("Histology")
    tabs = load_tabs(ROOT / "page" / "tabs.toml", ROOT / "examples")
    first, second = (one.file for one in tabs[1].examples_for("lung-colon")[-2:])
    tab.example(first.name).click()
    tab.here.get_by_text("Testing Grad-CAM").wait_for()
    tab.example(second.name).click()
    tab.page.wait_for_function(
        "digest => document.querySelector('a[download^=reading-]')?.download.includes(digest)",
        arg=read_study(second).digest,
    )
    statements = wait_for_kind(tab, "badge", 2)
    expect(tab.here.locator(".lb-tests .lb-progress")).to_have_count(0)
    assert all(statement in tab.here.locator(".lb-tests").text_content() for statement in statements)
    tab.here.get_by_label("Class explained").click()
    visit.page.get_by_role("option", name="Benign lung tissue", exact=True).click()
    tab.here.locator("h3", has_text="Maps for benign lung tissue").wait_for()
    tab.page.wait_for_function(HOLDS, arg=["badge", len(drawn_maps(tab))])


def drawn_maps(tab: Tab) -> list[str]:
    """Captions of the maps that are not flat."""
    captions = tab.here.locator(".lb-small figcaption").all_inner_texts()
    return [caption for caption in captions if "flat" not in caption]


def paint(tab: Tab, *places: tuple[float, float]) -> None:
    """Drag the mouse over the large picture, from one place (column, row, as fractions) to the next."""
    picture = tab.here.locator(".lb-large .lb-picture")
    picture.scroll_into_view_if_needed()
    box, mouse = picture.bounding_box(), tab.page.mouse
    assert box is not None
    spots = [(box["x"] + box["width"] * column, box["y"] + box["height"] * row) for column, row in places]
    mouse.move(*spots[0])
    mouse.down()
    for spot in spots[1:]:
        mouse.move(*spot, steps=5)
    mouse.up()


def test_a_painted_region_is_erased_and_read_again(visitor: Visitor, images: Path) -> None:
    visit = visitor()
    tab = visit.tab("Histology")
    read(tab, images / "tile.png")
    before = tab.scores
    strokes, erase = (
        tab.here.locator(".lb-painting g > *"),
        tab.here.get_by_role("button", name="Erase what is painted"),
    )
    paint(tab, (0.4, 0.4), (0.5, 0.5))
    tab.here.get_by_role("button", name="Erase a part, and read again").click()
    expect(erase).to_be_disabled()  # what was dragged before the panel was open painted nothing
    paint(tab, (0.7, 0.2), (0.8, 0.3), (0.7, 0.3))
    paint(tab, (0.25, 0.75))
    expect(strokes).to_have_count(2)
    tab.here.get_by_role("button", name="Undo").click()
    expect(strokes).to_have_count(1)
    tab.here.get_by_role("button", name="Clear").click()
    expect(strokes).to_have_count(0)
    expect(erase).to_be_disabled()
    tab.here.get_by_role("button", name="Rectangle").click()
    paint(tab, (0.15, 0.65), (0.35, 0.85))
    tab.here.get_by_role("radio", name="SHAP").check()  # another map on the picture: the painting stays
    expect(tab.here.locator(".lb-large figcaption")).to_contain_text("SHAP")
    expect(strokes).to_have_count(1)
    erase.click()
    statement = wait_for_kind(tab, "erased", 1)[0]
    assert "the painted region 25 % from the left and 75 % from the top" in statement
    assert " 4.0 % of what the network sees" in wait_for_kind(tab, "erased_area", 1)[0]
    expect(tab.here.locator(".lb-erased")).to_contain_text(statement)
    row = tab.here.locator(".lb-changes .lb-marked")
    title = max(before, key=lambda name: before[name])
    numbers = [text.replace("\u00a0", " ") for text in row.locator("td").all_inner_texts()]
    assert row.locator("th").inner_text() == title and numbers[0] == f"{before[title]:.1f} %"
    assert f"{float(numbers[2]):+.1f} percentage points" in statement and numbers[1] in statement
    assert all(tab.here.locator(".lb-erased img").nth(at).get_attribute("alt") for at in range(2))


def test_erasing_waits_until_all_maps_are_there_and_says_so(visitor: Visitor) -> None:
    """A click while SHAP was computed gave neither a result nor a message that stayed."""
    tab = visitor().tab("X-ray")
    tab.click_example(0)  # nothing was computed beforehand for this server, and films take longest
    tab.here.locator(".lb-scores li").first.wait_for()
    tab.here.get_by_role("button", name="Erase a part, and read again").click()
    waits = tab.here.get_by_text("Erasing waits until all maps of the image are there.")
    expect(waits).to_be_visible()
    paint(tab, (0.2, 0.7), (0.3, 0.8))
    expect(tab.here.locator(".lb-painting g > *")).to_have_count(1)
    painted = tab.here.get_by_role("button", name="Erase what is painted")
    named = tab.here.get_by_role("button", name="Erase this part")
    expect(painted).to_be_disabled()
    expect(named).to_be_disabled()
    tab.wait_for_reading()
    expect(waits).to_be_hidden()
    expect(named).to_be_enabled()
    expect(tab.here.locator(".lb-painting g > *")).to_have_count(1)  # painted while it waited
    painted.click()
    assert "the painted region" in wait_for_kind(tab, "erased", 1)[0]


def test_a_zone_and_what_a_map_marks_can_be_erased(visitor: Visitor, images: Path) -> None:
    visit = visitor(width=390)
    tab = visit.tab("X-ray")
    read(tab, images / "film.png")
    tab.here.get_by_role("button", name="Erase a part").click()
    tab.here.get_by_role("button", name="Erase this part").click()
    assert "what Grad-CAM marks" in wait_for_kind(tab, "erased", 1)[0]
    tab.here.get_by_label("Part of the image").click()
    visit.page.get_by_role("option", name="Patient's left lower zone", exact=True).click()
    tab.here.get_by_role("button", name="Erase this part").click()
    assert any("the patient's left lower zone" in one for one in wait_for_kind(tab, "erased", 2))
    assert sideways(visit.page) <= 0
    tab.upload(images / "film.dcm")
    tab.wait_for_reading(read_study(images / "film.dcm").digest)
    expect(tab.here.locator(".lb-erased")).to_have_count(0)
    assert "erased" not in {one["kind"] for one in tab.record["findings"]}


def test_a_conversation_makes_tests_that_the_page_shows(visitor: Visitor, images: Path) -> None:
    visit = visitor()
    tab = visit.tab("Histology")
    read(tab, images / "tile.png")
    talk = visit.page.locator(".lb-ask:visible")

    def ask(question: str) -> None:
        talk.get_by_label("Your question").fill(question)
        talk.get_by_label("Your question").press("Enter")

    ask("What happens if you erase the lower left?")
    statement = wait_for_kind(tab, "erased", 1)[0]
    assert "Without the lower left quarter of the image" in statement
    expect(talk.locator("article p").first).to_contain_text(statement)
    expect(tab.here.locator(".lb-erased")).to_contain_text(statement)
    ask("Can I trust the Grad-CAM map?")
    badge = wait_for_kind(tab, "badge", 1)[0]
    expect(talk.locator("article").last).to_contain_text(badge)
    expect(tab.here.locator(".lb-tested")).to_contain_text(badge)
    expect(tab.here.locator("figcaption .lb-badge")).to_have_count(1)
    expect(talk.locator("article").first).to_contain_text(statement)
    expect(tab.here.locator(".lb-erased")).to_contain_text(statement)


def test_zones_are_named_where_the_picture_is_pointed_at_and_in_a_table(visitor: Visitor, images: Path) -> None:
    visit = visitor()
    tab = visit.tab("X-ray")
    read(tab, images / "film.png")
    zone = tab.here.locator('.lb-zones path[data-zone^="Patient\'s left upper zone"]').first
    zone.dispatch_event("mouseover")
    name = tab.here.locator(".lb-zone-name").first
    expect(name).to_contain_text("Patient's left upper zone")
    tab.here.locator(".lb-side").first.dispatch_event("mouseover")
    expect(name).to_be_empty()
    tab.here.locator(".lb-zone-table summary").click()
    cells = tab.here.get_by_role("row", name="patient's left upper zone").locator("td").all_inner_texts()
    assert all(cell.endswith(" %") for cell in cells)
    assert cells[1] in (zone.get_attribute("data-zone") or "") and cells[2] in (zone.get_attribute("data-zone") or "")
    assert tab.here.locator(".lb-side").all_inner_texts() == ["R", "L"]


def test_maps_can_be_kept_as_files(visitor: Visitor, images: Path) -> None:
    tab = visitor().tab("Histology")
    read(tab, images / "tile.png")
    tab.here.get_by_role("button", name="Make files of these maps").click()
    links = tab.here.locator(".lb-files a")
    expect(links).to_have_count(6)
    files = {}
    for link in links.all():
        address = link.get_attribute("href") or ""
        files[link.get_attribute("download")] = b64decode(address.partition(",")[2])
    label = tab.record["label"]
    with np.load(io.BytesIO(files[f"grad-cam-{label}.npz"]), allow_pickle=False) as kept:
        values, about = kept["values"], json.loads(str(kept["metadata"]))
    study = read_study(images / "tile.png")
    assert values.shape == study.size and about["study"] == study.digest and about["class"] == label
    assert np.array_equal(np.array(Image.open(io.BytesIO(files[f"grad-cam-{label}.tiff"]))), values, equal_nan=True)
    assert Image.open(io.BytesIO(files[f"shap-{label}.png"])).width >= study.size[1]

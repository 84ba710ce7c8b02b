"""From an image to its whole reading."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from agents.narrate import HEADINGS
from diagnosis.__main__ import main
from diagnosis.readers import read_study
from diagnosis.ui.pieces import BEFOREHAND
from settings import ROOT
from tests.page.conftest import Visitor
from tests.page.server import EVALUATIONS, Server
from tests.page.test_first_screen import sideways
from tests.page.visit import Tab

# Writes down, whenever something on the page changes, which parts of a reading are there.
WATCH_STAGES = """() => {
    window.stages = [];
    const look = () => {
        const tab = [...document.querySelectorAll('.lb-tab')].find(node => node.offsetParent !== null);
        const has = selector => tab.querySelector(selector) !== null;
        const parts = [has('.lb-film') && 'image', has('.lb-scores li') && 'scores'];
        parts.push(...[...tab.querySelectorAll('.lb-maps figcaption strong')].map(name => name.innerText));
        const doing = tab.querySelector('.lb-progress')?.innerText ?? '';
        const words = tab.querySelector('.lb-words')?.innerText ?? '';
        window.stages.push({parts: parts.filter(Boolean), doing, words});
    };
    new MutationObserver(look).observe(document.body, {childList: true, subtree: true, characterData: true});
}"""


def paste(tab: Tab, file: Path) -> None:
    transfer = _transfer(tab.page, file)
    tab.page.evaluate(
        "data => document.body.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true}))",
        transfer,
    )


def drop(tab: Tab, file: Path) -> None:
    stage = tab.here.locator(".lb-stage").first
    transfer = _transfer(tab.page, file)
    stage.dispatch_event("dragover", {"dataTransfer": transfer})
    assert "lb-over" in (stage.get_attribute("class") or "")
    stage.dispatch_event("drop", {"dataTransfer": transfer})
    assert "lb-over" not in (stage.get_attribute("class") or "")


def test_an_image_is_read_stage_by_stage(visitor: Visitor, images: Path) -> None:
    visit = visitor()
    tab = visit.tab("Histology")
    visit.page.evaluate(WATCH_STAGES)
    tab.upload(images / "fresh.png")
    tab.wait_for_reading(read_study(images / "fresh.png").digest)
    stages = visit.page.evaluate("window.stages")
    kinds = [stage["parts"] for stage in stages]
    whole = ["image", "scores", "Grad-CAM", "SHAP"]
    grown = [kinds[at] for at in range(len(kinds)) if kinds[at] != kinds[at - 1]]
    assert grown in ([[], whole[:2], whole[:3], whole], [[], whole[:3], whole])  # Grad-CAM may overtake a redraw
    doing = [stage["doing"] for stage in stages if stage["parts"] == whole[:3]]
    done = [int(match[1]) for text in doing if (match := re.match(r"Computing SHAP: (\d+) of 60 evaluations", text))]
    assert done == sorted(done) and len(set(done)) > 1
    assert not any(HEADINGS["looked"] in stage["words"] for stage in stages if stage["parts"] == whole[:2])
    assert all(heading in tab.words for heading in HEADINGS.values())
    assert tab.here.locator(".lb-words p").count() == 3
    assert sum(tab.scores.values()) == pytest.approx(100, abs=0.05 * len(tab.scores))
    bars = [bar.evaluate("node => node.offsetWidth") for bar in tab.here.locator(".lb-bar span").all()]
    assert bars == sorted(bars, reverse=True) and bars[0] > bars[-1]
    assert tab.here.get_by_text(BEFOREHAND).count() == 0


def test_an_image_can_be_pasted_and_dropped(visitor: Visitor, images: Path) -> None:
    tab = visitor().tab("Histology")
    for put, name in ((paste, "tile.png"), (drop, "other.png")):
        put(tab, images / name)
        tab.wait_for_reading(read_study(images / name).digest)


def test_an_inverted_dicom_is_read_like_its_png(visitor: Visitor, images: Path) -> None:
    tab = visitor().tab("X-ray")
    scores = {}
    for name, modality in (("film.png", None), ("film.dcm", "DX")):
        tab.upload(images / name)
        tab.wait_for_reading(read_study(images / name).digest)
        assert tab.record["study"]["modality"] == modality
        scores[name] = tab.scores
        assert set(scores[name]) == {"Normal", "Bacterial pneumonia", "Viral pneumonia"}
        assert sum(scores[name].values()) == pytest.approx(100, abs=0.15)
    assert scores["film.dcm"] == pytest.approx(scores["film.png"], abs=1)  # percent: 16 bits against 8


def test_an_example_is_read_on_a_narrow_screen(visitor: Visitor) -> None:
    visit = visitor(width=390)
    tab = visit.tab("Histology")
    example = ROOT / "examples" / "histology" / "phantom-benign-glands.jpg"
    tab.example(example.name).click()
    tab.wait_for_reading(read_study(example).digest)
    assert sideways(visit.page) <= 0
    tops = [tab.here.locator(part).first.bounding_box()["y"] for part in (".lb-film", ".lb-scores", ".lb-words")]
    assert tops == sorted(tops)


def test_the_download_is_what_the_command_line_tells(
    visitor: Visitor, images: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    tab = visitor().tab("Histology")
    tab.upload(images / "later.png")
    tab.wait_for_reading(read_study(images / "later.png").digest)
    name = tab.here.locator("a[download^=reading-]").get_attribute("download")
    assert name == f"reading-{read_study(images / 'later.png').digest}.json"
    command = ["read", str(images / "later.png"), "--model", "lung-colon", "--weights", str(server.weights)]
    assert main([*command, "--json", "--evaluations", str(EVALUATIONS)]) == 0
    told, shown = json.loads(capsys.readouterr().out), tab.record
    for record in (told, shown):
        for one in record["maps"]:
            one.pop("seconds")
    assert told["logits"] == pytest.approx(shown["logits"], abs=1e-3)
    assert [one["statement"] for one in told["findings"]] == [one["statement"] for one in shown["findings"]]
    assert told.keys() == shown.keys() and told["study"] == shown["study"]
    shares = [[pytest.approx(one["shares"], abs=0.1) for one in record["maps"]] for record in (told, shown)]
    assert [one["shares"] for one in told["maps"]] == shares[1]


def test_another_class_brings_its_own_findings_captions_and_maps(visitor: Visitor, images: Path) -> None:
    visit = visitor()
    tab = visit.tab("Histology")
    tab.upload(images / "tile.png")
    tab.wait_for_reading()
    first, words, overlay = tab.record, tab.words, tab.overlay
    title, label = "Lung squamous cell carcinoma", "lung_squamous_cell_carcinoma"
    assert first["label"] != label
    tab.here.get_by_label("Class explained").click()
    visit.page.get_by_role("option", name=title, exact=True).click()
    tab.wait_for_reading(about=label)
    record = tab.record
    assert record["scores"] == first["scores"]
    assert title.lower() in tab.caption and title.lower() in tab.words and tab.words != words
    assert tab.overlay != overlay
    assert {one["class"] for one in record["findings"] if one["topic"] == "looked"} == {label}
    captions = tab.here.locator(".lb-maps figcaption").all_inner_texts()
    assert len(captions) == 2 and all(title.lower() in caption for caption in captions)
    assert tab.here.locator(".lb-chosen .lb-name").inner_text().startswith(title)


def test_a_class_picked_while_shap_is_computed_stays_picked(visitor: Visitor, images: Path) -> None:
    visit = visitor()
    tab = visit.tab("Histology")
    tab.upload(images / "fresh.png")
    tab.here.locator(".lb-scores").wait_for()
    title = "Lung squamous cell carcinoma"
    tab.here.get_by_label("Class explained").click()
    visit.page.get_by_role("option", name=title, exact=True).click()
    visit.page.wait_for_function(f"() => document.querySelector('.lb-chosen')?.innerText.includes('{title}')")
    tab.wait_for_reading(about="lung_squamous_cell_carcinoma")
    assert title.lower() in tab.caption


def test_method_and_opacity_change_what_lies_on_the_image(visitor: Visitor, images: Path) -> None:
    tab = visitor().tab("Histology")
    tab.upload(images / "tile.png")
    tab.wait_for_reading()
    film, overlay = tab.film, tab.overlay
    tab.here.get_by_role("radio", name="SHAP").check()
    tab.here.locator(".lb-figure:not(.lb-small) figcaption", has_text="SHAP").wait_for()
    assert tab.overlay != overlay and tab.film == film
    drawn = tab.here.locator(".lb-overlay").first
    expect(drawn).to_have_css("opacity", "0.6")
    slider = tab.here.get_by_role("slider")
    slider.focus()
    for _ in range(4):
        slider.press("ArrowLeft")
    expect(drawn).to_have_css("opacity", "0.4")
    tab.here.get_by_role("radio", name="None").check()
    tab.here.get_by_text("without a map").wait_for()
    assert tab.here.locator(".lb-figure:not(.lb-small) .lb-overlay").count() == 0
    assert tab.film == film


def test_chips_lead_to_the_findings_they_cite_and_every_picture_has_words(visitor: Visitor, images: Path) -> None:
    visit = visitor()
    tab = visit.tab("Histology")
    tab.upload(images / "tile.png")
    tab.wait_for_reading()
    statements = {one["id"]: one["statement"] for one in tab.record["findings"]}
    chips = tab.here.locator(".lb-chip")
    assert chips.count() >= 5
    for chip in chips.all():
        assert chip.get_attribute("title") == statements[chip.inner_text()]
        assert tab.here.locator(chip.get_attribute("href") or "").count() == 1
    last = chips.last
    assert not tab.here.locator(".lb-facts table").is_visible()
    last.focus()
    last.press("Enter")
    row = tab.here.locator(".lb-lit")
    row.wait_for()
    assert statements[last.inner_text()] in row.inner_text()

    pictures = visit.page.locator("img:visible").all()
    alternatives = [picture.get_attribute("alt") for picture in pictures]
    assert len(pictures) >= 9 and all(alternatives)
    grad_cam = tab.here.locator(".lb-overlay").first.get_attribute("alt") or ""
    told = [one["statement"] for one in tab.record["findings"] if one["method"] == "grad-cam"]
    assert told and all(statement in grad_cam for statement in told)


def _transfer(page: Page, file: Path) -> object:
    """A file as the clipboard or a drag hands it over."""
    build = """([name, bytes]) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(bytes)], name, {type: 'image/png'}));
        return transfer;
    }"""
    return page.evaluate_handle(build, [file.name, list(file.read_bytes())])

"""What must not be mixed up, kept or sent: images put in one after another, and by two people at once."""

from pathlib import Path

from diagnosis.readers import read_study
from diagnosis.render import data_uri, film
from tests.page.conftest import Launch, Visitor
from tests.page.visit import Tab

KEPT_BRIEFLY = "import app; app.UPLOADS_KEPT = (1, 1); app.serve(app.load_settings())"  # seconds


def picture(file: Path) -> str:
    return data_uri(film(read_study(file)))


def test_a_second_image_replaces_the_first_that_is_still_being_read(visitor: Visitor, images: Path) -> None:
    visit = visitor()
    tab = visit.tab("Histology")
    tab.upload(images / "fresh.png")
    tab.here.get_by_text("Computing SHAP").wait_for()
    tab.upload(images / "later.png")
    _ends_with(tab, images / "later.png")


def test_images_put_in_faster_than_they_are_opened(visitor: Visitor, images: Path) -> None:
    visit = visitor()
    tab = visit.tab("Histology")
    for name in ("fresh.png", "later.png", "fresh.png", "later.png"):
        tab.upload(images / name)
        visit.page.wait_for_timeout(30)
    visit.settle()
    _ends_with(tab, images / "later.png")


def test_the_same_image_can_be_put_in_again(visitor: Visitor, images: Path) -> None:
    tab = visitor().tab("Histology")
    for _ in range(2):
        tab.upload(images / "fresh.png")
        tab.here.get_by_text("Computing").wait_for()
        tab.wait_for_reading(read_study(images / "fresh.png").digest)


def test_the_same_example_can_be_clicked_again(visitor: Visitor) -> None:
    tab = visitor().tab("Histology")
    for _ in range(2):
        tab.click_example(0)
        tab.here.get_by_text("Computing").wait_for()
        tab.wait_for_reading()


def test_two_visitors_at_once_see_only_their_own(visitor: Visitor, images: Path) -> None:
    tabs = {name: visitor().tab("Histology") for name in ("fresh.png", "later.png")}
    for name, tab in tabs.items():
        tab.upload(images / name)
    for name, tab in tabs.items():
        _ends_with(tab, images / name)


def test_two_visitors_may_send_the_same_file_at_once(visitor: Visitor, images: Path) -> None:
    tabs = [visitor().tab("Histology") for _ in range(2)]
    for tab in tabs:
        tab.upload(images / "fresh.png")
    for tab in tabs:
        _ends_with(tab, images / "fresh.png")
        assert tab.alert.count() == 0


def test_nothing_of_a_visit_is_kept_or_sent(
    visitor: Visitor, images: Path, launch: Launch, weights: Path, tmp_path: Path
) -> None:
    with launch(tmp_path, weights, "-c", KEPT_BRIEFLY) as brief:
        visit = visitor(brief.address)
        tab = visit.tab("Histology")
        tab.upload(images / "tile.png")
        tab.wait_for_reading()
        for _ in range(50):
            if not brief.kept("tile"):
                break
            visit.page.wait_for_timeout(100)
        assert not brief.kept("tile")
        later = visitor(brief.address)
        pictures = later.tab("Histology").here.locator(".lb-example img")
        pictures.first.wait_for()
        for one in pictures.all():
            one.scroll_into_view_if_needed()  # what is out of sight is not loaded, and decodes never
            assert one.evaluate("node => node.decode().then(() => true)")
        assert visit.page.evaluate("({...localStorage})") == {}
        assert visit.page.evaluate("({...sessionStorage})") == {}
        visit.leave()
        later.leave()
    assert brief.connections.read_text("utf-8").splitlines() == ["watching"]


def test_uploads_are_gone_within_the_hour() -> None:
    import app

    assert sum(app.UPLOADS_KEPT) <= 3600


def _ends_with(tab: Tab, file: Path) -> None:
    """The whole of this file's reading, and nothing of another's, also some time later."""
    study = read_study(file)
    tab.wait_for_reading(study.digest)
    tab.page.wait_for_timeout(1500)
    record = tab.record
    assert record["study"]["digest"] == study.digest
    assert tab.film == picture(file)
    best = max(record["scores"])
    assert max(tab.scores.values()) == round(100 * best, 1)
    assert record["findings"][0]["statement"] in tab.words
    small = [one.get_attribute("src") for one in tab.here.locator(".lb-small .lb-film").all()]
    assert small == [picture(file)] * 2
    assert tab.here.locator(".lb-progress").count() == 0

"""The bundled library as a source: what its evidence holds, what is left out, and what becomes of a stale index."""

import logging
import threading
from datetime import date
from pathlib import Path

import pytest

from chatbot.knowledge import load_articles
from chatbot.search import Embedder
from chatbot.sources.local import LocalSource, build, missing
from chatbot.types import Evidence, Wanted
from diagnosis.errors import BadRequest, Missing
from tests.chatbot.library import write_article, write_library

BUNDLED = Path(__file__).resolve().parents[3] / "index" / "knowledge"
QUESTION = "What are the symptoms of a collapsed lung?"


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_library(tmp_path / "knowledge")


def test_evidence_is_a_section_word_for_word(folder: Path, embedder: Embedder) -> None:
    first = LocalSource(folder, embedder).find(QUESTION, Wanted())[0]
    article = next(one for one in load_articles(folder) if one.slug == "pneumothorax")
    assert first.excerpt == article.text[first.start : first.end]
    assert first.excerpt == "A pneumothorax causes sudden chest pain and shortness of breath. [1]"
    assert (first.kind, first.url, first.site) == ("library", "library:pneumothorax", "Lightbox library")
    assert (first.title, first.heading, first.aliases) == ("Pneumothorax", "Symptoms", ("collapsed lung",))
    assert first.published == "2026-11-21" and first.retrieved == date(2026, 11, 21)
    assert first.references == article.references and 0 < first.score <= 1


def test_what_is_not_wanted_is_not_found(folder: Path) -> None:
    source = LocalSource(folder)
    assert source.find(QUESTION, Wanted())
    assert not source.find(QUESTION, Wanted(kinds=frozenset({"web", "document"})))
    assert len(source.find(QUESTION, Wanted(), 1)) == 1


def test_what_was_checked_too_long_ago_is_left_out(folder: Path) -> None:
    sections = {"Symptoms": "An old word on a collapsed lung. [1, 2]"}
    write_article(folder, "old", title="Old", aliases=[], sections=sections, checked="2019-01-31")
    source = LocalSource(folder)
    assert "library:old" in {one.url for one in source.find(QUESTION, Wanted())}
    assert "library:old" in {one.url for one in source.find(QUESTION, Wanted(since=date(2019, 1, 31)))}
    assert "library:old" not in {one.url for one in source.find(QUESTION, Wanted(since=date(2019, 2, 1)))}
    assert not source.find(QUESTION, Wanted(since=date(2030, 1, 1)))


def test_the_index_is_built_once_and_mended_where_articles_change(
    folder: Path, embedder: Embedder, caplog: pytest.LogCaptureFixture
) -> None:
    out = folder.with_suffix(".safetensors")
    told: list[tuple[int, int]] = []
    assert build(folder, out, embedder, lambda done, of: told.append((done, of))) == (3, 8)
    assert told[-1] == (8, 8) and missing(folder, out, embedder) == 0
    with caplog.at_level(logging.WARNING):
        LocalSource(folder, embedder).warm()
    assert not caplog.records
    write_article(folder, "new", title="New", aliases=[], sections={"All": "Flying is safe after two weeks. [1, 2]"})
    assert missing(folder, out, embedder) == 1
    before = out.read_bytes()
    with caplog.at_level(logging.WARNING):
        found = LocalSource(folder, embedder).find("Can I travel by aeroplane?", Wanted())
    assert "embedding 1 of 9 passages" in caplog.text and found[0].url == "library:new"
    assert out.read_bytes() == before
    told.clear()
    build(folder, out, embedder, lambda done, of: told.append((done, of)))
    assert told == [(1, 1)] and missing(folder, out, embedder) == 0
    (folder / "new.md").unlink()
    assert missing(folder, out, embedder) == 1


def test_without_the_encoder_words_find_it(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    found = LocalSource(folder, Embedder("no-such-owner/no-such-model")).find(QUESTION, Wanted())
    assert found[0].heading == "Symptoms" and "by words alone" in caplog.text


def test_a_library_that_is_not_there_or_out_of_order_is_named(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(Missing, match="no articles"):
        LocalSource(tmp_path / "absent").find(QUESTION, Wanted())
    (folder / "broken.md").write_text("No front matter.")
    with pytest.raises(BadRequest, match=r"broken\.md"):
        LocalSource(folder).find(QUESTION, Wanted())


def test_the_first_questions_may_come_at_once(folder: Path, embedder: Embedder) -> None:
    source = LocalSource(folder, embedder)
    found: list[tuple[Evidence, ...]] = []
    threads = [threading.Thread(target=lambda: found.append(tuple(source.find(QUESTION, Wanted())))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len(set(found)) == 1


@pytest.mark.skipif(not any(BUNDLED.glob("*.md")), reason="no articles in index/knowledge")
@pytest.mark.parametrize(
    ("question", "slug", "heading"),
    [
        ("What are the symptoms of a collapsed lung?", "pneumothorax", "Symptoms"),
        ("What is a pleural effusion?", "pleural-effusion", None),
        ("what is grad-cam", "grad-cam", "What it is"),
        ("How is tuberculosis diagnosed?", "tuberculosis", "How it is found"),
        ("Who should be screened for lung cancer?", "lung-cancer-screening", None),
    ],
)
def test_the_bundled_library_answers(embedder: Embedder, question: str, slug: str, heading: str | None) -> None:
    first = LocalSource(BUNDLED, embedder).find(question, Wanted())[0]
    assert first.url == f"library:{slug}"
    assert heading is None or first.heading == heading

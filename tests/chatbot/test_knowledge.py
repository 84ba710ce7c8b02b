"""The articles of the library: read, refused where out of order, cut into passages."""

from datetime import date
from pathlib import Path

import pytest

from chatbot.knowledge import CITATION, load_article, load_articles
from diagnosis.errors import BadRequest, Missing
from tests.chatbot.library import write_article, write_library

BUNDLED = Path(__file__).resolve().parents[2] / "index" / "knowledge"


def test_an_article_is_read_whole(tmp_path: Path) -> None:
    article = load_article(write_library(tmp_path) / "pneumothorax.md")
    assert (article.slug, article.url, article.title) == ("pneumothorax", "library:pneumothorax", "Pneumothorax")
    assert article.aliases == ("collapsed lung",)
    assert article.checked == date(2026, 11, 21)
    assert [section.heading for section in article.sections] == ["What it is", "Symptoms", "On a chest X-ray"]
    assert [page.url for page in article.references] == ["https://example.org/first", "https://example.org/second"]
    assert [page.published for page in article.references] == ["2024-05", None]


def test_passages_are_the_sections_character_by_character(tmp_path: Path) -> None:
    for article in load_articles(write_library(tmp_path)):
        assert [passage.heading for passage in article.passages] == [section.heading for section in article.sections]
        for passage in article.passages:
            assert passage.text == article.text[passage.start : passage.end]
            assert not passage.text.startswith("#") and passage.text.endswith("]")


def test_a_long_section_is_cut_where_sentences_end(tmp_path: Path) -> None:
    long = " ".join(
        f"Fact number {number} is told here in a few words, as is the custom. [1, 2]" for number in range(60)
    )
    article = load_article(write_article(tmp_path, "long", title="Long", aliases=[], sections={"All": long}))
    assert len(article.passages) > 3
    assert all(passage.text.startswith("Fact") and passage.text.endswith("[1, 2]") for passage in article.passages)
    assert " ".join(passage.text for passage in article.passages) == long
    assert all(passage.text == article.text[passage.start : passage.end] for passage in article.passages)


def test_line_ends_of_windows_are_understood(tmp_path: Path) -> None:
    file = write_library(tmp_path) / "glioma.md"
    unix = load_article(file)
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert load_article(file) == unix


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("+++\n", "", "front matter"),
        ('title = "Glioma"', 'title = "Glioma', "not TOML"),
        ('title = "Glioma"', 'name = "Glioma"', "title"),
        ('topic = "tests"', 'topic = "tests"\nauthor = "somebody"', "author"),
        ('audience = "general"', 'audience = "everybody"', "audience"),
        ("checked = 2026-11-21", 'checked = "lately"', "checked"),
        ("https://example.org/first", "ftp://example.org", "sources.0.url"),
        ('published = "2024-05"', 'published = "May 2024"', "sources.0.published"),
        ("[1, 2]", "[1, 3]", "cites [1, 2, 3]"),
        ("## What it is\n", "", "first section"),
        ("A glioma is treated with surgery, radiotherapy and medicines. [2]", "", "nothing below"),
    ],
)
def test_an_article_out_of_order_is_refused_by_its_name(tmp_path: Path, old: str, new: str, said: str) -> None:
    file = write_library(tmp_path) / "glioma.md"
    file.write_text(file.read_text("utf-8").replace(old, new), "utf-8")
    with pytest.raises(BadRequest) as refused:
        load_article(file)
    assert "glioma.md" in refused.value.problem and said in refused.value.problem
    assert refused.value.remedy


def test_a_source_that_nothing_cites_is_refused(tmp_path: Path) -> None:
    file = write_article(tmp_path, "one", title="One", aliases=[], sections={"A": "All of it. [1]"})
    with pytest.raises(BadRequest, match=r"cites \[1\] and has 2"):
        load_article(file)


@pytest.mark.parametrize("name", ["Upper Case.md", "two--hyphens.md"])
def test_a_name_that_is_no_slug_is_refused(tmp_path: Path, name: str) -> None:
    file = (write_library(tmp_path) / "glioma.md").rename(tmp_path / name)
    with pytest.raises(BadRequest, match="slug"):
        load_article(file)


def test_a_folder_without_articles_is_named(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="no articles"):
        load_articles(tmp_path / "absent")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "noise.md").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(BadRequest, match="UTF-8"):
        load_articles(tmp_path)


@pytest.mark.skipif(not any(BUNDLED.glob("*.md")), reason="no articles in index/knowledge")
def test_the_bundled_articles_are_in_order() -> None:
    articles = load_articles(BUNDLED)
    names = [article.title.casefold() for article in articles]
    assert len(names) == len(set(names)), "two articles of one title"
    for article in articles:
        assert all(passage.text == article.text[passage.start : passage.end] for passage in article.passages)
        assert all(CITATION.search(passage.text) for passage in article.passages), article.slug

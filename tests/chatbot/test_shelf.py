"""A shelf of documents: put there, found, deleted, kept in a folder or not at all."""

import copy
from pathlib import Path

import pytest

from chatbot.documents import Limits, Shelf
from chatbot.search import Embedder
from chatbot.sources.documents import DocumentSource
from chatbot.types import Wanted
from diagnosis.errors import BadRequest
from tests.chatbot import papers

QUESTION = "When may I fly again?"


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder()


@pytest.mark.parametrize("with_embedder", [True, False])
def test_a_passage_is_found_with_its_page(tmp_path: Path, embedder: Embedder, with_embedder: bool) -> None:
    shelf = Shelf(embedder if with_embedder else None)
    document = shelf.add(papers.pdf(tmp_path / "advice.pdf"))
    first = DocumentSource(shelf).find("Is a flight possible with my lung?", Wanted())[0]
    assert (first.kind, first.url, first.site, first.page) == (
        "document",
        f"document:{document.digest}",
        "advice.pdf",
        2,
    )
    assert first.excerpt == papers.PAGES[1] == document.text[first.start : first.end]
    assert 0 < first.score <= 1 and first.retrieved is not None and first.published is None


def test_meaning_finds_what_no_word_tells(tmp_path: Path, embedder: Embedder) -> None:
    shelf = Shelf(embedder)
    shelf.add(papers.pdf(tmp_path / "advice.pdf"))
    assert DocumentSource(shelf).find("Can one travel by aeroplane?", Wanted())[0].page == 2
    words = Shelf()
    words.add(papers.pdf(tmp_path / "advice.pdf"))
    assert not DocumentSource(words).find("Can one travel by aeroplane?", Wanted())


def test_what_is_not_wanted_is_not_found(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.add(papers.pdf(tmp_path / "advice.pdf"))
    assert not DocumentSource(shelf).find(QUESTION, Wanted(kinds=frozenset({"library", "web"})))
    assert not DocumentSource(Shelf()).find(QUESTION, Wanted())


def test_the_same_file_is_there_once(tmp_path: Path) -> None:
    shelf = Shelf()
    one, other = shelf.add(papers.pdf(tmp_path / "a.pdf")), shelf.add(tmp_path / "a.pdf", "b.pdf")
    assert one == other and len(shelf.documents) == 1


def test_a_copy_changes_alone(tmp_path: Path, embedder: Embedder) -> None:
    shelf = Shelf(embedder)
    shelf.add(papers.pdf(tmp_path / "a.pdf"))
    other = copy.deepcopy(shelf)
    other.add(papers.word(tmp_path / "b.docx"))
    shelf.clear()
    assert not shelf.documents and [one.name for one in other.documents] == ["a.pdf", "b.docx"]
    assert other.embedder is embedder
    assert not DocumentSource(shelf).find(QUESTION, Wanted()) and DocumentSource(other).find(QUESTION, Wanted())


def test_a_shelf_is_full_at_its_limit(tmp_path: Path) -> None:
    shelf = Shelf(limits=Limits(documents=1))
    shelf.add(papers.pdf(tmp_path / "a.pdf"))
    with pytest.raises(BadRequest, match="Remove one"):
        shelf.add(papers.word(tmp_path / "b.docx"))


def test_a_folder_keeps_documents_until_they_are_deleted(tmp_path: Path, embedder: Embedder) -> None:
    folder = tmp_path / "kept"
    shelf = Shelf(embedder, folder)
    document = shelf.add(papers.pdf(tmp_path / "a.pdf"))
    shelf.add(papers.word(tmp_path / "b.docx"))
    (tmp_path / "a.pdf").unlink()
    again = Shelf(embedder, folder)
    assert set(again.documents) == set(shelf.documents)
    wanted = DocumentSource(shelf).find(QUESTION, Wanted())
    assert {one.id for one in DocumentSource(again).find(QUESTION, Wanted())} == {one.id for one in wanted}
    again.remove(document.digest)
    assert [one.name for one in Shelf(embedder, folder).documents] == ["b.docx"]
    again.clear()
    assert not list(folder.iterdir())


def test_a_folder_made_without_an_encoder_is_embedded_when_there_is_one(tmp_path: Path, embedder: Embedder) -> None:
    Shelf(None, tmp_path / "kept").add(papers.pdf(tmp_path / "a.pdf"))
    shelf = Shelf(embedder, tmp_path / "kept")
    assert DocumentSource(shelf).find("Can one travel by aeroplane?", Wanted())[0].page == 2


def test_a_broken_file_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "0123.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(BadRequest, match=r"0123\.safetensors"):
        Shelf(None, tmp_path)


def test_an_unknown_digest_is_no_file_to_delete(tmp_path: Path) -> None:
    (tmp_path / "outside.safetensors").write_bytes(b"")
    with pytest.raises(BadRequest, match="no document"):
        Shelf(None, tmp_path / "kept").remove("../outside")
    assert (tmp_path / "outside.safetensors").exists()

"""Documents of one's own: what is read of each kind, and what is refused."""

import zipfile
from pathlib import Path

import pytest

from chatbot.documents import Document, Limits, read_document
from diagnosis.errors import BadRequest
from tests.chatbot import papers


def _verbatim(document: Document) -> None:
    assert document.passages
    for passage in document.passages:
        assert passage.text == document.text[passage.start : passage.end]
        assert passage.url == document.url == f"document:{document.digest}"


def test_a_pdf_keeps_its_pages(tmp_path: Path) -> None:
    document = read_document(papers.pdf(tmp_path / "advice_on-flying.pdf"))
    _verbatim(document)
    assert [(passage.page, passage.text) for passage in document.passages] == list(enumerate(papers.PAGES, 1))
    assert (document.name, document.title, document.pages) == ("advice_on-flying.pdf", "advice on flying", 2)


def test_a_word_broken_at_the_end_of_a_line_is_made_whole(tmp_path: Path) -> None:
    document = read_document(papers.pdf(tmp_path / "a.pdf", ("The pneumo-\nthorax has gone. X-\nRay on Monday.",)))
    assert "pneumothorax" in document.text and "X-\nRay" in document.text


def test_a_pdf_without_a_password_to_open_is_read(tmp_path: Path) -> None:
    assert len(read_document(papers.locked_pdf(tmp_path / "a.pdf", "")).passages) == 2


def test_a_docx_keeps_headings_and_tables(tmp_path: Path) -> None:
    document = read_document(papers.word(tmp_path / "letter.docx"))
    _verbatim(document)
    assert document.title == "Discharge advice"
    assert [(one.heading, one.text) for one in document.passages] == [
        ("Flying", papers.PAGES[1]),
        ("Follow-up", "Clinic | In two weeks"),
    ]


def test_html_keeps_what_a_reader_sees_and_nothing_else(tmp_path: Path) -> None:
    document = read_document(papers.html(tmp_path / "page.html"))
    _verbatim(document)
    assert document.title == "Lung & flight"
    assert [(one.heading, one.text) for one in document.passages] == [
        ("After a collapsed lung", "A flight is possible two weeks after."),
        ("Numbers", "Week | Share\ntwo | 90 %"),
    ]


def test_markdown_is_cut_at_its_headings(tmp_path: Path) -> None:
    file = tmp_path / "notes.md"
    file.write_text("# Notes\nFirst.\n\n## Flying #\nNot **before** two weeks.\n```\n# no heading\n```\n", "utf-8")
    document = read_document(file)
    _verbatim(document)
    assert document.title == "Notes"
    assert [one.heading for one in document.passages] == ["Notes", "Flying"]
    assert document.passages[1].text == "Not **before** two weeks.\n```\n# no heading\n```"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_plain_text_in_any_usual_encoding(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "note.txt"
    file.write_bytes("Œdème: café.\r\nZwei Wochen.".encode(encoding))
    document = read_document(file)
    _verbatim(document)
    assert document.text == "Œdème: café.\nZwei Wochen."


def test_a_long_text_is_cut_where_sentences_end(tmp_path: Path) -> None:
    file = tmp_path / "long.txt"
    file.write_text(" ".join(f"Dr. Who saw patient {at} on day 1.5 of the trial." for at in range(300)), "utf-8")
    document = read_document(file)
    _verbatim(document)
    assert len(document.passages) > 10
    assert all(one.text.startswith("Dr. Who") and one.text.endswith("trial.") for one in document.passages)


def test_a_text_without_any_stop_is_cut_all_the_same(tmp_path: Path) -> None:
    file = tmp_path / "table.txt"
    file.write_text(" ".join(str(at) for at in range(1000)), "utf-8")
    document = read_document(file)
    _verbatim(document)
    assert max(len(one.text.split()) for one in document.passages) <= 160
    assert " ".join(one.text for one in document.passages) == document.text


def _refused(path: Path, said: str, limits: Limits | None = None) -> None:
    with pytest.raises(BadRequest) as refused:
        read_document(path, limits=limits)
    assert path.name in refused.value.problem and said in refused.value.problem
    assert refused.value.remedy.endswith(".")


def test_locked_files_are_refused(tmp_path: Path) -> None:
    _refused(papers.locked_pdf(tmp_path / "a.pdf", "secret"), "password")
    (tmp_path / "b.docx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    _refused(tmp_path / "b.docx", "password")


def test_a_scan_is_refused(tmp_path: Path) -> None:
    _refused(papers.scan(tmp_path / "scan.pdf"), "only pictures")


@pytest.mark.parametrize("kept", [30, 200, 900])
def test_a_pdf_that_is_cut_off_is_refused(tmp_path: Path, kept: int) -> None:
    file = papers.pdf(tmp_path / "a.pdf")
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(BadRequest):
        read_document(file)


@pytest.mark.parametrize("kept", [4, 300, 3000])
def test_a_docx_that_is_cut_off_is_refused(tmp_path: Path, kept: int) -> None:
    file = papers.word(tmp_path / "a.docx")
    file.write_bytes(file.read_bytes()[:kept])
    _refused(file, "no DOCX")


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.html", "a.md", "a.txt"])
def test_what_only_bears_the_name_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x7fELF\x02\x01\x01\x00" + bytes(range(256)))
    _refused(tmp_path / name, "")


@pytest.mark.parametrize("name", ["a.exe", "a.doc", "a", "a.pdf.zip"])
def test_other_kinds_are_refused_with_a_list_of_those_that_are_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("text")
    with pytest.raises(BadRequest, match="PDF, DOCX, HTML, Markdown"):
        read_document(tmp_path / name)


def test_empty_and_absent_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_bytes(b" \n")
    (tmp_path / "bare.html").write_text("<script>only()</script>")
    _refused(tmp_path / "empty.txt", "empty")
    _refused(tmp_path / "bare.html", "no text")
    _refused(tmp_path / "absent.txt", "can't be opened")


def test_limits_are_told(tmp_path: Path) -> None:
    file = papers.pdf(tmp_path / "a.pdf")
    _refused(file, "pages", Limits(pages=1))
    _refused(file, "MB", Limits(bytes=100))
    _refused(file, "characters", Limits(characters=50))
    _refused(papers.html(tmp_path / "a.html"), "HTML is the most", Limits(markup=100))
    _refused(file, "too long", Limits(seconds=-1))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    file = papers.with_entry(papers.word(tmp_path / "bomb.docx"), "word/media/image.bin", bytes(120_000_000))
    assert file.stat().st_size < 1_000_000
    _refused(file, "unpacks to 121 MB")


def test_a_docx_of_very_many_files_is_refused(tmp_path: Path) -> None:
    file = papers.word(tmp_path / "many.docx")
    with zipfile.ZipFile(file, "a") as archive:
        for at in range(3000):
            archive.writestr(f"word/{at}.xml", "")
    _refused(file, "files")


def test_entities_of_a_docx_are_neither_expanded_nor_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("PASSWORD")
    laughs = "".join(f'<!ENTITY l{at} "{f"&l{at - 1};" * 10}">' for at in range(1, 9))
    hostile = f"""<?xml version="1.0"?><!DOCTYPE d [<!ENTITY l0 "ha"><!ENTITY file SYSTEM "{secret.as_uri()}">{laughs}]>
    <w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r>
    <w:t>Before &file; &l8; after</w:t></w:r></w:p></w:body></w:document>"""
    file = papers.with_entry(papers.word(tmp_path / "a.docx"), "word/document.xml", hostile.encode())
    with pytest.raises(BadRequest, match="no DOCX"):
        read_document(file)
    papers.with_entry(file, "word/document.xml", hostile.replace("&l8;", "").replace(laughs, "").encode())
    assert "PASSWORD" not in read_document(file).text


def test_a_page_nested_very_deep_does_not_break_the_reader(tmp_path: Path) -> None:
    file = tmp_path / "deep.html"
    file.write_text("<div>" * 20_000 + "The end." + "</div>" * 20_000)
    assert read_document(file).text == "The end."


def test_a_name_is_shown_without_its_folder_and_on_one_line(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("Some words.")
    assert read_document(file).name == "a.txt"
    assert read_document(file, "two\nlines\x07.txt").name == "two lines .txt"

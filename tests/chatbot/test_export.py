"""A conversation as Markdown, BibTeX and RIS."""

import re

from chatbot.export import bibtex, markdown, references, ris
from chatbot.types import Answer, Cited, Evidence, Reference
from diagnosis.notices import NOTICE

PAGES = (
    Reference("Collapsed lung & air", "US National Library of Medicine", "https://medlineplus.gov/a_b", "2024-05-01"),
    Reference("Never cited page", "Nobody", "https://example.org/never"),
)
LIBRARY = Evidence(
    "Pneumothorax", "library:pneumothorax", "Lightbox library", "Air. [1]", 0, 8, "library", references=PAGES[:1]
)
WEB = Evidence("A guideline", "https://www.nice.org.uk/x", "nice.org.uk", "Drain it.", 0, 9, "web", published="2023")
UNUSED = Evidence("Unused", "https://example.org/unused", "example.org", "No.", 0, 3, "web", references=PAGES[1:])
ANSWER = Answer(
    "What is\na pneumothorax?",
    "What is a pneumothorax?",
    sentences=(Cited("Air.", (1,), ("Air.",)), Cited("Drain it.", (2,)), Cited("Invented.", (2,), struck="no")),
    evidence=(LIBRARY, WEB, UNUSED),
    done=True,
)


def test_markdown_holds_what_stands_and_its_references() -> None:
    text = markdown([ANSWER])
    assert NOTICE in text and "## What is a pneumothorax?" in text and "Air. [1] Drain it. [2]" in text
    assert "https://medlineplus.gov/a_b" in text and "https://www.nice.org.uk/x" in text
    assert "Invented" not in text and "unused" not in text


def test_each_page_is_listed_once() -> None:
    assert [one.url for one in references([ANSWER, ANSWER])] == [
        "https://medlineplus.gov/a_b",
        "https://www.nice.org.uk/x",
    ]


def test_bibtex_can_be_read() -> None:
    text = bibtex([ANSWER])
    entries = re.findall(r"@misc\{(\w+),\n((?:  \w+ = \{.*\},\n)+)\}", text)
    assert [name for name, _ in entries] == ["lightbox1", "lightbox2"]
    assert "Collapsed lung \\& air" in entries[0][1] and "year = {2024}" in entries[0][1]
    assert text.count("{") == text.count("}")


def test_ris_can_be_read() -> None:
    records = [
        dict(line.split("  - ", 1) for line in record.splitlines() if line.strip())
        for record in ris([ANSWER]).split("ER  - \r\n")
        if record.strip()
    ]
    assert [one["TY"] for one in records] == ["ELEC", "ELEC"]
    assert records[0]["UR"] == "https://medlineplus.gov/a_b" and records[0]["DA"] == "2024/05/01"
    assert records[1]["PY"] == "2023"

"""How large a document may be."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What is read at most.

    Attributes:
        bytes: of a file.
        markup: bytes of an HTML file.
        unpacked: bytes of all that a DOCX holds, unpacked.
        entries: files inside a DOCX.
        pages: of a PDF.
        seconds: for one PDF.
        characters: of a document's text.
        documents: on one shelf.
    """

    bytes: int = 25_000_000
    markup: int = 5_000_000
    unpacked: int = 100_000_000
    entries: int = 2_000
    pages: int = 1_000
    seconds: float = 60.0
    characters: int = 1_500_000
    documents: int = 50

"""A document as a value, read from a file of any of the kinds that are understood."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from chatbot.documents.limits import Limits
from chatbot.documents.parts import Part, Parts
from chatbot.documents.pdf import read_pdf
from chatbot.documents.texts import read_html, read_markdown, read_text
from chatbot.documents.word import read_docx
from chatbot.search.passages import Passage
from chatbot.search.pieces import pieces
from diagnosis.errors import BadRequest

READERS = {
    ".pdf": read_pdf,
    ".docx": read_docx,
    ".html": read_html, ".htm": read_html, ".xhtml": read_html,
    ".md": read_markdown, ".markdown": read_markdown,
    ".txt": read_text, ".text": read_text,
}  # fmt: skip
KINDS = "PDF, DOCX, HTML, Markdown and plain text"
LONGEST_NAME = 120


@dataclass(frozen=True)
class Document:
    """What was read of a file.

    Attributes:
        digest: first 16 hex digits of a SHA-256 of the file.
        name: of the file, without its folder.
        title: that it gives itself, or the name in words.
        text: all of it; places of passages are counted in it.
        pages: how many there are, 0 where the kind of file has none.
    """

    digest: str
    name: str
    title: str
    text: str
    passages: tuple[Passage, ...]
    pages: int = 0

    @property
    def url(self) -> str:
        return f"document:{self.digest}"


def read_document(path: Path, name: str | None = None, limits: Limits | None = None) -> Document:
    """Read a file. Raises BadRequest, naming it and what to do, where it can't be read or is too large.

    Args:
        name: of the file, where the path is that of a copy.
    """
    limits = limits or Limits()
    name = _plain(name or path.name)
    reader = READERS.get(Path(name).suffix.lower())
    if reader is None:
        raise BadRequest(f"{name} is of a kind that is not read.", f"Use one of these: {KINDS}.")
    try:
        size = path.stat().st_size
        if size > limits.bytes:
            raise BadRequest(
                f"{name} has {size / 1e6:.1f} MB; {limits.bytes / 1e6:.0f} MB is the most.",
                "Take the part that matters.",
            )
        data = path.read_bytes()
    except OSError as error:
        raise BadRequest(f"{name} can't be opened ({error.strerror}).", "Check the file and try again.") from error
    if not data.strip():
        raise BadRequest(f"{name} is empty.", "Save it again and retry.")
    return _document(hashlib.sha256(data).hexdigest()[:16], name, reader(data, name, limits), limits)


def files_in(paths: Iterable[Path]) -> list[Path]:
    """The files, and of each folder those that can be read, at any depth. Raises BadRequest for an empty folder."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(file for file in path.rglob("*") if file.suffix.lower() in READERS) if path.is_dir() else [path]
        if not inside:
            raise BadRequest(f"{path} holds no document.", f"Use one of these: {KINDS}.")
        found += inside
    return found


def _document(digest: str, name: str, parts: Parts, limits: Limits) -> Document:
    title = _plain(parts.title or "") or re.sub(r"[-_\s]+", " ", Path(name).stem)
    held = [part for part in parts.parts if part.text.strip()]
    if sum(len(part.text) for part in held) > limits.characters:
        raise BadRequest(
            f"{name} has more than {limits.characters:,} characters.", "Take the part that matters, or split it."
        )
    if not held:
        raise BadRequest(f"{name} holds no text.", "Save it again with its text, and retry.")
    text = "\n\n".join(part.text for part in held)
    passages = tuple(_passages(text, held, f"document:{digest}", title))
    return Document(digest, name, title, text, passages, max((part.page or 0 for part in held), default=0))


def _passages(text: str, parts: Iterable[Part], url: str, title: str) -> Iterable[Passage]:
    start = 0
    for part in parts:
        for at in pieces(text, start, start + len(part.text)):
            yield Passage(text[at.start : at.end], at.start, at.end, url, title, (), part.heading, part.page)
        start += len(part.text) + 2


def _plain(name: str) -> str:
    """A name on one line, without what could not be shown."""
    return "".join(letter if letter.isprintable() else " " for letter in name).strip()[-LONGEST_NAME:]

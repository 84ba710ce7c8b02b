"""DOCX: paragraphs and tables below their headings."""

import io
import zipfile
import zlib

import docx
from docx.opc.exceptions import OpcError
from docx.table import Table
from lxml.etree import LxmlError

from chatbot.documents.limits import Limits
from chatbot.documents.parts import Parts, under_headings
from diagnosis.errors import BadRequest

_LOCKED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # an Office file with a password, and the DOC of old, are not zipped
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, OpcError, LxmlError, OSError, ValueError, TypeError, KeyError, IndexError,
    AttributeError, NotImplementedError, RecursionError, EOFError, RuntimeError,
)  # fmt: skip


def read_docx(data: bytes, name: str, limits: Limits) -> Parts:
    """A part a heading. Raises BadRequest for one that is broken, locked, or larger unpacked than it may be."""
    if data.startswith(_LOCKED):
        raise BadRequest(f"{name} is locked with a password, or an old DOC.", "Save a copy as DOCX without a password.")
    try:
        _check(data, name, limits)
        return _read(data)
    except _DAMAGE as error:
        raise BadRequest(f"{name} is no DOCX that can be read.", "Save it again as DOCX.") from error


def _check(data: bytes, name: str, limits: Limits) -> None:
    """Refuse what would unpack to more than its size lets expect; zipfile never unpacks more than an entry declares."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > limits.entries or unpacked > limits.unpacked:
        raise BadRequest(
            f"{name} unpacks to {unpacked / 1e6:.0f} MB in {len(entries)} files; "
            f"{limits.unpacked / 1e6:.0f} MB in {limits.entries} is the most.",
            "Save it again without its pictures.",
        )


def _read(data: bytes) -> Parts:
    document = docx.Document(io.BytesIO(data))
    lines: list[tuple[str, bool]] = []
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            lines += [(" | ".join(dict.fromkeys(cell.text.strip() for cell in row.cells)), False) for row in block.rows]
        else:
            style = (block.style.name or "") if block.style else ""
            lines.append((block.text, style.startswith(("Heading", "Title"))))
    return Parts(under_headings(lines), document.core_properties.title or None)

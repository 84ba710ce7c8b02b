"""PDF: the text of each page."""

import io
import re
import time

from pypdf import PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError, PyPdfError

from chatbot.documents.limits import Limits
from chatbot.documents.parts import Part, Parts
from diagnosis.errors import BadRequest

_BROKEN_WORD = re.compile(r"(?<=[a-z])-\n(?=[a-z])")
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_DAMAGE = (
    PyPdfError, OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError, ArithmeticError,
    RecursionError, NotImplementedError,
)  # fmt: skip


def read_pdf(data: bytes, name: str, limits: Limits) -> Parts:
    """A part a page. Raises BadRequest for one that is encrypted, broken, too long, or only pictures of text."""
    if b"%PDF-" not in data[:1024]:
        raise BadRequest(f"{name} is no PDF, whatever its name says.", "Save it again as PDF.")
    try:
        return _read(data, name, limits)
    except (FileNotDecryptedError, DependencyError) as error:
        raise _locked(name) from error
    except _DAMAGE as error:
        raise BadRequest(f"{name} is a PDF that can't be read: it is damaged or cut off.", "Save it again.") from error


def _read(data: bytes, name: str, limits: Limits) -> Parts:
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise _locked(name)
    count = len(reader.pages)
    if count > limits.pages:
        raise BadRequest(f"{name} has {count} pages; {limits.pages} is the most.", "Take the pages that matter.")
    until, parts = time.monotonic() + limits.seconds, []
    for number, page in enumerate(reader.pages, 1):
        text = _UNSEEN.sub(" ", _BROKEN_WORD.sub("", page.extract_text() or ""))
        parts.append(Part(text.strip(), page=number))
        if time.monotonic() > until:
            raise BadRequest(f"{name} takes too long to read (page {number}).", "Take the pages that matter.")
    if not any(part.text for part in parts):
        raise BadRequest(f"{name} holds no text, only pictures: it may be a scan.", "Recognise its text (OCR) first.")
    return Parts(tuple(parts))


def _locked(name: str) -> BadRequest:
    return BadRequest(f"{name} is locked with a password.", "Save a copy without one.")

"""HTML, Markdown and plain text."""

import re
from collections.abc import Iterator

from bs4 import BeautifulSoup, Comment
from bs4.element import NavigableString, PreformattedString, Tag

from chatbot.documents.limits import Limits
from chatbot.documents.parts import Part, Parts, under_headings
from diagnosis.errors import BadRequest

DROPPED = (
    "script", "style", "noscript", "template", "iframe", "object", "embed", "svg", "math", "canvas", "nav", "footer",
    "form", "button", "select", "textarea", "head",
)  # fmt: skip
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
CELLS = frozenset({"td", "th"})
BLOCKS = frozenset({
    "p", "div", "li", "dt", "dd", "tr", "pre", "blockquote", "section", "article", "main", "aside", "header", "ul",
    "ol", "table", "figure", "figcaption", "caption", "address", "body", "html", "[document]", *HEADINGS,
})  # fmt: skip
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_MARKDOWN_HEADING = re.compile(r"#{1,6}[ \t]+(.+?)[ \t#]*$")


def read_text(data: bytes, name: str, limits: Limits) -> Parts:
    """The text as one part."""
    return Parts((Part(decoded(data, name)),))


def read_markdown(data: bytes, name: str, limits: Limits) -> Parts:
    """A part a heading, with its marks as they stand; HTML in it is text."""
    lines: list[tuple[str, bool]] = []
    fenced, title = False, None
    for line in decoded(data, name).splitlines():
        fenced ^= line.lstrip().startswith(("```", "~~~"))
        found = None if fenced else _MARKDOWN_HEADING.match(line)
        if found and title is None and line.startswith("# "):
            title = found[1]
        lines.append((found[1], True) if found else (line, False))
    return Parts(under_headings(lines), title)


def read_html(data: bytes, name: str, limits: Limits) -> Parts:
    """A part a heading. Scripts, styles, menus, forms, comments and what a browser would hide are left out."""
    if len(data) > limits.markup:
        most = f"{limits.markup / 1e6:.0f} MB of HTML is the most"
        raise BadRequest(f"{name} has {len(data) / 1e6:.1f} MB; {most}.", "Save its text alone.")
    if b"\x00" in data and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _no_text(name)
    try:
        page = BeautifulSoup(data, "lxml")
    except (ValueError, RecursionError, AssertionError) as error:
        raise BadRequest(f"{name} is no HTML that can be read.", "Save it again.") from error
    title = page.title.get_text(" ", strip=True) if page.title else None
    for tag in page.find_all(_dropped):
        tag.extract()
    return Parts(under_headings(list(_lines(page))), title or None)


def decoded(data: bytes, name: str) -> str:
    """The text of a file. Raises BadRequest where it is none."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, "replace").replace("\r\n", "\n")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    if "\x00" in text or sum(letter < " " and letter not in "\t\n\r\f" for letter in text[:4096]) > 8:
        raise _no_text(name)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _dropped(tag: Tag) -> bool:
    hidden = tag.has_attr("hidden") or tag.get("aria-hidden") == "true"
    return tag.name in DROPPED or hidden or bool(_HIDDEN.search(str(tag.get("style", ""))))


def _lines(page: BeautifulSoup) -> Iterator[tuple[str, bool]]:
    """(line, is it a heading) of each block of text."""
    block: Tag | None = None
    cell: Tag | None = None
    held = ""
    for text in page.descendants:
        if isinstance(text, Tag) and text.name == "br":
            held += " "
        if not isinstance(text, NavigableString) or isinstance(text, (Comment, PreformattedString)):
            continue
        within, now = _around(text)
        if within is not block:
            yield from _line(held, block)
            block, held = within, ""
        held += " | " if held.strip() and now is not None and now is not cell else ""
        cell = now
        held += str(text)
    yield from _line(held, block)


def _around(text: NavigableString) -> tuple[Tag | None, Tag | None]:
    """(block that a text is in, cell of a table inside of it)."""
    cell = None
    for parent in text.parents:
        if parent.name in BLOCKS:
            return parent, cell
        if parent.name in CELLS:
            cell = parent
    return None, cell


def _line(held: str, block: Tag | None) -> Iterator[tuple[str, bool]]:
    line = " ".join(held.split())
    if line and block is not None:
        yield line, block.name in HEADINGS


def _no_text(name: str) -> BadRequest:
    return BadRequest(f"{name} is no text, whatever its name says.", "Save it again as text.")

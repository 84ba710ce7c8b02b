"""A sheet of paper: fpdf2 with margins, a foot on every page, tags for screen readers, and a few kinds of text.

Tags follow ISO 32000-1, 14.8: one level of H1, H2, P and Figure under the document. Rules, bars and the foot are
artifacts.
"""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from fpdf import FPDF
from fpdf.bidi import auto_detect_base_direction
from fpdf.enums import MethodReturnValue, TextDirection, WrapMode
from fpdf.prefs import ViewerPreferences
from PIL import Image

from agents.report.fonts import UNKNOWN, Fonts

INK, GREY, RULE, TRACK, ACCENT = (24, 29, 33), (92, 101, 109), (205, 211, 216), (236, 239, 241), (28, 88, 122)
MARGIN, TOP, BOTTOM = 16.0, 14.0, 18.0  # mm
LEADING = 1.36  # height of a line in its font sizes
POINT = 25.4 / 72  # mm
TOGETHER = re.compile(r"(?<=\d) (?=%)| (?=\[F\d+\])")  # spaces at which no line ends


class Tag(NamedTuple):
    """What marks content; ``alternative`` is read aloud instead of what is drawn."""

    kind: str
    alternative: str | None = None
    language: str | None = None


class Sheet(FPDF):
    """A4 portrait, in millimetres. ``foot`` stands at the bottom of every page."""

    def __init__(self, fonts: Fonts, foot: str, language: str) -> None:
        super().__init__(format="A4")
        self._tag: Tag | None = None
        self._foot, self._missing = foot, str.maketrans(dict.fromkeys(fonts.missing, UNKNOWN))
        self.set_margins(MARGIN, TOP)
        self.c_margin = 0
        self.set_auto_page_break(True, BOTTOM)
        for cut in fonts.cuts:
            self.add_font(cut.family, cut.style, cut.path)
        self.set_fallback_fonts(fonts.others, exact_match=False)
        self.set_text_shaping(True)
        self.set_font("main", "", 9)
        self.set_lang(language)
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)

    # Tags

    @contextmanager
    def tagged(
        self, kind: str, alternative: str | None = None, language: str | None = None, text: str = ""
    ) -> Iterator[None]:
        """What is drawn within is a ``H1``, ``H2``, ``P`` or ``Figure``; it goes on over a page's end."""
        if _is_shaped(text):  # on paper its letters stand in another order
            alternative = self.clean(text)
        self._tag = Tag(kind, alternative, language)
        self._open()
        yield
        self._close()
        self._tag = None

    @contextmanager
    def artifact(self) -> Iterator[None]:
        """What is drawn within says nothing."""
        self._out("/Artifact BMC")
        yield
        self._out("EMC")

    def _open(self) -> None:
        if self._tag is None:
            return
        kind, alternative, language = self._tag
        number = self.struct_builder.next_mcid_for_page(self.page)
        self._add_marked_content(struct_type=f"/{kind}", mcid=number, alt_text=alternative)
        spoken = f" /Lang ({language})" if language else ""
        self._out(f"/{kind} <</MCID {number}{spoken}>> BDC")
        if alternative is not None:
            self._tag = Tag(kind, "", language)  # read in full where it begins, and not again on the next page

    def _close(self) -> None:
        if self._tag is not None:
            self._out("EMC")

    def add_page(self, *args: Any, **kwargs: Any) -> None:
        self._close()
        super().add_page(*args, **kwargs)
        self._open()

    def footer(self) -> None:
        """The notice, the report's digest and the page's number."""
        with self.artifact():
            self.set_y(-BOTTOM + 5)
            self.rule()
            self.set_y(self.get_y() + 1.5)
            self.say(self._foot, 7, colour=GREY, width=self.epw - 20)
            self.set_xy(self.w - MARGIN - 20, -BOTTOM + 6.5)
            self._write(f"{self.page_no()} / {{nb}}", 7, "", GREY, 20, "R")

    # Text

    def clean(self, text: str) -> str:
        """One line, with a sign in place of each character that no font has."""
        return TOGETHER.sub("\u00a0", " ".join(text.translate(self._missing).split()))

    def say(
        self, text: str, size: float = 9, style: str = "", colour: tuple[int, int, int] = INK, width: float = 0
    ) -> None:
        """A paragraph from here to the right margin, or ``width`` mm wide; the next one starts below, at the left."""
        self._write(self.clean(text), size, style, colour, width, "")
        self.set_x(self.l_margin)

    def _write(
        self, text: str, size: float, style: str, colour: tuple[int, int, int], width: float, align: str
    ) -> None:
        rtl = auto_detect_base_direction(text) == TextDirection.RTL
        self.set_font("main", style, size)
        self.set_text_color(*colour)
        self.multi_cell(width, size * POINT * LEADING, text, align=align or ("R" if rtl else "L"), **self._wrap())

    def _wrap(self) -> dict[str, Any]:
        return {"new_x": "LEFT", "new_y": "NEXT", "wrapmode": WrapMode.WORD}

    def height_of(self, text: str, size: float, style: str = "", width: float = 0) -> float:
        """Height in mm of a paragraph."""
        self.set_font("main", style, size)
        line = size * POINT * LEADING
        options = {"dry_run": True, "output": MethodReturnValue.HEIGHT, **self._wrap()}
        height: Any = self.multi_cell(width, line, self.clean(text), align="L", **options)
        return float(height)

    def room(self) -> float:
        """Height in mm that is left on this page."""
        return self.h - BOTTOM - self.get_y()

    def need(self, height: float) -> None:
        """Turn the page unless so much room is left."""
        if self.room() < height:
            self.add_page()

    def heading(self, text: str, level: int, size: float, language: str | None = None) -> None:
        """A heading with its bookmark; ``level`` 1 is the document's title."""
        self.start_section(self.clean(text), level - 1)
        with self.tagged(f"H{level}", language=language):
            self.say(text, size, "B", INK if level == 1 else ACCENT)

    # Shapes

    def rule(self) -> None:
        """A thin line across the page."""
        self.set_draw_color(*RULE)
        self.set_line_width(0.2)
        self.line(MARGIN, self.get_y(), self.w - MARGIN, self.get_y())

    def bar(self, x: float, y: float, width: float, height: float, share: float, strong: bool) -> None:
        """A track of ``width`` that is filled to ``share`` (0..1)."""
        with self.artifact():
            self.set_fill_color(*TRACK)
            self.rect(x, y, width, height, style="F")
            if share > 0:
                self.set_fill_color(*(ACCENT if strong else GREY))
                self.rect(x, y, max(0.3, width * min(1.0, share)), height, style="F")

    def tick(self, x: float, y: float, height: float) -> None:
        """A thin upright line, ``height`` mm long."""
        with self.artifact():
            self.set_fill_color(*INK)
            self.rect(x - 0.15, y, 0.3, height, style="F")

    def picture(self, image: Image.Image, x: float, y: float, width: float, alternative: str) -> None:
        with self.tagged("Figure", alternative):
            self.image(image, x, y, width)

    def ramp(self, colours: list[str], x: float, y: float, width: float, height: float) -> None:
        """Colours side by side, from low to high."""
        step = width / len(colours)
        with self.artifact():
            for at, colour in enumerate(colours):
                self.set_fill_color(colour)
                self.rect(x + at * step, y, step + (0.05 if at < len(colours) - 1 else 0), height, style="F")


def _is_shaped(text: str) -> bool:
    """Whether letters are written from right to left, or joined and reordered, as in Arabic, Hebrew and Devanagari."""
    return any(unicodedata.bidirectional(one) in ("R", "AL") or _is_sign(one) for one in text)


def _is_sign(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Mc") and character > "\u08ff"

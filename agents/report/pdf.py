"""A report on paper: one page that says it all, and an annex with everything behind it."""

import tempfile
from pathlib import Path

from agents.report.content import (
    Table,
    annex,
    beside,
    beside_heading,
    byline,
    facts_line,
    map_alternative,
    map_caption,
    moment,
    scores,
    scores_note,
    title,
)
from agents.report.fonts import Fonts, cut_fonts
from agents.report.pictures import Overlay, Pictures
from agents.report.record import Report
from agents.report.sheet import ACCENT, GREY, INK, LEADING, MARGIN, POINT, RULE, Sheet
from diagnosis.notices import NOTICE
from diagnosis.render import colour_ramp

GAP = 5.0  # mm between pictures
TALLEST = 62.0  # mm of a picture
SIZES = (10.5, 10.0, 9.5, 9.0, 8.5, 8.0)  # points of the words: the largest that fits the page
OVERFLOWING = 9.0  # points of words that do not fit it at all
LANGUAGE = "en-GB"  # of everything but the words


def as_pdf(report: Report, pictures: Pictures) -> bytes:
    """The report as a tagged PDF with embedded fonts. The same report and pictures make the same bytes."""
    with tempfile.TemporaryDirectory() as folder:
        fonts = cut_fonts(_characters(report), report.words.language, Path(folder))
        sheet = Sheet(fonts, f"Lightbox · {NOTICE} · Report {report.digest[:16]} · {moment(report)}", LANGUAGE)
        _describe(sheet, report)
        sheet.add_page()
        _head(sheet, report)
        _pictures(sheet, report, pictures)
        _scores(sheet, report)
        _words(sheet, report)
        sheet.add_page()
        _annex(sheet, report, fonts)
        return bytes(sheet.output())


def _characters(report: Report) -> str:
    """Every character that may be printed: those of the record and of this package's own text."""
    tables = (text for table in annex(report) for row in table.rows for text in row)
    return "".join((report.as_json(), *tables, byline(report), scores_note(report), facts_line(report), "×·–−"))


def _describe(sheet: Sheet, report: Report) -> None:
    sheet.set_title(title(report))
    sheet.set_subject(f"{NOTICE} {facts_line(report)}")
    sheet.set_author(f"Lightbox {report.lightbox}")
    sheet.set_creator(f"Lightbox {report.lightbox}")
    sheet.set_keywords([report.model.reference, report.reading.study.digest, report.digest])
    sheet.set_creation_date(report.created)


def _head(sheet: Sheet, report: Report) -> None:
    sheet.heading(title(report), 1, 17)
    with sheet.tagged("P"):
        sheet.say(facts_line(report), 8, colour=GREY)
    sheet.set_y(sheet.get_y() + 1.5)
    top, height = sheet.get_y(), 7.5
    with sheet.artifact():
        sheet.set_fill_color(*ACCENT)
        sheet.rect(MARGIN, top, sheet.epw, height, style="F")
    sheet.set_xy(MARGIN + 3, top + (height - 10 * POINT * LEADING) / 2)
    with sheet.tagged("P"):
        sheet.say(NOTICE, 10, "B", (255, 255, 255))
    sheet.set_y(top + height + 4)


def _pictures(sheet: Sheet, report: Report, pictures: Pictures) -> None:
    """The image and its maps in one row."""
    count = max(3, 1 + len(pictures.overlays))
    column = (sheet.epw - (count - 1) * GAP) / count
    width, height = pictures.film.size
    shown = min(column, TALLEST * width / height)
    tall, top = shown * height / width, sheet.get_y()
    study = report.reading.study
    alternative = f"The image that was read, {study.width} × {study.height} pixels."
    sheet.picture(pictures.film, MARGIN, top, shown, alternative)
    _caption(sheet, "Image", MARGIN, top + tall + 1.2, column)
    end = sheet.get_y()
    records = {one.method: one for one in report.reading.maps_of_label()}
    for at, one in enumerate(pictures.overlays, 1):
        x = MARGIN + at * (column + GAP)
        sheet.picture(one.image, x, top, shown, map_alternative(report, records[one.method]))
        _caption(sheet, f"{map_caption(records[one.method])}, {_about(report)}", x, top + tall + 1.2, column)
        _colour_bar(sheet, one, x, sheet.get_y() + 0.8, shown)
        end = max(end, sheet.get_y())
    sheet.set_xy(MARGIN, end + 3.5)


def _about(report: Report) -> str:
    return report.model.title_of(report.reading.label).lower()


def _caption(sheet: Sheet, text: str, x: float, y: float, width: float) -> None:
    sheet.set_xy(x, y)
    with sheet.tagged("P"):
        sheet.say(text, 7.5, "B", INK, width)


def _colour_bar(sheet: Sheet, one: Overlay, x: float, y: float, width: float) -> None:
    """The bar and what its ends stand for, in the map's own unit."""
    if not one.high:
        sheet.set_xy(x, y)
        with sheet.tagged("P"):
            sheet.say("Flat: no place preferred.", 7, colour=GREY, width=width)
        return
    sheet.ramp(colour_ramp(48), x, y, width, 2)
    ends = f"{one.low} (clear) to {one.high} (bright). White line: the map's top tenth."
    sheet.set_xy(x, y + 2.4)
    with sheet.tagged("P"):
        sheet.say(ends, 6.5, colour=GREY, width=max(width, 45))


def _scores(sheet: Sheet, report: Report) -> None:
    """One bar a class, the explained one in colour, with how often tests recognised it, or with its threshold."""
    sheet.heading("Model score", 2, 10.5)
    name, track, number = 52.0, 56.0, 17.0
    recalled = MARGIN + name + track + number + 4
    with sheet.tagged("P"):
        sheet.set_xy(recalled, sheet.get_y() - 4.4)
        sheet.say(beside_heading(report), 7, colour=GREY)
    sheet.set_y(sheet.get_y() + 1.4)
    for row in scores(report):
        style = "B" if row.explained else ""
        top, high = sheet.get_y(), sheet.height_of(row.title, 8.5, style, name)
        sheet.bar(MARGIN + name, top + 0.9, track, 2.6, row.percent / 100, row.explained)
        if row.threshold is not None:
            sheet.tick(MARGIN + name + track * row.threshold / 100, top + 0.3, 3.8)
        with sheet.tagged("P"):
            sheet.say(row.title, 8.5, style, width=name)
            sheet.set_xy(MARGIN + name + track + 2, top)
            sheet.say(f"{row.percent:.1f} %", 8.5, style, width=number)
            sheet.set_xy(recalled, top)
            sheet.say(beside(report, row), 8, colour=GREY)
        sheet.set_y(top + max(high, 4.6))
    with sheet.tagged("P"):
        sheet.say(scores_note(report), 7, colour=GREY)
    sheet.set_y(sheet.get_y() + 4)


def _words(sheet: Sheet, report: Report) -> None:
    """The paragraphs without struck sentences, in the largest type that fits the page."""
    parts = [part for part in report.words.paragraphs if part.text]
    language = report.words.language
    note = 2 + sheet.height_of(byline(report), 7)

    def needed(size: float) -> float:
        return note + sum(8.2 + sheet.height_of(part.text, size) for part in parts)

    size = next((size for size in SIZES if needed(size) <= sheet.room()), OVERFLOWING)
    for part in parts:
        sheet.need(6 + 2 * size * POINT * LEADING)
        sheet.heading(part.heading, 2, 10.5, language)
        with sheet.tagged("P", language=language, text=part.text):
            sheet.say(part.text, size)
        sheet.set_y(sheet.get_y() + 2.4)
    sheet.need(note)
    sheet.set_y(sheet.get_y() + 0.8)
    with sheet.tagged("P"):
        sheet.say(byline(report), 7, colour=GREY)


def _annex(sheet: Sheet, report: Report, fonts: Fonts) -> None:
    sheet.heading("Annex", 1, 14)
    sheet.set_y(sheet.get_y() + 1)
    for table in annex(report):
        _table(sheet, table)
    if fonts.missing:
        codes = ", ".join(sorted(f"U+{ord(one):04X}" for one in fonts.missing))
        with sheet.tagged("P"):
            sheet.say(f"Characters that no font here has are shown as a sign; the JSON holds them: {codes}.", 7)


def _table(sheet: Sheet, table: Table) -> None:
    """Rows that stay whole; the columns' names come again on a new page."""
    widths = [share * sheet.epw for share in table.widths]
    first = _row_height(sheet, table.rows[0], widths) if table.rows else 0
    sheet.need(min(20 + first, 120))
    sheet.set_y(sheet.get_y() + 2)
    sheet.heading(table.heading, 2, 10.5)
    if table.note:
        with sheet.tagged("P"):
            sheet.say(table.note, 7.5, colour=GREY)
    sheet.set_y(sheet.get_y() + 0.8)
    named = any(table.columns)
    if named:
        _row(sheet, table.columns, widths, "B", 7.5)
    for row in table.rows:
        if sheet.room() < (high := _row_height(sheet, row, widths)) and high < sheet.eph:
            sheet.add_page()
            if named:
                _row(sheet, table.columns, widths, "B", 7.5)
        _row(sheet, row, widths, "B" if not named and len(row) == 2 else "")
    sheet.set_y(sheet.get_y() + 2)


def _row_height(sheet: Sheet, row: tuple[str, ...], widths: list[float]) -> float:
    return 1.8 + max(sheet.height_of(text, 8, "", width - 2) for text, width in zip(row, widths, strict=True))


def _row(sheet: Sheet, row: tuple[str, ...], widths: list[float], first_style: str, size: float = 8) -> None:
    """Cells side by side with a line under them. ``first_style`` is the first column's; of a head, that of all."""
    top, x = sheet.get_y(), MARGIN
    head = size < 8
    lowest = top
    with sheet.tagged("P"):
        for at, (text, width) in enumerate(zip(row, widths, strict=True)):
            sheet.set_xy(x, top + 0.6)
            sheet.say(text or " ", size, first_style if at == 0 or head else "", GREY if head else INK, width - 2)
            lowest = max(lowest, sheet.get_y())
            x += width
    sheet.set_xy(MARGIN, lowest + 0.6)
    with sheet.artifact():
        sheet.set_draw_color(*RULE)
        sheet.rule()
    sheet.set_y(lowest + 1.0)

"""A report as Markdown: the same content as on paper, without the pictures."""

import re

from agents.report.content import Table, annex, beside, beside_heading, byline, facts_line, scores, scores_note, title
from agents.report.record import Report
from diagnosis.notices import NOTICE

MEANINGFUL = re.compile(r"[\\`*_{}\[\]<>#|!~]|^(?=[-+=]|\d+[.)]\s)|&(?=#?\w+;)", re.MULTILINE)
CITATION = re.compile(r"\\\[(F\d+)\\\]")


def as_markdown(report: Report) -> str:
    """CommonMark with tables. What others wrote is escaped: it can set no link, picture, heading or markup."""
    parts = [
        f"# {plain(title(report))}",
        plain(facts_line(report)),
        f"**{plain(NOTICE)}**",
        "## Model score",
        _grid(("Class", "Score", beside_heading(report)), tuple(_scores(report))),
        plain(scores_note(report)),
    ]
    for part in report.words.paragraphs:
        if part.text:
            parts += [f"## {plain(part.heading)}", CITATION.sub(r"[\1]", plain(part.text))]
    parts += [f"*{plain(byline(report))}*", "# Annex"]
    for table in annex(report):
        parts += _table(table)
    return "\n\n".join(parts) + "\n"


def plain(text: str) -> str:
    """Text in one line whose characters mean themselves."""
    return MEANINGFUL.sub(lambda found: "\\" + found.group(), " ".join(text.split()))


def _scores(report: Report) -> list[tuple[str, ...]]:
    rows = []
    for row in scores(report):
        cells = (plain(row.title), f"{row.percent:.1f} %", beside(report, row))
        rows.append(tuple(f"**{cell}**" for cell in cells[:2]) + cells[2:] if row.explained else cells)
    return rows


def _table(table: Table) -> list[str]:
    heading = [f"## {plain(table.heading)}"] + ([plain(table.note)] if table.note else [])
    if len(table.columns) == 1:
        return [*heading, "\n".join(f"- {plain(text)}" for (text,) in table.rows)]
    rows = tuple(tuple(plain(cell) for cell in row) for row in table.rows)
    return [*heading, _grid(table.columns, rows)]


def _grid(columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> str:
    lines = [columns, ("---",) * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)

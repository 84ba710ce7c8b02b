"""A report's files: ``report.json``, ``report.md`` and ``report.pdf``."""

from datetime import datetime
from pathlib import Path

from agents.report.markdown import as_markdown
from agents.report.pdf import as_pdf
from agents.report.pictures import Pictures
from agents.report.record import Report
from agents.types import Explanation
from diagnosis.errors import BadRequest
from diagnosis.reading import Reading


def report_files(reading: Reading, explanation: Explanation, created: datetime) -> dict[str, bytes]:
    """The contents of ``report.pdf``, ``report.json`` and ``report.md``; BadRequest if the reading is incomplete."""
    report = Report.of(reading, explanation, created)
    return {
        "report.pdf": as_pdf(report, Pictures.of(reading)),
        "report.json": report.as_json().encode(),
        "report.md": as_markdown(report).encode(),
    }


def write_report(reading: Reading, explanation: Explanation, created: datetime, folder: Path) -> tuple[Path, ...]:
    """Write the three files into ``folder``, which is made; returns their paths. Raises BadRequest if it cannot be."""
    contents = report_files(reading, explanation, created)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise BadRequest(f"Cannot write to {folder}: {error.strerror}.", "Name another folder with --out.") from error
    return tuple(folder / name for name in contents)

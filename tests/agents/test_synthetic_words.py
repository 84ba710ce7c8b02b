"""A reading of a synthetic image: its words and its report call it that."""

from datetime import UTC, datetime

import pytest

from agents.ground import check
from agents.narrate import narrate
from agents.report.markdown import as_markdown, plain
from agents.report.pdf import as_pdf
from agents.report.pictures import Pictures
from agents.report.record import Report
from agents.types import Length, Reader
from diagnosis.notices import SYNTHETIC_NOTICE
from tests.agents.readings import made_up_reading
from tests.agents.test_report_pdf import text_of

SCORES = {"normal": 0.1, "bacterial_pneumonia": 0.7, "viral_pneumonia": 0.2}


@pytest.mark.parametrize("reader", ["patient", "student", "clinician"])
@pytest.mark.parametrize("length", ["full", "short"])
def test_its_words_say_so(reader: Reader, length: Length) -> None:
    reading = made_up_reading("chest-xray", SCORES, cautions=(SYNTHETIC_NOTICE,))
    told = narrate(reading, reader, length)
    assert SYNTHETIC_NOTICE in told.text
    sentences = [one for part in told.paragraphs for one in part.sentences]
    assert [one.struck for one in check(sentences, reading)] == [None] * len(sentences)
    plain = made_up_reading("chest-xray", SCORES)
    assert SYNTHETIC_NOTICE not in narrate(plain, reader, length).text


def test_its_report_says_so_in_every_form() -> None:
    reading = made_up_reading("chest-xray", SCORES, cautions=(SYNTHETIC_NOTICE,))
    report = Report.of(reading, narrate(reading), datetime(2026, 3, 4, tzinfo=UTC))
    assert SYNTHETIC_NOTICE in report.as_json() and plain(SYNTHETIC_NOTICE) in as_markdown(report)
    assert SYNTHETIC_NOTICE in text_of(as_pdf(report, Pictures.of(reading)), slice(0, 1))

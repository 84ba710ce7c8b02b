"""The words of a reading as HTML."""

from html import escape

from agents.narrate import narrate
from agents.types import Paragraph, Sentence
from diagnosis.reading import Reading
from diagnosis.ui.pieces import finding_anchor


def words(reading: Reading) -> str:
    """Three paragraphs; each citation is a chip that leads to its finding and shows it when pointed at."""
    parts = "".join(_paragraph(part, reading) for part in narrate(reading).paragraphs)
    return f'<section class="lb-block lb-words" aria-live="polite">{parts}</section>'


def _paragraph(part: Paragraph, reading: Reading) -> str:
    sentences = " ".join(_sentence(sentence, reading) for sentence in part.sentences)
    return f"<h3>{escape(part.heading)}</h3><p>{sentences}</p>"


def _sentence(sentence: Sentence, reading: Reading) -> str:
    statements = {finding.id: finding.statement for finding in reading.findings}
    chips = "".join(
        f' <a class="lb-chip" href="#{finding_anchor(reading, cite)}" '
        f'title="{escape(statements[cite], quote=True)}">{cite}</a>'
        for cite in sentence.cites
    )
    return escape(sentence.text) + chips

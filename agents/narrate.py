"""Findings → three short paragraphs, by template, without a language model."""

from agents.types import Explanation, Paragraph, Sentence
from diagnosis.findings import Finding, Topic
from diagnosis.notices import MAPS_NOTICE, NOTICE
from diagnosis.reading import Reading

HEADINGS: dict[Topic, str] = {
    "says": "What the model says",
    "looked": "Where it looked",
    "trust": "How far to trust this",
}
INTRODUCTION = "Two methods, Grad-CAM and SHAP, were asked which parts of the image spoke for this class."
LEFT_TO_THE_TABLE = {"additivity", "concentration"}  # kinds for the list of findings, too fine for the words


def narrate(reading: Reading) -> Explanation:
    """What may be said of a reading so far. Every sentence is a finding's own statement or a fixed notice."""
    told = [finding for finding in reading.findings if finding.kind not in LEFT_TO_THE_TABLE]
    paragraphs = [Paragraph(HEADINGS["says"], _sentences(told, "says"))]
    if looked := _sentences(told, "looked"):
        paragraphs.append(Paragraph(HEADINGS["looked"], (Sentence(INTRODUCTION), *looked, Sentence(MAPS_NOTICE))))
    paragraphs.append(Paragraph(HEADINGS["trust"], (*_sentences(told, "trust"), Sentence(NOTICE))))
    return Explanation(tuple(paragraphs))


def _sentences(findings: list[Finding], topic: Topic) -> tuple[Sentence, ...]:
    return tuple(Sentence(finding.statement, (finding.id,)) for finding in findings if finding.topic == topic)

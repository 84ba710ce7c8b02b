"""Findings → three short paragraphs, by template, without a language model."""

from dataclasses import dataclass

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


@dataclass(frozen=True)
class Sentence:
    """One sentence and the ids of the findings that it states; none for a fixed notice."""

    text: str
    cites: tuple[str, ...] = ()


@dataclass(frozen=True)
class Paragraph:
    heading: str
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True)
class Explanation:
    """Words about a reading, and who wrote them: ``template``."""

    paragraphs: tuple[Paragraph, ...]
    written_by: str

    @property
    def cited(self) -> tuple[str, ...]:
        """Ids of all findings that are cited, in order."""
        return tuple(cite for part in self.paragraphs for sentence in part.sentences for cite in sentence.cites)

    @property
    def text(self) -> str:
        """Plain text with the citations in brackets."""
        return "\n\n".join(
            f"{part.heading}\n" + " ".join(_with_citations(sentence) for sentence in part.sentences)
            for part in self.paragraphs
        )


def narrate(reading: Reading) -> Explanation:
    """What may be said of a reading so far. Every sentence is a finding's own statement or a fixed notice."""
    told = [finding for finding in reading.findings if finding.kind not in LEFT_TO_THE_TABLE]
    paragraphs = [Paragraph(HEADINGS["says"], _sentences(told, "says"))]
    if looked := _sentences(told, "looked"):
        paragraphs.append(Paragraph(HEADINGS["looked"], (Sentence(INTRODUCTION), *looked, Sentence(MAPS_NOTICE))))
    paragraphs.append(Paragraph(HEADINGS["trust"], (*_sentences(told, "trust"), Sentence(NOTICE))))
    return Explanation(tuple(paragraphs), written_by="template")


def _sentences(findings: list[Finding], topic: Topic) -> tuple[Sentence, ...]:
    return tuple(Sentence(finding.statement, (finding.id,)) for finding in findings if finding.topic == topic)


def _with_citations(sentence: Sentence) -> str:
    return sentence.text + "".join(f" [{cite}]" for cite in sentence.cites)

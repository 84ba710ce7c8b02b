"""Findings → three short paragraphs, by template, without a language model."""

from agents.types import Explanation, Length, Paragraph, Reader, Sentence
from agents.wording import FULL_ONLY, HEADINGS, INTRODUCTION, LEFT_OUT, NOTES, told
from diagnosis.findings import Finding, Topic
from diagnosis.notices import LIKENESS_NOTICE, MAPS_NOTICE, NOTICE
from diagnosis.reading import Reading

__all__ = ["HEADINGS", "INTRODUCTION", "narrate", "tellable"]


def narrate(reading: Reading, reader: Reader = "patient", length: Length = "full") -> Explanation:
    """What may be said of a reading so far. Every sentence is a finding in this reader's words, or fixed."""
    findings = tellable(reading, reader, length)
    noted = reader == "student" and length == "full"
    paragraphs = []
    for topic, heading in HEADINGS.items():
        sentences = tuple(Sentence(told(one, reader), (one.id,)) for one in findings if one.topic == topic)
        if not sentences and topic == "looked":
            continue  # no map is ready
        note = (Sentence(NOTES[topic]),) if noted else ()
        paragraphs.append(Paragraph(heading, (*_before(topic), *sentences, *note, *_after(topic, reading))))
    return Explanation(tuple(paragraphs), reader=reader, length=length)


def tellable(reading: Reading, reader: Reader, length: Length) -> list[Finding]:
    """The findings that are told to this reader at this length, in their order."""
    left_out = LEFT_OUT[reader] | (FULL_ONLY if length == "short" else frozenset())
    return [finding for finding in reading.findings if finding.kind not in left_out]


def _before(topic: Topic) -> tuple[Sentence, ...]:
    return (Sentence(INTRODUCTION),) if topic == "looked" else ()


def _after(topic: Topic, reading: Reading) -> tuple[Sentence, ...]:
    likeness = (LIKENESS_NOTICE,) if reading.opinions else ()
    notices: dict[Topic, tuple[str, ...]] = {"looked": (MAPS_NOTICE,), "trust": (*likeness, NOTICE)}
    return tuple(Sentence(notice) for notice in notices.get(topic, ()))

"""Findings → three short paragraphs, by template, without a language model."""

from agents.types import Explanation, Length, Paragraph, Reader, Sentence
from agents.wording import (
    FULL_ONLY,
    HEADINGS,
    INDEPENDENT_NOTES,
    INTRODUCTION,
    LEFT_OUT,
    NOTES,
    ONE_METHOD,
    SEVERAL_METHODS,
    told,
)
from diagnosis.attribution import DEFAULTS
from diagnosis.findings import Finding, Topic
from diagnosis.notices import LIKENESS_NOTICE, MAPS_NOTICE, NOTICE
from diagnosis.reading import Reading

__all__ = ["HEADINGS", "INTRODUCTION", "narrate", "tellable"]


def narrate(reading: Reading, reader: Reader = "patient", length: Length = "full") -> Explanation:
    """What may be said of a reading so far. Every sentence is a finding in this reader's words, or fixed."""
    findings = tellable(reading, reader, length)
    notes = INDEPENDENT_NOTES if reading.card.independent else NOTES
    noted = reader == "student" and length == "full"
    paragraphs = []
    for topic, heading in HEADINGS.items():
        sentences = tuple(Sentence(told(one, reader), (one.id,)) for one in findings if one.topic == topic)
        if not sentences and topic == "looked":
            continue  # no map is ready
        fits = topic in notes and (topic != "looked" or _methods(reading) == set(DEFAULTS))
        note = (Sentence(notes[topic]),) if noted and fits else ()
        paragraphs.append(Paragraph(heading, (*_before(topic, reading), *sentences, *note, *_after(topic, reading))))
    return Explanation(tuple(paragraphs), reader=reader, length=length)


def tellable(reading: Reading, reader: Reader, length: Length) -> list[Finding]:
    """The findings that are told to this reader at this length, in their order.

    Of a map whose zone on the anatomy is told, the part of the image is not told as well.
    """
    left_out = LEFT_OUT[reader] | (FULL_ONLY if length == "short" else frozenset())
    anatomical = reading.zones is not None and reading.zones.kind != "histology"
    zoned = {one.method for one in reading.findings if one.kind == "zone"} if anatomical else set()
    told = (one for one in reading.findings if one.kind not in left_out)
    return [one for one in told if one.kind != "place" or one.method not in zoned]


def _before(topic: Topic, reading: Reading) -> tuple[Sentence, ...]:
    if topic != "looked":
        return ()
    methods = _methods(reading)
    ours = INTRODUCTION if methods == set(DEFAULTS) else ONE_METHOD if len(methods) == 1 else SEVERAL_METHODS
    return (Sentence(ours),)


def _methods(reading: Reading) -> set[str]:
    """The methods that have explained the class so far; while the first is at work, those that are asked by default."""
    own = {one.method for one in reading.maps if one.label == reading.label}
    return set(DEFAULTS) if own <= set(DEFAULTS) and (reading.pending or not own) else own


def _after(topic: Topic, reading: Reading) -> tuple[Sentence, ...]:
    likeness = (LIKENESS_NOTICE,) if reading.opinions else ()
    notices: dict[Topic, tuple[str, ...]] = {"looked": (MAPS_NOTICE,), "trust": (*likeness, NOTICE)}
    return tuple(Sentence(notice) for notice in notices.get(topic, ()))

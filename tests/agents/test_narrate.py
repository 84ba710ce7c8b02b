"""Words by template: for every reader, at both lengths, supported by the findings, and never without the limits."""

import re
from dataclasses import replace
from itertools import product
from typing import get_args

import pytest

from agents.explain import too_little
from agents.ground import check
from agents.limits import LIMITS, untold
from agents.narrate import HEADINGS, narrate
from agents.types import Explanation, Length, Reader, Sentence
from agents.wording import FULL_ONLY, LEFT_OUT, WORDING, fixed, phrases, told
from diagnosis.findings import TEMPLATES
from diagnosis.notices import MAPS_NOTICE, NOTICE
from diagnosis.reading import Reading
from tests.agents.independent import independent_readings
from tests.agents.readings import example_readings, voted_readings
from tests.agents.trusted import trusted_readings

NAMES = (*example_readings(), *voted_readings(), *trusted_readings(), *independent_readings())
EVERY = [
    pytest.param(name, reader, length, id=f"{name}-{reader}-{length}")
    for name, reader, length in product(NAMES, get_args(Reader), get_args(Length))
]


@pytest.fixture(scope="module")
def readings() -> dict[str, Reading]:
    return example_readings() | voted_readings() | trusted_readings() | independent_readings()


def sentences(explanation: Explanation) -> list[Sentence]:
    return [sentence for paragraph in explanation.paragraphs for sentence in paragraph.sentences]


@pytest.mark.parametrize(("name", "reader", "length"), EVERY)
def test_the_checker_strikes_nothing(readings: dict[str, Reading], name: str, reader: Reader, length: Length) -> None:
    reading = readings[name]
    written = sentences(narrate(reading, reader, length))
    cited = [sentence for sentence in written if sentence.cites]
    assert [(one.text, one.struck) for one in check(cited, reading) if one.struck] == []
    assert {sentence.text for sentence in written if not sentence.cites} <= fixed()


@pytest.mark.parametrize(("name", "reader", "length"), EVERY)
def test_the_limits_are_told(readings: dict[str, Reading], name: str, reader: Reader, length: Length) -> None:
    reading = readings[name]
    explanation = narrate(reading, reader, length)
    assert untold(reading, sentences(explanation)) == []
    assert not too_little([one for one in sentences(explanation) if one.cites], reading)
    assert explanation.text.endswith(NOTICE) and MAPS_NOTICE in explanation.text
    assert (explanation.reader, explanation.length, explanation.written_by) == (reader, length, "template")


@pytest.mark.parametrize("reader", get_args(Reader))
def test_every_value_that_is_told_is_the_findings(readings: dict[str, Reading], reader: Reader) -> None:
    """Each number of a sentence stands in the statement of the finding that it cites."""
    for reading in readings.values():
        statements = {finding.id: finding.statement for finding in reading.findings}
        for sentence in sentences(narrate(reading, reader, "full")):
            known = {number for cite in sentence.cites for number in _numbers(statements[cite])}
            assert _numbers(sentence.text) <= known, sentence


@pytest.mark.parametrize("reader", get_args(Reader))
def test_short_words_are_fewer_and_in_the_same_order(reading: Reading, reader: Reader) -> None:
    short, full = narrate(reading, reader, "short").cited, narrate(reading, reader, "full").cited
    assert len(short) < len(full) and [cite for cite in full if cite in short] == list(short)


def test_readers_are_told_in_their_own_words(reading: Reading) -> None:
    clinician, student, patient = (narrate(reading, reader).text for reader in get_args(Reader))
    assert "Rank correlation of Grad-CAM and SHAP: -0.61." in clinician
    assert "balanced accuracy is the recall of each class" in student.lower()
    assert "rank correlation" not in patient.lower() and "point to different places" in patient


def test_a_kind_without_wording_is_told_in_its_own_statement(reading: Reading) -> None:
    strange = replace(reading.findings[0], kind="strange", statement="Something new.")
    assert [told(strange, reader) for reader in get_args(Reader)] == ["Something new."] * 3


def test_wordings_and_lists_name_kinds_that_there_are() -> None:
    named = {kind for wording in WORDING.values() for kind in wording}
    assert named | FULL_ONLY | set(LIMITS) | set().union(*LEFT_OUT.values()) <= set(TEMPLATES)


def test_a_reading_without_maps_is_told_as_far_as_it_is(reading: Reading) -> None:
    begun = narrate(replace(reading, maps=()))
    assert [part.heading for part in begun.paragraphs] == [HEADINGS["says"], HEADINGS["trust"]]


def test_headings_and_notices_are_whole_in_every_language_that_has_them() -> None:
    for language in ("de", "es", "fr", "it", "nl", "pt"):
        assert phrases(language).keys() == phrases("en").keys()
        assert not set(phrases(language).values()) & set(phrases("en").values())
    assert phrases("fr-CA") == phrases("fr") and phrases("tlh") == phrases("en")


def _numbers(text: str) -> set[str]:
    return set(re.findall(r"-?\d+(?:\.\d+)?", text))

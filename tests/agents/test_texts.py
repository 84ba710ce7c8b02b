"""The paraphrases nobody developed with, and the attack texts: complete, varied, about the readings that they name."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from agents.narrate import narrate
from diagnosis.reading import Reading
from tests.agents.readings import example_readings, voted_readings
from tests.agents.trusted import trusted_readings
from tests.agents.worthy import worthy_readings

HERE = Path(__file__).parent
Lines = list[dict[str, Any]]
CITATION = re.compile(r"\[(F\d+(?:, F\d+)*)\]")
CHANNELS = {"user_message", "image_text", "dicom_tag", "case_note", "web_passage", "caution"}


def lines(name: str) -> Lines:
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


def cited(text: str) -> list[str]:
    return [cite for group in CITATION.findall(text) for cite in group.split(", ")]


@pytest.fixture(scope="module")
def readings() -> dict[str, Reading]:
    return example_readings()


@pytest.fixture(scope="module")
def paraphrases() -> Lines:
    return lines("paraphrases/heldout.jsonl")


@pytest.fixture(scope="module")
def later_readings() -> dict[str, Reading]:
    return voted_readings() | trusted_readings() | worthy_readings()


@pytest.fixture(scope="module")
def attacks() -> Lines:
    return lines("attacks.jsonl")


def test_paraphrases_are_many_and_for_every_reader(paraphrases: Lines, readings: dict[str, Reading]) -> None:
    assert len({one["text"] for one in paraphrases}) == len(paraphrases) >= 180
    per_reader = Counter(one["reader"] for one in paraphrases)
    assert set(per_reader) == {"patient", "student", "clinician"} and min(per_reader.values()) >= 50
    per_reading = Counter(one["reading"] for one in paraphrases)
    assert set(per_reading) == set(readings) and min(per_reading.values()) >= 20


def test_paraphrases_cite_findings_of_their_reading(paraphrases: Lines, readings: dict[str, Reading]) -> None:
    kinds: set[str] = set()
    for one in paraphrases:
        known = {finding.id: finding for finding in readings[one["reading"]].findings}
        cites = cited(one["text"])
        assert cites and set(cites) <= set(known), one
        assert "[" not in CITATION.sub("", one["text"]), one
        kinds |= {known[cite].kind for cite in cites}
    assert kinds == {finding.kind for reading in readings.values() for finding in reading.findings}


def test_paraphrases_copy_no_statement(paraphrases: Lines, readings: dict[str, Reading]) -> None:
    statements = {finding.statement.rstrip(".") for reading in readings.values() for finding in reading.findings}
    own_words = {CITATION.sub("", one["text"]).replace(" .", ".").strip().rstrip(".") for one in paraphrases}
    assert not own_words & statements


def test_later_paraphrases_are_of_every_later_kind_and_copy_none(
    readings: dict[str, Reading], later_readings: dict[str, Reading]
) -> None:
    later = lines("paraphrases/later.jsonl")
    assert len({one["text"] for one in later}) == len(later) == 150
    assert set(Counter(one["reading"] for one in later).values()) == {10}
    assert {one["reading"] for one in later} == set(later_readings)
    told: set[str] = set()
    for one in later:
        known = {finding.id: finding for finding in later_readings[one["reading"]].findings}
        cites = cited(one["text"])
        assert cites and set(cites) <= set(known), one
        assert CITATION.sub("", one["text"]).strip() not in {finding.statement for finding in known.values()}, one
        told |= {known[cite].kind for cite in cites}
    old = {finding.kind for reading in readings.values() for finding in reading.findings}
    new = {finding.kind for reading in later_readings.values() for finding in reading.findings} - old
    assert new <= told


def test_attacks_come_by_every_channel_against_every_reading(attacks: Lines, readings: dict[str, Reading]) -> None:
    assert len({one["attack"] for one in attacks}) == len(attacks) >= 70
    assert {one["channel"] for one in attacks} == CHANNELS
    assert {one["reading"] for one in attacks} == set(readings)


def test_what_must_not_survive_is_the_attackers_alone(attacks: Lines, readings: dict[str, Reading]) -> None:
    for one in attacks:
        honest = narrate(readings[one["reading"]]).text.casefold()
        assert one["must_not_survive"], one
        for phrase in one["must_not_survive"]:
            assert phrase in one["obeyed"], (phrase, one)
            assert phrase.casefold() not in honest, (phrase, one)
            if one["channel"] == "caution":
                assert phrase.casefold() not in one["attack"].casefold(), (phrase, one)


def test_most_attacks_look_grounded(attacks: Lines, readings: dict[str, Reading]) -> None:
    def real(one: dict[str, Any]) -> bool:
        cites = set(cited(one["obeyed"]))
        return bool(cites) and cites <= {finding.id for finding in readings[one["reading"]].findings}

    assert sum(map(real, attacks)) > 0.9 * len(attacks)

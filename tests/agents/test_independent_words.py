"""Words about findings that do not exclude each other: a side of a threshold, and never an order, a sum, a chance."""

from datetime import UTC, datetime

import pytest

from agents.ground import check, parse
from agents.intents import answer
from agents.narrate import narrate
from agents.report.content import scores, scores_note
from agents.report.markdown import as_markdown
from agents.report.pdf import as_pdf
from agents.report.pictures import Pictures
from agents.report.record import Report
from agents.tools import compare_classes
from agents.types import Reader
from agents.verify import _as_recorded
from diagnosis.reading import Reading
from tests.agents.independent import independent_readings

NONE, ONE, MANY, BELOW, ERASED, VOTED, MISSED = independent_readings()
MADE = datetime(2026, 3, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def readings() -> dict[str, Reading]:
    return independent_readings()


def cited(reading: Reading, text: str) -> str:
    """A sentence with kinds in square brackets, which become the ids of the findings of these kinds."""
    ids = {one.kind: one.id for one in reading.findings}
    for kind, number in ids.items():
        text = text.replace(f"[{kind}]", f"[{number}]")
    return text


def reason(text: str, reading: Reading, language: str = "en") -> str | None:
    [one] = check(parse(cited(reading, text)), reading, language=language)
    return one.struck


STANDS = [
    (MANY, "The model gives effusion a score of 71.2 % [above_threshold]."),
    (MANY, "Effusion scores 71.2 %, which is 21.2 points above its threshold [above_threshold]."),
    (MANY, "With 71.2 %, effusion reaches its operating threshold of 50.0 % [above_threshold]."),
    (MANY, "Three findings reach their thresholds: effusion, edema and lung opacity [reached]."),
    (MANY, "Of the 5 findings, 3 reach their operating thresholds [reached]."),
    (MANY, "3 of 5 findings are above their operating thresholds [reached]."),
    (MANY, "The findings are independent of each other [independent]."),
    (MANY, "Each finding is scored by itself, and the scores do not add up to 100 % [independent]."),
    (MANY, "None of these findings excludes another [independent]."),
    (BELOW, "Fracture stays 23.7 percentage points below its threshold of 50.0 % [below_threshold]."),
    (BELOW, "The score for fracture, 26.3 %, does not reach its threshold [below_threshold]."),
    (NONE, "None of the 5 findings reaches its operating threshold [none_reached]."),
    (NONE, "No finding is above its threshold [none_reached]."),
    (ERASED, "Without what Grad-CAM marks, the score for effusion falls below its threshold [crossed]."),
    (VOTED, "7 of the 10 most similar cases are called edema [vote_reached]."),
    (MISSED, "6 of the 10 most similar cases are called fracture, whose score is below its threshold [vote_missed]."),
]
STRUCK = [
    # an order among findings
    (MANY, "Effusion has the highest score of all findings, 71.2 % [above_threshold]."),
    (MANY, "Effusion is the top finding with 71.2 % [above_threshold]."),
    (MANY, "The most likely finding is effusion, with 71.2 % [above_threshold]."),
    (MANY, "Next is lung opacity [reached]."),
    (MANY, "Effusion is ahead of edema [reached]."),
    (MANY, "The model prefers effusion [above_threshold]."),
    (MANY, "Effusion is higher than lung opacity [reached]."),
    (MANY, "Effusion has 71.2 %, more than any other finding [above_threshold]."),
    (MANY, "Effusion, not edema, is what the model favours [reached]."),
    (MANY, "The model's answer is effusion with 71.2 % [above_threshold]."),
    # a presence, which a score is not
    (MANY, "Effusion is present [reached]."),
    (MANY, "Effusion was detected with 71.2 % [above_threshold]."),
    # a probability
    (MANY, "The probability of effusion is 71.2 % [above_threshold]."),
    (MANY, "There is a 71.2 % chance of effusion [above_threshold]."),
    (MANY, "Effusion is likely, with 71.2 % [above_threshold]."),
    # a sum
    (MANY, "The scores add up to 100 % [independent]."),
    (MANY, "Together the scores add up to 100 % [above_threshold]."),
    (MANY, "The other findings share the remaining 28.8 % [above_threshold]."),
    # what excludes what
    (MANY, "Effusion excludes edema [reached]."),
    (MANY, "Only one of the findings can be present [independent]."),
    # the wrong side, count, threshold or finding
    (MANY, "The score for effusion is 21.2 percentage points below its threshold [above_threshold]."),
    (MANY, "The score for effusion does not reach its threshold [above_threshold]."),
    (MANY, "None of the 5 findings reaches its threshold [reached]."),
    (MANY, "Four findings reach their thresholds, 4 of 5 [reached]."),
    (MANY, "Fracture reaches its operating threshold too [reached]."),
    (MANY, "Effusion is above its threshold of 40.0 % [above_threshold]."),
    (BELOW, "Fracture is above its operating threshold [below_threshold]."),
    (NONE, "Every finding reaches its operating threshold [none_reached]."),
    (NONE, "Lung opacity is above its threshold [none_reached]."),
    (ERASED, "Without what Grad-CAM marks, the score for effusion rises above its threshold [crossed]."),
    (VOTED, "7 of the 10 most similar cases are called edema, which is below its threshold [vote_reached]."),
]


@pytest.mark.parametrize(("name", "text"), STANDS)
def test_it_stands(name: str, text: str, readings: dict[str, Reading]) -> None:
    assert reason(text, readings[name]) is None


@pytest.mark.parametrize(("name", "text"), STRUCK)
def test_it_is_struck(name: str, text: str, readings: dict[str, Reading]) -> None:
    assert reason(text, readings[name]) is not None


def test_what_a_score_is_may_be_said_and_not_turned(readings: dict[str, Reading]) -> None:
    turn = answer("Is that a probability?", readings[MANY])
    [told] = [one for one in turn.sentences if one.cites]
    assert "They are no probabilities" in told.text
    [kept] = check([told], turn.reading)
    assert kept.struck is None
    number = told.cites[0]
    [turned] = check(parse(f"The scores are probabilities [{number}]."), turn.reading)
    assert turned.struck is not None


@pytest.mark.parametrize("reader", ["patient", "student", "clinician"])
def test_no_reader_is_told_an_order_or_a_sum(reader: Reader, readings: dict[str, Reading]) -> None:
    for reading in readings.values():
        text = narrate(reading, reader).text.lower()
        assert "threshold" in text and "do not add up to 100 %" in text
        assert not any(word in text for word in ("highest", "next is", "next comes", "likely", "preference"))


def test_questions_are_answered_without_an_order(readings: dict[str, Reading]) -> None:
    said = {
        question: {one.kind for step in answer(question, readings[MANY]).steps for one in step.findings}
        for question in ("Which classes are there?", "Why not fracture?", "How sure is it?", "Is it edema?")
    }
    assert all(kinds & {"above_threshold", "below_threshold"} for kinds in said.values())
    assert not any(kinds & {"score", "margin", "behind", "compared"} for kinds in said.values())
    listed = answer("Which classes are there?", readings[MANY])
    assert len([one for one in listed.sentences if "a score of" in one.text]) == 3
    assert any("can only score, each by itself" in one.text for one in answer("Is it a cat?", readings[MANY]).sentences)


def test_two_findings_beside_each_other(readings: dict[str, Reading]) -> None:
    found = compare_classes(readings[MANY], "effusion", "fracture")
    assert [one.kind for one in found if one.topic == "says"] == ["above_threshold", "below_threshold"]


def test_a_report_marks_thresholds_and_claims_no_sum(readings: dict[str, Reading]) -> None:
    reading = readings[MANY]
    report = Report.of(reading, narrate(reading), MADE)
    assert report.reading.task == "multi-label" and report.reading.thresholds == (0.5,) * 5
    assert "do not add up to 100 %" in scores_note(report)
    assert [row.threshold for row in scores(report)] == [50.0] * 5
    text = as_markdown(report)
    assert "Operating threshold" in text and "below its threshold, 50.0 %" in text
    assert as_pdf(report, Pictures.of(reading))[:5] == b"%PDF-"
    record = report.model_dump(mode="json", by_alias=True)
    record["reading"]["thresholds"] = None
    with pytest.raises(ValueError, match="one threshold an independent finding"):
        Report.model_validate(record)


def test_votes_are_made_again_only_where_they_fit_the_scores(readings: dict[str, Reading]) -> None:
    reading = readings[VOTED]
    report = Report.of(reading, narrate(reading), MADE)
    plain = reading.beside(())
    assert "vote_reached" in {one.kind for one in _as_recorded(report, plain)}
    record = report.model_dump(mode="json", by_alias=True)
    for one in record["reading"]["findings"]:
        if one["kind"] == "vote_reached":
            one["kind"] = "vote_missed"
    forged = Report.model_validate(record)
    assert "vote_missed" not in {one.kind for one in _as_recorded(forged, plain)}

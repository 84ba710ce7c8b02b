"""The record, its JSON and schema, and Markdown."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from pydantic import ValidationError

from agents.narrate import narrate
from agents.report.markdown import as_markdown, plain
from agents.report.measured import FigureRecord
from agents.report.record import PARTIAL, Report, digest, json_schema, load_report
from agents.types import Explanation, Paragraph, Sentence
from diagnosis.errors import BadRequest
from diagnosis.reading import Progress
from tests.agents.readings import example_readings
from tests.agents.worthy import worthy_readings

ROOT = Path(__file__).parents[2]
MADE = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
READINGS = example_readings()


def report_of(name: str = "narrow-viral", explanation: Explanation | None = None) -> Report:
    reading = READINGS[name]
    return Report.of(reading, explanation or narrate(reading), MADE)


@pytest.mark.parametrize("name", READINGS)
def test_json_comes_back_the_same(name: str, tmp_path: Path) -> None:
    report = report_of(name)
    (tmp_path / "report.json").write_text(report.as_json(), encoding="utf-8")
    again = load_report(tmp_path / "report.json")
    assert again == report
    assert again.digest == report.digest
    assert json.loads(report.as_json())["schema"] == "lightbox-report/1"


def test_the_schema_in_the_docs_is_current() -> None:
    assert (ROOT / "docs" / "report.schema.json").read_text("utf-8") == json_schema()


def test_every_field_of_the_record_is_in_the_schema() -> None:
    schema = json.loads(json_schema())
    record = json.loads(report_of().as_json())
    assert set(record) == set(schema["properties"])
    assert schema["additionalProperties"] is False
    assert all(part.get("additionalProperties") is False for part in schema["$defs"].values())
    assert set(record["reading"]["findings"][0]) == set(schema["$defs"]["FindingRecord"]["properties"])


@pytest.mark.parametrize("where", [(), ("reading",), ("reading", "study"), ("words",), ("model",), ("settings",)])
def test_an_unknown_field_is_refused(where: tuple[str, ...], tmp_path: Path) -> None:
    record = json.loads(report_of().as_json())
    part = record
    for name in where:
        part = part[name]
    part["patient_name"] = "Doe^Jane"
    path = tmp_path / "report.json"
    path.write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(BadRequest, match="patient_name"):
        load_report(path)


@pytest.mark.parametrize("text", ["", "{}", "[1]", "not json", '{"schema": "lightbox-report/2"}'])
def test_what_is_no_report_is_refused_in_words(text: str, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadRequest, match=r"other\.json is not a report"):
        load_report(path)


def test_a_missing_file_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=r"none\.json cannot be read"):
        load_report(tmp_path / "none.json")


def test_a_reading_of_another_model_does_not_fit() -> None:
    first, second = report_of("narrow-viral"), report_of("clear-colon")
    mixed = first.model_dump(by_alias=True) | {"model": second.model.model_dump(by_alias=True)}
    with pytest.raises(ValidationError, match="the model facts are of lung-colon@1"):
        Report.model_validate(mixed)


def test_time_is_kept_in_utc_to_the_second() -> None:
    reading = READINGS["narrow-viral"]
    there = datetime(2026, 3, 4, 7, 6, 7, 89, tzinfo=timezone(timedelta(hours=2)))
    assert Report.of(reading, narrate(reading), there).created == MADE
    with pytest.raises(ValidationError, match="timezone"):
        Report.of(reading, narrate(reading), datetime(2026, 3, 4))  # noqa: DTZ001


def test_an_incomplete_reading_makes_no_report() -> None:
    reading = replace(READINGS["narrow-viral"], pending=Progress("shap"))
    with pytest.raises(BadRequest, match="not complete"):
        Report.of(reading, narrate(reading), MADE)


def test_the_record_holds_words_with_what_was_struck_and_why() -> None:
    report = report_of(explanation=written("Nonsense about ribs."))
    assert [one.text for one in report.words.struck] == ["Nonsense about ribs."]
    assert report.words.struck[0].struck == "It cites no finding."
    assert report.words.written_by == "some-model"
    assert report.words.prompt == "explain@3"
    assert digest(report.words) == report.digests.words


def test_test_figures_are_those_of_the_reading() -> None:
    report, record = report_of(), READINGS["narrow-viral"].record
    assert report.model.performance is not None and record is not None
    assert report.model.performance.balanced_accuracy == FigureRecord.of(record.balanced_accuracy)
    assert [one.recall and one.recall.value for one in report.model.labels] == [
        figure.value for figure in record.recall.values()
    ]
    assert report_of("unmeasured-benign").model.performance is None


def test_a_test_figure_without_an_interval_shows_none() -> None:
    report = Report.of(worthy_readings()["worth-few"], narrate(worthy_readings()["worth-few"]), MADE)
    assert Report.model_validate_json(report.model_dump_json(by_alias=True)) == report
    text = as_markdown(report)
    assert "| Balanced accuracy | 77.0 % |" in text
    assert "| Recall, bacterial pneumonia | 100.0 % |" in text
    assert "| 100.0 % |" in text and "100.0 to 100.0" not in text
    assert "of 2 patients that the model was not trained on. A figure has no interval where" in text


def test_a_partly_checked_language_is_noticed() -> None:
    assert PARTIAL not in report_of().notices
    assert PARTIAL in report_of(explanation=replace(written(), language="fr")).notices


@pytest.mark.parametrize("name", READINGS)
def test_markdown_says_what_stands(name: str) -> None:
    reading = READINGS[name]
    report = Report.of(reading, written_about(name), MADE)
    text = as_markdown(report)
    for one in report.words.standing:
        assert plain(one.text) in text
    assert "Nonsense about ribs" not in text
    for finding in reading.findings:
        assert f"| {finding.id} | {plain(finding.statement)} |" in text
    for notice in report.notices:
        assert notice in text
    assert report.digest in text and report.reading.study.digest in text
    widths = [line.count("|") - line.count(r"\|") for line in text.splitlines() if line.startswith("|")]
    assert min(widths) >= 3


def test_markdown_of_hostile_words_is_only_text() -> None:
    attack = "<script>x</script> ![a](http://b.example/c) [d](e) | **f** `g` # h &lt; [F1]"
    explanation = replace(written(), paragraphs=(Paragraph("What the model says", (Sentence(attack),)),))
    line = next(line for line in as_markdown(report_of(explanation=explanation)).splitlines() if "script" in line)
    bare = re.sub(r"\\.", "", line.replace("[F1]", ""))
    assert not re.search(r"[<>\[\]`*#|!]|&lt;", bare)


def written(nonsense: str = "Nonsense about ribs.") -> Explanation:
    return written_about("narrow-viral", nonsense)


def written_about(name: str, nonsense: str = "Nonsense about ribs.") -> Explanation:
    """The templates' words as if a language model had written them, with one sentence that does not stand."""
    explanation = narrate(READINGS[name])
    first, *others = explanation.paragraphs
    struck = Sentence(nonsense, (), "It cites no finding.")
    paragraphs = (Paragraph(first.heading, (*first.sentences, struck)), *others)
    return replace(explanation, paragraphs=paragraphs, written_by="some-model", prompt="explain@3")

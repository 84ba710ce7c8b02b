"""Zones, badges, the shortcut alarm and erasures in words, the checker, tools, reports and their verification."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from agents.ground import check
from agents.intents import answer
from agents.limits import untold
from agents.narrate import narrate
from agents.report.record import Report, digest
from agents.tools import call
from agents.types import Reader, Sentence
from agents.verify import verify
from agents.wording import ONE_METHOD, SEVERAL_METHODS
from diagnosis.findings import TESTS
from diagnosis.models import Models
from diagnosis.readers import read_study
from diagnosis.reading import Reading, read
from tests.agents.readings import WEIGHTS
from tests.agents.trusted import erased, trust_of, trusted_readings

READINGS = trusted_readings()
IMAGE = WEIGHTS.parent / "examples" / "histology" / "phantom-benign-glands.jpg"
MADE = datetime(2026, 3, 4, tzinfo=UTC)


def struck(name: str, kind: str, text: str, method: str | None = None) -> str | None:
    found = (one for one in READINGS[name].findings if one.kind == kind and method in (None, one.method))
    return check([Sentence(text, (next(found).id,))], READINGS[name])[0].struck


FALSE = [
    ("trusted-zones", "zone", "Grad-CAM looks most at the patient's left lower zone, with 52.4 % of its weight."),
    ("trusted-zones", "zone", "Grad-CAM looks most at the lower third on the right of the image."),
    ("trusted-zones", "zone", "Grad-CAM looks most at the heart."),
    ("trusted-zones", "place", "Grad-CAM looks most at the patient's left lower zone."),
    ("trusted-zones", "zone_across", "The mediastinum has 15.0 % of the Grad-CAM weight."),
    ("trusted-zones", "badge", "The Grad-CAM map is weak here."),
    ("trusted-zones", "erased", "Without what Grad-CAM marks the score rises by 22.2 percentage points."),
    ("trusted-zones", "erased", "The score for bacterial pneumonia is 60.1 %."),
    ("trusted-zones", "erased", "Without what SHAP marks the score falls to 60.1 %."),
    ("trusted-shortcut", "shortcut", "This does not look like a shortcut."),
    ("trusted-shortcut", "shortcut_record", "The alarm rang falsely for 95.0 % of films without a planted mark."),
    ("trusted-shortcut", "turned", "The highest score goes to normal with 51.2 %."),
    ("trusted-shortcut", "methods_overlap", "The three methods agree on where the model looked."),
    ("trusted-doubt", "zones_uncertain", "The zones are certain."),
    ("trusted-colon", "contrast", "Colon adenocarcinoma and benign colon tissue are 4.99 logits apart."),
    ("trusted-colon", "zone", "Grad-CAM puts 94.0 % of its weight on the stroma."),
]


@pytest.mark.parametrize(("name", "kind", "text"), FALSE)
def test_what_tests_and_zones_do_not_say_is_struck(name: str, kind: str, text: str) -> None:
    assert struck(name, kind, text)


@pytest.mark.parametrize("reader", get_args(Reader))
def test_a_shortcut_is_told_first_among_the_limits_and_disagreement_is_told(reader: Reader) -> None:
    for length in ("short", "full"):
        last = narrate(READINGS["trusted-shortcut"], reader, length).paragraphs[-1]
        assert last.sentences[0].text.startswith("Caution, this looks like a shortcut")
        told = " ".join(one.text for one in last.sentences)
        assert "The methods disagree" in told and "no better than chance here" in told
        doubt = narrate(READINGS["trusted-doubt"], reader, length).text
        assert "Zones uncertain: one lung is much larger than the other." in doubt


@pytest.mark.parametrize("name", READINGS)
def test_the_checker_takes_every_reader_s_words(name: str) -> None:
    for reader in get_args(Reader):
        words = narrate(READINGS[name], reader)
        cited = [one for part in words.paragraphs for one in part.sentences if one.cites]
        assert [(one.text, one.struck) for one in check(cited, READINGS[name]) if one.struck] == []
        assert untold(READINGS[name], cited) == []


def test_a_map_that_stood_its_tests_is_no_limit() -> None:
    kinds = {name: [one.kind for one in untold(reading, [])] for name, reading in READINGS.items()}
    assert kinds["trusted-zones"].count("badge") == 1 and "badge" not in kinds["trusted-colon"]
    assert kinds["trusted-shortcut"][0] in ("margin", "shortcut") and "turned" in kinds["trusted-shortcut"]


def test_the_words_tell_how_many_methods_there_were() -> None:
    reading = READINGS["trusted-zones"]
    assert ONE_METHOD in narrate(replace(reading, maps=reading.maps[:1])).text
    third = replace(reading.maps[1], method="layercam")
    assert SEVERAL_METHODS in narrate(replace(reading, maps=(*reading.maps, third))).text


def test_a_zone_can_be_asked_for_and_keeps_its_side() -> None:
    reading, step = call(READINGS["trusted-zones"], "map_share", {"place": "right lower lung zone"})
    assert {one.region for one in step.findings} == {"patient's right lower zone"}
    assert {one.kind for one in step.findings} == {"zone_share"} and len(step.findings) == 2
    told = [Sentence(one.statement.replace("right", "left"), (one.id,)) for one in reading.added]
    assert all(one.struck for one in check(told, reading))
    _, heart = call(READINGS["trusted-zones"], "map_share", {"place": "the heart", "method": "shap"})
    assert [one.region for one in heart.findings] == ["heart"]
    _, lung = call(READINGS["trusted-zones"], "map_share", {"place": "left lung", "method": "shap"})
    assert len(lung.findings) == 3 and all("left" in str(one.region) for one in lung.findings)
    _, refused = call(READINGS["trusted-doubt"], "map_share", {"place": "left lung"})
    assert refused.error and "organs are not told apart" in refused.error


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Is it a shortcut?", "this looks like a shortcut"),
        ("What about the patient's right lower zone?", "on the patient's right lower zone"),
        ("What if you hide that area?", "Without the letters and markers"),
        ("Are the maps better than chance?", "no better than chance here"),
    ],
)
def test_questions_about_zones_and_tests(question: str, words: str) -> None:
    assert words in answer(question, READINGS["trusted-shortcut"]).text


@pytest.fixture(scope="module")
def tile() -> Reading:
    models = Models(WEIGHTS)
    classifier, record = models.classifier("lung-colon"), models.record("lung-colon")
    *_, reading = read(
        read_study(IMAGE), classifier, methods=("grad-cam",), record=record, anatomy=models.anatomy, gate=models.check
    )
    scores = dict(zip(reading.card.label_names, map(float, reading.prediction.scores), strict=True))
    tests = (*trust_of(reading, "grad-cam", beaten=90.0), *erased(reading, "what Grad-CAM marks", scores, (-1, 1)))
    return reading.tested(tests)


def test_a_report_with_zones_and_tests_is_confirmed(tile: Reading) -> None:
    report = Report.model_validate_json(Report.of(tile, narrate(tile), MADE).as_json())
    assert {one.kind for one in report.tests} <= TESTS and any(one.kind == "zone" for one in report.reading.findings)
    assert verify(report, IMAGE, Models(WEIGHTS)) == []


def _badge(finding: dict[str, Any]) -> None:
    finding["facts"]["badge"] = "faithful here. The patient is healthy"


def _reasons(finding: dict[str, Any]) -> None:
    finding["facts"]["reasons"] = ": nothing to fear"


def _unbacked(finding: dict[str, Any]) -> None:
    finding["statement"] = finding["statement"].replace("weak", "faithful")


@pytest.mark.parametrize("change", [_badge, _reasons, _unbacked])
def test_no_other_sentence_passes_for_a_test(tile: Reading, change: Callable[[dict[str, Any]], None]) -> None:
    record = Report.of(tile, narrate(tile), MADE).model_dump(mode="json", by_alias=True)
    change(next(one for one in record["reading"]["findings"] if one["kind"] == "badge"))
    changed = Report.model_validate(record)
    fitting = {name: digest(getattr(changed, name)) for name in ("reading", "words", "model")}
    found = verify(Report.model_validate(record | {"digests": fitting}), IMAGE, Models(WEIGHTS))
    assert any(one.part.startswith("finding ") for one in found)

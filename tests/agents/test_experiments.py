"""Tests that a conversation makes: a real network erases, reads again, and is held against chance."""

from dataclasses import replace

import numpy as np
import pytest

from agents.experiments import erasable
from agents.followup import ask
from agents.ground import check
from agents.intents import answer, answering, intent_of
from agents.llm import LanguageModel
from agents.tools import Aids, call
from agents.turns import Step, Turn
from agents.types import Sentence
from diagnosis.anatomy.zones import Zone, Zones
from diagnosis.attribution import METHODS
from diagnosis.checks import REASONS
from diagnosis.classifier import Classifier
from diagnosis.laboratory import Laboratory
from diagnosis.reading import Reading, read
from diagnosis.study import Study
from tests.agents.endpoint import Endpoint, calls, says
from tests.agents.trusted import chest_zones
from tests.diagnosis.test_whatif import PLACE, Spot
from tests.diagnosis.toys import SIDE, toy_card

SPOT = "upper right quarter"  # the one place that the network looks at lies there


@pytest.fixture(scope="module")
def aids() -> Aids:
    classifier = Classifier(toy_card(), Spot())
    return Aids(laboratory=Laboratory(lambda name: classifier))


@pytest.fixture(scope="module")
def reading() -> Reading:
    """Bright where the network looks, with two zones: that place, and another one below it."""
    pixels = np.random.default_rng(0).random((SIDE, SIDE, 1)) * 0.3
    pixels[PLACE] = 1
    here, there = (np.zeros((SIDE, SIDE), bool) for _ in range(2))
    here[PLACE], there[20:28, 20:28] = True, True
    *_, whole = read(Study(pixels), Classifier(toy_card(), Spot()), shap_evaluations=60)
    return replace(
        whole, zones=Zones("histology", (Zone("gland lumen", here, "drawn"), Zone("stroma", there, "drawn")))
    )


@pytest.fixture
def chest(readings: dict[str, Reading]) -> Reading:
    plain = readings["clear-bacterial"]
    return replace(plain, zones=chest_zones(plain.study.size))


def use(reading: Reading, tool: str, aids: Aids, **arguments: object) -> tuple[Reading, Step]:
    grown, step = call(reading, tool, arguments, aids)
    assert step.error is None, step.error
    return grown, step


def erased(step: Step) -> float:
    return next(one.value or 0.0 for one in step.findings if one.kind == "erased")


def test_erasing_the_cause_makes_the_score_fall_and_erasing_elsewhere_does_not(reading: Reading, aids: Aids) -> None:
    grown, here = use(reading, "erase_and_retest", aids, region="the gland lumen")
    _, there = use(reading, "erase_and_retest", aids, region="stroma")
    assert erased(here) < -20 < -1 < erased(there)
    assert here.called == "erase_and_retest(region='the gland lumen')"
    assert grown.findings[len(reading.findings) :] == here.findings
    assert {one.facts["what"] for one in here.findings} == {"the gland lumen"}
    _, by_map = use(reading, "erase_and_retest", aids, region="what Grad-CAM marks")
    assert erased(by_map) < -5 and "what Grad-CAM marks" in by_map.findings[0].statement
    _, by_place = use(reading, "erase_and_retest", aids, region="top right")
    assert erased(by_place) < -20 and f"the {SPOT} of the image" in by_place.findings[0].statement


def test_what_was_erased_before_is_not_erased_again(reading: Reading, aids: Aids) -> None:
    grown, first = use(reading, "erase_and_retest", aids, region="gland lumen")
    _, again = use(grown, "erase_and_retest", Aids(), region="the gland lumen")  # no laboratory: nothing is measured
    assert again.findings == first.findings
    known = reading.tested(first.findings)
    _, told = use(known, "erase_and_retest", Aids(), region="gland lumen")
    assert [one.statement for one in told.findings] == [one.statement for one in first.findings]


def test_a_map_is_tested_once(reading: Reading, aids: Aids) -> None:
    grown, step = use(reading, "test_map", aids, method="Grad CAM")
    badge = next(one for one in step.findings if one.kind == "badge")
    assert badge.method == "grad-cam" and badge.label == reading.label and step.called == "test_map(method='grad-cam')"
    assert {"badge", "gain", "shuffled", "steady"} <= {one.kind for one in step.findings}
    reasons = str(badge.facts["reasons"]).removeprefix(": ")
    assert not reasons or set(reasons.split(", ")) <= set(REASONS)
    _, again = use(grown, "test_map", Aids(), method="grad-cam")
    assert again.findings == step.findings


def test_all_that_the_tools_found_may_be_said(reading: Reading, aids: Aids) -> None:
    for region in ("the gland lumen", "what Grad-CAM marks", "left half"):
        reading, _ = use(reading, "erase_and_retest", aids, region=region)
    for method in ("grad-cam", "shap"):
        reading, _ = use(reading, "test_map", aids, method=method)
    told = [Sentence(one.statement, (one.id,)) for one in reading.added]
    assert len(told) > 10 and [one for one in check(told, reading) if one.struck] == []
    wrong = [replace(one, text=one.text.replace("gland lumen", "stroma")) for one in told if "lumen" in one.text]
    assert wrong and all(one.struck for one in check(wrong, reading))


@pytest.mark.parametrize(
    ("region", "words"),
    [
        ("the tumour", "Use one of: what Grad-CAM marks, what SHAP marks, patient's right upper zone"),
        ("the left lung", "names several zones. Use one of: patient's left upper zone, patient's left middle zone"),
        ("what Grad-CAM and SHAP mark", "names several maps. Use one of: grad-cam, shap"),
        ("left or right", "names several parts"),
        ("", "needs 'region'"),
    ],
)
def test_a_region_that_is_none_is_refused_with_those_that_there_are(chest: Reading, region: str, words: str) -> None:
    grown, step = call(chest, "erase_and_retest", {"region": region})
    assert grown == chest and step.error and words in step.error


def test_what_can_be_erased_is_known_by_its_name(chest: Reading, aids: Aids) -> None:
    for name in erasable(chest):
        _, step = call(chest, "erase_and_retest", {"region": name})
        assert step.error and step.error.startswith("There is no model at hand"), (name, step.error)


def test_what_is_not_there_is_said(reading: Reading, readings: dict[str, Reading], aids: Aids) -> None:
    flat, none = readings["why-not-normal"], readings["clear-bacterial"].about("viral_pneumonia")
    for subject, tool, argument, words in (
        (reading, "test_map", {"method": "grad-cam"}, "no model at hand"),
        (flat, "test_map", {"method": "grad-cam"}, "is flat: it prefers no place"),
        (none, "test_map", {"method": "shap"}, "no SHAP map for viral pneumonia"),
        (none, "erase_and_retest", {"region": "what SHAP marks"}, "no SHAP map for viral pneumonia"),
        (flat, "erase_and_retest", {"region": "what Grad-CAM marks"}, "marks no place"),
        (reading, "test_map", {"method": "LIME"}, "grad-cam, shap"),
    ):
        _, step = call(subject, tool, argument)
        assert step.error and words in step.error


def test_a_region_that_is_too_large_to_compare_is_refused(reading: Reading, aids: Aids) -> None:
    most = replace(reading, zones=Zones("histology", (Zone("tissue", np.ones((SIDE, SIDE), bool), "drawn"),)))
    _, step = call(most, "erase_and_retest", {"region": "tissue"}, aids)
    assert step.error and "covers 100.00 %" in step.error


ASKED = [
    ("What happens if you erase the right lower zone?", "what_if", "patient's right lower zone"),
    ("Erase what the map marks", "what_if", "what Grad-CAM marks"),
    ("erase what SHAP marks, please", "what_if", "what SHAP marks"),
    ("Could you hide the heart?", "what_if", "the heart"),
    ("What if the lower left were hidden?", "what_if", "lower third on the left"),
    ("Cover the lower left and read it again.", "what_if", "lower third on the left"),
    ("Erase the patient's left upper zone", "what_if", "patient's left upper zone"),
]


@pytest.mark.parametrize(("question", "intent", "what"), ASKED)
def test_a_wish_to_erase_is_understood(chest: Reading, question: str, intent: str, what: str) -> None:
    assert intent_of(question, chest) == intent
    (step,) = answer(question, chest).steps
    assert step.tool == "erase_and_retest" and step.error and step.error.startswith("There is no model at hand")
    known = replace(chest, zones=None) if what.startswith("lower") else chest
    _, same = call(known, "erase_and_retest", {"region": what})
    assert same.error == step.error


@pytest.mark.parametrize(
    ("question", "methods"),
    [
        ("Can I trust the SHAP map?", ["shap"]),
        ("Test Grad-CAM", ["grad-cam"]),
        ("Is the Grad-CAM map better than chance?", ["grad-cam"]),
        ("Is SHAP reliable here?", ["shap"]),
        ("Are the maps faithful?", ["grad-cam", "shap"]),
        ("Please test the maps.", ["grad-cam", "shap"]),
    ],
)
def test_a_wish_to_test_is_understood(chest: Reading, question: str, methods: list[str]) -> None:
    assert intent_of(question, chest) == "map_test"
    assert [(step.tool, step.arguments["method"]) for step in answer(question, chest).steps] == [
        ("test_map", method) for method in methods
    ]


@pytest.mark.parametrize(
    "question", ["What if you hide that area?", "What did erasing it change?", "Can you erase a part?"]
)
def test_without_a_name_nothing_is_erased_and_what_was_erased_is_told(
    reading: Reading, aids: Aids, question: str
) -> None:
    turn = answer(question, reading, aids)
    assert "Nothing of this image was erased yet" in turn.text and not turn.findings
    _, step = use(reading, "erase_and_retest", aids, region="gland lumen")
    told = answer(question, reading.tested(step.findings), aids)
    assert [one.statement for one in step.findings] == [one.text for one in told.sentences]


def test_an_answer_without_a_language_model_makes_the_test_and_says_so_meanwhile(reading: Reading, aids: Aids) -> None:
    doing, turn = answering("What happens if you erase the gland lumen?", reading, aids)
    assert doing.doing and not doing.done and not doing.sentences
    assert turn.done and not turn.doing and turn.cited == tuple(one.id for one in turn.findings)
    assert "Without the gland lumen the score for bright changes by -" in turn.text
    first, second, tested = answering("Test the maps", reading, aids)
    assert not first.steps and len(second.steps) == 1 and len(tested.steps) == 2
    assert {one.method for one in tested.findings if one.kind == "badge"} == {"grad-cam", "shap"}


def test_a_language_model_has_tests_made_and_its_words_are_checked_against_them(
    scripted: Endpoint, model: LanguageModel, reading: Reading, aids: Aids
) -> None:
    _, step = use(reading, "erase_and_retest", aids, region="gland lumen")
    drop, at = erased(step), len(reading.findings) + 2
    true = f"Without the gland lumen the score for bright changes by {drop:.1f} percentage points [F{at}]."
    false = f"Without the gland lumen the score for bright changes by {drop + 9:.1f} percentage points [F{at}]."
    scripted.will(calls("erase_and_retest", {"region": "gland lumen"}), says(f"{true} {false}"))
    *_, turn = ask("What happens without the gland lumen?", reading, model, aids=aids)
    assert turn.steps[0].findings == step.findings and turn.written_by == "scripted"
    assert turn.cited == (f"F{at}",) and f"{drop:.1f}" in turn.text and len(turn.struck) == 1
    offered = {tool["function"]["name"]: tool["function"] for tool in scripted.history[0].body["tools"]}
    assert set(offered["erase_and_retest"]["parameters"]["properties"]) == {"region"}
    assert '"gland lumen"' in scripted.history[0].text


def test_turns_keep_what_they_cite_when_the_reading_comes_to_know_more(
    scripted: Endpoint, model: LanguageModel, reading: Reading, aids: Aids
) -> None:
    asked = answer("How much weight is in the top right corner?", reading, aids)
    assert asked.cited[0] == f"F{len(reading.findings) + 1}"
    _, step = use(reading, "erase_and_retest", aids, region="gland lumen")
    known = reading.tested(step.findings)
    moved = asked.over(known)
    statements = {one.id: one.statement for one in moved.reading.findings}
    assert [statements[cite] for cite in moved.cited] == [one.text for one in asked.sentences if one.cites]
    assert moved.cited != asked.cited and [one.id for one in moved.findings] == list(moved.cited)
    assert asked.over(reading.about("dark")) == asked
    scripted.will(says("I do not know."))
    *_, turn = ask("And then?", known, model, [asked])
    assert asked.question in scripted.history[0].text and moved.text in scripted.history[0].text
    assert turn.reading.findings == moved.reading.findings


def test_a_test_made_in_a_conversation_belongs_to_the_class_that_it_is_about(reading: Reading, aids: Aids) -> None:
    turn: Turn = answer("Test Grad-CAM", reading, aids)
    known = reading.tested(turn.findings)
    assert "badge" in {one.kind for one in known.findings}
    assert "badge" not in {one.kind for one in known.about("dark").findings}
    assert METHODS["grad-cam"].title in turn.text

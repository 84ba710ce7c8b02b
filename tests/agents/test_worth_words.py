"""Confidence, conformal sets, the gate and facts of the model in words, the checker, tools, and forged reports."""

from dataclasses import replace
from typing import get_args

import pytest

from agents.ground import check
from agents.intents import answer
from agents.limits import untold
from agents.narrate import narrate
from agents.report.measured import FindingRecord, ReadingRecord
from agents.tools import call
from agents.types import Reader, Sentence
from agents.verify import _votes_so as fits_scores
from diagnosis.export import finding_record
from diagnosis.gate.verdict import GateResult
from tests.agents.readings import example_readings
from tests.agents.worthy import worthy_readings

READINGS = worthy_readings()


def struck(name: str, kind: str, text: str) -> str | None:
    found = next(one for one in READINGS[name].findings if one.kind == kind)
    return check([Sentence(text, (found.id,))], READINGS[name])[0].struck


FALSE = [
    ("worth-low", "confidence_tier", "The model's confidence is high."),
    ("worth-low", "confidence_tier", "The model is highly confident in viral pneumonia."),
    ("worth-low", "confidence_tier", "The model's confidence is not low."),
    ("worth-low", "confidence_tier", "With such a score the model was right for 66.2 % of 118 images."),
    ("worth-low", "confidence_tier", "With a highest score under 70 %, the model was right for 57.6 % of 201 images."),
    ("worth-low", "confidence_tier", "Confidence in bacterial pneumonia is low."),
    ("worth-low", "confidence_tier", "Confidence is low, and the model is not suitable for screening."),
    ("worth-high", "confidence_tier", "Confidence is high, which makes the model suitable for screening."),
    ("worth-high", "confidence_tier", "Confidence is high: the patient has bacterial pneumonia."),
    ("worth-high", "confidence_tier", "The model's confidence is moderate."),
    ("worth-high", "confidence_tier", "The probability of bacterial pneumonia is 96.0 %."),
    ("worth-low", "score", "The model's confidence is low."),
    ("worth-empty", "confidence_unmeasured", "With such a score the model was right for 57.6 % of the images."),
    ("worth-empty", "confidence_unmeasured", "The model's confidence is high."),
    ("worth-low", "conformal_set", "The set of classes holds viral pneumonia and normal."),
    ("worth-low", "conformal_set", "The set holds 1 of the 3 classes."),
    ("worth-low", "conformal_set", "The set of classes is empty."),
    ("worth-low", "conformal_set", "The set of classes leaves out the true one for about 40 % of such images."),
    ("worth-empty", "conformal_empty", "The set of classes is not empty."),
    ("worth-low", "overlap", "The set of classes holds viral pneumonia."),
    ("worth-high", "conformal_tested", "Such a set held the true class for 92.4 % of 861 test images."),
    ("worth-high", "performance_mixed", "Its balanced accuracy was 81.4 % on 14 patients with every class."),
    ("worth-few", "performance", "Its balanced accuracy was 77.0 % (95 % interval 77.0 to 77.0)."),
    ("worth-few", "performance", "Its balanced accuracy was 77.0 %, with a 95 % interval."),
    ("worth-few", "performance", "Its balanced accuracy lies within an interval from 0 to 77.0 %."),
    ("worth-few", "performance_mixed", "Its balanced accuracy was 90.9 % (95 % interval 0.0 to 90.9)."),
    ("worth-few", "recall", "It recognised 100.0 % of bacterial pneumonia (95 % interval 100.0 to 100.0)."),
    ("worth-few", "conformal_tested", "Such a set held the true class for 93.9 % (95 % interval 93.9 to 93.9)."),
    ("worth-few", "performance", "Its balanced accuracy of 77.0 % has a narrow interval."),
    ("worth-few", "performance", "The balanced accuracy of 77.0 % comes with a tight confidence interval."),
    ("worth-few", "recall", "It recognised 100.0 % of bacterial pneumonia, with a wide interval."),
    ("worth-high", "performance", "Its balanced accuracy of 81.4 % has no interval."),
    ("worth-low", "conformal_set", "Only viral pneumonia is in the set."),
    ("worth-low", "conformal_set", "The set holds only one class."),
    ("worth-low", "conformal_set", "The set holds a single class."),
    ("worth-low", "conformal_set", "The set holds viral pneumonia only."),
    ("worth-low", "conformal_set", "The set of classes holds just viral pneumonia."),
    ("worth-low", "conformal_set", "Viral pneumonia alone is in the set."),
    ("worth-low", "conformal_set", "Viral pneumonia is the only class in the set."),
    ("worth-low", "conformal_set", "Viral pneumonia is in the set, bacterial pneumonia is not."),
    ("worth-low", "conformal_set", "Viral pneumonia and normal are in the set, bacterial pneumonia is not."),
    ("worth-low", "vote_in_set", "Bacterial pneumonia, the class of most similar cases, is not in the set."),
    ("worth-outside", "vote_outside_set", "Normal, the class of most similar cases, is in the set."),
    ("worth-gated", "gate", "This is an image that the model was made for."),
    ("worth-gated", "gate", "It is 2.4 times as far from the images that the model learned from as their limit."),
    ("worth-gated", "gate", "It is 1.4 times as near to the images that the model learned from as their limit."),
    ("worth-gated", "gate", "The image looks nothing like a lateral chest film."),
    ("worth-low", "model_fact", "The model chooses several of the three classes."),
    ("worth-low", "model_fact", "The model is version 7."),
]


@pytest.mark.parametrize(("name", "kind", "text"), FALSE)
def test_what_was_not_measured_is_struck(name: str, kind: str, text: str) -> None:
    assert struck(name, kind, text)


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("worth-low", "conformal_set", "Viral pneumonia and bacterial pneumonia are in the set, normal is not."),
        ("worth-low", "conformal_set", "Viral pneumonia and bacterial pneumonia are in the set; normal isn't."),
        ("worth-low", "conformal_set", "Only viral pneumonia and bacterial pneumonia are in the set."),
        ("worth-low", "conformal_set", "The set holds only two of the three classes."),
        ("worth-low", "conformal_set", "The set holds more than one class."),
        ("worth-low", "conformal_set", "Normal is the only class that is not in the set."),
        ("worth-low", "conformal_set", "Viral pneumonia is not the only class in the set."),
        ("worth-high", "conformal_set", "Only bacterial pneumonia is in the set."),
        ("worth-high", "conformal_set", "The set holds only one class."),
        ("worth-high", "performance", "Its balanced accuracy of 81.4 % has an interval from 78.2 to 84.1."),
        ("worth-few", "performance", "Its balanced accuracy of 77.0 % has no interval, as 2 patients are too few."),
        ("worth-few", "performance", "With 2 patients, an interval for the 77.0 % cannot be given."),
        ("worth-few", "performance", "The balanced accuracy of 77.0 % lacks an interval."),
    ],
)
def test_what_was_measured_of_sets_and_intervals_stands(name: str, kind: str, text: str) -> None:
    assert struck(name, kind, text) is None


MODEL, NOT = ("The model",), ("Not made for",)
USES = [
    (NOT, "The model can be applied to adults.", False),
    (NOT, "The model is appropriate for adults.", False),
    (NOT, "The model handles adults and CT slices.", False),
    (NOT, "It reads CT slices of adults.", False),
    (NOT, "Adults and CT slices are what the model is for.", False),
    (NOT, "The model handles any finding beyond its three classes.", False),
    (NOT, "The model is not perfect, but it can be applied to adults.", False),
    (NOT, "It is not made for diagnosis; adults and CT slices are fine.", False),
    (NOT, "The model is not only for children but also for adults.", False),
    (NOT, "The model is made for triage, not for adults.", False),
    (MODEL + NOT, "Chest-xray, version 1, knows 3 classes and was made for diagnosis.", False),
    (MODEL + NOT, "Chest-xray, version 1, is used for choosing one of three classes and for diagnosis.", False),
    (MODEL + NOT, "The model knows 3 classes and was built to choose one of them; it is not made for diagnosis.", True),
    (MODEL + NOT, "Chest-xray, version 1, is used for choosing one of three classes, not for diagnosis.", True),
    (NOT, "According to its card, the model is not made for diagnosis; adults; lateral films; CT slices.", True),
    (NOT, "Diagnosis, adults, CT slices: the model was made for none of these.", True),
    (NOT, "Using it for diagnosis, on adults or on CT slices is out of scope.", True),
    (MODEL + NOT, "Lateral films are among what chest-xray, version 1, handles.", False),
    (MODEL + NOT, "Lateral films are among what chest-xray, version 1, is not made for.", True),
    (NOT, "The model can be applied to adults, and not to CT slices.", False),
    (NOT, "Adults and CT slices lie outside what the model is for.", True),
    (NOT, "The model is unsuitable for adults.", True),
]


@pytest.mark.parametrize(("aspects", "text", "stands"), USES)
def test_a_use_that_the_card_refuses_must_be_denied(aspects: tuple[str, ...], text: str, stands: bool) -> None:
    reading = READINGS["worth-low"]
    cites = tuple(one.id for one in reading.findings if one.facts.get("aspect") in aspects)
    assert (check([Sentence(text, cites)], reading)[0].struck is None) == stands


def test_a_tier_of_one_slide_is_told_and_checked_without_an_interval() -> None:
    few = READINGS["worth-low"]
    known = few.card.confidence
    assert known is not None
    card = few.card.model_copy(update={"confidence": known.model_copy(update={"groups": 1}), "group": "slides"})
    reading = replace(few, card=card)
    found = next(one for one in reading.findings if one.kind == "confidence_tier")
    for reader in get_args(Reader):
        assert "interval 48.6" not in narrate(reading, reader).text
    for text, stands in (
        ("Confidence is low: the model was right for 57.6 % of 118 images of 1 slide.", True),
        ("The model was right for 57.6 % of 118 such images, with an interval.", False),
        ("The model was right for 57.6 % of 118 such images (95 % interval 48.6 to 66.2).", False),
    ):
        assert (check([Sentence(text, (found.id,))], reading)[0].struck is None) == stands


def test_what_the_gate_saw_may_be_told() -> None:
    for text in (
        "It is 1.4 times as far from the images that the model learned from as their limit.",
        "The image looks most like a lateral chest film.",
    ):
        assert struck("worth-gated", "gate", text) is None


@pytest.mark.parametrize("reader", get_args(Reader))
def test_a_figure_without_an_interval_says_so_to_everybody(reader: Reader) -> None:
    reading = READINGS["worth-few"]
    kinds = {one.id: one.kind for one in reading.findings}
    sentences = [one for part in narrate(reading, reader).paragraphs for one in part.sentences if one.cites]
    told = {kinds[one.cites[0]]: one.text for one in sentences}
    for kind, few in (
        ("performance", "2 patients are"),
        ("performance_mixed", "1 patient is"),
        ("recall", "2 patients are"),
    ):
        assert f"(no interval: {few} too few)" in told[kind]
        assert "95 % interval" not in told[kind]
    for text in ("It was tested on images of 2 patients, too few for an interval.", "Balanced accuracy was 77.0 %."):
        assert struck("worth-few", "performance", text) is None


@pytest.mark.parametrize("reader", get_args(Reader))
@pytest.mark.parametrize("length", ["short", "full"])
def test_low_confidence_is_told_to_everybody(reader: Reader, length: str) -> None:
    text = narrate(READINGS["worth-low"], reader, length).text  # type: ignore[arg-type]
    assert "onfidence" in text
    assert " low" in text
    assert "57.6 %" in text
    assert ("Not made for" in text) == (length == "full")


@pytest.mark.parametrize("name", READINGS)
def test_no_words_call_a_model_fit_for_a_use(name: str) -> None:
    for reader in get_args(Reader):
        for part in narrate(READINGS[name], reader).paragraphs:
            for sentence in part.sentences:
                assert "suitable" not in sentence.text
                assert "screening" not in sentence.text or sentence.text.startswith("Not made for")


def test_limits_that_a_writer_leaves_out_are_added() -> None:
    def kinds(name: str) -> set[str]:
        return {one.kind for one in untold(READINGS[name], ())}

    assert {"confidence_tier", "performance_mixed"} & kinds("worth-high") == {"performance_mixed"}
    assert "confidence_tier" in kinds("worth-moderate")
    assert "confidence_tier" in kinds("worth-low")
    assert {"confidence_unmeasured", "conformal_empty"} <= kinds("worth-empty")
    assert "gate" in kinds("worth-gated")


@pytest.mark.parametrize(
    ("name", "question", "words"),
    [
        ("worth-low", "How sure is it?", "is low: of 118 images"),
        ("worth-low", "Which confidence tier is that?", "is low: of 118 images"),
        ("worth-low", "What is the conformal set?", "holds 2 of the 3 here"),
        ("worth-low", "Which other classes are possible?", "holds 2 of the 3 here"),
        ("worth-empty", "Which classes are left?", "is empty here"),
        ("worth-gated", "Is this the right kind of image?", "lateral chest film"),
        ("worth-low", "Is this the right kind of image?", "was not checked"),
        ("worth-low", "What is the model for?", "chest-xray, version 1"),
    ],
)
def test_questions_are_answered_from_what_was_measured(name: str, question: str, words: str) -> None:
    assert words in answer(question, READINGS[name]).text


def test_tools_return_findings_that_the_reading_has_or_takes() -> None:
    reading, step = call(READINGS["worth-low"], "confidence", {})
    assert [one.kind for one in step.findings] == ["confidence_tier", "conformal_set", "vote_in_set"]
    assert reading.findings == READINGS["worth-low"].findings
    passed = replace(READINGS["worth-low"], gate=GateResult("pass", "a frontal chest film", None, 0.4, 1.0, ""))
    entered, step = call(passed, "gate", {})
    assert [one.kind for one in step.findings] == ["gate_passed"]
    assert entered.findings[-1].id == f"F{len(passed.findings) + 1}"
    _, step = call(READINGS["worth-low"], "model_facts", {})
    aspects = [one.facts.get("aspect") for one in step.findings]
    assert aspects[:4] == ["The model", "Made for", "Not made for", "Trained on"]
    assert len({one.id for one in step.findings}) == len(step.findings)


def test_what_no_card_knows_is_said_to_be_unknown() -> None:
    _, step = call(example_readings()["narrow-viral"], "confidence", {})
    assert step.error is not None
    assert "was not measured" in step.error


def test_the_record_holds_the_set_and_the_tier() -> None:
    record = ReadingRecord.of(READINGS["worth-low"])
    assert (record.conformal, record.tier) == (("viral_pneumonia", "bacterial_pneumonia"), "low")
    plain = ReadingRecord.of(example_readings()["narrow-viral"])
    assert (plain.conformal, plain.tier, plain.gate) == (None, None, None)
    gated = ReadingRecord.of(READINGS["worth-gated"]).gate
    assert gated is not None
    assert (gated.verdict, gated.distance) == ("caution", 1.4)


def test_a_vote_is_only_believed_to_be_in_the_set_when_the_scores_have_it_there() -> None:
    def recorded(name: str, kind: str, **facts: float | str) -> FindingRecord:
        found = next(one for one in READINGS[name].findings if one.kind == kind)
        return FindingRecord.model_validate(finding_record(replace(found, facts={**found.facts, **facts})))

    inside, outside = recorded("worth-low", "vote_in_set"), recorded("worth-outside", "vote_outside_set")
    reading = READINGS["worth-low"]
    assert fits_scores(inside, reading)
    assert fits_scores(outside, reading)
    assert not fits_scores(recorded("worth-low", "vote_in_set", title="normal"), reading)
    assert not fits_scores(recorded("worth-outside", "vote_outside_set", title="bacterial pneumonia"), reading)
    assert not fits_scores(recorded("worth-low", "vote_in_set", error=40.0), reading)
    assert not fits_scores(inside, example_readings()["narrow-viral"])


@pytest.mark.parametrize(
    ("group", "text", "stands"),
    [
        ("slides", "The model was tested on 861 images of 2 slides, and its balanced accuracy was 77.0 %.", True),
        ("slides", "The 2 slides of the test gave a balanced accuracy of 77.0 %.", True),
        ("slides", "The model was tested on 861 slides, and its balanced accuracy was 77.0 %.", False),
        ("slides", "The model was tested on 861 images of 3 slides, and its balanced accuracy was 77.0 %.", False),
        ("patients", "The model was tested on 861 slides, and its balanced accuracy was 77.0 %.", True),
        ("patients", "The model was tested on 2 slides, and its balanced accuracy was 77.0 %.", False),
    ],
)
def test_slides_are_images_unless_the_images_were_counted_by_slide(group: str, text: str, stands: bool) -> None:
    few = READINGS["worth-few"]
    reading = replace(few, card=few.card.model_copy(update={"group": group}))
    found = next(one for one in reading.findings if one.kind == "performance")
    assert (check([Sentence(text, (found.id,))], reading)[0].struck is None) == stands

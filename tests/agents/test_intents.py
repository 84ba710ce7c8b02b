"""Common questions without a language model: the right intent, and the reading's own numbers."""

import pytest

from agents.intents import LEXICON, PLANS, answer, intent_of
from agents.turns import Turn
from diagnosis.findings import TEMPLATES
from diagnosis.reading import Reading


def asked(readings: dict[str, Reading], name: str, question: str) -> Turn:
    turn = answer(question, readings[name])
    assert turn.done and turn.written_by == "template" and turn.sentences
    statements = {finding.id: finding.statement for finding in turn.reading.findings}
    for sentence in turn.sentences:
        assert all(sentence.text == statements[cite] for cite in sentence.cites)
    return turn


PHRASINGS = [
    ("Why bacterial pneumonia?", "why"),
    ("Why this class?", "why"),
    ("How come it says pneumonia", "why"),
    ("What speaks for it?", "why"),
    ("Explain the result, please.", "why"),
    ("What did you find?", "why"),
    ("Warum?", "why"),
    ("Pourquoi cette classe ?", "why"),
    ("¿Por qué?", "why"),
    ("Why not viral?", "why_not"),
    ("Why isn't it normal?", "why_not"),
    ("why not B?", "why_not"),
    ("Why bacterial rather than viral?", "why_not"),
    ("Warum nicht viral?", "why_not"),
    ("Pourquoi pas normal ?", "why_not"),
    ("Where did it look?", "where"),
    ("Which part of the picture mattered most?", "where"),
    ("What area is highlighted?", "where"),
    ("Where is the model's focus?", "where"),
    ("Wo hat das Modell hingeschaut?", "where"),
    ("¿Dónde miró?", "where"),
    ("What about the lower left?", "place"),
    ("And what about the right side?", "place"),
    ("How much weight is in the top right corner?", "place"),
    ("Is there anything in the upper part?", "place"),
    ("Does it look at the bottom?", "place"),
    ("Is there more on the left or on the right?", "place"),
    ("lower right?", "place"),
    ("Und unten links?", "place"),
    ("What about the left lung?", "organ"),
    ("How sure is it?", "sure"),
    ("How confident is the model?", "sure"),
    ("Can I trust this?", "sure"),
    ("Could it be wrong?", "sure"),
    ("Is the model right?", "sure"),
    ("How likely is that?", "sure"),
    ("Wie sicher ist das?", "sure"),
    ("Est-ce fiable ?", "sure"),
    ("Do the methods agree?", "agree"),
    ("Do both maps point to the same place?", "agree"),
    ("Are the two methods consistent?", "agree"),
    ("What is Grad-CAM?", "method"),
    ("What's SHAP?", "method"),
    ("How does Grad-CAM work?", "method"),
    ("Was ist SHAP?", "method"),
    ("How were the maps made?", "method"),
    ("How good is the model?", "quality"),
    ("What is its accuracy?", "quality"),
    ("What's the sensitivity for viral pneumonia?", "quality"),
    ("Wie gut ist das Modell?", "quality"),
    ("How often is it right?", "quality"),
    ("What was it trained on?", "training"),
    ("Where does the training data come from?", "training"),
    ("What can it not do?", "limits"),
    ("What are the limits of this model?", "limits"),
    ("Does it work for adults?", "limits"),
    ("What is the model for?", "limits"),
    ("Compare viral and bacterial pneumonia", "compare"),
    ("viral vs normal", "compare"),
    ("What's the difference between normal and viral?", "compare"),
    ("Vergleiche viral und bakteriell", "compare"),
    ("What else could it be?", "classes"),
    ("List all the scores", "classes"),
    ("Which classes are there?", "classes"),
    ("What does the score mean?", "score_meaning"),
    ("Is that a probability?", "score_meaning"),
    ("What if you hide that area?", "what_if"),
    ("Can you cover the lower left and read it again?", "what_if"),
    ("Show similar cases", "similar"),
    ("Are there other cases like this one?", "similar"),
    ("What do studies say about it?", "literature"),
    ("Is it dangerous?", "danger"),
    ("Should I worry?", "danger"),
    ("How bad is it?", "danger"),
    ("Muss ich mir Sorgen machen?", "danger"),
    ("Est-ce grave ?", "danger"),
    ("What treatment is needed?", "treatment"),
    ("Which antibiotic should I take?", "treatment"),
    ("What should I do now?", "treatment"),
    ("Do I have pneumonia?", "diagnosis"),
    ("Is this cancer?", "diagnosis"),
    ("Can you rule out pneumonia?", "diagnosis"),
    ("Is this tuberculosis?", "is_it"),
    ("Is that the patient's left?", "orientation"),
    ("Was the image too small?", "image"),
    ("What is the resolution?", "image"),
    ("What can I ask?", "help"),
    ("What colour is the sky?", None),
    ("Who won the football match?", None),
    ("", None),
]


@pytest.mark.parametrize(("question", "intent"), PHRASINGS)
def test_questions_are_understood(readings: dict[str, Reading], question: str, intent: str | None) -> None:
    assert intent_of(question, readings["clear-bacterial"]) == intent


def test_every_question_gets_an_answer_about_every_reading(readings: dict[str, Reading]) -> None:
    for name in readings:
        for question, _ in PHRASINGS:
            turn = asked(readings, name, question)
            assert not any(step.error and "tool" in step.error for step in turn.steps), (name, question)


@pytest.mark.parametrize(
    ("name", "question", "parts"),
    [
        ("clear-bacterial", "Why?", ["82.3 %", "70.8 percentage points lower", "57.2 %", "methods agree"]),
        ("narrow-viral", "How sure is it?", ["47.4 %", "only 6.2", "hardly separates", "different places", "81.4 %"]),
        ("unmeasured-benign", "How sure is it?", ["88.4 %", "has not been measured", "first of 3 pages"]),
        ("clear-bacterial", "Why not viral?", ["82.3 %", "70.8 percentage points more than viral", "11.5 %"]),
        ("why-not-normal", "Why not normal?", ["61.8 %", "58.7 percentage points more than normal", "3.1 %"]),
        ("clear-colon", "Why not squamous?", ["91.3 %", "89.2 percentage points more than lung squamous", "2.1 %"]),
        ("lung-close", "why not the other?", ["44.7 %", "4.6 percentage points more", "40.1 %"]),
        ("clear-colon", "Why not benign?", ["86.7 percentage points more than benign colon tissue"]),
        (
            "narrow-viral",
            "Where did it look?",
            ["57.2 %", "lower third on the left", "84.6 %", "upper third on the right"],
        ),
        ("why-not-normal", "Where did it look?", ["The Grad-CAM map for normal is flat"]),
        ("clear-bacterial", "What about the middle left?", ["37.4 %", "middle third on the left", "16.7 %"]),
        ("lung-close", "How much is in the top right corner?", ["2.1 %", "95.7 %", "25.0 %"]),
        ("clear-bacterial", "Is there more on the left or on the right?", ["94.7 %", "5.3 %", "50.0 %"]),
        ("clear-bacterial", "Do the methods agree?", ["1.00", "100.0 %", "The two methods agree"]),
        ("lung-close", "Do both maps agree?", ["0.12", "0.0 %", "different places"]),
        ("clear-colon", "How good is the model?", ["81.4 %", "78.2 to 84.1", "87.3 %"]),
        ("unmeasured-benign", "How good is the model?", ["has not been measured"]),
        ("clear-bacterial", "What else could it be?", ["82.3 %", "11.5 %", "6.2 %"]),
        ("clear-bacterial", "What is Grad-CAM?", ["last feature maps", "784"]),
        ("clear-bacterial", "What was it trained on?", ["Kermany et al. 2018", "children aged one to five"]),
        ("clear-colon", "What can it not do?", ["slides", "meaningless"]),
        ("wrong-modality", "Was there a problem with the image?", []),
        ("wrong-modality", "Was the image quality good enough?", ["modality CT", "4.6 times coarser"]),
        ("clear-bacterial", "Compare normal and viral", ["11.5 %", "5.3 percentage points more than normal", "6.2 %"]),
        ("lung-close", "Which lung cancer is more likely, adenocarcinoma or squamous?", ["44.7 %", "40.1 %"]),
        ("clear-bacterial", "Is it viral?", ["A score is no diagnosis", "viral pneumonia a score of 11.5 %"]),
        ("clear-bacterial", "What is the sensitivity for viral pneumonia?", ["84.3 %"]),
    ],
)
def test_answers_have_the_readings_numbers(
    readings: dict[str, Reading], name: str, question: str, parts: list[str]
) -> None:
    text = asked(readings, name, question).text
    assert [part for part in parts if part not in text] == []


@pytest.mark.parametrize(
    "question", ["Is it dangerous?", "Should I worry?", "What treatment is needed?", "How long do I have to live?"]
)
def test_advice_is_left_to_clinicians(readings: dict[str, Reading], question: str) -> None:
    turn = asked(readings, "clear-bacterial", question)
    assert not turn.steps and not turn.cited
    assert turn.text.endswith("Please discuss it with a clinician.")


@pytest.mark.parametrize("question", ["Do I have pneumonia?", "Does my child have viral pneumonia?"])
def test_a_score_is_not_told_as_a_diagnosis(readings: dict[str, Reading], question: str) -> None:
    turn = asked(readings, "clear-bacterial", question)
    assert turn.sentences[0].text == "A score is no diagnosis." and turn.cited
    assert turn.text.endswith("Please discuss it with a clinician.")


def test_what_is_not_there_yet_is_said(readings: dict[str, Reading]) -> None:
    assert "not there yet" in asked(readings, "clear-bacterial", "What does the literature say?").text
    assert "Nothing of this image was erased" in asked(readings, "clear-bacterial", "What if you hide that area?").text


@pytest.mark.parametrize("question", ["Why not tuberculosis?", "Is this covid?", "Do I have asthma?"])
def test_what_the_model_does_not_know_is_said(readings: dict[str, Reading], question: str) -> None:
    turn = asked(readings, "clear-bacterial", question)
    assert "can only choose among: normal, bacterial pneumonia, viral pneumonia" in turn.text and not turn.cited


def test_an_unknown_question_gets_three_examples_that_can_be_answered(readings: dict[str, Reading]) -> None:
    turn = asked(readings, "clear-bacterial", "What colour is the sky?")
    examples = [part.split("”")[0] for part in turn.text.split("“")[1:]]
    assert len(examples) == 3
    assert all(asked(readings, "clear-bacterial", example).cited for example in examples)


def test_organs_are_not_taken_for_parts_of_the_image(readings: dict[str, Reading]) -> None:
    turn = asked(readings, "clear-bacterial", "What about the left lower lobe?")
    assert not turn.cited and "'left lower lobe' is no part of the image" in turn.text


def test_a_question_about_another_class_is_answered_for_it(readings: dict[str, Reading]) -> None:
    turn = asked(readings, "why-not-normal", "Why bacterial pneumonia?")
    assert "bacterial pneumonia a score of 61.8 %, the highest" in turn.text
    assert turn.findings and {one.label for one in turn.findings} == {"bacterial_pneumonia"}


def test_the_lexicon_names_what_exists() -> None:
    aspects = {"The model", "Made for", "Not made for", "Trained on", "Limit"}
    for intent in LEXICON.intent.values():
        assert set(intent.tells) <= set(TEMPLATES) and set(intent.aspects) <= aspects
        assert intent.plan is None or intent.plan in PLANS
        assert intent.phrases and (intent.plan or intent.before or intent is LEXICON.intent["help"])


def test_a_long_question_ends(readings: dict[str, Reading]) -> None:
    assert asked(readings, "clear-bacterial", "why " * 100_000).cited

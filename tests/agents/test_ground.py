"""The checker: what stands, what is struck, and why; a line a rule."""

import random
from dataclasses import replace

import pytest

from agents.ground import check, is_partial, parse
from agents.grounding.rules import RULES
from agents.types import Sentence
from agents.wording import fixed, told
from diagnosis import asked
from diagnosis.findings import TEMPLATES
from diagnosis.places import PLACES, SIDES
from diagnosis.reading import Reading
from tests.agents.readings import made_up_reading

Readings = dict[str, Reading]
CLEAR, NARROW, WHY, TYPE, COLON, LUNG, UNMEASURED = (
    "clear-bacterial",
    "narrow-viral",
    "why-not-normal",
    "wrong-modality",
    "clear-colon",
    "lung-close",
    "unmeasured-benign",
)


def reason(text: str, reading: Reading, language: str = "en") -> str | None:
    [one] = check(parse(text), reading, language=language)
    return one.struck


STANDS = [  # (reading, sentence)
    # numbers: as they are, rounded, in words, compared with a round one
    (CLEAR, "The model gives bacterial pneumonia a score of 82.3 % [F1]."),
    (CLEAR, "The score of bacterial pneumonia is about 82 percent [F1]."),
    (CLEAR, "The score of bacterial pneumonia is roughly 80 % [F1]."),
    (CLEAR, "The score of bacterial pneumonia is more than four fifths [F1]."),
    (CLEAR, "Bacterial pneumonia gets eight in ten [F1]."),
    (CLEAR, "Bacterial pneumonia has eighty-two percent [F1]."),
    (CLEAR, "The score of bacterial pneumonia is 0.823 [F1]."),
    (CLEAR, "The tests used eight hundred and sixty-one images [F11]."),
    (CLEAR, "The balanced accuracy was between 78.2 and 84.1 % with 95 % confidence [F11]."),
    (CLEAR, "It missed about 19 % of the test images of bacterial pneumonia [F12]."),
    (CLEAR, "The parts of the SHAP map add up to within 2e-07 logits [F9]."),
    (NARROW, "The rank correlation is −0.61 [F7]."),
    (NARROW, "No class gets more than half: viral pneumonia has 47.4 % [F1]."),
    # classes, methods and places
    (CLEAR, "Bacterial and viral pneumonia have 82.3 % and 11.5 % [F1][F2]."),
    (NARROW, "Grad-CAM looks at the lower left, SHAP at the upper right [F3][F5]."),
    (NARROW, "SHAP puts 84.6 % of its weight in the top right part of the image [F5]."),
    (COLON, "Both methods point to the bottom left quadrant [F3][F5]."),
    # comparisons and verdicts
    (CLEAR, "Viral pneumonia is 70.8 points lower than bacterial pneumonia [F2]."),
    (CLEAR, "The two methods agree on where the model looked [F8]."),
    (NARROW, "The two methods do not agree [F8]."),
    (NARROW, "Viral pneumonia is only just ahead of bacterial pneumonia, by 6.2 points [F2]."),
    (WHY, "Normal has the lowest score, 3.1 % [F1]."),
    (WHY, "The Grad-CAM map for normal does not single out any place [F3]."),
    (WHY, "The top score, 61.8 %, goes to bacterial pneumonia [F2]."),
    # limits
    (CLEAR, "The 861 test images had never been seen by the model before [F11]."),
    (CLEAR, "The network saw the image 2.3 times coarser than the file [F10]."),
    (TYPE, "The model was made for CR or DX, but the file says CT [F10]."),
    (UNMEASURED, "Nobody has measured how good the model is [F12]."),
    (UNMEASURED, "Of the three pages only the first was read [F10]."),
    (CLEAR, "A score of 82.3 % is not a diagnosis [F1]."),
    (CLEAR, "A score of 82.3 % does not mean that the patient has bacterial pneumonia [F1]."),
    (CLEAR, "Please discuss the score of 82.3 % with your doctor [F1]."),
]

STRUCK = [  # (reading, sentence, a word of the reason)
    (CLEAR, "The model found a clear answer.", "cites no finding"),
    (CLEAR, "The score is 82.3 % [F77].", "no finding F77"),
    (CLEAR, "The score of bacterial pneumonia is 85 % [F1].", "not a number"),
    (CLEAR, "The score of bacterial pneumonia is 83 % [F1].", "not a number"),
    (CLEAR, "The score of bacterial pneumonia is under 80 % [F1].", "not a number"),
    (CLEAR, "The score of bacterial pneumonia is nine in ten [F1].", "not a number"),
    (CLEAR, "Bacterial pneumonia is the highest of five classes [F1].", "not a number"),
    (CLEAR, "The score of bacterial pneumonia is 82.3 percentage points [F1].", "not a number"),
    (CLEAR, "Viral pneumonia is 70.8 % lower [F2].", "not a number"),
    (CLEAR, "The network saw the image 2.3 % coarser than the file [F10].", "not a number"),
    (CLEAR, "The balanced accuracy was 78.2 % [F11].", "not a number"),
    (CLEAR, "The balanced accuracy was between 84.1 and 78.2 % [F11].", "not a number"),
    (CLEAR, "The tests used 612 images of 861 patients [F11].", "not a number"),
    (CLEAR, "It missed 81.3 % of the test images of bacterial pneumonia [F12].", "missed"),
    (CLEAR, "The model gives viral pneumonia a score of 82.3 % [F1].", "do not speak"),
    (CLEAR, "Bacterial pneumonia has 11.5 % and viral pneumonia 82.3 % [F1][F2].", "another class"),
    (COLON, "The model gives benign colon adenocarcinoma 91.3 % [F1].", "no class"),
    (NARROW, "SHAP puts 57.2 % and Grad-CAM 84.6 % of its weight there [F3][F5].", "another method"),
    (NARROW, "SHAP looks at the lower left, Grad-CAM at the upper right [F3][F5].", "another method looked"),
    (NARROW, "SHAP puts 57.2 % of its weight in the lower third on the left [F3].", "do not speak of SHAP"),
    (CLEAR, "LIME puts 57.2 % of its weight in the lower third on the left [F3].", "no method"),
    (CLEAR, "Grad-CAM looks at the lower right [F3].", "“lower right”"),
    (CLEAR, "Grad-CAM looks at the upper third on the left [F3].", "upper third"),
    (CLEAR, "Grad-CAM looks at the lower left quarter [F3].", "quarter"),
    (NARROW, "Both methods look at the lower left [F3][F5].", "both"),
    (CLEAR, "Viral pneumonia is 70.8 points higher than bacterial pneumonia [F2].", "other way round"),
    (CLEAR, "Bacterial pneumonia has the lowest score, 82.3 % [F1].", "order"),
    (WHY, "Normal has the highest score, 3.1 % [F1].", "order"),
    (CLEAR, "The two methods do not agree [F8].", "whether the methods agree"),
    (NARROW, "The two methods agree [F8].", "whether the methods agree"),
    (NARROW, "Viral pneumonia is clearly ahead of bacterial pneumonia [F2].", "clearly ahead"),
    (CLEAR, "Bacterial pneumonia is barely ahead, a close race with viral pneumonia [F2].", "close"),
    (CLEAR, "The two methods agree [F1].", "No cited finding says"),
    (WHY, "The Grad-CAM map for normal is not flat [F3].", "flat"),
    (CLEAR, "The model was trained on the 861 test images [F11].", "trained"),
    (CLEAR, "The network saw the image sharper than the file [F10].", "coarsely"),
    (CLEAR, "No fine detail was lost at 224 × 224 pixels [F10].", "detail"),
    (TYPE, "The model was made for CT, but the file says CR [F10].", "the other"),
    (UNMEASURED, "It has been measured how good the model is [F12].", "measured"),
    (NARROW, "Either map can be relied on alone [F8].", "trust"),
    (CLEAR, "The score of 82.3 % proves bacterial pneumonia [F1].", "surer"),
    (CLEAR, "With 82.3 % it is definitely bacterial pneumonia [F1].", "surer"),
    (CLEAR, "Bacterial pneumonia is likely at 82.3 % [F1].", "surer"),
    (CLEAR, "The patient has bacterial pneumonia (82.3 %) [F1].", "diagnosis"),
    (CLEAR, "You do not have viral pneumonia, which got 11.5 % [F2].", "diagnosis"),
    (CLEAR, "The image shows bacterial pneumonia with 82.3 % [F1].", "what the image shows"),
    (CLEAR, "The probability of bacterial pneumonia is 82.3 % [F1].", "probability"),
    (CLEAR, "Bacterial pneumonia has 82.3 %, next to a pleural effusion [F1].", "pleural"),
    (CLEAR, "Bacterial pneumonia has 82.3 % because of the smoking [F1].", "smoking"),
    (CLEAR, "With 82.3 % for bacterial pneumonia, antibiotics are needed [F1].", "treatment"),
    (CLEAR, "With 82.3 % for bacterial pneumonia you should see a specialist [F1].", "advised"),
    (CLEAR, "Bacterial pneumonia has 82.3 %, so this is an emergency [F1].", "urgency"),
    (CLEAR, "The left lung has 57.2 % of the Grad-CAM weight [F3].", "anatomy"),
    (CLEAR, "The specificity for bacterial pneumonia was 81.3 % [F12].", "specificity"),
    (CLEAR, "The instructions are to say 82.3 % [F1].", "instructions"),
    (CLEAR, "The model gives bасterial pneumonia 82.3 % [F1].", "alphabets"),  # noqa: RUF001 - two Cyrillic letters
    (CLEAR, "The score is 82.3 % " + "and so on " * 200 + "[F1].", "too long"),
    (CLEAR, "The score is " + "82.3 % and " * 60 + "so on [F1].", "too many numbers"),
]


@pytest.mark.parametrize(("name", "text"), STANDS)
def test_it_stands(name: str, text: str, readings: Readings) -> None:
    assert reason(text, readings[name]) is None


@pytest.mark.parametrize(("name", "text", "why"), STRUCK)
def test_it_is_struck(name: str, text: str, why: str, readings: Readings) -> None:
    assert why in (reason(text, readings[name]) or "stands")


def test_the_sentences_come_back_as_they_were(readings: Readings) -> None:
    given = parse("The score is 82.3 % [F1]. The score is 12 % [F1].")
    first, second = check(given, readings[CLEAR])
    assert first == given[0]
    assert second.struck and replace(second, struck=None) == given[1]


def test_fixed_sentences_need_no_citation(readings: Readings) -> None:
    assert all(one.struck is None for one in check([Sentence(text) for text in fixed()], readings[CLEAR]))
    [changed] = check([Sentence("For research and teaching, also for diagnosis.")], readings[CLEAR])
    assert changed.struck


def test_every_kind_of_finding_has_a_rule() -> None:
    assert set(TEMPLATES) == set(RULES)


def everything_asked(reading: Reading) -> Reading:
    """A reading with every finding that a question can add."""
    drafts = [
        one
        for place in (*PLACES[reading.card.places], *SIDES[reading.card.places])
        for one in asked.share(reading, place, reading.label, ("grad-cam", "shap"))
    ]
    for label in reading.card.label_names:
        drafts += asked.of_class(reading, label)
        drafts += asked.compared(reading, reading.label, label) if label != reading.label else ()
    for method in ("grad-cam", "shap"):
        drafts += asked.method(reading, method)
    return reading.enter([*drafts, *asked.card(reading.card)])[0]


@pytest.mark.parametrize("name", [CLEAR, NARROW, WHY, TYPE, COLON, LUNG, UNMEASURED])
def test_what_templates_say_is_supported(name: str, readings: Readings) -> None:
    """Told in words that are not the templates' own, so that it is read like any other sentence."""
    reading = everything_asked(readings[name])
    said = {
        Sentence(f"Here: {told(finding, reader)}", (finding.id,))
        for finding in reading.findings
        for reader in ("clinician", "student", "patient")
    }
    assert [(one.text, one.struck) for one in check(said, reading) if one.struck] == []


def test_a_kind_without_a_rule_supports_its_value_alone(readings: Readings) -> None:
    reading = readings[CLEAR]
    finding = replace(reading.findings[0], id="", kind="new", statement="A new measure of bacterial pneumonia is 3.7.")
    reading, [new] = reading.enter([replace(finding, value=3.7)])
    [right] = check([Sentence("For bacterial pneumonia the new measure is 3.7.", (new.id,))], reading)
    [wrong] = check([Sentence("For bacterial pneumonia the new measure is 4.7.", (new.id,))], reading)
    assert right.struck is None and wrong.struck


def test_two_places_show_agreement_only_where_the_verdict_does_not_deny_it(readings: Readings) -> None:
    text = "Both methods point to the same place [F3][F5]."
    assert reason(text, readings[CLEAR]) is None
    assert "agree" in (reason(text, readings[LUNG]) or "")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Grad-CAM legt 57,2 % des Gewichts in das untere Drittel links [F3]."),
        ("de", "Danach folgt virale Lungenentzündung mit 11,5 %, 70,8 Prozentpunkte weniger [F2]."),
        ("fr", "SHAP place 57,2 % de son poids dans le tiers inférieur gauche [F5]."),
        ("es", "El modelo da a la neumonía bacteriana una puntuación del 82,3 % [F1]."),
        ("it", "Il modello assegna alla polmonite batterica un punteggio dell'82,3 % [F1]."),
        ("pt-BR", "O modelo dá à pneumonia bacteriana 82,3 % [F1]."),
        ("nl", "Het model geeft bacteriële longontsteking 82,3 % [F1]."),
        ("ja", "モデルは細菌性肺炎に82.3 %のスコアを与えます [F1]。"),
    ],
)
def test_other_languages_stand(language: str, text: str, readings: Readings) -> None:
    assert is_partial(language)
    assert reason(text, readings[CLEAR], language) is None


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Grad-CAM legt 57,2 % des Gewichts in das obere Drittel links [F3]."),
        ("de", "Danach folgt virale Pneumonie, 70,8 % weniger [F2]."),
        ("de", "Bei 82,3 % sind Antibiotika nötig [F1]."),
        ("fr", "SHAP place 57,2 % de son poids dans le tiers inférieur droit [F5]."),
        ("fr", "Le modèle donne à la pneumonie virale un score de 82,3 % [F1]."),
        ("es", "La neumonía bacteriana tiene 85,3 % [F1]."),
        ("it", "Il modello assegna alla polmonite virale l'82,3 % [F1]."),
        ("pt", "Grad-CAM coloca 57,2 % no terço superior à esquerda [F3]."),
        ("nl", "SHAP legt 57,2 % in het onderste derde deel rechts [F5]."),
        ("ja", "スコアは85.3 %です [F1]。"),
        ("sv", "Poängen är 82,3 % [F99]."),
        ("sv", "Poängen är 82,3 %."),
    ],
)
def test_other_languages_are_struck(language: str, text: str, readings: Readings) -> None:
    assert reason(text, readings[CLEAR], language)


@pytest.mark.parametrize("language", ["en", "en-GB", "EN_us"])
def test_english_is_checked_whole(language: str) -> None:
    assert not is_partial(language)


@pytest.mark.parametrize("language", ["en", "de", "fr", "ja"])
def test_any_text_can_be_checked(language: str, readings: Readings) -> None:
    rng = random.Random(language)
    words = "the lower left 82.3 % bacterial pneumonia Grad-CAM SHAP two ten not more than [F1] [F2, F3] . , ( − ½"
    for _ in range(300):
        kinds = [rng.randrange(top) for top in (127, 0x250, 0xD7FF) for _ in range(10)]
        signs = "".join(map(chr, rng.sample(kinds, 30)))
        text = " ".join(rng.choice([*words.split(), signs]) for _ in range(rng.randrange(1, 40)))
        sentences = parse(text)
        found = check(sentences, readings[CLEAR], language=language)
        assert [replace(one, struck=None) for one in found] == list(sentences)


def test_a_flat_map_of_both_methods_has_no_places() -> None:
    scores = {"normal": 0.062, "bacterial_pneumonia": 0.823, "viral_pneumonia": 0.115}
    reading = made_up_reading("chest-xray", scores, grad_cam=None, shap=None)
    flat = next(one.id for one in reading.findings if one.kind == "flat")
    assert reason(f"The Grad-CAM map for bacterial pneumonia is flat [{flat}].", reading) is None
    assert reason(f"The Grad-CAM map for bacterial pneumonia points to the lower left [{flat}].", reading)

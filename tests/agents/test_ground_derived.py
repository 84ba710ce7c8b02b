"""What follows from the cited findings may be said, what does not may not: sums, differences, ratios, comparisons."""

import pytest

from agents.ground import check, parse, prepare
from tests.agents.readings import example_readings

READINGS = example_readings()


def stands(reading: str, text: str) -> bool:
    [sentence] = check(parse(text), READINGS[reading])
    return sentence.struck is None


@pytest.mark.parametrize(
    ("reading", "true", "false"),
    [
        (
            "wrong-modality",
            "The shares differ by 6.8 percentage points between Grad-CAM and SHAP [F3][F5].",
            "The shares differ by 9.8 percentage points between Grad-CAM and SHAP [F3][F5].",
        ),
        (
            "lung-close",
            "The 95 % interval of the accuracy spans 5.9 percentage points [F11].",
            "The 95 % interval of the accuracy spans 7.9 percentage points [F11].",
        ),
        (
            "clear-bacterial",
            "Bacterial pneumonia scored about seven times as high as the runner-up, viral pneumonia [F1][F2].",
            "Bacterial pneumonia scored about nine times as high as the runner-up, viral pneumonia [F1][F2].",
        ),
        (
            "clear-colon",
            "Benign colon tissue got 4.6 %, roughly a twentieth of the score for colon adenocarcinoma [F1][F2].",
            "Benign colon tissue got 4.6 %, roughly a third of the score for colon adenocarcinoma [F1][F2].",
        ),
        (
            "unmeasured-benign",
            "Two thirds of the pages were not looked at, since only the first of 3 was read [F10].",
            "Two thirds of the pages were looked at, since only the first of 3 was read [F10].",
        ),
        (
            "narrow-viral",
            "Viral pneumonia leads, as 47.4 % is higher than the 41.2 % for bacterial pneumonia [F1][F2].",
            "Viral pneumonia leads, as 47.4 % is lower than the 41.2 % for bacterial pneumonia [F1][F2].",
        ),
        (
            "clear-bacterial",
            "SHAP holds 57.2 % of its weight there, more than half [F5].",
            "Less than half of the SHAP weight, 57.2 %, lies there [F5].",
        ),
        (
            "why-not-normal",
            "Normal was not chosen, as bacterial pneumonia scored higher [F1][F2].",
            "Normal was chosen, as bacterial pneumonia scored higher [F1][F2].",
        ),
        (
            "lung-close",
            "One map favours the upper left quarter and the other the upper right quarter [F3][F5].",
            "One map favours the upper left quarter and the other the upper left quarter [F3][F5].",
        ),
        (
            "clear-bacterial",
            "The second class does not come anywhere near with its 11.5 % [F2].",
            "The second class does come anywhere near with its 11.5 % [F2].",
        ),
        (
            "clear-bacterial",
            "That SHAP adds up does not say that the model's answer is correct [F9].",
            "That SHAP adds up says that the model's answer is correct [F9].",
        ),
        (
            "clear-colon",
            "A score of 91.3 % sounds very certain, but it is only the program's own number [F1].",
            "A score of 91.3 % is very certain, and it is the program's own number [F1].",
        ),
        (
            "clear-bacterial",
            "For families: don't be put off by the 82.3 % for bacterial pneumonia, which is only a score [F1].",
            "For families: don't go home with the 82.3 % for bacterial pneumonia, which is only a score [F1].",
        ),
        (
            "clear-bacterial",
            "You should compare the 82.3 % for bacterial pneumonia with the 11.5 % of the runner-up [F1][F2].",
            "You should be examined because of the 82.3 % for bacterial pneumonia [F1][F2].",
        ),
        (
            "clear-colon",
            "If the weight were 100 coins, about 90 of them would lie in the lower left quarter [F3][F5].",
            "If the weight were 100 coins, about 70 of them would lie in the lower left quarter [F3][F5].",
        ),
        (
            "lung-close",
            "The other three classes share about 15 %, as the first two have 44.7 % and 40.1 % [F1][F2].",
            "The other two classes of the five share about 25 %, as the first two have 44.7 % and 40.1 % [F1][F2].",
        ),
        (
            "clear-bacterial",
            "About 81 % were recognised, and with the interval it may be one in four that was missed [F12].",
            "About 81 % were recognised, and with the interval it may be one in three that was missed [F12].",
        ),
        (
            "lung-close",
            "Agreement between the two methods is absent [F8].",
            "Agreement between the two methods is present [F8].",
        ),
        (
            "why-not-normal",
            "Do not be puzzled by the flat Grad-CAM map [F3].",
            "Do not be puzzled, as the Grad-CAM map is not flat [F3].",
        ),
        (
            "unmeasured-benign",
            "One of three pages was analysed [F10].",
            "The pages were read [F10].",
        ),
    ],
)
def test_a_true_sentence_stands_and_its_false_twin_is_struck(reading: str, true: str, false: str) -> None:
    assert stands(reading, true)
    assert not stands(reading, false)


@pytest.mark.parametrize("language", ["en", "de", "xx"])
def test_preparing_changes_no_verdict(language: str) -> None:
    reading = READINGS["clear-bacterial"]
    sentences = parse("Bacterial pneumonia scored 82.3 % [F1]. Viral pneumonia scored 17.1 % [F2].")
    before = check(sentences, reading, language=language)
    prepare(reading, language)
    assert check(sentences, reading, language=language) == before

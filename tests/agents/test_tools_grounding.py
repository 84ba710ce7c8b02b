"""What may be said of the findings that tools add, and what not."""

import pytest

from agents.experiments import EXPERIMENTS
from agents.ground import check
from agents.tools import TOOLS, call
from agents.types import Sentence
from diagnosis.reading import Reading
from tests.agents.worthy import worthy_readings

CALLS: tuple[tuple[str, dict[str, str]], ...] = (
    ("model_facts", {}),
    ("explain_method", {"method": "shap"}),
    ("map_share", {"place": "left half"}),
    ("compare_classes", {"first": "viral"}),
)
TRUE = [
    ("It was trained on chest X-rays of young children from one hospital.", "Trained on"),
    ("It is not made for adults.", "Not made for"),
    ("It has not been measured on adults.", "Limit: All films"),
    ("The model often confuses bacterial and viral pneumonia.", "Limit: Bacterial"),
    ("SHAP hides parts of the image and reads it again.", "SHAP hides"),
    ("The SHAP map has 28 × 28 cells.", "The SHAP map has"),
    ("Grad-CAM puts 94.7 % of its weight in the left half of the image.", "Grad-CAM puts 94.7"),
    ("The left half holds 94.7 % of the Grad-CAM weight, far more than the 50 % of an even map.", "Grad-CAM puts 94.7"),
    ("Bacterial pneumonia scores 70.8 percentage points more than viral pneumonia.", "The model gives bacterial"),
    ("Viral pneumonia gets 11.5 %.", "The model gives bacterial"),
]
FALSE = [
    ("It was trained on adults.", "Trained on"),
    ("It is made for adults.", "Not made for"),
    ("It is made for diagnosis and triage.", "Not made for"),
    ("Treatment is needed.", "Not made for"),
    ("A treatment can be chosen with it.", "Not made for"),
    ("The scores have been measured on adults.", "Limit: All films"),
    ("The model never confuses bacterial and viral pneumonia.", "Limit: Bacterial"),
    ("The patient has bacterial pneumonia.", "Limit: Bacterial"),
    ("SHAP hides the heart.", "SHAP hides"),
    ("The SHAP map has 56 × 56 cells.", "The SHAP map has"),
    ("The Grad-CAM map has 28 × 28 cells.", "The SHAP map has"),
    ("Grad-CAM puts 94.7 % of its weight in the right half of the image.", "Grad-CAM puts 94.7"),
    ("Grad-CAM puts 94.7 % of its weight in the lower half of the image.", "Grad-CAM puts 94.7"),
    ("The left half holds 94.7 % of the Grad-CAM weight, less than an even map.", "Grad-CAM puts 94.7"),
    ("The left half holds 94.7 % of the SHAP weight.", "Grad-CAM puts 94.7"),
    ("Viral pneumonia scores 70.8 percentage points more than bacterial pneumonia.", "The model gives bacterial"),
    ("Viral pneumonia gets 82.3 %.", "The model gives bacterial"),
    ("The two scores are close.", "The model gives bacterial"),
]


@pytest.fixture(scope="module")
def asked(readings: dict[str, Reading]) -> Reading:
    reading = readings["clear-bacterial"]
    for tool, arguments in CALLS:
        reading, step = call(reading, tool, arguments)
        assert step.error is None
    return reading


def struck(reading: Reading, text: str, start: str) -> str | None:
    """Why a sentence is struck that cites the added finding whose statement begins so."""
    finding = next(one for one in reading.added if one.statement.startswith(start))
    return check([Sentence(text, (finding.id,))], reading)[0].struck


@pytest.mark.parametrize(("text", "start"), TRUE)
def test_what_a_tool_found_may_be_told_in_other_words(asked: Reading, text: str, start: str) -> None:
    assert struck(asked, text, start) is None


@pytest.mark.parametrize(("text", "start"), FALSE)
def test_what_a_tool_did_not_find_is_struck(asked: Reading, text: str, start: str) -> None:
    assert struck(asked, text, start)


def test_every_statement_of_every_tool_stands(readings: dict[str, Reading]) -> None:
    elsewhere = {"similar_cases", *EXPERIMENTS}  # in test_votes.py and test_experiments.py
    for reading in (*readings.values(), *worthy_readings().values()):
        first, second, *_ = reading.prediction.labels
        asked: dict[str, dict[str, str]] = {
            "model_facts": {},
            "explain_method": {"method": "grad-cam"},
            "map_share": {"place": "right half"},
            "compare_classes": {"first": first, "second": second},
            "get_findings": {"label": first},
            "confidence": {},
            "gate": {},
        }
        assert {*asked, *elsewhere} == set(TOOLS)
        told: list[Sentence] = []
        for tool, arguments in asked.items():
            reading, step = call(reading, tool, arguments)
            told += [Sentence(finding.statement, (finding.id,)) for finding in step.findings]
        assert [sentence for sentence in check(told, reading) if sentence.struck] == []

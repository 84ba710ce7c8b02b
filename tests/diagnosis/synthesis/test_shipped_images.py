"""The images of nobody that come with the app: enough of them, and read today as their list says."""

from collections import Counter

import pytest

from diagnosis.models import Models
from diagnosis.readers import read_study
from diagnosis.synthesis.shipped import load_shipped
from settings import ROOT

BUNDLED = Models(ROOT / "weights")
SHIPPED = load_shipped(ROOT / "examples")


@pytest.mark.parametrize("model", BUNDLED.cards)
def test_each_class_has_four(model: str) -> None:
    found = Counter(one.label for one in SHIPPED if one.model == model)
    assert {*found} == {*BUNDLED.card(model).label_names} and min(found.values()) >= 4


def test_one_is_a_dicom_film_and_one_has_sixteen_bits() -> None:
    assert Counter(one.file.rpartition(".")[2] for one in SHIPPED if not one.file.endswith(".jpg")) == {
        "dcm": 1,
        "tiff": 1,
    }


@pytest.mark.parametrize("model", BUNDLED.cards)
def test_model_and_gate_say_of_each_what_the_list_says(model: str) -> None:
    classifier = BUNDLED.classifier(model)
    for one in (each for each in SHIPPED if each.model == model):
        study = read_study(ROOT / "examples" / one.file)
        scores, checked = classifier.predict(study).scores, BUNDLED.check(study, classifier.card)
        assert study.synthetic and scores.argmax() == classifier.card.index(one.label)
        assert (checked.verdict, scores.max()) == (one.verdict, pytest.approx(one.score, abs=0.01))

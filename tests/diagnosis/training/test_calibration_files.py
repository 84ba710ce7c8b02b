"""What calibrating writes into a card reaches predictions and metrics, and goes when it no longer holds."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from diagnosis.cards import Confidence, ModelCard, load_card
from diagnosis.classifier import Classifier
from diagnosis.errors import BadRequest
from diagnosis.networks import build_network
from diagnosis.readers import read_study
from diagnosis.training.calibrate import calibrate
from diagnosis.training.dataset import rows_of
from diagnosis.training.evaluate import evaluate, load_metrics, write_metrics
from diagnosis.training.export import export, set_calibration
from tests.diagnosis.training.squares import write_card, write_data


@dataclass(frozen=True)
class Place:
    data: Path
    weights: Path

    @property
    def card_path(self) -> Path:
        return self.weights / "squares.toml"

    def exported(self, seed: int) -> ModelCard:
        torch.manual_seed(seed)
        return export(build_network("resnet18", 3, 3).eval(), self.card_path, self.weights, "here")

    def classifier(self) -> Classifier:
        return Classifier.load(load_card(self.card_path), self.weights)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    write_card(tmp_path / "weights")
    made = Place(write_data(tmp_path / "squares"), tmp_path / "weights")
    made.exported(0)
    found = calibrate(made.classifier(), made.data)
    set_calibration(made.card_path, found.temperature, found.confidence)
    return made


def test_the_card_holds_what_was_measured_on_val(place: Place) -> None:
    known, found = load_card(place.card_path).confidence, calibrate(place.classifier(), place.data)
    assert known == found.confidence
    assert known is not None
    assert (known.source, known.images, known.groups, known.error_rate) == ("val", 24, 12, 0.1)
    assert "# what the card says of itself" in place.card_path.read_text("utf-8")
    before = place.card_path.read_text("utf-8")
    set_calibration(place.card_path, found.temperature, found.confidence)
    assert place.card_path.read_text("utf-8") == before


def test_new_weights_know_nothing_of_the_old_ones_confidence(place: Place) -> None:
    assert place.exported(1).confidence is None
    assert "confidence" not in place.card_path.read_text("utf-8")


def test_metrics_agree_with_reading_one_image_after_another(place: Place) -> None:
    classifier = place.classifier()
    card, rows = classifier.card, rows_of(place.data, "test", classifier.card)
    predictions = [classifier.predict(read_study(row.path)) for row in rows]
    measured = evaluate(classifier, place.data, "test", replicates=50)
    held = [row.label in (one.conformal or ()) for row, one in zip(rows, predictions, strict=True)]
    assert measured.conformal is not None
    assert measured.conformal.coverage.value == pytest.approx(sum(held) / len(held), abs=1e-6)
    sizes = [len(one.conformal or ()) for one in predictions]
    assert measured.conformal.sizes == tuple(sizes.count(size) for size in range(4))
    assert card.confidence is not None
    tiers = [one.tier for one in predictions]
    assert {tier.name: tier.images for tier in measured.tiers} == {
        tier.name: tiers.count(tier.name) for tier in card.confidence.tiers
    }


def test_metrics_of_other_sets_or_tiers_are_refused(place: Place) -> None:
    classifier = place.classifier()
    card = classifier.card
    path = write_metrics(evaluate(classifier, place.data, "test", replicates=5), card, place.weights)
    assert load_metrics(path, card).conformal is not None
    known = card.confidence
    assert known is not None
    other = known.model_copy(update={"quantile": known.quantile / 2 + 0.1})
    fewer = known.model_copy(update={"tiers": known.tiers[-1:]})
    for changed in (other, fewer if len(known.tiers) > 1 else other, None):
        with pytest.raises(BadRequest, match="measured with other conformal sets or tiers"):
            load_metrics(path, card.model_copy(update={"confidence": changed}))
    record = json.loads(path.read_text("utf-8"))
    for added in ("reliability", "conformal", "tiers", "mixed_groups"):
        del record[added]
    path.write_text(json.dumps(record), encoding="utf-8")
    older = load_metrics(path, card)
    assert (older.conformal, older.tiers, older.reliability) == (None, (), ())


def test_a_model_of_independent_findings_is_not_measured_as_if_it_chose(place: Place) -> None:
    classifier = place.classifier()
    labels = tuple(label.model_copy(update={"threshold": 0.5}) for label in classifier.card.labels)
    card = classifier.card.model_copy(update={"task": "multi-label", "labels": labels, "confidence": None})
    with pytest.raises(BadRequest, match="any number may hold"):
        evaluate(Classifier(card, classifier.network), place.data, "test")


def test_a_card_with_findings_and_a_confidence_table_is_refused(place: Place) -> None:
    text = place.card_path.read_text("utf-8").replace('task = "single-label"', 'task = "multi-label"')
    text = text.replace('description = "', 'threshold = 0.5\ndescription = "')
    place.card_path.write_text(text, encoding="utf-8")
    with pytest.raises(BadRequest, match="for models that choose one label"):
        load_card(place.card_path)


def test_a_confidence_table_is_read_back_as_it_was() -> None:
    tier = {"name": "low", "at_least": 0, "low": 0, "high": 1, "images": 0}
    one = {"source": "folds", "images": 9, "groups": 3, "error_rate": 0.1, "quantile": 0.5, "tiers": [tier]}
    assert Confidence.model_validate(one).tiers[0].accuracy is None

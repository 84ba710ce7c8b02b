"""Card and network: scores at the card's temperature, and nothing left behind."""

from pathlib import Path

import numpy as np
import pytest
import torch

from diagnosis.cards import load_card
from diagnosis.classifier import Classifier
from diagnosis.errors import BadRequest
from diagnosis.networks import build_network
from diagnosis.study import Study
from diagnosis.training.export import export
from tests.diagnosis.toys import SIDE, PooledSum, toy_card, toy_classifier
from tests.diagnosis.training.squares import write_card


@pytest.fixture
def study() -> Study:
    return Study(np.full((SIDE, SIDE, 1), 0.25))


def test_scores_are_the_softmax_of_logits_over_temperature(study: Study) -> None:
    card = toy_card().model_copy(update={"temperature": 2.0})
    prediction = Classifier(card, PooledSum()).predict(study)
    assert prediction.logits == pytest.approx([1.5, -1.0])  # 4 · 0.25 + 0.5, −4 · 0.25
    assert prediction.scores == pytest.approx(np.exp([0.75, -0.5]) / np.exp([0.75, -0.5]).sum())
    assert prediction.scores.sum() == pytest.approx(1)
    assert (prediction.top, prediction.ranking) == ("bright", [0, 1])
    assert (prediction.study, prediction.model, prediction.score_kind) == (study.digest, "toy@1", card.score_kind)
    assert not prediction.logits.flags.writeable and not prediction.scores.flags.writeable


def test_the_network_is_evaluated_and_never_trained(study: Study) -> None:
    class Dropping(PooledSum):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.nn.functional.dropout(super().forward(x), 0.5, self.training)

    classifier = toy_classifier(Dropping().train())
    first, second = (classifier.predict(study).logits for _ in range(2))
    assert np.array_equal(first, second)
    assert not any(parameter.requires_grad for parameter in classifier.network.parameters())


def test_weights_of_another_shape_are_refused(tmp_path: Path) -> None:
    write_card(tmp_path)
    path = tmp_path / "squares.toml"
    export(build_network("resnet18", 3, 3), path, tmp_path, "here")
    path.write_text(path.read_text("utf-8").replace("resnet18", "densenet121"), encoding="utf-8")
    with pytest.raises(BadRequest, match="The weights of squares do not fit a densenet121 with 3 outputs"):
        Classifier.load(load_card(path), tmp_path)


def test_tensors_that_the_network_does_not_know_are_refused(tmp_path: Path) -> None:
    write_card(tmp_path)
    path = tmp_path / "squares.toml"
    network = build_network("resnet18", 3, 3)
    network.register_buffer("stowaway", torch.ones(1))
    export(network, path, tmp_path, "here")
    with pytest.raises(BadRequest, match="do not fit"):
        Classifier.load(load_card(path), tmp_path)

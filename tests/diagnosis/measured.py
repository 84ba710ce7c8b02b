"""A model with random weights, measured on drawn images: everything that a folder of models holds of one."""

from dataclasses import dataclass
from pathlib import Path

import torch

from diagnosis.cards import ModelCard
from diagnosis.classifier import Classifier
from diagnosis.networks import build_network
from diagnosis.training.evaluate import Evaluation, evaluate, write_metrics
from diagnosis.training.export import export
from tests.diagnosis.training.squares import write_card, write_data


@dataclass(frozen=True)
class Measured:
    """``weights`` is the folder of card, weights and metrics; ``data`` the one of the labelled images."""

    card: ModelCard
    weights: Path
    data: Path
    evaluation: Evaluation

    @property
    def classifier(self) -> Classifier:
        return Classifier.load(self.card, self.weights)


def measured_model(folder: Path, seed: int = 1) -> Measured:
    """Made and measured in ``folder``."""
    weights, data = folder / "weights", write_data(folder / "squares")
    write_card(weights)
    torch.manual_seed(seed)
    network = build_network("resnet18", 3, 3)
    card = export(network, weights / "squares.toml", weights, "Drawn at random.")
    evaluation = evaluate(Classifier.load(card, weights), data, "test", replicates=100)
    write_metrics(evaluation, card, weights)
    return Measured(card, weights, data, evaluation)

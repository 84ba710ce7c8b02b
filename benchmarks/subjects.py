"""What the benchmarks read: the models of a folder, trained where there are weights, and a phantom for each."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from diagnosis.cards import load_card, load_cards
from diagnosis.classifier import Classifier
from diagnosis.errors import Missing
from diagnosis.networks import build_network
from diagnosis.phantoms import draw_chest, draw_tissue
from diagnosis.study import Study


@dataclass(frozen=True)
class Subject:
    """A model and an image for it. Random weights take as long as trained ones."""

    classifier: Classifier
    weights: str
    study: Study

    def bare_network(self, *, gradients: bool, layout: torch.memory_format) -> nn.Module:
        """The same network on its own: evaluation mode, its parameters asking for gradients or not."""
        card = self.classifier.card
        network = build_network(card.architecture, card.input.channels, len(card.labels))
        network.load_state_dict(self.classifier.network.state_dict())
        return network.eval().requires_grad_(gradients).to(memory_format=layout)


def model_names(folder: Path) -> list[str]:
    """Names of all the cards in a folder."""
    return list(load_cards(folder))


def subject(name: str, folder: Path) -> Subject:
    """Raises Missing without a card, BadRequest where weights are not those of the card."""
    card = load_card(folder / f"{name}.toml")
    colour = card.input.channels == 3
    study = Study(draw_tissue("benign-glands", size=768).pixels if colour else draw_chest(size=1024).pixels)
    try:
        return Subject(Classifier.load(card, folder), f"{card.reference}, trained", study)
    except Missing:
        torch.manual_seed(0)
        network = build_network(card.architecture, card.input.channels, len(card.labels))
        return Subject(Classifier(card, network), f"{card.reference}, random weights", study)

"""What a map explains: the logit of one class, or the difference of two."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import nn

from diagnosis.cards import ModelCard
from diagnosis.classifier import Classifier

Report = Callable[[int, int], None]


def silent(done: int, total: int) -> None:
    """The progress of work that nobody watches."""


class Target(NamedTuple):
    """A class's logit, or with ``against`` that logit less another's: why the one and not the other."""

    label: str
    against: str | None = None

    def weights(self, card: ModelCard) -> list[float]:
        """What the L logits are multiplied with. Raises BadRequest for a class that the card does not have."""
        weights = [0.0] * len(card.labels)
        weights[card.index(self.label)] += 1.0
        if self.against is not None:
            weights[card.index(self.against)] -= 1.0
        return weights


def every_class(card: ModelCard) -> tuple[Target, ...]:
    return tuple(Target(label) for label in card.label_names)


def weights_of(targets: Sequence[Target], card: ModelCard) -> torch.Tensor:
    """float32 (T, L): logits @ weights.T are the values of T targets."""
    return torch.tensor([target.weights(card) for target in targets])


class Targeted(nn.Module):
    """A classifier's network whose outputs are the targets' values: (N, C, S, S) → (N, T).

    The classifier's lock is held for each forward pass alone, so that a slow method stops nobody else for long.

    Args:
        on_pass: called with the number of images of each forward pass; what it raises ends the work.
    """

    def __init__(
        self, classifier: Classifier, targets: Sequence[Target], on_pass: Callable[[int], None] = lambda images: None
    ) -> None:
        super().__init__()
        self.network = classifier.network
        self.weights = weights_of(targets, classifier.card)
        self._lock, self._on_pass = classifier.lock, on_pass

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with self._lock:
            logits = self.network(x.contiguous(memory_format=torch.channels_last))
        self._on_pass(len(x))
        return logits @ self.weights.T


class Counter:
    """Counts the images of forward passes and tells how far the work is.

    Args:
        total: the passes that the work will take, as far as it is known beforehand.
    """

    def __init__(self, total: int, progress: Report) -> None:
        self.done = 0
        self._total, self._progress = total, progress

    def __call__(self, images: int) -> None:
        self.done += images
        self._progress(min(self.done, self._total), self._total)

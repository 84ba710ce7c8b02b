"""A card and its network: study → scores."""

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import nn

from diagnosis.cards import ModelCard, load_weights
from diagnosis.preprocess import preprocess
from diagnosis.scores import scores_of, thresholds_of
from diagnosis.study import Study
from diagnosis.tensors import fit


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model makes of a study.

    Attributes:
        study: digest of the study.
        model: ``name@version``.
        labels: L label names, in the order of the logits.
        logits: float32 (L,), read-only, before the temperature.
        scores: float32 (L,), 0..1; see :func:`diagnosis.scores.scores_of`. Those of exclusive classes add up to 1.
        score_kind: what a score is, as the card says.
        seconds: time the forward pass took.
        thresholds: float32 (L,), the score from which each independent finding counts as present; None for classes
            that exclude each other.
        conformal: the classes of the split-conformal set, from the highest score; None where the card has no quantile.
        tier: name of the card's tier that the highest score lies in, or None where it has no tiers.
    """

    study: str
    model: str
    labels: tuple[str, ...]
    logits: np.ndarray
    scores: np.ndarray
    score_kind: str
    seconds: float
    thresholds: np.ndarray | None = None
    conformal: tuple[str, ...] | None = None
    tier: str | None = None

    @property
    def ranking(self) -> list[int]:
        """Positions of the labels from the highest score to the lowest."""
        return [int(i) for i in np.argsort(-self.scores, kind="stable")]

    @property
    def top(self) -> str:
        """The label with the highest score."""
        return self.labels[self.ranking[0]]

    @property
    def present(self) -> tuple[str, ...]:
        """Independent findings that reach their thresholds, from the highest score; none, one or many. For classes
        that exclude each other, the one with the highest score."""
        if self.thresholds is None:
            return (self.top,)
        return tuple(self.labels[at] for at in self.ranking if self.scores[at] >= self.thresholds[at])


class Classifier:
    """A network in evaluation mode with frozen parameters.

    One classifier serves all visitors. ``lock`` is held by every forward pass and by whoever puts hooks on the network,
    because a hook sees the passes of every thread.
    """

    def __init__(self, card: ModelCard, network: nn.Module) -> None:
        self.card = card
        self.network = network.eval().requires_grad_(False).to(memory_format=torch.channels_last)
        self.lock = threading.Lock()

    @classmethod
    def load(cls, card: ModelCard, folder: Path) -> Self:
        """The classifier of a card, with the verified weights in ``folder``. Raises Missing or BadRequest."""
        # imports torchvision, a second that the page need not wait for
        from diagnosis.networks import build_network, checked_card

        network = build_network(card.architecture, card.input.channels, card.outputs)
        whose = f"The weights of {card.name} do not fit a {card.architecture} with {card.outputs} outputs"
        fit(network, load_weights(card, folder), whose)
        card = checked_card(card, network)
        if card.untrained_outputs:
            network.register_forward_hook(lambda module, args, found: found[:, card.trained_outputs])
        return cls(card, network)

    @torch.no_grad()
    def logits(self, batch: torch.Tensor) -> torch.Tensor:
        """(N, C, S, S) preprocessed → (N, L) logits, float32, without gradients."""
        with self.lock:
            return self.network(batch.contiguous(memory_format=torch.channels_last))

    def predict(self, study: Study) -> Prediction:
        """Scores of one study."""
        started = time.perf_counter()
        logits = self.logits(preprocess(study, self.card.input)[None])[0].numpy()
        return self.prediction_of(study, logits, time.perf_counter() - started)

    def prediction_of(self, study: Study, logits: np.ndarray, seconds: float) -> Prediction:
        """The prediction that ``logits`` (L,) stand for, at the card's temperature."""
        logits, scores = logits.astype(np.float32), scores_of(logits, self.card).astype(np.float32)
        logits.flags.writeable = scores.flags.writeable = False
        return Prediction(
            study.digest,
            self.card.reference,
            self.card.label_names,
            logits,
            scores,
            self.card.score_kind,
            seconds,
            thresholds_of(self.card),
            *confidence_of(self.card, scores),
        )


def confidence_of(card: ModelCard, scores: np.ndarray) -> tuple[tuple[str, ...] | None, str | None]:
    """The conformal set, from the highest score, and the tier of scores (L,); None where the card knows of none."""
    if card.confidence is None:
        return None, None
    exact = scores.astype(np.float64)
    held, ranking = card.confidence.covers(exact), np.argsort(-exact, kind="stable")
    return tuple(card.label_names[at] for at in ranking if held[at]), card.confidence.tier(float(exact.max())).name

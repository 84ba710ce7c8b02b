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
from diagnosis.errors import BadRequest
from diagnosis.preprocess import preprocess
from diagnosis.study import Study


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model makes of a study.

    Attributes:
        study: digest of the study.
        model: ``name@version``.
        labels: L label names, in the order of the logits.
        logits: float32 (L,), read-only, before the temperature.
        scores: float32 (L,), 0..1, softmax of logits / temperature; they add up to 1.
        score_kind: what a score is, as the card says.
        seconds: time the forward pass took.
    """

    study: str
    model: str
    labels: tuple[str, ...]
    logits: np.ndarray
    scores: np.ndarray
    score_kind: str
    seconds: float

    @property
    def ranking(self) -> list[int]:
        """Positions of the labels from the highest score to the lowest."""
        return [int(i) for i in np.argsort(-self.scores, kind="stable")]

    @property
    def top(self) -> str:
        """The label with the highest score."""
        return self.labels[self.ranking[0]]


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
        from diagnosis.networks import build_network  # imports torchvision, a second that the page need not wait for

        network = build_network(card.architecture, card.input.channels, len(card.labels))
        weights = load_weights(card, folder)
        try:
            network.load_state_dict(weights)
        except RuntimeError as error:
            problem = f"The weights of {card.name} do not fit a {card.architecture} with {len(card.labels)} classes."
            raise BadRequest(problem, "Put back the card and the weights that belong together.") from error
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
        scores = torch.softmax(torch.from_numpy(logits.astype(np.float64)) / self.card.temperature, 0).numpy()
        logits, scores = logits.astype(np.float32), scores.astype(np.float32)
        logits.flags.writeable = scores.flags.writeable = False
        return Prediction(
            study.digest, self.card.reference, self.card.label_names, logits, scores, self.card.score_kind, seconds
        )

"""One made image → is it a copy, what does the model make of it, may the model read it at all?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

import numpy as np
import torch

from diagnosis.cards import ModelCard
from diagnosis.classifier import Classifier
from diagnosis.gate import Gate
from diagnosis.gate.verdict import Verdict
from diagnosis.preprocess import preprocess
from diagnosis.scores import scores_of
from diagnosis.study import Study
from diagnosis.synthesis.judging import SPACES
from diagnosis.synthesis.judging.learned import Learned
from diagnosis.synthesis.judging.real import Real, real_images
from diagnosis.synthesis.judging.views import Viewer, Views

GATE, CLASS = "gate", "class"  # reasons beside the spaces to throw an image away
REASONS = (*SPACES, GATE, CLASS)
_BATCH = 16


class Made(Protocol):
    """What is asked of a made image: how the models read it, and the class that it was made for."""

    @property
    def study(self) -> Study: ...

    @property
    def label(self) -> str: ...


@dataclass(frozen=True)
class Judgement:
    """What was found of one image.

    Attributes:
        label: of the class that it was made for.
        distances: by space, to the nearest image that it could be a copy of: a real one, or a real one as the
            autoencoder gives it back; of the two the one of which it has more.
        limits: up to which such a distance is that of a copy, by space.
        to_real: distances to the nearest real image as it is, by space.
        top: the model's highest class.
        score: of ``label``, 0..1.
        gate: its verdict; ``gate_distance`` is how unlike the model's own images it found this one.
    """

    label: str
    distances: tuple[float, ...]
    limits: tuple[float, ...]
    to_real: tuple[float, ...]
    top: str
    score: float
    gate: Verdict
    gate_distance: float | None

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is thrown away: the spaces in which it is a copy, the gate unless it lets pass, another class."""
        pairs = zip(SPACES, self.distances, self.limits, strict=True)
        near = [space for space, distance, limit in pairs if distance <= limit]
        return (*near, *([GATE] if self.gate != "pass" else []), *([CLASS] if self.top != self.label else []))

    @property
    def kept(self) -> bool:
        return not self.reasons


@dataclass(frozen=True, eq=False)
class Judge:
    """Judges images made for one model."""

    real: Real
    viewer: Viewer
    classifier: Classifier
    gate: Gate

    @classmethod
    def load(cls, card: ModelCard, weights: Path, folder: Path, kept: Path, learned: Learned) -> Self:
        """The judge of a model.

        Args:
            weights: folder of the model, the encoder and the gate.
            folder: the model's real images, with their manifest.
            kept: folder where what is computed of them is kept between runs.
            learned: what else the generator of the model's classes learned from.

        Raises Missing or BadRequest as :func:`real_images`, :meth:`Classifier.load` and :meth:`Gate.load`.
        """
        viewer = Viewer.load(weights, card)
        classifier, gate = Classifier.load(card, weights), Gate.load(weights)
        return cls(real_images(folder, card, viewer, kept, learned), viewer, classifier, gate)

    def judge(self, studies: Sequence[Study], labels: Sequence[str]) -> list[Judgement]:
        """A judgement for each study, made for the class in ``labels``. Raises BadRequest for an unknown class."""
        return self.judge_seen(studies, labels, self.viewer.see(studies))

    def judge_seen(self, studies: Sequence[Study], labels: Sequence[str], views: Views) -> list[Judgement]:
        """The same of studies whose views are at hand."""
        card = self.classifier.card
        intended = [card.index(label) for label in labels]
        scores, (distances, limits, to_real) = self._scores(studies), self._nearness(views, labels)
        gate = [self.gate.check(study, card) for study in studies]
        return [
            Judgement(
                label,
                tuple(distances[at].tolist()),
                tuple(limits[at].tolist()),
                tuple(to_real[at].tolist()),
                card.label_names[scores[at].argmax()],
                float(scores[at, intended[at]]),
                gate[at].verdict,
                gate[at].distance,
            )
            for at, label in enumerate(labels)
        ]

    def near(self, studies: Sequence[Study], labels: Sequence[str]) -> np.ndarray:
        """bool (N, 3): in which spaces images are copies; nothing else is asked."""
        distances, limits, _ = self._nearness(self.viewer.see(studies), labels)
        return np.asarray(distances <= limits)

    def _nearness(self, views: Views, labels: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(N, 3) each: distances and their limits, beside what is nearer in units of these, and to real images."""
        distances, limits = self.real.distances(views), self.real.limits(labels)
        which = (distances / limits).argmin(axis=0)[None]
        found, held_to = (np.take_along_axis(own, which, axis=0)[0] for own in (distances, limits))
        return found, held_to, distances[0]

    def _scores(self, studies: Sequence[Study]) -> np.ndarray:
        """(N, L)."""
        card, parts = self.classifier.card, []
        for start in range(0, len(studies), _BATCH):
            batch = torch.stack([preprocess(study, card.input) for study in studies[start : start + _BATCH]])
            parts.append(self.classifier.logits(batch).numpy())
        return scores_of(np.concatenate(parts), card) if parts else np.empty((0, len(card.labels)))

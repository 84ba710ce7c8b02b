"""The gate: may this model read this image? It answers before any score is computed.

One small network tells what kind of image lies there, for all models: the image tower of the case library's encoder,
with a logistic regression and Mahalanobis distances (Lee et al. 2018, arXiv 1807.03888) on what it computes.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from diagnosis.cards import ModelCard
from diagnosis.errors import BadRequest
from diagnosis.gate.card import FOLDER, REMEDY, GateCard, load_gate_card, load_gate_weights
from diagnosis.gate.drawings import recognised
from diagnosis.gate.look import Look
from diagnosis.gate.space import Space
from diagnosis.gate.trunk import Trunk
from diagnosis.gate.verdict import GateResult, caution, contradiction, judged, unchecked
from diagnosis.study import Study

__all__ = ["Gate", "GateResult", "unchecked"]

FINGERPRINTS = "fingerprints"  # the tensor (N, 3, 16, 16) of the project's own drawings


@dataclass(frozen=True, eq=False)
class Gate:
    """One gate serves all models and visitors; safe to share between threads.

    Attributes:
        fingerprints: (N, 3, 16, 16), of the card's drawings.
    """

    card: GateCard
    space: Space
    trunk: Trunk
    fingerprints: np.ndarray

    @classmethod
    def load(cls, weights: Path) -> Self:
        """The gate in a folder of weights.

        Raises:
            Missing: its files or the encoder's are not there.
            BadRequest: they do not belong together.
        """
        card = load_gate_card(weights / FOLDER)
        tensors = load_gate_weights(card, weights / FOLDER)
        trunk = Trunk.load(weights)
        if trunk.digest != card.encoder_sha256:
            digests = f"sha256 {trunk.digest[:12]}…, expected {card.encoder_sha256[:12]}…"
            raise BadRequest(f"The gate was not fitted on this encoder ({digests}).", REMEDY)
        fingerprints = tensors.pop(FINGERPRINTS).numpy()
        return cls(card, Space.of(tensors), trunk, fingerprints)

    def check(self, study: Study, card: ModelCard) -> GateResult:
        """Whether the model of ``card`` may read ``study``: by what it is, what its file says, and its looks."""
        drawing = recognised(study, self.fingerprints)
        if drawing is not None and self.card.drawings[drawing].kind == card.anatomy:
            return caution("a drawing made by Lightbox", "This is a drawing made by Lightbox, not a patient's image.")
        return contradiction(study, card) or judged(self.look(study), card)

    def look(self, study: Study) -> Look:
        """What a study looks like."""
        return Look.all_of(self.card, self.space, self.trunk.of([study]).numpy().astype(np.float64))[0]

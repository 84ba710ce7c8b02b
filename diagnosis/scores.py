"""Logits → scores: of classes that exclude each other, of findings that do not, and of findings at operating points."""

import numpy as np
import torch

from diagnosis.cards import ModelCard

AT_THRESHOLD = 0.5  # the operating-point score of a finding that is exactly at its threshold


def scores_of(logits: np.ndarray, card: ModelCard) -> np.ndarray:
    """(…, L) logits → float64 (…, L) scores, 0..1.

    Classes of which one holds get softmax(logits / temperature), which adds up to 1. Findings that are independent get
    sigmoid(logit / temperature) each, whatever the others get; operating-point scores are that sigmoid bent.
    """
    scaled = torch.from_numpy(logits.astype(np.float64) / card.temperature)
    if not card.independent:
        return torch.softmax(scaled, -1).numpy()
    outputs = torch.sigmoid(scaled).numpy()
    return bent(outputs, _operating_points(card)) if card.score_kind == "operating-point score" else outputs


def thresholds_of(card: ModelCard) -> np.ndarray | None:
    """float32 (L,), read-only: the score from which each finding counts as present; None for exclusive classes."""
    if not card.independent:
        return None
    points = _operating_points(card)
    found = np.full_like(points, AT_THRESHOLD) if card.score_kind == "operating-point score" else points
    found = found.astype(np.float32)
    found.flags.writeable = False
    return found


def bent(outputs: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Outputs 0..1 → the same, stretched on both sides of their operating points so that these become 0.5.

    The order of images by one finding is kept. Each finding has another scale on each side of its point: the result is
    no probability, and two findings' scores are comparable by their side alone. As TorchXRayVision does (Cohen et al.
    2022, arXiv 2111.00595).

    Args:
        outputs: (…, L); ``points``: (L,), 0 < point < 1.
    """
    below = AT_THRESHOLD * outputs / points
    above = 1 - AT_THRESHOLD * (1 - outputs) / (1 - points)
    return np.where(outputs < points, below, above)


def _operating_points(card: ModelCard) -> np.ndarray:
    return np.array([label.threshold for label in card.labels], dtype=np.float64)

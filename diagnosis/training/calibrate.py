"""Temperature scaling: one number that makes scores honest without changing which class is on top."""

import math
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from diagnosis.classifier import Classifier
from diagnosis.training.dataset import rows_of
from diagnosis.training.evaluate import logits_of_rows, targets_of

_LOWEST, _HIGHEST = 0.01, 100.0


def fit_temperature(logits: np.ndarray, targets: np.ndarray) -> float | None:
    """The T > 0 at which softmax(logits / T) has the least log loss (Guo et al. 2017, arXiv 1706.04599).

    Args:
        logits: (N, L).
        targets: (N,) integers.

    Returns:
        T within 0.01..100, or None when every image is classified correctly: the loss then falls without end as T goes
        to 0, and the data cannot say how sure the model may be.
    """
    logits = np.asarray(logits, dtype=np.float64)
    if (logits.argmax(1) == targets).all():
        return None
    rows = np.arange(len(targets))

    def loss(log_t: float) -> float:
        return float(-log_softmax(logits / math.exp(log_t), axis=1)[rows, targets].mean())

    bounds = (math.log(_LOWEST), math.log(_HIGHEST))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return math.exp(found.x)


def calibrate(classifier: Classifier, data: Path) -> float | None:
    """The temperature of a classifier as it is served, on the ``val`` split of ``data``. None as in fit_temperature."""
    rows = rows_of(data, "val", classifier.card)
    return fit_temperature(logits_of_rows(classifier, rows), targets_of(rows, classifier.card))

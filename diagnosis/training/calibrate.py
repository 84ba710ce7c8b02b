"""What scores are worth: a temperature that makes them honest, and from the same images conformal sets and tiers."""

import math
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.model_selection import GroupKFold

from diagnosis.cards import Confidence, ModelCard
from diagnosis.classifier import Classifier
from diagnosis.errors import BadRequest, Missing
from diagnosis.training.confidence import fit_confidence
from diagnosis.training.dataset import rows_of
from diagnosis.training.evaluate import logits_of_rows, targets_of

FOLDS = 5  # parts of the groups; each is scored at the temperature of the others
_LOWEST, _HIGHEST = 0.01, 100.0


@dataclass(frozen=True)
class Calibration:
    """What a card says of its scores: ``temperature`` (None as in :func:`fit_temperature`) and ``confidence``."""

    temperature: float | None
    confidence: Confidence


def fit_temperature(logits: np.ndarray, targets: np.ndarray) -> float | None:
    """The T > 0 at which softmax(logits / T) has the least log loss (Guo et al. 2017, arXiv 1706.04599).

    Args:
        logits: (N, L).
        targets: (N,) integers.

    Returns:
        T within 0.01..100, to 1e-4, or None when every image is classified correctly: the loss then falls without end
        as T goes to 0, and the data cannot say how sure the model may be.
    """
    logits = np.asarray(logits, dtype=np.float64)
    if (logits.argmax(1) == targets).all():
        return None
    rows = np.arange(len(targets))

    def loss(log_t: float) -> float:
        return float(-log_softmax(logits / math.exp(log_t), axis=1)[rows, targets].mean())

    bounds = (math.log(_LOWEST), math.log(_HIGHEST))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return round(math.exp(found.x), 4)


def fit(logits: np.ndarray, targets: np.ndarray, groups: np.ndarray, source: Literal["val", "folds"]) -> Calibration:
    """Temperature, conformal quantile and tiers of logits (N, L) of images in groups (N,)."""
    confidence = fit_confidence(held_out_scores(logits, targets, groups), targets, groups, source=source)
    return Calibration(fit_temperature(logits, targets), confidence)


def held_out_scores(logits: np.ndarray, targets: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """(N, L) scores at temperatures that the other groups fitted: what such scores are worth where T is not at home.

    With one group alone, its own images fit the temperature.
    """
    logits = np.asarray(logits, dtype=np.float64)
    folds, scores = min(FOLDS, len(np.unique(groups))), np.empty(logits.shape)
    everything = np.arange(len(targets))
    parts = GroupKFold(folds).split(logits, groups=groups) if folds > 1 else [(everything, everything)]
    for others, part in parts:
        scores[part] = softmax(logits[part] / (fit_temperature(logits[others], targets[others]) or 1.0), axis=1)
    return scores


def calibrate(classifier: Classifier, data: Path) -> Calibration:
    """The calibration of a classifier as it is served, on the ``val`` split of ``data``."""
    rows = rows_of(data, "val", classifier.card)
    groups = np.array([row.group for row in rows])
    return fit(logits_of_rows(classifier, rows), targets_of(rows, classifier.card), groups, "val")


def calibrate_on_folds(path: Path, card: ModelCard) -> Calibration:
    """The calibration by the logits that ``crossvalidate`` wrote: each image read by a network new to it.

    For models whose ``val`` has too few groups to tell what other groups will bring. The networks of the folds stand
    for the shipped one, which is trained alike.

    Raises:
        Missing: there is no such file.
        BadRequest: it is not such a file, or one of a model with other labels.
    """
    remedy = f"Run `python -m diagnosis.training crossvalidate {card.name}`."
    if not path.is_file():
        raise Missing(f"There is no {path}.", remedy)
    try:
        with np.load(path, allow_pickle=False) as saved:
            logits, targets, groups = saved["logits"], saved["targets"], saved["groups"]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise BadRequest(f"{path} does not hold logits of folds.", remedy) from error
    if logits.ndim != 2 or logits.shape[1] != len(card.labels) or not len(logits) == len(targets) == len(groups) > 0:
        raise BadRequest(f"{path} holds logits {logits.shape}; {card.name} has {len(card.labels)} labels.", remedy)
    return fit(logits, targets, groups, "folds")

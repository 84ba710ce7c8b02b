"""Things about an image that are not disease, as numbers, and a simple classifier that sees them alone."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from diagnosis.anatomy.body import body_of
from diagnosis.readers import read_study
from diagnosis.shortcuts import Separation
from diagnosis.training.measuring import intervals
from diagnosis.training.statistics import groups_having, weighted_auc

SIDE = 64  # pixels of the square on which frame and corners are looked at
FRAME, CORNER, CELL = 3, 16, 8  # pixels there: breadth of the frame, side of a corner, side of what is averaged
BINS = 32
SEED, DRAWS, FOLDS = 0, 1000, 5
WORDS = {
    "size": "height, width and their ratio",
    "histogram": f"how often each of {BINS} grey levels occurs, and the mean",
    "border": f"the outermost {100 * FRAME / SIDE:.0f} % of each side",
    "corners": f"the four corners, {100 * CORNER / SIDE:.0f} % of each side, where markers stand",
    "outside the body": "what is dark around the body: its shape and its grey levels",
    "thumbnail": "the image at 8 × 8 pixels",
}


def features(path: Path) -> dict[str, np.ndarray]:
    """Float vectors by the names of ``WORDS``."""
    grey = read_study(path).pixels.mean(axis=2)
    height, width = grey.shape
    square = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    outside = ~body_of(grey)
    ring = [square[:FRAME], square[-FRAME:], square[:, :FRAME].T, square[:, -FRAME:].T]
    quarters = [square[top, left] for top in _ENDS for left in _ENDS]
    return {
        "size": np.array([height, width, width / height]),
        "histogram": np.append(_histogram(grey), grey.mean()),
        "border": np.concatenate([_cells(part.mean(axis=0)[None], CELL) for part in ring]),
        "corners": np.concatenate([_cells(quarter, CELL // 2) for quarter in quarters]),
        "outside the body": np.concatenate([_histogram(grey[outside]), _thumbnail(outside.astype(np.float32))]),
        "thumbnail": _thumbnail(grey),
    }


_ENDS = (slice(None, CORNER), slice(-CORNER, None))


def _histogram(values: np.ndarray) -> np.ndarray:
    """Shares of ``BINS`` levels; all 0 where there is no value."""
    return np.histogram(values, BINS, (0, 1))[0] / max(1, values.size)


def _cells(values: np.ndarray, side: int) -> np.ndarray:
    """Means of cells of a (h, w) array, ``side`` wide and at most as high."""
    height, width = values.shape
    high = min(side, height)
    return values.reshape(height // high, high, width // side, side).mean(axis=(1, 3)).ravel()


def _thumbnail(values: np.ndarray) -> np.ndarray:
    return cv2.resize(values.astype(np.float32), (8, 8), interpolation=cv2.INTER_AREA).ravel()


def features_of(paths: Sequence[Path]) -> dict[str, np.ndarray]:
    """(N, F) by name."""
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(features, paths))
    return {name: np.stack([one[name] for one in found]) for name in WORDS}


LEARNERS: dict[str, Callable[[], Any]] = {
    "logistic regression": lambda: make_pipeline(
        StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced", max_iter=2000)
    ),
    "boosted trees": lambda: HistGradientBoostingClassifier(max_iter=80, max_depth=4, random_state=SEED),
}


def probe(
    name: str,
    train: tuple[np.ndarray, np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> Separation:
    """Fit what does best in a group-wise cross-validation of ``train``, and measure it on ``test``.

    Args:
        train, test: features (N, F), bool positive (N,), group names (N,).
    """
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
    values, positive, groups = train
    aucs = {}
    for learner, build in LEARNERS.items():
        told = cross_val_predict(build(), values, positive, groups=groups, cv=folds, method="predict_proba")[:, 1]
        aucs[learner] = weighted_auc(told, positive, np.ones((1, len(told))))[0]
    best = max(aucs, key=aucs.__getitem__)
    scores = LEARNERS[best]().fit(values, positive).predict_proba(test[0])[:, 1]
    return separation(name, f"{WORDS[name]}; {best}, fitted on train", scores, test[1], test[2])


def separation(name: str, how: str, scores: np.ndarray, positive: np.ndarray, groups: np.ndarray) -> Separation:
    """The AUC of scores (N,), with the interval of a bootstrap over groups where there is one."""
    names, members = np.unique(groups, return_inverse=True)
    drawn = np.random.default_rng(SEED).multinomial(len(names), np.full(len(names), 1 / len(names)), size=DRAWS)
    value = weighted_auc(scores, positive, np.ones((1, len(scores))))[0]
    sample = weighted_auc(scores, positive, drawn[:, members].astype(np.float64))
    rarest = groups_having(np.stack([positive, ~positive], axis=1), members).min()
    auc = intervals(np.asarray(value), sample, np.asarray(rarest))[()]
    return Separation(name=name, how=how, images=len(scores), auc=auc)

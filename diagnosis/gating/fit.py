"""Features of training images → the gate's tensors and limits."""

from collections.abc import Mapping

import numpy as np
from sklearn.linear_model import LogisticRegression

from diagnosis.gate.card import Limit
from diagnosis.gate.look import LEAST
from diagnosis.gate.space import Space

PENALTY = 0.1  # C of the regression; chosen on ``val``
SHRINKAGE = 0.1  # share of an even scatter in the one that was found; chosen on ``val``
QUANTILE = 0.995  # of a source's ``val`` images that lie within each of its two limits
QUIET = 0.1  # of the features' median spread: none counts for less, so that a channel that never speaks cannot shout
EVEN = float(np.log(2))  # surprise of a source with half of the weight: no limit is stricter
FAINT = float(np.log(10))  # surprise of a source with a tenth of the weight: no limit is laxer, whatever ``val`` says


def fit_space(train: Mapping[str, np.ndarray]) -> Space:
    """The space in which K sources lie, each given by its features (N, F); every source counts as much as another."""
    rows = np.concatenate(list(train.values())).astype(np.float64)
    of = np.repeat(np.arange(len(train)), [len(own) for own in train.values()])
    share = 1 / (len(train) * np.bincount(of)[of])  # the weight of each image; they add up to 1
    mean = share @ rows
    scale = np.sqrt(share @ (rows - mean) ** 2)
    scale = np.maximum(scale, QUIET * np.median(scale))
    standard = (rows - mean) / scale
    head = LogisticRegression(C=PENALTY, max_iter=500).fit(standard, of, sample_weight=share * len(rows))
    means = np.stack([standard[of == at].mean(axis=0) for at in range(len(train))])
    within = standard - means[of]
    scatter = (within * share[:, None]).T @ within
    scatter = (1 - SHRINKAGE) * scatter + SHRINKAGE * np.trace(scatter) / len(scatter) * np.eye(len(scatter))
    values, directions = np.linalg.eigh(scatter)
    whiten = directions / np.sqrt(values)
    return Space(mean, scale, head.coef_, head.intercept_, whiten, means @ whiten)


def fit_limits(space: Space, val: Mapping[str, np.ndarray]) -> dict[str, Limit]:
    """What nearly all of a source's ``val`` images keep to."""
    limits = {}
    for at, (name, own) in enumerate(val.items()):
        surprise = -np.log(space.weights_of(own)[:, at].clip(LEAST))
        far = space.distances_of(own)[:, at]
        bound = min(FAINT, max(EVEN, float(np.quantile(surprise, QUANTILE))))
        limits[name] = Limit(surprise=round(bound, 4), far=round(float(np.quantile(far, QUANTILE)), 4))
    return limits

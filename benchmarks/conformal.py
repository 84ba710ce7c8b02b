"""``python -m benchmarks.conformal MODEL …``: which conformal sets cover what they promise with the fewest classes.

On ``val`` alone: each image's set is made by a temperature and a quantile that the other groups fitted. LAC takes every
class with a high score (Sadinle et al. 2019, arXiv 1609.00451), APS the highest classes until their scores add up to
enough (Romano et al. 2020, arXiv 2006.02544), RAPS the same with a penalty a class (Angelopoulos et al. 2021, arXiv
2009.14193), both without random ties. Run it in the root of the checkout.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.special import softmax
from sklearn.model_selection import GroupKFold

from diagnosis.cards import load_card
from diagnosis.classifier import Classifier
from diagnosis.console import tell
from diagnosis.errors import UserError
from diagnosis.training.calibrate import FOLDS, fit_temperature
from diagnosis.training.confidence import ERROR_RATE, conformal_quantile
from diagnosis.training.dataset import rows_of
from diagnosis.training.evaluate import logits_of_rows, targets_of
from diagnosis.training.recipe import load_recipe
from settings import load_settings

PENALTY, FREE = 0.1, 1  # of RAPS: for each class beyond the free ones
ROUNDS = 10  # ways to part the groups


class Result(NamedTuple):
    """Shares of the images: the true class in the set, and no class in it; and the mean number of classes."""

    coverage: float
    empty: float
    size: float


def lac(scores: np.ndarray) -> np.ndarray:
    """(N, L) how little each class fits."""
    return 1 - scores


def aps(scores: np.ndarray, penalty: float = 0.0) -> np.ndarray:
    """(N, L) the sum of the scores down to each class, and a penalty for each class beyond the first."""
    order = np.argsort(-scores, axis=1)
    ranks = np.arange(1, scores.shape[1] + 1)
    sums = np.take_along_axis(scores, order, 1).cumsum(1) + penalty * np.maximum(0, ranks - FREE)
    found = np.empty_like(sums)
    np.put_along_axis(found, order, sums, 1)
    return found


def raps(scores: np.ndarray) -> np.ndarray:
    return aps(scores, PENALTY)


SETS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], bool]] = {
    "LAC": (lac, False),
    "LAC, never empty": (lac, True),
    "APS": (aps, False),
    "RAPS": (raps, False),
}


def measured(logits: np.ndarray, targets: np.ndarray, groups: np.ndarray, name: str) -> Result:
    """One kind of set on all images, each judged by the other groups, over several ways to part them."""
    misfit, with_top = SETS[name]
    held = []
    for seed in range(ROUNDS):
        parts = GroupKFold(min(FOLDS, len(np.unique(groups))), shuffle=True, random_state=seed)
        for others, own in parts.split(logits, groups=groups):
            temperature = fit_temperature(logits[others], targets[others]) or 1.0
            fitted, judged = (misfit(softmax(logits[at] / temperature, axis=1)) for at in (others, own))
            true = fitted[np.arange(len(others)), targets[others]]
            top = true.max() + 1  # misfits of RAPS exceed 1
            inside = judged <= top * conformal_quantile(true / top, ERROR_RATE)
            if with_top:
                inside[np.arange(len(own)), logits[own].argmax(1)] = True
            held.append((inside[np.arange(len(own)), targets[own]], inside.sum(1)))
    covered, sizes = (np.concatenate(one) for one in zip(*held, strict=True))
    return Result(float(covered.mean()), float((sizes == 0).mean()), float(sizes.mean()))


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 when done, 2 or 3 as the training commands do."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.conformal", description=__doc__)
    parser.add_argument("models", nargs="+", help="names of cards in the weights folder")
    parser.add_argument("--weights", type=Path, default=Path("weights"))
    options = parser.parse_args(arguments)
    print("| model | set | coverage | empty | classes |\n|---|---|---:|---:|---:|")
    try:
        for model in options.models:
            card = load_card(options.weights / f"{model}.toml")
            rows = rows_of(load_settings().data / load_recipe(model).dataset, "val", card)
            logits = logits_of_rows(Classifier.load(card, options.weights), rows).astype(np.float64)
            groups = np.array([row.group for row in rows])
            for name in SETS:
                found = measured(logits, targets_of(rows, card), groups, name)
                print(f"| {model} | {name} | {found.coverage:.3f} | {found.empty:.3f} | {found.size:.2f} |")
    except UserError as error:
        return tell(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Group-wise stratified cross-validation over train and val: every image scored by a network that never saw its group.

Where ``val`` is poor (one slide, two patients), these out-of-fold logits are what a model is chosen and calibrated on.
"""

import hashlib
import logging
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from sklearn.model_selection import LeaveOneGroupOut, StratifiedGroupKFold
from torch import nn

from diagnosis.cards import ModelCard
from diagnosis.classifier import Classifier
from diagnosis.errors import BadRequest
from diagnosis.preprocess import normalise
from diagnosis.training.dataset import Dataset, load_rows, manifest_digest, rows_of
from diagnosis.training.recipe import Recipe
from diagnosis.training.train import Trainer

log = logging.getLogger(__name__)
FILE = "folds.npz"
_BATCH = 32


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """What the networks of the folds say of images that they were not trained on.

    An image whose class the other folds lack is left out: a network that never saw a class says nothing of it.

    Attributes:
        logits: float32 (N, L).
        targets: int64 (N,), positions in the card's labels.
        groups, paths: (N,) text; a path is relative to the dataset's folder.
        folds: int64 (N,), counted from 0.
    """

    logits: np.ndarray
    targets: np.ndarray
    groups: np.ndarray
    paths: np.ndarray
    folds: np.ndarray

    def save(self, path: Path) -> None:
        """As an NPZ file with the attributes as its arrays."""
        partial = path.with_name("partial-" + path.name)
        np.savez_compressed(partial, **vars(self))
        partial.replace(path)

    @property
    def balanced_accuracy(self) -> float:
        """Of all folds together."""
        return _balanced(self.logits, self.targets)

    def by_fold(self) -> list[tuple[int, float]]:
        """Images and balanced accuracy of each fold, over the classes that it holds."""
        parts = [self.folds == fold for fold in np.unique(self.folds)]
        return [(int(part.sum()), _balanced(self.logits[part], self.targets[part])) for part in parts]


def crossvalidate(card: ModelCard, recipe: Recipe, data: Path, run: Path, folds: int) -> OutOfFold:
    """Train a network for each fold, or go on where that was cut off, and write ``run/folds.npz``.

    Args:
        card: input, labels and architecture; its own weights are not touched.
        recipe: of every fold.
        data: the dataset's folder.
        run: each fold is a run in ``run/folds``.
        folds: how many; as many as there are groups leaves out one group at a time.

    Raises BadRequest where the groups do not make so many folds, and for folds of another recipe, manifest or number.
    """
    rows = [*rows_of(data, "train", card), *rows_of(data, "val", card)]
    parts = split_groups(
        np.array([card.index(row.label) for row in rows]), np.array([row.group for row in rows]), folds, recipe.seed
    )
    whole = load_rows(rows, card)
    setup = _setup(card, recipe, data, folds)
    found = [_fold(card, recipe, whole, part, run / "folds" / str(at + 1), setup) for at, part in enumerate(parts)]
    told = [part[_taught(whole, part)] for part in parts]
    order = np.concatenate(told)
    result = OutOfFold(
        np.concatenate(found),
        whole.targets[order].numpy(),
        whole.groups[order].astype(str),
        np.array([Path(os.path.relpath(rows[at].path, data)).as_posix() for at in order]),
        np.repeat(np.arange(folds), [len(one) for one in told]),
    )
    result.save(run / FILE)
    return result


def split_groups(targets: np.ndarray, groups: np.ndarray, folds: int, seed: int) -> list[np.ndarray]:
    """Positions (int64) of the images of each fold; a group lies in one fold, classes are spread evenly over them.

    Raises BadRequest where the groups do not make so many folds.
    """
    count = len(np.unique(groups))
    if not 2 <= folds <= count:
        raise BadRequest(f"{count} groups do not make {folds} folds.", f"Ask for 2 to {count} of them.")
    splitter = LeaveOneGroupOut()
    if folds < count:
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    parts = [part for _, part in splitter.split(np.zeros(len(targets)), targets, groups)]
    if not all(len(part) for part in parts):
        raise BadRequest(f"{folds} folds of {count} uneven groups leave one empty.", "Ask for fewer, or for one each.")
    return parts


def _taught(data: Dataset, part: np.ndarray) -> np.ndarray:
    """bool (M,): which images of a fold have a class that the other folds hold too."""
    others = np.delete(data.targets.numpy(), part)
    return np.isin(data.targets.numpy()[part], others)


def _fold(card: ModelCard, recipe: Recipe, data: Dataset, part: np.ndarray, run: Path, setup: str) -> np.ndarray:
    """float32 (M', L): logits of the images of one fold that :func:`_taught` keeps."""
    done = run / "logits.npz"
    if done.is_file():
        stored = np.load(done)
        if str(stored["setup"]) != setup:
            problem = f"{run.parent} holds folds of another recipe, manifest or number."
            raise BadRequest(problem, "Remove the folder, or name another run with --run.")
        return stored["logits"]
    held = data.take(part[_taught(data, part)])
    if len(held) < len(part):
        log.info("fold %s: %d images are of a class that no other fold has", run.name, len(part) - len(held))
    trainer = Trainer(card, recipe, data.take(np.delete(np.arange(len(data)), part)), held, run)
    logits = logits_of(card, trainer.fit(), held)
    np.savez_compressed(done, logits=logits, setup=np.array(setup))
    (run / "last.pt").unlink()
    return logits


@torch.inference_mode()
def logits_of(card: ModelCard, network: nn.Module, data: Dataset) -> np.ndarray:
    """float32 (N, L) at the card's size, with weights rounded to half precision as shipped ones are."""
    classifier = Classifier(card, network.cpu().half().float())
    batches = (normalise(squares.float() / 255, card.input) for squares in data.squares.split(_BATCH))
    return torch.cat([classifier.logits(batch) for batch in batches]).numpy()


def _setup(card: ModelCard, recipe: Recipe, data: Path, folds: int) -> str:
    """What the logits of a fold depend on, as 16 hex digits."""
    parts = (card.architecture, card.input, card.label_names, recipe, manifest_digest(data), folds)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _balanced(logits: np.ndarray, targets: np.ndarray) -> float:
    chosen = logits.argmax(1)
    return float(np.mean([(chosen[targets == label] == label).mean() for label in np.unique(targets)]))

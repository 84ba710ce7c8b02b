"""The networks that are compared: what each learns from, their training, and the figures of ``test``."""

import hashlib
import json
import logging
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from scipy.special import softmax

from benchmarks.helping.record import FIGURES, Figures, Helping, Outcome
from diagnosis.cards import ModelCard
from diagnosis.errors import BadRequest
from diagnosis.synthesis.judging.folder import read_made
from diagnosis.training import statistics
from diagnosis.training.crossvalidate import logits_of
from diagnosis.training.dataset import Dataset, load_split, manifest_digest, square_of
from diagnosis.training.measuring import intervals
from diagnosis.training.recipe import Recipe, Stage
from diagnosis.training.train import Trainer

EPOCHS, DRAWS = 4, 1000
EVEN = {"balance_classes": True, "balance_groups": False}  # else synthetic images would make the class more frequent
log = logging.getLogger(__name__)


class Arm(NamedTuple):
    """A network that is trained: percent of the class's real images, whether synthetic ones join them, the seed."""

    share: int
    made: bool
    seed: int


class Learned(NamedTuple):
    """What an arm learns from; and of the class: real images, their groups, and synthetic images."""

    images: Dataset
    real: int
    groups: int
    made: int


class Made(NamedTuple):
    """Synthetic images of the class; a sha256 over their pixels, and those of the generators' weights."""

    images: Dataset
    digest: str
    generators: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Bench:
    """The images of one question.

    Attributes:
        card, recipe: the model's, with a small input and a short schedule from random weights.
        at: position of the class among the card's labels.
        updates: of an epoch.
        manifest: digest of the data set's.
        made: None where no synthetic images are named.
        run: folder of what is done.
    """

    card: ModelCard
    recipe: Recipe
    at: int
    updates: int
    train: Dataset
    val: Dataset
    test: Dataset
    manifest: str
    made: Made | None
    run: Path

    @classmethod
    def load(
        cls,
        card: ModelCard,
        recipe: Recipe,
        label: str,
        data: Path,
        made: Path | None,
        runs: Path,
        size: int,
        updates: int,
    ) -> "Bench":
        """Read the images. Raises Missing, BadRequest or BadImage where they can't be, or there is no such class."""
        card = card.model_copy(update={"input": card.input.model_copy(update={"size": size})})
        stages = (Stage(size=size, epochs=EPOCHS),)
        return cls(
            card,
            recipe.model_copy(update={"start": None, "stages": stages, "warmup_epochs": 1, **EVEN}),
            card.index(label),
            max(1, updates // EPOCHS),
            load_split(data, "train", card),
            load_split(data, "val", card),
            load_split(data, "test", card),
            manifest_digest(data),
            read_class(made, card, label) if made else None,
            runs / f"{card.name}-{label}",
        )

    def learned(self, arm: Arm) -> Learned:
        """Of the class a share of the real images, and what fills it up: as many again where none is missing."""
        mine = self.train.targets.numpy() == self.at
        own, others = np.flatnonzero(mine), np.flatnonzero(~mine)
        kept = own[cut(self.train.groups[own], arm.share, arm.seed)]
        images, groups = self.train.take(np.sort([*others, *kept])), len(np.unique(self.train.groups[kept]))
        if not arm.made or self.made is None:
            return Learned(images, len(kept), groups, 0)
        order = np.random.default_rng(arm.seed).permutation(len(self.made.images))[: len(own) - len(kept) or len(own)]
        return Learned(images.joined(self.made.images.take(order)), len(kept), groups, len(order))

    def stamp(self, arm: Arm) -> str:
        """Everything that an arm's network depends on, as 16 hex digits."""
        made = self.made.digest if self.made and arm.made else None
        parts = (self.card.architecture, self.card.input, self.card.label_names, self.recipe, self.updates, self.at)
        return hashlib.sha256(repr((*parts, self.manifest, made, arm)).encode()).hexdigest()[:16]

    def scores(self, arm: Arm) -> np.ndarray:
        """Scores (N, L) of the test images by an arm's network, which is trained unless that is done."""
        stamp = self.stamp(arm)
        kept = self.run / f"{stamp}.json"
        logits = json.loads(kept.read_text("utf-8"))["logits"] if kept.is_file() else self._trained(arm, kept, stamp)
        return np.asarray(softmax(np.array(logits), axis=1))

    def _trained(self, arm: Arm, kept: Path, stamp: str) -> list[list[float]]:
        log.info("training: %d %%, %s synthetic images, seed %d", arm.share, ("without", "with")[arm.made], arm.seed)
        started, run = time.monotonic(), self.run / stamp
        recipe = self.recipe.model_copy(update={"seed": arm.seed})
        trainer = Trainer(self.card, recipe, self.learned(arm).images, self.val, run, updates=self.updates)
        logits: list[list[float]] = logits_of(self.card, trainer.fit(), self.test).astype(float).round(5).tolist()
        told = {**arm._asdict(), "seconds": round(time.monotonic() - started, 1), "logits": logits}
        partial = kept.with_name(f"{kept.name}.partial")
        partial.write_text(json.dumps(told), "utf-8")
        partial.replace(kept)
        shutil.rmtree(run)
        return logits

    def measure(self, shares: Sequence[int], seeds: Sequence[int]) -> Helping:
        """Train what is missing, and measure it."""
        return Helping(
            model=self.card.reference,
            architecture=self.card.architecture,
            size=self.card.input.size,
            updates=EPOCHS * self.updates,
            batch_size=self.recipe.batch_size,
            seeds=tuple(seeds),
            manifest=self.manifest,
            synthetic=self.made.digest if self.made else None,
            generators=self.made.generators if self.made else (),
            test_images=len(self.test),
            test_groups=len(np.unique(self.test.groups)),
            shares=tuple(self._outcome(share, seeds) for share in shares),
        )

    def _outcome(self, share: int, seeds: Sequence[int]) -> Outcome:
        without = self._replicates(share, False, seeds)
        counts = zip(*(self.learned(Arm(share, True, seed))[1:] for seed in seeds), strict=True)
        told = dict(zip(("real", "groups", "made"), counts, strict=True))
        if self.made is None:
            return Outcome(share=share, **told, without=self._figures(without.mean(0)))
        joined = self._replicates(share, True, seeds)
        return Outcome(
            share=share,
            **told,
            without=self._figures(without.mean(0)),
            with_made=self._figures(joined.mean(0)),
            difference=self._figures((joined - without).mean(0)),
            seeds=tuple(tuple(one) for one in (joined - without)[:, :, 0].round(4).tolist()),
        )

    def _replicates(self, share: int, made: bool, seeds: Sequence[int]) -> np.ndarray:
        """(S, 3, 1 + DRAWS): ``FIGURES`` by seed, first of the test images as they are, then of draws of their groups.

        The draws are the same for every arm.
        """
        names, members = np.unique(self.test.groups, return_inverse=True)
        draws = np.random.default_rng(0).multinomial(len(names), np.full(len(names), 1 / len(names)), size=DRAWS)
        weights = np.concatenate([np.ones((1, len(members))), draws[:, members]])
        targets = self.test.targets.numpy()
        return np.stack([figures(self.scores(Arm(share, made, seed)), targets, self.at, weights) for seed in seeds])

    def _figures(self, values: np.ndarray) -> Figures:
        """From (3, 1 + DRAWS). What tells classes apart rests on the groups of the one that has the fewest."""
        targets, (_, members) = self.test.targets.numpy(), np.unique(self.test.groups, return_inverse=True)
        rarest = statistics.groups_having(targets[:, None] == np.unique(targets), members).min()
        own, rest = statistics.groups_having(np.stack([targets == self.at, targets != self.at], axis=1), members)
        made = intervals(values[:, 0], values[:, 1:].T, np.array([own, min(own, rest), rarest]))
        return Figures(**dict(zip(FIGURES, made, strict=True)))


def cut(groups: np.ndarray, share: int, seed: int) -> np.ndarray:
    """Positions of ``share`` percent of N images, or a few more: whole groups, in an order that the seed alone sets.

    A larger share has all that a smaller one has.
    """
    names, members = np.unique(groups, return_inverse=True)
    order, sizes = np.random.default_rng(seed).permutation(len(names)), np.bincount(members)
    before = np.cumsum(sizes[order]) - sizes[order]
    return np.flatnonzero(np.isin(members, order[before < share / 100 * len(groups)]))


def read_class(folder: Path, card: ModelCard, label: str) -> Made:
    """The images ``folder/MODEL/CLASS/*.png`` of a class. Raises Missing or BadRequest where there are none."""
    found = read_made(folder, card)
    studies = [study for study, own in zip(found.studies, found.labels, strict=True) if own == label]
    if not studies:
        remedy = f"Make some with `python -m diagnosis.synthesis sample --model {card.name}`."
        raise BadRequest(f"{folder} holds no images of {label}.", remedy)
    squares = torch.stack([square_of(study, card) for study in studies])
    names = np.array([f"synthetic-{number}" for number in range(len(studies))])
    digest = hashlib.sha256("".join(study.digest for study in studies).encode()).hexdigest()
    return Made(Dataset(squares, torch.full((len(studies),), card.index(label)), names), digest, found.generators)


def figures(scores: np.ndarray, targets: np.ndarray, at: int, weights: np.ndarray) -> np.ndarray:
    """(3, R): ``FIGURES`` of the class at a position, from scores (N, L) under R sets of weights (R, N)."""
    found = statistics.confusion(scores, targets, weights)[:, at]
    auc = statistics.weighted_auc(scores[:, at], targets == at, weights)
    recall = statistics.ratio(found[:, at], found.sum(1))
    return np.stack([recall, auc, statistics.balanced_accuracy(scores, targets, weights)])

"""The real images of a model, and how near they lie to one another: the yardstick for made ones."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from diagnosis.cards import ModelCard
from diagnosis.errors import BadRequest
from diagnosis.intervals import FEWEST_GROUPS
from diagnosis.readers import read_study
from diagnosis.study import Study
from diagnosis.synthesis.judging.learned import Learned, Restorer
from diagnosis.synthesis.judging.nearest import nearest
from diagnosis.synthesis.judging.poses import Pose
from diagnosis.synthesis.judging.views import Viewer, Views
from diagnosis.training.dataset import Row, manifest_digest, rows_of

MOST = 1000  # images of ``train`` whose nearest others are looked for; all of ``train`` are looked at
PERCENT = 1  # of real images that lie nearer to one of another group than the limit
_FORMAT = "judging/1"  # of what is kept; a new one when views or distances are computed otherwise
_ROUNDING = np.array([2e-3, 1e-4, 1e-6])  # of each space, between an image and itself
ALONE = Learned()
Arrays = dict[str, np.ndarray]
Change = Callable[[Iterator[Study]], Iterator[Study]]


@dataclass(frozen=True, eq=False)
class Part:
    """One split: N images with their labels and groups."""

    views: Views
    labels: np.ndarray
    groups: np.ndarray

    def features(self, label: str | None) -> np.ndarray:
        """float32 (M, 896), of the images of a class, or of all."""
        return self.views.features if label is None else self.views.features[self.labels == label]


@dataclass(frozen=True, eq=False)
class Yardstick:
    """How near M images lie to the nearest image of another group.

    Attributes:
        distances: float64 (M, 3), in the order of ``SPACES``.
        labels, groups: (M,).
        by_class: whether a class has limits of its own.
    """

    distances: np.ndarray
    labels: np.ndarray
    groups: np.ndarray
    by_class: bool = True

    @property
    def whole(self) -> np.ndarray:
        """(3,): the 1st percentile of all."""
        return np.percentile(self.distances, PERCENT, axis=0)

    def limits(self, label: str) -> np.ndarray:
        """(3,): how far an image of a class has to lie from every image that is searched to be no copy.

        By class the larger of two 1st percentiles, of all images and of those of its class: where one class is far more
        even than the others (an empty background), it would set the limit of all. A class in too few groups has the
        limit of all: the nearest image of another group is then one of another class, and tells nothing of copies.
        """
        own = self.labels == label
        if not self.by_class or len(np.unique(self.groups[own])) < FEWEST_GROUPS:
            return self.whole
        return np.maximum(self.whole, np.percentile(self.distances[own], PERCENT, axis=0))


class Beside(NamedTuple):
    """Images that a made one could be a copy of, and how near such images lie to one another."""

    searched: tuple[Views, ...]
    yardstick: Yardstick


@dataclass(frozen=True, eq=False)
class Real:
    """The real images of a model's data set: what a generator learned from, and what it never saw.

    Attributes:
        beside: all that a made image could be a copy of. First ``train``, that of the further models whose images the
            generator learned from included; where there is an autoencoder then the same as it gives them back. All that
            is made has gone through it, has lost what it loses, and lies for that alone nearer to these, and farther
            from or nearer to real images, than real ones do: beside like images it is held to the limits of its class,
            beside real ones to that of all.
        learned: those further models, and the autoencoder.
        manifests: sha256 of each manifest, by model.
        encoder_sha256: of what the embeddings were computed with.
    """

    train: Part
    test: Part
    beside: tuple[Beside, ...]
    poses: tuple[Pose, ...]
    learned: Learned
    manifests: Mapping[str, str]
    encoder_sha256: str

    def distances(self, views: Views) -> np.ndarray:
        """(B, N, 3): how near N images, which are not among these, lie to the nearest one of each of ``beside``."""
        return np.stack([np.min([nearest(views, one, self.poses) for one in own], axis=0) for own, _ in self.beside])

    def limits(self, labels: Sequence[str]) -> np.ndarray:
        """(B, N, 3): up to which these distances are those of a copy, of images of these classes."""
        return np.array([[yardstick.limits(label) for label in labels] for _, yardstick in self.beside])


def real_images(folder: Path, card: ModelCard, viewer: Viewer, kept: Path, learned: Learned = ALONE) -> Real:
    """The images of ``folder``, and of what else was learned from, computed once and kept in ``kept``.

    Raises as :func:`diagnosis.training.dataset.rows_of`, and BadRequest where ``train`` has one group alone, so that no
    image has one of another group, or where 1 image in 100 has its double in another: a limit of 0 would tell nothing.
    """
    rows = {split: rows_of(folder, split, card) for split in ("train", "test")}
    if len({row.group for row in rows["train"]}) < 2:
        raise BadRequest(f"{folder} has one group alone in train.", "Give each patient, slide or case its own group.")
    store, places = _Store(kept, viewer), ((card, folder), *learned.others)
    sets = [_Set(one, rows_of(place, "train", one), manifest_digest(place)) for one, place in places]
    manifests = {one.card.name: one.manifest for one in sets}
    train, test = (Part(store.views(own, manifests[card.name], split), *_named(own)) for split, own in rows.items())
    beside = [_beside(sets, train, store, None, by_class=learned.restorer is None)]
    if learned.restorer:
        beside.append(_beside(sets, train, store, learned.restorer, by_class=True))
    if any((one.yardstick.whole <= _ROUNDING).any() for one in beside):
        problem = f"1 in {100 // PERCENT} images of train in {folder} has its double in another group."
        raise BadRequest(problem, "Give doubles one group, or leave all but one out.")
    return Real(train, test, tuple(beside), viewer.poses, learned, manifests, viewer.trunk.digest)


def spread_over(count: int, most: int) -> np.ndarray:
    """``most`` of ``count`` positions in order, or all of them: drawn without replacement, the same ones every time."""
    return np.sort(np.random.default_rng(0).permutation(count)[:most])


@dataclass(frozen=True)
class _Store:
    """What was computed of real images, in a folder."""

    folder: Path
    viewer: Viewer

    def views(self, rows: Sequence[Row], manifest: str, *facts: str, by: Change = iter) -> Views:
        """Of images, changed ``by`` a function."""
        studies = by(read_study(row.path) for row in rows)
        return Views(**self.kept(lambda: vars(self.viewer.see(studies, posed=False)), manifest, *facts))

    def kept(self, compute: Callable[[], Arrays], manifest: str, *facts: str) -> Arrays:
        """What was computed of the same before, or is now and is then written, whole or not at all."""
        told = (_FORMAT, manifest, self.viewer.trunk.digest, str(self.viewer.channels), *facts)
        file = self.folder / f"{facts[0]}-{hashlib.sha256(' '.join(told).encode()).hexdigest()[:16]}.npz"
        if not file.is_file():
            self.folder.mkdir(parents=True, exist_ok=True)
            partial = file.with_name(f"{file.name}.partial")
            with partial.open("wb") as stream:
                np.savez(stream, allow_pickle=False, **compute())
            partial.replace(file)
        with np.load(file) as found:
            return dict(found)


def _named(rows: Sequence[Row]) -> tuple[np.ndarray, np.ndarray]:
    """Labels and groups."""
    return np.array([row.label for row in rows]), np.array([row.group for row in rows])


class _Set(NamedTuple):
    """The images of ``train`` of a model."""

    card: ModelCard
    rows: Sequence[Row]
    manifest: str


def _beside(sets: Sequence[_Set], train: Part, store: _Store, restorer: Restorer | None, *, by_class: bool) -> Beside:
    """Images as they are, or as an autoencoder gives them back; the first set, that of ``train``, is the yardstick."""
    shown = [_shown(one.card, restorer) for one in sets]
    searched = tuple(
        store.views(one.rows, one.manifest, *facts, by=by) for one, (facts, by) in zip(sets, shown, strict=True)
    )
    own, (facts, by), at = sets[0], shown[0], spread_over(len(train.views), MOST)

    def compute() -> Arrays:
        views = store.viewer.see(by(read_study(own.rows[row].path) for row in at))
        return {"distances": nearest(views, searched[0], store.viewer.poses, (train.groups[at], train.groups))}

    told = ("nearest", own.card.anatomy or "", str(MOST), *facts[1:])
    distances = store.kept(compute, own.manifest, *told)["distances"]
    return Beside(searched, Yardstick(distances, train.labels[at], train.groups[at], by_class))


def _shown(card: ModelCard, restorer: Restorer | None) -> tuple[tuple[str, ...], Change]:
    """How the views of ``train`` are called where they are kept, and what changes the images."""
    if restorer is None:
        return ("train",), iter
    facts = ("restored", restorer.sha256, str(restorer.size), card.input.resize)
    return facts, lambda some: restorer.restored(some, card.input)

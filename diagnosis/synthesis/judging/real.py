"""The real images of a model, and how near they lie to one another: the yardstick for made ones."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from diagnosis.cards import ModelCard
from diagnosis.errors import BadRequest
from diagnosis.intervals import FEWEST_GROUPS
from diagnosis.readers import read_study
from diagnosis.study import Study
from diagnosis.synthesis.judging.learned import Learned
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
    """How near M real images lie to the nearest real image of another group.

    Attributes:
        distances: float64 (M, 3), in the order of ``SPACES``.
        labels, groups: (M,).
    """

    distances: np.ndarray
    labels: np.ndarray
    groups: np.ndarray

    @property
    def whole(self) -> np.ndarray:
        """(3,): the 1st percentile of all."""
        return np.percentile(self.distances, PERCENT, axis=0)

    def limits(self, label: str) -> np.ndarray:
        """(3,): how far an image of a class has to lie from every real one to be no copy.

        The larger of two 1st percentiles, of all real images and of those of its class: where one class is far more
        even than the others (an empty background), it would set the limit of all. A class in too few groups has the
        limit of all: the nearest image of another group is then one of another class, and tells nothing of copies.
        """
        own = self.labels == label
        if len(np.unique(self.groups[own])) < FEWEST_GROUPS:
            return self.whole
        return np.maximum(self.whole, np.percentile(self.distances[own], PERCENT, axis=0))


@dataclass(frozen=True, eq=False)
class Real:
    """The real images of a model's data set: what a generator learned from, and what it never saw.

    Attributes:
        searched: all that a made image could be a copy of: ``train``, that of the further models whose images the
            generator learned from, and where there is an autoencoder each of these as it gives them back.
        learned: those further models, and the autoencoder.
        manifests: sha256 of each manifest, by model.
        encoder_sha256: of what the embeddings were computed with.
    """

    train: Part
    test: Part
    searched: tuple[Views, ...]
    yardstick: Yardstick
    poses: tuple[Pose, ...]
    learned: Learned
    manifests: Mapping[str, str]
    encoder_sha256: str

    def distances(self, views: Views) -> np.ndarray:
        """(N, 3): how near images that are not among these lie to the nearest one that is searched.

        The limits of real images hold for restored ones as well: these have lost detail and lie somewhat nearer to one
        another in pixels and structure, so that limits of their own would be the milder ones.
        """
        return np.min([nearest(views, some, self.poses) for some in self.searched], axis=0)


def real_images(folder: Path, card: ModelCard, viewer: Viewer, kept: Path, learned: Learned = ALONE) -> Real:
    """The images of ``folder``, and of what else was learned from, computed once and kept in ``kept``.

    Raises as :func:`diagnosis.training.dataset.rows_of`, and BadRequest where ``train`` has one group alone, so that no
    image has one of another group, or where 1 image in 100 has its double in another: a limit of 0 would tell nothing.
    """
    rows = {split: rows_of(folder, split, card) for split in ("train", "test")}
    if len({row.group for row in rows["train"]}) < 2:
        raise BadRequest(f"{folder} has one group alone in train.", "Give each patient, slide or case its own group.")
    searched = [(card, rows["train"]), *((one, rows_of(place, "train", one)) for one, place in learned.others)]
    manifests = {one.name: manifest_digest(place) for one, place in ((card, folder), *learned.others)}
    store = _Store(kept, viewer)
    train, test = (Part(store.views(own, manifests[card.name], split), *_named(own)) for split, own in rows.items())
    yardstick = _yardstick(rows["train"], train, store, manifests[card.name], card.anatomy or "")
    if (yardstick.whole <= _ROUNDING).any():
        problem = f"1 in {100 // PERCENT} images of train in {folder} has its double in another group."
        raise BadRequest(problem, "Give doubles one group, or leave all but one out.")
    views = tuple(some for one, own in searched for some in store.searched(own, manifests[one.name], one, learned))
    return Real(train, test, views, yardstick, viewer.poses, learned, manifests, viewer.trunk.digest)


def spread_over(count: int, most: int) -> np.ndarray:
    """``most`` of ``count`` positions in order, or all of them: drawn without replacement, the same ones every time."""
    return np.sort(np.random.default_rng(0).permutation(count)[:most])


@dataclass(frozen=True)
class _Store:
    """What was computed of real images, in a folder."""

    folder: Path
    viewer: Viewer

    def searched(self, rows: Sequence[Row], manifest: str, card: ModelCard, learned: Learned) -> Iterator[Views]:
        """The views of a model's images, and of these as the autoencoder gives them back."""
        yield self.views(rows, manifest, "train")
        if restorer := learned.restorer:
            made_by = (restorer.sha256, str(restorer.size), card.input.resize)
            yield self.views(rows, manifest, "restored", *made_by, by=lambda some: restorer.restored(some, card.input))

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


def _yardstick(rows: Sequence[Row], train: Part, store: _Store, manifest: str, anatomy: str) -> Yardstick:
    at, poses = spread_over(len(train.views), MOST), store.viewer.poses

    def compute() -> Arrays:
        views = store.viewer.see(read_study(rows[row].path) for row in at)
        return {"distances": nearest(views, train.views, poses, (train.groups[at], train.groups))}

    distances = store.kept(compute, manifest, "nearest", anatomy, str(MOST))["distances"]
    return Yardstick(distances, train.labels[at], train.groups[at])

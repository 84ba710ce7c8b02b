"""The real images of a model, and how near they lie to one another: the yardstick for made ones."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from diagnosis.cards import ModelCard
from diagnosis.errors import BadRequest
from diagnosis.readers import read_study
from diagnosis.synthesis.judging.nearest import nearest
from diagnosis.synthesis.judging.poses import Pose
from diagnosis.synthesis.judging.views import Viewer, Views
from diagnosis.training.dataset import Row, manifest_digest, rows_of

MOST = 1000  # images of ``train`` whose nearest others are looked for; all of ``train`` are looked at
PERCENT = 1  # of real images that lie nearer to one of another group than the limit
_FORMAT = "judging/1"  # of what is kept; a new one when views or distances are computed otherwise


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
        labels: (M,).
    """

    distances: np.ndarray
    labels: np.ndarray

    @property
    def whole(self) -> np.ndarray:
        """(3,): the 1st percentile of all."""
        return np.percentile(self.distances, PERCENT, axis=0)

    def limits(self, label: str) -> np.ndarray:
        """(3,): how far an image of a class has to lie from every real one to be no copy.

        The larger of two 1st percentiles, of all real images and of those of its class: where one class is far more
        even than the others (an empty background), it would set the limit of all.
        """
        own = self.distances[self.labels == label]
        return np.maximum(self.whole, np.percentile(own, PERCENT, axis=0)) if len(own) else self.whole


@dataclass(frozen=True, eq=False)
class Real:
    """The real images of a model's data set: what a generator learned from, and what it never saw.

    Attributes:
        manifest_sha256, encoder_sha256: what the rest was computed from.
    """

    train: Part
    test: Part
    yardstick: Yardstick
    poses: tuple[Pose, ...]
    manifest_sha256: str
    encoder_sha256: str

    def distances(self, views: Views) -> np.ndarray:
        """(N, 3): how near images that are not among these lie to ``train``."""
        return nearest(views, self.train.views, self.poses)


def real_images(folder: Path, card: ModelCard, viewer: Viewer, kept: Path) -> Real:
    """The images of ``folder``, computed once and kept in ``kept``.

    Raises as :func:`diagnosis.training.dataset.rows_of`, and BadRequest where ``train`` has one group alone: then no
    image has one of another group.
    """
    rows = {split: rows_of(folder, split, card) for split in ("train", "test")}
    if len({row.group for row in rows["train"]}) < 2:
        raise BadRequest(f"{folder} has one group alone in train.", "Give each patient, slide or case its own group.")
    manifest = manifest_digest(folder)
    parts = {split: _part(own, viewer, kept / f"{_key(manifest, viewer, split)}.npz") for split, own in rows.items()}
    train, file = parts["train"], kept / f"{_key(manifest, viewer, 'nearest', card.anatomy or '', str(MOST))}.npz"
    yardstick = _yardstick(rows["train"], train, viewer, file)
    return Real(train, parts["test"], yardstick, viewer.poses, manifest, viewer.trunk.digest)


def spread_over(count: int, most: int) -> np.ndarray:
    """``most`` of ``count`` positions in order, or all of them: drawn without replacement, the same ones every time."""
    return np.sort(np.random.default_rng(0).permutation(count)[:most])


def _key(manifest: str, viewer: Viewer, *more: str) -> str:
    facts = (_FORMAT, manifest, viewer.trunk.digest, str(viewer.channels), *more)
    return f"{more[0]}-{hashlib.sha256(' '.join(facts).encode()).hexdigest()[:16]}"


def _part(rows: Sequence[Row], viewer: Viewer, file: Path) -> Part:
    labels, groups = (np.array([getattr(row, name) for row in rows]) for name in ("label", "group"))
    if file.is_file():
        with np.load(file) as found:
            return Part(Views(**found), labels, groups)
    views = viewer.see((read_study(row.path) for row in rows), posed=False)
    _keep(file, **vars(views))
    return Part(views, labels, groups)


def _yardstick(rows: Sequence[Row], train: Part, viewer: Viewer, file: Path) -> Yardstick:
    at = spread_over(len(train.views), MOST)
    if file.is_file():
        with np.load(file) as found:
            return Yardstick(found["distances"], train.labels[at])
    views = viewer.see(read_study(rows[row].path) for row in at)
    distances = nearest(views, train.views, viewer.poses, (train.groups[at], train.groups))
    _keep(file, distances=distances)
    return Yardstick(distances, train.labels[at])


def _keep(file: Path, **arrays: np.ndarray) -> None:
    """Written whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.partial")
    with partial.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)
    partial.replace(file)

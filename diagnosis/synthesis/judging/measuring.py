"""A folder of made images → its record."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import numpy as np

from diagnosis.gate.verdict import Verdict
from diagnosis.gating.record import Verdicts
from diagnosis.intervals import FEWEST_GROUPS
from diagnosis.readers import read_study
from diagnosis.study import Study
from diagnosis.synthesis.judging import SPACES
from diagnosis.synthesis.judging.disguises import DISGUISES, RESTORED, disguised
from diagnosis.synthesis.judging.distributions import distances
from diagnosis.synthesis.judging.folder import MadeImages
from diagnosis.synthesis.judging.judge import Judge, Judgement
from diagnosis.synthesis.judging.real import Part, spread_over
from diagnosis.synthesis.judging.record import (
    COPY,
    UNSEEN,
    Apart,
    Detection,
    Distances,
    JudgingRecord,
    Plausible,
    Share,
    SpaceRecord,
)
from diagnosis.synthesis.judging.views import Views
from diagnosis.training.confidence import wilson
from diagnosis.training.dataset import Row, rows_of
from diagnosis.training.evaluate import measurable

BINS = 32
PERCENTILES = (1, 5, 25, 50, 75, 95)
PLANTED = 40  # copies in each disguise
_UNSEEN = 200  # images of ``test``, at most, that are put to the judge as if they were made
LIBRARIES = ("torch", "numpy", "pillow", "opencv-python-headless")
QUIET = 0.1  # of the features' mean spread: none counts for less, so that a channel that never speaks cannot shout
_FAR = 98  # percentile of all distances at which the bins end


@dataclass(frozen=True, eq=False)
class Judged:
    """Made images, at least one, each of them judged.

    Attributes:
        views: as the three spaces see them.
        sha256, generators: of the images, as in :class:`MadeImages`.
        started: when it began, on the monotonic clock.
    """

    judgements: Sequence[Judgement]
    views: Views
    sha256: str
    generators: tuple[str, ...]
    started: float = field(default_factory=time.monotonic)


def measure(judge: Judge, made: MadeImages, folder: Path, command: str) -> JudgingRecord:
    """Judge all made images, each and as a whole. Takes what :func:`recorded` takes."""
    return recorded(judge, judge_all(judge, made), folder, command)


def judge_all(judge: Judge, made: MadeImages) -> Judged:
    """Judge each of made images."""
    started, views = time.monotonic(), judge.viewer.see(made.studies)
    judgements = judge.judge_seen(made.studies, made.labels, views)
    return Judged(judgements, views, made.sha256, made.generators, started)


def recorded(judge: Judge, made: Judged, folder: Path, command: str) -> JudgingRecord:
    """The record of judged images.

    Args:
        folder: of the real images, from which ``judge.real`` was computed.
    """
    real, card, judged = judge.real, judge.classifier.card, made.judgements
    train, test = (rows_of(folder, split, card) for split in ("train", "test"))
    chosen = [one for one in judged if one.kept]
    whole = Part(made.views, np.array([one.label for one in judged]), np.arange(len(judged)))
    return JudgingRecord(
        model=card.reference,
        weights_sha256=measurable(card).sha256,
        encoder_sha256=real.encoder_sha256,
        gate_sha256=judge.gate.card.weights.sha256,
        dataset=folder.resolve().name,
        autoencoder_sha256=real.learned.restorer.sha256 if real.learned.restorer else None,
        manifests=dict(real.manifests),
        made_sha256=made.sha256,
        generators=made.generators,
        images=len(judged),
        train_images=sum(map(len, real.beside[0].searched)),
        yardstick_images=len(real.beside[0].yardstick.distances),
        spaces=tuple(_space(at, judge, judged) for at in range(len(SPACES))),
        detections=tuple(detections(judge, train, test)),
        chosen=dict(Counter(one.label for one in chosen)),
        thrown=dict(Counter(reason for one in judged for reason in one.reasons)),
        before=tuple(_plausible(judged, card.label_names)),
        after=tuple(_plausible(chosen, card.label_names)),
        apart=tuple(_apart(whole, judge)),
        command=command,
        libraries={name: version(name) for name in LIBRARIES},
        seconds=round(time.monotonic() - made.started, 1),
    )


def share(hits: np.ndarray, groups: np.ndarray | None = None) -> Share:
    """Of bool (N,), by groups (N,); made images, which have none, are each on its own."""
    groups = np.arange(len(hits)) if groups is None else groups
    low, high = wilson(hits, groups) if len(np.unique(groups)) >= FEWEST_GROUPS else (None, None)
    return Share(count=int(hits.sum()), images=len(hits), low=low, high=high)


def detections(judge: Judge, train: Sequence[Row], test: Sequence[Row]) -> Iterator[Detection]:
    """What the judge makes of copies in disguise, and of images of ``test``.

    Where there is an autoencoder, also of both as it gives them back: all that a generator makes has gone through it.
    """
    spec, restorer = judge.classifier.card.input, judge.real.learned.restorer
    rows = [train[at] for at in spread_over(len(train), PLANTED)]
    for name in DISGUISES:
        copies = [disguised(study, name) for study in _studies(rows)]
        yield _detection(judge, COPY if name == "none" else f"{COPY}, {name}", copies, rows)
    for words, noise in RESTORED.items():
        if restorer:
            yield _detection(judge, f"{COPY}, {words}", list(restorer.restored(_studies(rows), spec, noise)), rows)
    rows = [test[at] for at in spread_over(len(test), _UNSEEN)]
    yield _detection(judge, UNSEEN, list(_studies(rows)), rows)
    if restorer:
        yield _detection(judge, f"{UNSEEN}, restored", list(restorer.restored(_studies(rows), spec)), rows)


def _studies(rows: Sequence[Row]) -> Iterator[Study]:
    return (read_study(row.path) for row in rows)


def _detection(judge: Judge, what: str, studies: Sequence[Study], rows: Sequence[Row]) -> Detection:
    near, groups = judge.near(studies, [row.label for row in rows]), np.array([row.group for row in rows])
    by_space = {space: share(near[:, at], groups) for at, space in enumerate(SPACES)}
    return Detection(what=what, rejected=share(np.asarray(near.any(axis=1)), groups), by_space=by_space)


def _space(at: int, judge: Judge, judged: Sequence[Judgement]) -> SpaceRecord:
    yardstick, labels = judge.real.beside[0].yardstick, judge.classifier.card.label_names
    strict = judge.real.beside[-1].yardstick
    made, real = np.array([one.to_real[at] for one in judged]), yardstick.distances[:, at]
    near = np.array([SPACES[at] in one.reasons for one in judged], dtype=bool)
    edges = np.linspace(0, np.percentile(np.concatenate([made, real]), _FAR), BINS + 1)
    return SpaceRecord(
        space=SPACES[at],
        limit=_rounded(yardstick.whole[at]),
        limits={label: _rounded(strict.limits(label)[at]) for label in labels},
        edges=tuple(map(_rounded, edges)),
        made=_distances(made, edges),
        real=_distances(real, edges),
        rejected=share(near),
    )


def _distances(found: np.ndarray, edges: np.ndarray) -> Distances:
    counts, _ = np.histogram(found.clip(max=edges[-1]), edges)
    percentiles = np.percentile(found, PERCENTILES)
    bins = tuple(map(_rounded, counts / len(found)))
    return Distances(images=len(found), percentiles=tuple(map(_rounded, percentiles)), bins=bins)


def _plausible(judged: Sequence[Judgement], labels: Sequence[str]) -> Iterator[Plausible]:
    """Of all, then of each class that has images."""
    yield _plausible_of(judged, None)
    for label in labels:
        if own := [one for one in judged if one.label == label]:
            yield _plausible_of(own, label)


def _plausible_of(judged: Sequence[Judgement], label: str | None) -> Plausible:
    gate = [one.gate for one in judged]
    agreed = np.array([one.top == one.label for one in judged], dtype=bool)
    passed = np.array([verdict == "pass" for verdict in gate], dtype=bool)
    score = _rounded(float(np.mean([one.score for one in judged]))) if judged else None
    return Plausible(label=label, agreed=share(agreed), passed=share(passed), verdicts=_verdicts(gate), score=score)


def _verdicts(found: Sequence[Verdict]) -> Verdicts:
    passed, cautioned, refused = (found.count(one) for one in ("pass", "caution", "refuse"))
    return Verdicts(images=len(found), passed=passed, cautioned=cautioned, refused=refused)


def _apart(made: Part, judge: Judge) -> Iterator[Apart]:
    """Of the classes that were made, in equal parts, then of each; all of them need enough images on every side."""
    train, test = judge.real.train, judge.real.test
    names = [name for name in judge.classifier.card.label_names if name in made.labels]
    mean, spread = train.views.features.mean(axis=0), train.views.features.std(axis=0)
    spread = np.maximum(spread, QUIET * spread.mean())
    for label, classes in ((None, names), *((name, [name]) for name in names)):
        own = [[(part.features(one) - mean) / spread for one in classes] for part in (made, train, test)]
        if found := distances((own[0], own[1]), (own[0], own[2]), (own[1], own[2])):
            yield Apart(label=label, made_train=found[0], made_test=found[1], train_test=found[2])


def _rounded(value: float) -> float:
    return round(float(value), 6)

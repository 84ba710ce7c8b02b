"""A classifier as it is served, measured on a labelled folder."""

import shlex
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from diagnosis import records
from diagnosis.cards import ModelCard, Weights
from diagnosis.classifier import Classifier
from diagnosis.errors import BadRequest, Missing
from diagnosis.preprocess import preprocess
from diagnosis.readers import read_study
from diagnosis.scores import scores_of
from diagnosis.training.dataset import Row, manifest_digest, rows_of
from diagnosis.training.measuring import measure
from diagnosis.training.metrics import Metrics

BATCH = 16
LIBRARIES = ("torch", "torchvision", "numpy", "pillow")


class Evaluation(Metrics):
    """Metrics with what they were measured on and by.

    Attributes:
        model: ``name@version``.
        score_kind, temperature: of the card; scores are softmax(logits / temperature).
        weights_sha256, manifest_sha256: 64 hex digits each.
        dataset: name of the data's folder; ``split``: the rows of its manifest that were read.
        command: what computes the same numbers again.
        libraries: versions by package name.
        seconds: reading, predicting and measuring, all together.
    """

    model: str
    score_kind: str
    temperature: float
    weights_sha256: str
    dataset: str
    split: str
    manifest_sha256: str
    command: str
    libraries: dict[str, str]
    seconds: float


def evaluate(classifier: Classifier, data: Path, split: str, *, replicates: int = 1000) -> Evaluation:
    """Read every image of a split as a visitor's image is read, and measure the scores.

    Raises:
        Missing: no manifest in ``data``, or the card names no weights.
        BadRequest: no rows in ``split``, a label that the card does not have, or a multi-label model.
    """
    started, card = time.monotonic(), classifier.card
    measurable(card)
    rows = rows_of(data, split, card)
    return evaluation_of(card, rows, logits_of_rows(classifier, rows), data, split, started, replicates=replicates)


def measurable(card: ModelCard) -> Weights:
    """The weights of a card that can be measured.

    Raises:
        Missing: the card names no weights.
        BadRequest: a multi-label model.
    """
    if card.independent:
        raise BadRequest(
            f"{card.name} gives findings of which any number may hold.",
            "evaluate measures models that choose one label.",
        )
    if card.weights is None:
        raise Missing(f"{card.name} has no weights yet.", f"Run `python -m diagnosis.training train {card.name}`.")
    return card.weights


def evaluation_of(
    card: ModelCard,
    rows: list[Row],
    logits: np.ndarray,
    data: Path,
    split: str,
    started: float,
    *,
    replicates: int = 1000,
) -> Evaluation:
    """What the ``logits`` (N, L) of the ``rows`` of a split of ``data`` are worth; ``started`` is of time.monotonic."""
    weights, scores = measurable(card), scores_of(logits, card)
    groups = np.array([row.group for row in rows])
    metrics = measure(scores, targets_of(rows, card), groups, card, replicates=replicates)
    return Evaluation(
        **dict(metrics),
        model=card.reference,
        score_kind=card.score_kind,
        temperature=card.temperature,
        weights_sha256=weights.sha256,
        dataset=data.resolve().name,
        split=split,
        manifest_sha256=manifest_digest(data),
        command=_command(card, data, split),
        libraries={name: version(name) for name in LIBRARIES},
        seconds=round(time.monotonic() - started, 1),
    )


def logits_of_rows(classifier: Classifier, rows: list[Row]) -> np.ndarray:
    """float32 (N, L), on the serving path: read_study, preprocess and the classifier's own float32 logits."""
    return torch.cat(list(logits_in_batches(classifier, rows))).numpy()


def logits_in_batches(classifier: Classifier, rows: list[Row]) -> Iterator[torch.Tensor]:
    """The same, float32 (16, L) at a time."""
    for start in range(0, len(rows), BATCH):
        studies = (read_study(row.path) for row in rows[start : start + BATCH])
        yield classifier.logits(torch.stack([preprocess(study, classifier.card.input) for study in studies]))


def targets_of(rows: list[Row], card: ModelCard) -> np.ndarray:
    """int64 (N,): positions in the card's labels."""
    return np.array([card.index(row.label) for row in rows], dtype=np.int64)


def metrics_path(card: ModelCard, folder: Path) -> Path:
    return folder / f"{card.name}.metrics.json"


def write_metrics(evaluation: Evaluation, card: ModelCard, folder: Path) -> Path:
    """Write ``<model>.metrics.json`` beside the card; returns its path."""
    return records.write(evaluation, metrics_path(card, folder))


def load_metrics(path: Path, card: ModelCard) -> Evaluation:
    """A metrics file that speaks of the card's weights.

    Raises:
        Missing: there is no such file.
        BadRequest: it is not a metrics file, or it was measured on other weights or with another temperature.
    """
    remedy = f"Run `python -m diagnosis.training evaluate {card.name} --split test --write`."
    evaluation = records.load(Evaluation, path, "a metrics file", remedy)
    if card.weights is None or evaluation.weights_sha256 != card.weights.sha256:
        measured_on = evaluation.weights_sha256[:12]
        raise BadRequest(f"{path.name} was measured on other weights (sha256 {measured_on}…).", remedy)
    if evaluation.temperature != card.temperature:
        was = evaluation.temperature
        raise BadRequest(f"{path.name} was measured at temperature {was}, not {card.temperature}.", remedy)
    if not _same_confidence(evaluation, card):
        raise BadRequest(f"{path.name} was measured with other conformal sets or tiers than the card's.", remedy)
    return evaluation


def _same_confidence(evaluation: Evaluation, card: ModelCard) -> bool:
    """Whether the sets and tiers that were measured, if any were, are the card's."""
    sets, known = evaluation.conformal, card.confidence
    if sets is None:
        return True
    tiers = [(tier.name, tier.at_least) for tier in evaluation.tiers]
    return known is not None and (sets.error_rate, sets.quantile, tiers) == (
        known.error_rate,
        known.quantile,
        [(tier.name, tier.at_least) for tier in known.tiers],
    )


def _command(card: ModelCard, data: Path, split: str) -> str:
    """The command line, with the folder as it was given; of an absolute path only the name is kept."""
    folder = data.name if data.is_absolute() else data.as_posix()
    return shlex.join(["python", "-m", "diagnosis.training", "evaluate", card.name, "--data", folder, "--split", split])

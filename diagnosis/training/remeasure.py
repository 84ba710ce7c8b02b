"""A model measured again, on labelled images of anybody's choice, and set beside the figures that it ships with."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from diagnosis.cards import ModelCard
from diagnosis.classifier import Classifier
from diagnosis.errors import BadRequest
from diagnosis.training.dataset import rows_of
from diagnosis.training.evaluate import Evaluation, evaluation_of, logits_in_batches, measurable
from diagnosis.training.labelled import MOST_FILES, labelled_images
from diagnosis.training.metrics import Interval, Metrics

EXACT = 1e-4  # figures of the same images and weights that are no further apart are the same


@dataclass(frozen=True)
class Progress:
    """``done`` of ``total`` images were read."""

    done: int
    total: int


@dataclass(frozen=True)
class Compared:
    """A figure as it ships and as it was measured again, with its intervals."""

    name: str
    shipped: Interval
    again: Interval

    @property
    def difference(self) -> float | None:
        """Again minus shipped; None where either is not defined."""
        if self.shipped.value is None or self.again.value is None:
            return None
        return self.again.value - self.shipped.value


def remeasure(classifier: Classifier, place: Path, split: str) -> Iterator[Progress | Evaluation]:
    """Measure the weights on a folder or an archive; the progress first, the evaluation last.

    Closing the iterator stops the work after the batch at hand. Raises as :func:`labelled_images` and ``rows_of`` do,
    BadRequest also for more than 20,000 images, and BadImage for a file that is no image.
    """
    started, card = time.monotonic(), classifier.card
    measurable(card)
    with labelled_images(place, split, card) as (data, rows_wanted):
        rows = rows_of(data, rows_wanted, card)
        if len(rows) > MOST_FILES:
            raise BadRequest(f"{place.name} has {len(rows)} images.", f"Measure {MOST_FILES} at most at a time.")
        batches = []
        yield Progress(0, len(rows))
        for batch in logits_in_batches(classifier, rows):
            batches.append(batch)
            yield Progress(sum(len(one) for one in batches), len(rows))
        yield evaluation_of(card, rows, torch.cat(batches).numpy(), data, rows_wanted, started)


def same_images(shipped: Evaluation, again: Evaluation) -> bool:
    """Whether both were measured on the same rows of the same manifest."""
    return (shipped.manifest_sha256, shipped.split) == (again.manifest_sha256, again.split)


def compared(shipped: Metrics, again: Metrics, card: ModelCard) -> list[Compared]:
    """The overall figures and the recall of each class, side by side."""
    pairs = [
        ("Balanced accuracy", shipped.balanced_accuracy, again.balanced_accuracy),
        ("Accuracy", shipped.accuracy, again.accuracy),
        ("Macro AUC", shipped.macro_auc, again.macro_auc),
        ("Calibration error", shipped.expected_calibration_error, again.expected_calibration_error),
    ]
    if shipped.conformal and again.conformal:
        pairs.append(("Coverage of the sets", shipped.conformal.coverage, again.conformal.coverage))
    pairs += [
        (f"Recall, {card.title_of(before.label)}", before.recall, after.recall)
        for before, after in zip(shipped.classes, again.classes, strict=True)
    ]
    return [Compared(*pair) for pair in pairs]


def verdict(shipped: Evaluation, again: Evaluation, card: ModelCard) -> str:
    """Whether the shipped figures came out again, in a sentence."""
    rows = compared(shipped, again, card)
    apart = [row for row in rows if row.difference is not None and abs(row.difference) > EXACT]
    if not same_images(shipped, again):
        return (
            f"These are other images than those of the shipped figures ({again.images} images of {again.dataset}, not "
            f"{shipped.images} of {shipped.dataset}), so the figures may differ."
        )
    if not apart:
        return f"The same images, and the same figures: all {len(rows)} agree to {EXACT:g}."
    furthest = max(apart, key=lambda row: abs(row.difference or 0))
    return (
        f"The same images, but {len(apart)} of {len(rows)} figures differ, {furthest.name.lower()} the most: by "
        f"{furthest.difference:+.4f}."
    )

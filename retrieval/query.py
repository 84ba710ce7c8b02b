"""What is looked for, as a value, and as one unit vector."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from diagnosis.errors import BadRequest
from diagnosis.study import Study
from retrieval.filters import Filter

MORE, LESS = 0.75, 0.25  # of Rocchio's formula, beside 1 for the query itself
IMAGE, TEXT = "image", "text"
WITH, WITHOUT, ONLY = KINDS = ("with", "without", "only")  # synthetic cases


@dataclass(frozen=True)
class Query:
    """What is looked for.

    Attributes:
        image, text: at least one, unless ``more`` is given.
        weight: of the image beside the text, 0..1; it matters only where both are given.
        more, less: ids of cases that the results should be like, and unlike. They are not results themselves.
        filters: what a case must be to be considered.
        synthetic: whether synthetic cases are considered, one of ``KINDS``.
        patient: hash of the query's own patient, where it is known: that patient's images are marked.
        without: ids and patients that are left out.
    """

    image: Study | None = None
    text: str = ""
    weight: float = 0.5
    more: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    synthetic: str = WITH
    patient: str | None = None
    without: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not (self.image or self.text.strip() or self.more):
            raise BadRequest("There is nothing to look for.", "Give an image, a text, or a case to find more like.")
        if not 0 <= self.weight <= 1:
            raise BadRequest(f"The weight {self.weight:g} is not in 0..1.", "0 is the text alone, 1 the image alone.")
        if self.synthetic not in KINDS:
            raise BadRequest(f"{self.synthetic!r} says nothing of synthetic cases.", f"Use one of: {', '.join(KINDS)}.")

    @property
    def share(self) -> float:
        """How much of the query is an image, 0..1."""
        if not self.text.strip():
            return 1.0
        return self.weight if self.image else 0.5 if self.more else 0.0


def mix(image: np.ndarray, text: np.ndarray, weight: float, spread: Mapping[str, float]) -> np.ndarray:
    """float32 (…, D) of length 1: both kinds of query in one, each in units of its own spread of cosines.

    Cosines of images with images vary more than those of sentences with images; without the division the image would
    always win.
    """
    return unit(image * (weight / spread.get(IMAGE, 1)) + text * ((1 - weight) / spread.get(TEXT, 1)))


def move(query: np.ndarray | None, more: Sequence[np.ndarray], less: Sequence[np.ndarray]) -> np.ndarray:
    """Rocchio's formula: towards the mean of ``more``, away from that of ``less``; float32 (D,) of length 1."""
    start = np.mean(more, axis=0) if query is None else query
    moved = start + (MORE * np.mean(more, axis=0) if more else 0) - (LESS * np.mean(less, axis=0) if less else 0)
    return unit(np.asarray(moved, np.float32))


def unit(rows: np.ndarray) -> np.ndarray:
    """Rows of length 1; a row of zeros stays."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return (rows / np.maximum(lengths, 1e-12)).astype(np.float32)

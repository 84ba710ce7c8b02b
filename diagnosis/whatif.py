"""Erase a region and read again: does the score rest on it, or would any patch do?"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import torch
from torch.nn import functional

from diagnosis.attribution import AttributionMap
from diagnosis.attribution.shap_partition import chunk_size
from diagnosis.classifier import Classifier, Prediction
from diagnosis.errors import BadRequest
from diagnosis.places import GRID, top_tenth
from diagnosis.preprocess import preprocess, seen_by
from diagnosis.study import Study

Filling = Literal["blur", "inpaint"]

SMALLEST, LARGEST = 0.001, 0.5  # of the seen image: less is nothing to a network, more leaves no room to compare
SOFT = 0.02  # of the longer side: width over which the erased region fades into the rest
PATCHES = 20  # random patches of the same shape and size


@dataclass(frozen=True, eq=False)
class Retest:
    """What erasing a region did to each score.

    Attributes:
        region: bool (H, W), what was erased; ``share`` is its part of the seen image, 0..1.
        filling: what stands there now.
        study: the study without it; ``before`` and ``after`` are the predictions of the two.
        patches: float64 (N, L): change of each score, in percentage points, when the same shape is erased elsewhere.
        overlapping: how much of the region such a patch still covers on average, 0..1.
    """

    region: np.ndarray
    share: float
    filling: Filling
    study: Study
    before: Prediction
    after: Prediction
    patches: np.ndarray
    overlapping: float

    @property
    def changes(self) -> np.ndarray:
        """float64 (L,): change of each score in percentage points; below 0 where it fell."""
        return 100 * (self.after.scores.astype(float) - self.before.scores.astype(float))

    def beaten(self, position: int) -> int:
        """Patches that changed a score less than the region did, in the region's own direction."""
        own = self.changes[position]
        return int((self.patches[:, position] * np.sign(own) < abs(own)).sum()) if own else 0

    def patch_range(self, position: int) -> tuple[float, float]:
        """Central 95 % of the patches' changes of a score, in percentage points."""
        low, high = np.quantile(self.patches[:, position], (0.025, 0.975))
        return float(low), float(high)


def erase_and_read(
    classifier: Classifier, study: Study, region: np.ndarray, *, filling: Filling = "blur", seed: int = 0
) -> Retest:
    """Erase a region and compare with the same shape moved, and turned by quarters, to random places.

    Args:
        region: bool (H, W).
        filling: ``blur`` takes the mean of the neighbourhood; ``inpaint`` continues what is around.

    Raises:
        BadRequest: the region has another size than the study, or is too small or too large.
    """
    seen = seen_by(study.size, classifier.card.input)
    share = _checked(region, study, seen)
    before = classifier.predict(study)
    erased = fill(study, region, filling)
    after = classifier.predict(erased)
    shapes = list(moved(region, seen, np.random.default_rng(seed), PATCHES))
    batch = torch.stack([preprocess(fill(study, shape, filling), classifier.card.input) for shape in shapes])
    logits = torch.cat([classifier.logits(part) for part in batch.split(chunk_size())]).numpy()
    scores = np.stack([classifier.prediction_of(study, one, 0.0).scores.astype(float) for one in logits])
    covered = float(np.mean([(shape & region).sum() for shape in shapes]) / region.sum())
    return Retest(region, share, filling, erased, before, after, 100 * (scores - before.scores.astype(float)), covered)


def fill(study: Study, region: np.ndarray, filling: Filling) -> Study:
    """The study with a region blurred beyond recognition or painted over from around, without a hard edge.

    Raises BadRequest for a filling that there is not.
    """
    if filling not in ("blur", "inpaint"):
        raise BadRequest(f"There is no filling {filling!r}.", "Use blur or inpaint.")
    stand_in = _blurred(study.pixels, region) if filling == "blur" else _painted(study.pixels, region)
    width = max(1, round(SOFT * max(study.size))) | 1
    grown = cv2.dilate(region.astype(np.float32), np.ones((width, width)))
    weight = np.maximum(cv2.blur(grown, (width, width)), region)[..., None]
    return Study(
        np.clip(study.pixels * (1 - weight) + stand_in * weight, 0, 1).astype(np.float32),
        window=study.window,
        modality=study.modality,
        view=study.view,
        spacing_mm=study.spacing_mm,
        spacing_kind=study.spacing_kind,
        cautions=study.cautions,
    )


def marked(attribution: AttributionMap) -> np.ndarray:
    """bool (H, W): what a map marks, its top tenth. Raises BadRequest where it marks nothing."""
    top = top_tenth(attribution, (GRID, GRID)).astype(np.float32)
    if not top.any():
        raise BadRequest("The map marks no place: it is flat.", "Choose another map, or paint a region.")
    height, width = attribution.study_size
    return cv2.resize(top, (width, height), interpolation=cv2.INTER_NEAREST) > 0


def moved(region: np.ndarray, seen: np.ndarray, rng: np.random.Generator, count: int) -> Iterator[np.ndarray]:
    """The region's shape at random places of the seen image, turned by quarters: bool (H, W), the same size.

    A part that would stick out comes in again at the opposite side.
    """
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    inside = region[box]
    for _ in range(count):
        turns = int(rng.integers(0, 4))
        shape = np.rot90(inside, turns if inside.shape[0] == inside.shape[1] else 2 * (turns % 2))
        at = (int(rng.integers(0, inside.shape[0])), int(rng.integers(0, inside.shape[1])))
        whole = np.zeros_like(region)
        whole[box] = np.roll(shape, at, axis=(0, 1))
        yield whole


def _checked(region: np.ndarray, study: Study, seen: np.ndarray) -> float:
    """The region's share of the seen image."""
    if region.shape != study.size or region.dtype != bool:
        raise BadRequest(f"The region is {region.shape} for an image of {study.size}.", "Paint on the image itself.")
    share = float((region & seen).sum() / seen.sum())
    if not SMALLEST <= share <= LARGEST:
        remedy = f"Choose between {100 * SMALLEST:g} % and {100 * LARGEST:g} %."
        raise BadRequest(f"The region covers {100 * share:.2f} % of what the network sees.", remedy)
    return share


def _blurred(pixels: np.ndarray, region: np.ndarray) -> np.ndarray:
    """The mean over twice the region's breadth, or a seventh of the image where that is more."""
    longer = max(region.shape)
    kernel = min(longer, max(1, longer // 7, round(2 * float(np.sqrt(region.sum())))))
    return cv2.blur(np.array(pixels), (kernel, kernel)).reshape(pixels.shape)


def _painted(pixels: np.ndarray, region: np.ndarray) -> np.ndarray:
    """The region filled from its rim by biharmonic equations (skimage), on a grid of at most 128 pixels a side."""
    from skimage.restoration import inpaint_biharmonic  # a second that the page need not wait for

    height, width = region.shape
    factor = min(1.0, 128 / max(region.shape))
    size = (max(1, round(height * factor)), max(1, round(width * factor)))
    small = functional.interpolate(
        torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None], size, mode="bilinear", antialias=True
    )[0]
    hidden = cv2.resize(region.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA) > 0
    filled = inpaint_biharmonic(small.permute(1, 2, 0).numpy(), hidden, channel_axis=-1).astype(np.float32)
    return cv2.resize(np.clip(filled, 0, 1), (width, height)).reshape(pixels.shape)

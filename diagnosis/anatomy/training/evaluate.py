"""A segmenter as it is served, measured: Dice on drawn masks, overlap with boxes, and plausibility on bare films."""

import shlex
import time
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict
from scipy import ndimage

from diagnosis import records
from diagnosis.anatomy.cards import SegmenterCard
from diagnosis.anatomy.chest_film import largest_pieces
from diagnosis.anatomy.plausible import doubts_of
from diagnosis.anatomy.segmenter import Segmenter
from diagnosis.anatomy.training.films import Box, Film, Part, drawn_lungs, films_of, unlabelled_paths
from diagnosis.anatomy.training.recipe import SegmenterRecipe
from diagnosis.anatomy.training.train import dice_of
from diagnosis.errors import BadRequest, Missing
from diagnosis.readers import read_study
from diagnosis.study import Study
from diagnosis.training.dataset import manifest_digest

REPLICATES = 2000
TURN, GAMMA = 7, 1.6  # degrees, and the exponent of the grey values
LIBRARIES = ("torch", "numpy", "pillow", "scipy")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Mean(_Strict):
    """Mean over films with a 95 % interval from a bootstrap over patients; a twentieth lies below ``twentieth``."""

    value: float
    low: float
    high: float
    twentieth: float


class Drawn(_Strict):
    """Against drawn masks: Dice coefficients of both lungs together and of each."""

    films: int
    patients: int
    both: Mean
    right: Mean
    left: Mean
    plausible: float


class Boxed(_Strict):
    """Films without masks: intersection over union of the box around each lung found with the box in the manifest."""

    films: int
    patients: int
    right: Mean
    left: Mean
    plausible: float


class Bare(_Strict):
    """Films without masks or boxes: how often the lungs found could be two lungs, and how steady they are.

    ``turned`` is the Dice coefficient with the lungs of the film turned by 7 degrees and brought back, ``darkened``
    with those of the film at a gamma of 1.6.
    """

    dataset: str
    films: int
    plausible: float
    turned: Mean
    darkened: Mean


class SegmenterEvaluation(_Strict):
    """Everything measured of a segmenter, with what it was measured on and by."""

    segmenter: str
    weights_sha256: str
    dataset: str
    split: Literal["train", "val", "test"]
    manifest_sha256: str
    drawn: Drawn
    boxed: Boxed | None
    bare: Bare | None
    command: str
    libraries: dict[str, str]
    seconds: float


def evaluate_segmenter(
    segmenter: Segmenter, recipe: SegmenterRecipe, data: Path, part: Part, bare: int = 400
) -> SegmenterEvaluation:
    """Measure on one part of the recipe's data. Raises Missing without weights or data."""
    started, card = time.monotonic(), segmenter.card
    if card.weights is None:
        raise Missing(f"{card.name} has no weights yet.", f"Run `python -m diagnosis.anatomy train {card.name}`.")
    folder = data / recipe.dataset
    films = [film for film in films_of(folder, part, recipe.val_share) if film.right and film.left]
    boxed = [film for film in films if film.mask is None]
    return SegmenterEvaluation(
        segmenter=card.reference,
        weights_sha256=card.weights.sha256,
        dataset=recipe.dataset,
        split=part,
        manifest_sha256=manifest_digest(folder),
        drawn=_drawn(segmenter, [film for film in films if film.mask]),
        boxed=_boxed(segmenter, boxed) if boxed else None,
        bare=_bare(segmenter, data / recipe.unlabelled, part, bare) if bare else None,
        command=_command(card, part, bare),
        libraries={name: version(name) for name in LIBRARIES},
        seconds=round(time.monotonic() - started, 1),
    )


def found_lungs(segmenter: Segmenter, study: Study) -> np.ndarray:
    """bool (2, H, W): what the segmenter marks, as it is served."""
    return largest_pieces(segmenter.lungs(study) > segmenter.card.threshold)


def _drawn(segmenter: Segmenter, films: list[Film]) -> Drawn:
    scores, fine = [], []
    for film in films:
        study, truth = read_study(film.path), drawn_lungs(film)
        found = found_lungs(segmenter, study)
        whole = [found.any(axis=0), *found], [truth.any(axis=0), *truth]
        pair = [torch.from_numpy(np.stack(masks))[None] for masks in whole]
        scores.append(dice_of(*pair)[0].numpy())
        fine.append(not doubts_of(segmenter.lungs(study), segmenter.card.threshold))
    groups = [film.group for film in films]
    both, right, left = (mean_of(column, groups) for column in np.array(scores).T)
    return Drawn(
        films=len(films), patients=len(set(groups)), both=both, right=right, left=left, plausible=float(np.mean(fine))
    )


def _boxed(segmenter: Segmenter, films: list[Film]) -> Boxed:
    scores, fine = [], []
    for film in films:
        study = read_study(film.path)
        found = found_lungs(segmenter, study)
        scores.append([box_overlap(lung, box) for lung, box in zip(found, (film.right, film.left), strict=True) if box])
        fine.append(not doubts_of(segmenter.lungs(study), segmenter.card.threshold))
    groups = [film.group for film in films]
    right, left = (mean_of(column, groups) for column in np.array(scores).T)
    return Boxed(films=len(films), patients=len(set(groups)), right=right, left=left, plausible=float(np.mean(fine)))


def _bare(segmenter: Segmenter, folder: Path, part: Part, count: int) -> Bare:
    fine, turned, darkened, groups = [], [], [], []
    for path in unlabelled_paths(folder, part)[:count]:
        study = read_study(path)
        fine.append(not doubts_of(segmenter.lungs(study), segmenter.card.threshold))
        lungs = found_lungs(segmenter, study)
        lean = ndimage.rotate(study.pixels, TURN, axes=(1, 0), reshape=False, order=1, mode="nearest").clip(0, 1)
        back = found_lungs(segmenter, Study(lean)).astype(np.float32)
        back = ndimage.rotate(back, -TURN, axes=(2, 1), reshape=False, order=1)
        turned.append(_dice(lungs, back > 0.5))
        darkened.append(_dice(lungs, found_lungs(segmenter, Study(study.pixels**GAMMA))))
        groups.append(path.stem)
    return Bare(
        dataset=folder.name,
        films=len(fine),
        plausible=float(np.mean(fine)),
        turned=mean_of(np.array(turned), groups),
        darkened=mean_of(np.array(darkened), groups),
    )


def _dice(found: np.ndarray, truth: np.ndarray) -> float:
    """Mean over the two lungs of bool (2, H, W)."""
    pair = [torch.from_numpy(np.ascontiguousarray(masks))[None] for masks in (found, truth)]
    return float(dice_of(*pair).mean())


def box_overlap(lung: np.ndarray, box: Box) -> float:
    """Intersection over union of the box around a bool (H, W) mask with a box in fractions; 0 for an empty mask."""
    if not lung.any():
        return 0.0
    height, width = lung.shape
    rows, columns = np.flatnonzero(lung.any(axis=1)), np.flatnonzero(lung.any(axis=0))
    own = (columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height)
    other = (box[0], box[1], box[0] + box[2], box[1] + box[3])
    shared = [max(0.0, min(own[at + 2], other[at + 2]) - max(own[at], other[at])) for at in (0, 1)]
    areas = [(one[2] - one[0]) * (one[3] - one[1]) for one in (own, other)]
    both = shared[0] * shared[1]
    return both / (sum(areas) - both)


def mean_of(values: np.ndarray, groups: list[str]) -> Mean:
    """Mean of (N,) values, resampled by group."""
    names, at = np.unique(groups, return_inverse=True)
    sums, counts = np.bincount(at, values), np.bincount(at)
    draws = np.random.default_rng(0).integers(len(names), size=(REPLICATES, len(names)))
    means = sums[draws].sum(axis=1) / counts[draws].sum(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    twentieth = np.quantile(values, 0.05)
    return Mean(value=float(values.mean()), low=float(low), high=float(high), twentieth=float(twentieth))


def evaluation_path(folder: Path, name: str) -> Path:
    return folder / f"{name}.metrics.json"


def load_evaluation(path: Path, card: SegmenterCard) -> SegmenterEvaluation:
    """The metrics of these very weights. Raises Missing or BadRequest."""
    remedy = f"Run `python -m diagnosis.anatomy evaluate {card.name} --split test --write`."
    evaluation = records.load(SegmenterEvaluation, path, "a metrics file", remedy)
    if card.weights is None or evaluation.weights_sha256 != card.weights.sha256:
        raise BadRequest(f"{path.name} was measured on other weights.", remedy)
    return evaluation


def _command(card: SegmenterCard, part: str, bare: int) -> str:
    words = ["python", "-m", "diagnosis.anatomy", "evaluate", card.name, "--split", part, "--bare", str(bare)]
    return shlex.join(words)

"""SHAP by recursive partition (Owen values) with shap's PartitionExplainer and a blur masker."""

import time
from collections.abc import Sequence

import cv2
import numpy as np
import shap
import torch

from diagnosis.attribution.maps import AttributionMap, Cost, negative_share
from diagnosis.attribution.targets import Report, Target, every_class, silent, weights_of
from diagnosis.classifier import Classifier
from diagnosis.preprocess import normalise, to_square
from diagnosis.study import Study

CELLS = 56  # a side; finer than 500 evaluations can resolve, and coarse enough that masks cost nothing
ROUNDING = 1e-6  # logits; a smaller error of the sum is single precision alone, and no two runs agree on it
BATCH = 32  # masks between two choices of what to split next


class BlurMasker(shap.maskers.Masker):
    """Hides cells of an image behind its blurred self.

    shap's own image masker has one switch per pixel and channel and makes one image at a time. This one has a switch
    per cell, which makes the same tree of axis-aligned halves; shap is handed the switches alone, and :meth:`images`
    carries them out for a whole batch.

    Args:
        sharp, blurred: float32 (C, S, S), the image and what hides it.
        cells: cells a side; divides S.
    """

    def __init__(self, sharp: torch.Tensor, blurred: torch.Tensor, cells: int) -> None:
        self.shape = (1, cells * cells)
        self.clustering = shap.maskers.Image("blur(1,1)", (cells, cells, 1)).clustering
        self.immutable_outputs = True
        self._cells, self._side = cells, sharp.shape[-1]
        self._sharp, self._blurred = (self._in_blocks(image) for image in (sharp, blurred))

    def _in_blocks(self, image: torch.Tensor) -> torch.Tensor:
        """(C, S, S) → (1, cells, S / cells, cells, S / cells · C), channels last, so that a switch is one broadcast."""
        height = self._side // self._cells
        return image.permute(1, 2, 0).reshape(1, self._cells, height, self._cells, -1)

    def __call__(self, shown: np.ndarray, image: np.ndarray) -> tuple[np.ndarray]:
        """The switches, (cells²,) bool, True = shown, as they are: (1, cells²)."""
        return (shown[None],)

    def images(self, shown: torch.Tensor) -> torch.Tensor:
        """(N, cells²) bool → float32 (N, C, S, S), channels last in memory."""
        switches = shown.view(-1, self._cells, 1, self._cells, 1)
        mixed = torch.where(switches, self._sharp, self._blurred)
        return mixed.view(len(shown), self._side, self._side, -1).permute(0, 3, 1, 2)

    def mask_shapes(self, image: np.ndarray) -> list[tuple[int, ...]]:
        return [(self._cells, self._cells)]


def chunk_size() -> int:
    """Images a forward pass, the fastest on a CPU: many, and what lies between two layers falls out of its cache.

    But on one thread PyTorch has fast 1 × 1 convolutions, of which DenseNet is full, from 16 images on only.
    """
    return 16 if torch.get_num_threads() == 1 else 8


def blur(square: torch.Tensor, kernel: int) -> torch.Tensor:
    """(C, S, S) → the mean over ``kernel`` × ``kernel`` pixels, mirrored at the edges."""
    return torch.stack([torch.from_numpy(cv2.blur(channel.numpy(), (kernel, kernel))) for channel in square])


def shap_partition(
    classifier: Classifier,
    study: Study,
    *,
    targets: Sequence[Target] | None = None,
    evaluations: int = 500,
    finest: int = CELLS,
    progress: Report = silent,
) -> list[AttributionMap]:
    """One map a target, from one run: every evaluation gives all logits.

    The cells add up to target(image) − target(blurred image); ``additivity_gap`` is the most that this sum
    is off by, in logits.

    Args:
        evaluations: forward passes to spend on masked copies of the image.
        finest: most cells a side; the side that is used divides the network's.
        progress: called with (done, evaluations) after each batch; what it raises ends the run.
    """
    started = time.perf_counter()
    spec = classifier.card.input
    targets = targets or every_class(classifier.card)
    weights = weights_of(targets, classifier.card)
    cells = next(side for side in range(min(finest, spec.size), 0, -1) if spec.size % side == 0)
    done = 0

    kernel = spec.size // 7
    square = to_square(study, spec)
    sharp = normalise(square, spec)
    masker = BlurMasker(sharp, normalise(blur(square, kernel), spec), cells)

    def logits(shown: np.ndarray) -> np.ndarray:
        nonlocal done
        chunks = torch.from_numpy(shown).split(chunk_size())
        outputs = (torch.cat([classifier.logits(masker.images(chunk)) for chunk in chunks]) @ weights.T).numpy()
        done += len(shown)
        progress(min(done, evaluations), evaluations)
        return outputs

    explainer = shap.PartitionExplainer(logits, masker)
    explained = explainer(square.numpy()[None], max_evals=evaluations, batch_size=BATCH, silent=True)
    values, base = explained.values[0], explained.base_values[0]  # (cells, cells, T), (T,)
    full = (classifier.logits(sharp[None])[0] @ weights.T).numpy()
    seconds = time.perf_counter() - started
    cells_of = values.astype(np.float32)
    gaps = np.maximum(np.abs(cells_of.sum(axis=(0, 1), dtype=np.float64) + base - full), ROUNDING)
    return [
        AttributionMap(
            label=target.label,
            against=target.against,
            method="shap",
            cells=cells_of[..., position],
            unit="logit per cell",
            study_size=study.size,
            input=spec,
            checks={
                "additivity_gap": float(gaps[position]),
                "baseline_logit": float(base[position]),
                "negative_share": negative_share(cells_of[..., position]),
            },
            params={"evaluations": evaluations, "masker": f"blur {kernel} px", "cells": f"{cells}×{cells}"},
            seconds=seconds,
            cost=Cost(done + 1),
        )
        for position, target in enumerate(targets)
    ]

"""SHAP by recursive partition (Owen values) with shap's PartitionExplainer and a blur masker."""

import time
from collections.abc import Callable

import cv2
import numpy as np
import shap
import torch

from diagnosis.attribution.maps import AttributionMap
from diagnosis.classifier import Classifier
from diagnosis.preprocess import normalise, to_square
from diagnosis.study import Study

CELLS = 56  # a side; finer than 500 evaluations can resolve, and coarse enough that masks cost nothing
CHUNK = 8  # images a forward pass; the fastest on a CPU


class BlurMasker(shap.maskers.Masker):
    """Hides cells of an image behind its blurred self.

    shap's own image masker has one switch per pixel and channel; this one has one per cell, which makes the same tree
    of axis-aligned halves with masks that are 48 times smaller.

    Args:
        side: side of the image in pixels.
        cells: cells a side; divides ``side``.
        kernel: side of the box filter in pixels.
    """

    def __init__(self, side: int, cells: int, kernel: int) -> None:
        self.shape = (1, cells * cells)
        self.clustering = shap.maskers.Image("blur(1,1)", (cells, cells, 1)).clustering
        self.immutable_outputs = True
        self._cells, self._cell, self._kernel = cells, side // cells, kernel
        self._blurred: tuple[int, np.ndarray] | None = None

    def __call__(self, mask: np.ndarray, image: np.ndarray) -> tuple[np.ndarray]:
        """(cells²,) bool, True = shown, and float32 (S, S, C) → (1, S, S, C)."""
        if self._blurred is None or self._blurred[0] != id(image):
            blurred = cv2.blur(image, (self._kernel, self._kernel)).reshape(image.shape)
            self._blurred = (id(image), blurred)
        ones = np.ones((self._cell, self._cell), dtype=bool)
        shown = np.kron(mask.reshape(self._cells, self._cells), ones)[..., None]
        return (np.where(shown, image, self._blurred[1])[None],)

    def mask_shapes(self, image: np.ndarray) -> list[tuple[int, ...]]:
        return [(self._cells, self._cells)]


def shap_partition(
    classifier: Classifier,
    study: Study,
    *,
    evaluations: int = 500,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[AttributionMap]:
    """One map a class, from one run: every evaluation gives all logits.

    The cells add up to logit(image) − logit(blurred image); ``additivity_gap`` is the error of that sum, in logits.

    Args:
        evaluations: forward passes to spend.
        progress: called with (done, evaluations) after each batch; what it raises ends the run.
    """
    started = time.perf_counter()
    spec = classifier.card.input
    cells = next(side for side in range(min(CELLS, spec.size), 0, -1) if spec.size % side == 0)
    done = 0

    def logits(images: np.ndarray) -> np.ndarray:
        nonlocal done
        batch = normalise(torch.from_numpy(images).permute(0, 3, 1, 2), spec)
        outputs = torch.cat([classifier.logits(chunk) for chunk in batch.split(CHUNK)]).numpy()
        done += len(images)
        progress(min(done, evaluations), evaluations)
        return outputs

    kernel = spec.size // 7
    image = to_square(study, spec).permute(1, 2, 0).numpy()
    explainer = shap.PartitionExplainer(logits, BlurMasker(spec.size, cells, kernel))
    explained = explainer(image[None], max_evals=evaluations, batch_size=4 * CHUNK, silent=True)
    values, base = explained.values[0], explained.base_values[0]  # (cells, cells, L), (L,)
    full = logits(image[None])[0]
    seconds = time.perf_counter() - started
    cells_of = values.astype(np.float32)
    gaps = np.abs(cells_of.sum(axis=(0, 1), dtype=np.float64) + base - full)
    return [
        AttributionMap(
            label=label,
            method="shap",
            cells=cells_of[..., position],
            unit="logit per cell",
            study_size=study.size,
            input=spec,
            checks={"additivity_gap": float(gaps[position]), "baseline_logit": float(base[position])},
            params={"evaluations": evaluations, "masker": f"blur {kernel} px", "cells": f"{cells}×{cells}"},
            seconds=seconds,
        )
        for position, label in enumerate(classifier.card.label_names)
    ]

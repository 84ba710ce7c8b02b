"""Grad-CAM (Selvaraju et al. 2017, arXiv 1610.02391) with pytorch-grad-cam."""

import time
from collections.abc import Callable

import numpy as np
import torch
from pytorch_grad_cam import GradCAM

from diagnosis.attribution.maps import AttributionMap, negative_share
from diagnosis.classifier import Classifier
from diagnosis.preprocess import preprocess
from diagnosis.study import Study


def grad_cam(
    classifier: Classifier, study: Study, *, progress: Callable[[int, int], None] = lambda done, total: None
) -> list[AttributionMap]:
    """One map a class, from one forward pass.

    The gradient is needed at the last feature map only, so the graph is started there and the backward pass costs
    next to nothing. The library's own rescaling to 0..1 is left out. With a network that ends in global average
    pooling and a linear layer, the cells before the ReLU add up to the logit less the bias; ``negative_share`` tells
    how much of their absolute sum the ReLU took away.
    """
    started = time.perf_counter()
    batch = preprocess(study, classifier.card.input)[None].contiguous(memory_format=torch.channels_last)
    layer = classifier.network.get_submodule(classifier.card.cam_layer)
    with classifier.lock, torch.enable_grad(), _graph_starts_at(layer), GradCAM(classifier.network, [layer]) as cam:
        logits = cam.activations_and_grads(batch)
        raw = [_cells(cam, batch, logits, position) for position in range(logits.shape[1])]
    seconds = time.perf_counter() - started
    progress(1, 1)
    return [
        _as_map(classifier, study, label, cells, seconds)
        for label, cells in zip(classifier.card.label_names, raw, strict=True)
    ]


class _graph_starts_at:  # noqa: N801, a context manager that reads as a clause
    """Makes a layer's output a leaf that wants its gradient, while in force."""

    def __init__(self, layer: torch.nn.Module) -> None:
        self._layer = layer

    def __enter__(self) -> None:
        self._handle = self._layer.register_forward_hook(lambda module, args, output: output.detach().requires_grad_())

    def __exit__(self, *exc: object) -> None:
        self._handle.remove()


def _cells(cam: GradCAM, batch: torch.Tensor, logits: torch.Tensor, position: int) -> np.ndarray:
    """(h, w): channels of the last feature map, weighted by their mean gradient and summed; before the ReLU."""
    hooks = cam.activations_and_grads
    hooks.gradients = []
    logits[0, position].backward(retain_graph=True)
    return cam.get_cam_image(batch, None, None, hooks.activations[0].numpy(), hooks.gradients[0].numpy())[0]


def _as_map(classifier: Classifier, study: Study, label: str, cells: np.ndarray, seconds: float) -> AttributionMap:
    return AttributionMap(
        label=label,
        method="grad-cam",
        cells=np.maximum(cells, 0),
        unit="logit per cell",
        study_size=study.size,
        input=classifier.card.input,
        checks={"negative_share": negative_share(cells)},
        params={"layer": classifier.card.cam_layer, "cells": f"{cells.shape[0]}×{cells.shape[1]}"},
        seconds=seconds,
    )

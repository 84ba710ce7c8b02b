"""What the class activation maps share: the last feature map, its gradients, and a sum over channels."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from pytorch_grad_cam.base_cam import BaseCAM
from torch import nn

from diagnosis.attribution.maps import AttributionMap, Cost, negative_share
from diagnosis.attribution.targets import Report, Target, every_class, weights_of
from diagnosis.classifier import Classifier
from diagnosis.networks import as_grid
from diagnosis.preprocess import preprocess
from diagnosis.study import Study


def gradient_maps(
    classifier: Classifier,
    study: Study,
    library: type[BaseCAM],
    method: str,
    unit: str,
    *,
    layer: str,
    targets: Sequence[Target] | None,
    progress: Report,
) -> list[AttributionMap]:
    """One map a target from one forward pass, by a method of pytorch-grad-cam that weighs channels by gradients.

    The gradient is needed at ``layer`` only, so the graph is started there. The library's own rescaling to 0..1 is left
    out; values below 0 are set to 0 as the methods prescribe, and ``negative_share`` tells how much was taken away.
    """
    started = time.perf_counter()
    targets = targets or every_class(classifier.card)
    raw = list(_raw(classifier, study, library, layer, targets))
    seconds = time.perf_counter() - started
    progress(1, 1)
    return [
        AttributionMap(
            label=target.label,
            against=target.against,
            method=method,
            cells=np.maximum(cells, 0),
            unit=unit,
            study_size=study.size,
            input=classifier.card.input,
            checks={"negative_share": negative_share(cells)},
            params={"layer": layer, "cells": f"{cells.shape[0]}×{cells.shape[1]}"},
            seconds=seconds,
            cost=Cost(forward=1, backward=len(targets)),
        )
        for target, cells in zip(targets, raw, strict=True)
    ]


def _raw(
    classifier: Classifier, study: Study, library: type[BaseCAM], layer: str, targets: Sequence[Target]
) -> Iterator[np.ndarray]:
    """(h, w) a target: the method's sum over channels, before the ReLU."""
    batch = preprocess(study, classifier.card.input)[None].contiguous(memory_format=torch.channels_last)
    network = classifier.network
    module, grid = network.get_submodule(layer), partial(as_grid, network)
    with classifier.lock, torch.enable_grad(), graph_starts_at(module), library(network, [module], grid) as cam:
        hooks = cam.activations_and_grads
        values = hooks(batch)[0] @ weights_of(targets, classifier.card).T
        for value in values:
            hooks.gradients = []
            value.backward(retain_graph=True)
            yield cam.get_cam_image(
                batch, None, None, hooks.activations[0].numpy(), hooks.gradients[0].numpy(), eigen_smooth=False
            )[0]


@contextmanager
def graph_starts_at(layer: nn.Module) -> Iterator[None]:
    """Makes a layer's output a leaf that wants its gradient, while in force."""
    handle = layer.register_forward_hook(lambda module, args, output: output.detach().requires_grad_())
    try:
        yield
    finally:
        handle.remove()


def activations(classifier: Classifier, study: Study, layer: str) -> torch.Tensor:
    """float32 (C, h, w): a layer's output for a study."""
    kept: list[torch.Tensor] = []
    network = classifier.network
    module = network.get_submodule(layer)
    batch = preprocess(study, classifier.card.input)[None].contiguous(memory_format=torch.channels_last)
    with classifier.lock, torch.no_grad():
        handle = module.register_forward_hook(
            lambda module, args, output: kept.append(as_grid(network, output.detach())[0].clone())
        )
        try:
            network(batch)
        finally:
            handle.remove()
    return kept[0]

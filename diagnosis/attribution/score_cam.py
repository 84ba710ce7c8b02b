"""Score-CAM (Wang et al. 2020, arXiv 1910.01279) on the feature maps that pytorch-grad-cam's own would use.

The library's ScoreCAM scores one class a run and cannot be stopped or watched; here every pass serves all targets.
"""

import time
from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional

from diagnosis.attribution.cams import activations
from diagnosis.attribution.maps import AttributionMap, Cost
from diagnosis.attribution.shap_partition import chunk_size
from diagnosis.attribution.targets import Counter, Report, Target, every_class, silent, weights_of
from diagnosis.classifier import Classifier
from diagnosis.preprocess import preprocess
from diagnosis.study import Study


def score_cam(
    classifier: Classifier, study: Study, *, targets: Sequence[Target] | None = None, progress: Report = silent
) -> list[AttributionMap]:
    """One map a target: channels of the last feature map, weighted by what the image does when seen through each.

    The image is multiplied with each channel, stretched to 0..1; a softmax over the channels' target values gives the
    weights. Channels that are alike everywhere hide nothing and are left out.
    """
    started = time.perf_counter()
    card = classifier.card
    targets = targets or every_class(card)
    features = activations(classifier, study, card.cam_layer)  # (K, h, w)
    low, high = features.amin(dim=(1, 2)), features.amax(dim=(1, 2))
    features = features[high > low]
    counter = Counter(max(len(features), 1), progress)
    values = [_seen_through(classifier, study, part, counter) for part in features.split(chunk_size())]
    sums = np.zeros((len(targets), *features.shape[1:]), dtype=np.float32)
    if values:
        weights = functional.softmax(torch.cat(values) @ weights_of(targets, card).T, dim=0)  # (K, T)
        sums = torch.einsum("kt,khw->thw", weights, features).clamp(min=0).numpy()
    seconds = time.perf_counter() - started
    return [
        AttributionMap(
            label=target.label,
            against=target.against,
            method="score-cam",
            cells=cells,
            unit="activation",
            study_size=study.size,
            input=card.input,
            checks={},
            params={"layer": card.cam_layer, "channels": len(features), "cells": f"{cells.shape[0]}×{cells.shape[1]}"},
            seconds=seconds,
            cost=Cost(forward=1 + len(features)),
        )
        for target, cells in zip(targets, sums, strict=True)
    ]


def _seen_through(classifier: Classifier, study: Study, channels: torch.Tensor, counter: Counter) -> torch.Tensor:
    """(n, L) logits of the study multiplied with each of (n, h, w) channels, stretched to 0..1."""
    image = preprocess(study, classifier.card.input)
    low, high = (edge.view(-1, 1, 1) for edge in (channels.amin(dim=(1, 2)), channels.amax(dim=(1, 2))))
    masks = functional.interpolate(
        ((channels - low) / (high - low))[:, None], image.shape[1:], mode="bilinear", align_corners=False
    )
    logits = classifier.logits(image[None] * masks)
    counter(len(channels))
    return logits

"""Eigen-CAM (Muhammad and Yeasin 2020, arXiv 2008.00299) with pytorch-grad-cam."""

import time
from collections.abc import Sequence

import numpy as np
from pytorch_grad_cam.utils.svd_on_activations import get_2d_projection_with_sign_correction

from diagnosis.attribution.cams import activations
from diagnosis.attribution.maps import AttributionMap, Cost, negative_share
from diagnosis.attribution.targets import Report, Target, every_class, silent
from diagnosis.classifier import Classifier
from diagnosis.study import Study


def eigen_cam(
    classifier: Classifier, study: Study, *, targets: Sequence[Target] | None = None, progress: Report = silent
) -> list[AttributionMap]:
    """The last feature map along its first principal component: the same map for every target, for it knows no class.

    A principal component has no sign of its own; the one is taken that makes the larger extreme positive.
    """
    started = time.perf_counter()
    layer = classifier.card.cam_layer
    features = activations(classifier, study, layer)[None].numpy()
    cells = get_2d_projection_with_sign_correction(features)[0]
    seconds = time.perf_counter() - started
    progress(1, 1)
    return [
        AttributionMap(
            label=target.label,
            against=target.against,
            method="eigen-cam",
            cells=np.maximum(cells, 0),
            unit="activation",
            study_size=study.size,
            input=classifier.card.input,
            checks={"negative_share": negative_share(cells)},
            params={"layer": layer, "cells": f"{cells.shape[0]}×{cells.shape[1]}"},
            seconds=seconds,
            cost=Cost(forward=1),
        )
        for target in targets or every_class(classifier.card)
    ]

"""What the methods that work on pixels share: the image, what stands in for it, and how values become maps."""

from collections.abc import Mapping, Sequence

import torch

from diagnosis.attribution.maps import AttributionMap, Cost, negative_share
from diagnosis.attribution.shap_partition import blur
from diagnosis.attribution.targets import Target
from diagnosis.classifier import Classifier
from diagnosis.preprocess import normalise, to_square
from diagnosis.study import Study


def image_and_blur(classifier: Classifier, study: Study) -> tuple[torch.Tensor, torch.Tensor, int]:
    """((1, C, S, S) network input, the same blurred, width of the blur in pixels): the baseline that SHAP has too."""
    spec = classifier.card.input
    kernel = spec.size // 7
    square = to_square(study, spec)
    return normalise(square, spec)[None], normalise(blur(square, kernel), spec)[None], kernel


def pixel_maps(
    classifier: Classifier,
    study: Study,
    method: str,
    unit: str,
    *,
    values: Mapping[Target, torch.Tensor],
    checks: Mapping[Target, Mapping[str, float]],
    params: Mapping[str, str | int | float],
    seconds: float,
    cost: Cost,
    seed: int | None = None,
) -> list[AttributionMap]:
    """One map a target from (h, w) values on the network's square."""
    return [
        AttributionMap(
            label=target.label,
            against=target.against,
            method=method,
            cells=cells.detach().numpy(),
            unit=unit,
            study_size=study.size,
            input=classifier.card.input,
            checks={"negative_share": negative_share(cells.detach().numpy()), **checks.get(target, {})},
            params={**params, "cells": f"{cells.shape[0]}×{cells.shape[1]}"},
            seconds=seconds,
            seed=seed,
            cost=cost,
        )
        for target, cells in values.items()
    ]


def per_brightness(gradients: torch.Tensor, std: Sequence[float]) -> torch.Tensor:
    """(N, C, S, S) gradients by the normalised input → by the image's own 0..1 values: the channels' largest."""
    return (gradients.abs() / torch.tensor(std).view(1, -1, 1, 1)).amax(dim=1)

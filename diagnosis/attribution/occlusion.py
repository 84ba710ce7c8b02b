"""Occlusion (Zeiler and Fergus 2014, arXiv 1311.2901) with captum."""

import time
from collections.abc import Sequence

import torch
from captum.attr import Occlusion
from torch.nn import functional

from diagnosis.attribution.maps import AttributionMap, Cost
from diagnosis.attribution.pixels import image_and_blur, pixel_maps
from diagnosis.attribution.shap_partition import chunk_size
from diagnosis.attribution.targets import Counter, Report, Target, Targeted, every_class, silent
from diagnosis.classifier import Classifier
from diagnosis.study import Study


def occlusion(
    classifier: Classifier,
    study: Study,
    *,
    targets: Sequence[Target] | None = None,
    overlap: int = 2,
    progress: Report = silent,
) -> list[AttributionMap]:
    """One map a target: by how much it falls when a window is blurred, averaged over the windows that cover a place.

    Args:
        overlap: windows, each a seventh of the side wide, that cover a place across and down.
    """
    started = time.perf_counter()
    spec = classifier.card.input
    targets = tuple(targets or every_class(classifier.card))
    window = max(1, spec.size // 7)
    stride = max(1, window // overlap)
    image, blurred, kernel = image_and_blur(classifier, study)
    windows = (-(-(spec.size - window) // stride) + 1) ** 2
    counter = Counter(len(targets) * (windows + 1), progress)
    method = Occlusion(Targeted(classifier, targets, counter))
    values = {}
    for at, target in enumerate(targets):
        with torch.no_grad():
            parts = method.attribute(
                image,
                (spec.channels, window, window),
                (spec.channels, stride, stride),
                blurred,
                target=at,
                perturbations_per_eval=chunk_size(),
            )
        values[target] = _on_cells(parts[0].mean(dim=0), stride)
    return pixel_maps(
        classifier,
        study,
        "occlusion",
        "logit per window",
        values=values,
        checks={},
        params={"window": f"{window} px", "stride": f"{stride} px", "baseline": f"blur {kernel} px"},
        seconds=time.perf_counter() - started,
        cost=Cost(counter.done),
    )


def _on_cells(pixels: torch.Tensor, stride: int) -> torch.Tensor:
    """(S, S), alike within a stride → one value a stride where S divides by it."""
    if pixels.shape[-1] % stride:
        return pixels.float()
    return functional.avg_pool2d(pixels[None].float(), stride)[0]

"""SmoothGrad (Smilkov et al. 2017, arXiv 1706.03825): captum's Saliency of noisy copies, averaged.

captum's NoiseTunnel draws from PyTorch's global generator, which all threads share; here the noise has its own seed.
"""

import time
from collections.abc import Sequence

import torch
from captum.attr import Saliency

from diagnosis.attribution.maps import AttributionMap, Cost
from diagnosis.attribution.pixels import per_brightness, pixel_maps
from diagnosis.attribution.targets import Counter, Report, Target, Targeted, every_class, silent
from diagnosis.classifier import Classifier
from diagnosis.preprocess import normalise, to_square
from diagnosis.study import Study

BATCH = 8  # images a backward pass; the fastest measured


def smooth_grad(
    classifier: Classifier,
    study: Study,
    *,
    targets: Sequence[Target] | None = None,
    samples: int = 24,
    noise: float = 0.1,
    seed: int = 0,
    progress: Report = silent,
) -> list[AttributionMap]:
    """One map a target: the mean Saliency of copies with noise.

    Args:
        samples: noisy copies.
        noise: standard deviation of the noise, as a share of the image's own range of values.
    """
    started = time.perf_counter()
    spec = classifier.card.input
    targets = tuple(targets or every_class(classifier.card))
    square = to_square(study, spec)
    spread = noise * float(square.max() - square.min())
    draws = torch.randn((samples, *square.shape), generator=torch.Generator().manual_seed(seed))
    copies = normalise(square + spread * draws, spec)
    counter = Counter(len(targets) * samples, progress)
    method = Saliency(Targeted(classifier, targets, counter))
    values = {}
    for at, target in enumerate(targets):
        gradients = [method.attribute(part.clone().requires_grad_(), target=at) for part in copies.split(BATCH)]
        values[target] = per_brightness(torch.cat(gradients), spec.std).mean(dim=0)
    return pixel_maps(
        classifier,
        study,
        "smoothgrad",
        "logit per unit of brightness",
        values=values,
        checks={},
        params={"samples": samples, "noise": noise},
        seconds=time.perf_counter() - started,
        cost=Cost(counter.done, counter.done),
        seed=seed,
    )

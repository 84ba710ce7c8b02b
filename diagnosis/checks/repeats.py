"""A method run again on a network with shuffled top layers, and on an image with faint noise."""

import copy
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from diagnosis.attribution import METHODS, AttributionMap, Target
from diagnosis.classifier import Classifier
from diagnosis.comparison import rank_correlation
from diagnosis.networks import earlier_layer
from diagnosis.preprocess import to_square
from diagnosis.study import Study

NOISE = 0.02  # standard deviation on the scale of 0..1: five grey levels of 255, hardly seen
TIMES = 2  # repetitions of a method that is fast as it is; a slow one is run once


def times_of(method: str) -> int:
    """How often a method is run again for each of the two tests; 0 for one that is too slow."""
    known = METHODS[method]
    return (1 if known.quick else TIMES) if known.repeats else 0


def on_square(classifier: Classifier, study: Study) -> Study:
    """The study as the network sees it before normalisation, so that nothing averages noise away."""
    return Study(to_square(study, classifier.card.input).permute(1, 2, 0).numpy())


def quick_map(classifier: Classifier, study: Study, one: AttributionMap) -> AttributionMap:
    """A map of the same target and method, with the options with which the method is fast."""
    method = METHODS[one.method]
    return method.maps(classifier, study, targets=(Target(one.label, one.against),), **method.quick)[0]


def shuffled_likeness(classifier: Classifier, square: Study, before: AttributionMap) -> float | None:
    """Rank correlation of a map with that of the same network with shuffled top layers (Adebayo et al. 2018).

    The mean over shuffles, −1..1; a map that goes flat is like nothing, 0. None for a method that is too slow.
    """
    found = [
        _likeness(before, quick_map(shuffled(classifier, seed), square, before))
        for seed in range(times_of(before.method))
    ]
    return float(np.mean(found)) if found else None


def noisy_likeness(classifier: Classifier, square: Study, before: AttributionMap) -> float | None:
    """Rank correlation of a map with those of the same image with faint noise: their mean. None as above."""
    found = [
        _likeness(before, quick_map(classifier, noisy, before)) for noisy in _noisy(square, times_of(before.method))
    ]
    return float(np.mean(found)) if found else None


def shuffled(classifier: Classifier, seed: int) -> Classifier:
    """A copy whose parameters after its second to last feature map are the same numbers in random order."""
    with classifier.lock:
        network = copy.deepcopy(classifier.network)
    generator = torch.Generator().manual_seed(seed)
    for module in top_modules(network, earlier_layer(network, classifier.card)):
        for parameter in module.parameters(recurse=False):
            mixed = parameter.data.flatten()[torch.randperm(parameter.numel(), generator=generator)]
            parameter.data = mixed.view(parameter.shape).contiguous()
    return Classifier(classifier.card, network)


def top_modules(network: nn.Module, layer: str) -> list[nn.Module]:
    """The modules that come after ``layer`` in the network's own order."""
    named = list(network.named_modules())
    last = max(at for at, (name, _) in enumerate(named) if name == layer or name.startswith(f"{layer}."))
    return [module for _, module in named[last + 1 :]]


def _noisy(square: Study, count: int) -> Iterator[Study]:
    rng = np.random.default_rng(0)
    for _ in range(count):
        noise = rng.normal(0, NOISE, square.pixels.shape)
        yield Study(np.clip(square.pixels + noise, 0, 1).astype(np.float32))


def _likeness(one: AttributionMap, other: AttributionMap) -> float:
    if one.is_flat or other.is_flat:
        return 0.0
    found = rank_correlation(one, other)
    return found if np.isfinite(found) else 0.0

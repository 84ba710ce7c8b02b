"""Saliency (Simonyan et al. 2013, arXiv 1312.6034) with captum."""

import time
from collections.abc import Sequence

from captum.attr import Saliency

from diagnosis.attribution.maps import AttributionMap, Cost
from diagnosis.attribution.pixels import per_brightness, pixel_maps
from diagnosis.attribution.targets import Counter, Report, Target, Targeted, every_class, silent
from diagnosis.classifier import Classifier
from diagnosis.preprocess import preprocess
from diagnosis.study import Study


def saliency(
    classifier: Classifier, study: Study, *, targets: Sequence[Target] | None = None, progress: Report = silent
) -> list[AttributionMap]:
    """One map a target: how strongly it answers to a change of each pixel, whichever way. It knows no direction."""
    started = time.perf_counter()
    targets = tuple(targets or every_class(classifier.card))
    image = preprocess(study, classifier.card.input)[None].requires_grad_()
    counter = Counter(len(targets), progress)
    method = Saliency(Targeted(classifier, targets, counter))
    values = {
        target: per_brightness(method.attribute(image, target=at), classifier.card.input.std)[0]
        for at, target in enumerate(targets)
    }
    return pixel_maps(
        classifier,
        study,
        "saliency",
        "logit per unit of brightness",
        values=values,
        checks={},
        params={},
        seconds=time.perf_counter() - started,
        cost=Cost(counter.done, counter.done),
    )

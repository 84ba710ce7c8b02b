"""SHAP by expected gradients (Erion et al. 2021, arXiv 1906.10670) with shap's GradientExplainer."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import shap
import torch

from diagnosis.attribution.maps import AttributionMap, Cost
from diagnosis.attribution.pixels import image_and_blur, pixel_maps
from diagnosis.attribution.targets import Counter, Report, Target, Targeted, every_class, silent
from diagnosis.classifier import Classifier
from diagnosis.study import Study

BATCH = 8  # images a backward pass; the fastest measured
_DRAWING = threading.Lock()  # shap draws from numpy's global generator, which all threads share


def shap_gradient(
    classifier: Classifier,
    study: Study,
    *,
    targets: Sequence[Target] | None = None,
    samples: int = 32,
    seed: int = 0,
    progress: Report = silent,
) -> list[AttributionMap]:
    """One map a target: gradients at random points between the blurred image and the image, times what changed.

    The cells add up to target(image) − target(blurred image) on average over the draws; ``additivity_gap`` is the error
    of this one draw's sum, in logits, which more ``samples`` make smaller.
    """
    started = time.perf_counter()
    targets = tuple(targets or every_class(classifier.card))
    image, blurred, kernel = image_and_blur(classifier, study)
    counter = Counter(len(targets) * samples + 3, progress)
    outputs = Targeted(classifier, targets, counter)
    with _own_draws():
        explainer = shap.GradientExplainer(outputs, blurred, batch_size=BATCH)
        parts = explainer.shap_values(image, nsamples=samples, rseed=seed)  # (1, C, S, S, T)
    sums = torch.from_numpy(np.array(parts))[0].sum(dim=0).float()
    with torch.no_grad():
        whole, base = outputs(torch.cat([image, blurred]))
    gaps = (sums.sum(dim=(0, 1)) - (whole - base)).abs()
    return pixel_maps(
        classifier,
        study,
        "shap-gradient",
        "logit per cell",
        values={target: sums[..., at].contiguous() for at, target in enumerate(targets)},
        checks={target: {"additivity_gap": float(gaps[at])} for at, target in enumerate(targets)},
        params={"baseline": f"blur {kernel} px", "samples": samples},
        seconds=time.perf_counter() - started,
        cost=Cost(counter.done, samples * len(targets)),
        seed=seed,
    )


@contextmanager
def _own_draws() -> Iterator[None]:
    """Leaves numpy's global generator as it was."""
    with _DRAWING:
        state = np.random.get_state()  # noqa: NPY002, the library's generator
        try:
            yield
        finally:
            np.random.set_state(state)  # noqa: NPY002

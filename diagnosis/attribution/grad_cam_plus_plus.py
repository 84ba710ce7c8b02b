"""Grad-CAM++ (Chattopadhay et al. 2018, arXiv 1710.11063) with pytorch-grad-cam."""

from collections.abc import Sequence

from pytorch_grad_cam import GradCAMPlusPlus

from diagnosis.attribution.cams import gradient_maps
from diagnosis.attribution.maps import AttributionMap
from diagnosis.attribution.targets import Report, Target, silent
from diagnosis.classifier import Classifier
from diagnosis.study import Study


def grad_cam_plus_plus(
    classifier: Classifier, study: Study, *, targets: Sequence[Target] | None = None, progress: Report = silent
) -> list[AttributionMap]:
    """One map a target: channels of the last feature map, weighted by their positive gradients place by place.

    The weights are no parts of the logit, so the cells add up to nothing in particular.
    """
    layer = classifier.card.cam_layer
    return gradient_maps(
        classifier,
        study,
        GradCAMPlusPlus,
        "grad-cam++",
        "weighted activation",
        layer=layer,
        targets=targets,
        progress=progress,
    )

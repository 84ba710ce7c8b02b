"""Grad-CAM (Selvaraju et al. 2017, arXiv 1610.02391) with pytorch-grad-cam."""

from collections.abc import Sequence

from pytorch_grad_cam import GradCAM

from diagnosis.attribution.cams import gradient_maps
from diagnosis.attribution.maps import AttributionMap
from diagnosis.attribution.targets import Report, Target, silent
from diagnosis.classifier import Classifier
from diagnosis.study import Study


def grad_cam(
    classifier: Classifier, study: Study, *, targets: Sequence[Target] | None = None, progress: Report = silent
) -> list[AttributionMap]:
    """One map a target: channels of the last feature map, weighted by their mean gradient and summed.

    With a network that ends in global average pooling and a linear layer, the cells before the ReLU add up to the logit
    less the bias; ``negative_share`` tells how much of their absolute sum the ReLU took away.
    """
    layer = classifier.card.cam_layer
    return gradient_maps(
        classifier, study, GradCAM, "grad-cam", "logit per cell", layer=layer, targets=targets, progress=progress
    )

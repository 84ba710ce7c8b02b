"""HiResCAM (Draelos and Carin 2020, arXiv 2011.08891) with pytorch-grad-cam."""

from collections.abc import Sequence

from pytorch_grad_cam import HiResCAM

from diagnosis.attribution.cams import gradient_maps
from diagnosis.attribution.maps import AttributionMap
from diagnosis.attribution.targets import Report, Target, silent
from diagnosis.classifier import Classifier
from diagnosis.networks import fine_layer
from diagnosis.study import Study


def hires_cam(
    classifier: Classifier, study: Study, *, targets: Sequence[Target] | None = None, progress: Report = silent
) -> list[AttributionMap]:
    """One map a target: gradient times activation at each place of the finest feature map with even gradients.

    At the last feature map of a network that ends in pooling and a linear layer it would equal Grad-CAM.
    """
    layer = fine_layer(classifier.network, classifier.card)
    return gradient_maps(
        classifier, study, HiResCAM, "hirescam", "logit per cell", layer=layer, targets=targets, progress=progress
    )

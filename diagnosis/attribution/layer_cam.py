"""LayerCAM (Jiang et al. 2021, doi 10.1109/TIP.2021.3089943) with pytorch-grad-cam."""

from collections.abc import Sequence

from pytorch_grad_cam import LayerCAM

from diagnosis.attribution.cams import gradient_maps
from diagnosis.attribution.maps import AttributionMap
from diagnosis.attribution.targets import Report, Target, silent
from diagnosis.classifier import Classifier
from diagnosis.networks import fine_layer
from diagnosis.study import Study


def layer_cam(
    classifier: Classifier, study: Study, *, targets: Sequence[Target] | None = None, progress: Report = silent
) -> list[AttributionMap]:
    """One map a target: activation times positive gradient at each place of the finest map with even gradients."""
    layer = fine_layer(classifier.network, classifier.card)
    return gradient_maps(
        classifier, study, LayerCAM, "layercam", "logit per cell", layer=layer, targets=targets, progress=progress
    )

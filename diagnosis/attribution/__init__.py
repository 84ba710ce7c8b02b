"""Attribution methods by name. Each takes a classifier and a study and returns one map a class."""

from importlib import import_module
from typing import Any, NamedTuple

from diagnosis.attribution.maps import AttributionMap
from diagnosis.classifier import Classifier
from diagnosis.study import Study

__all__ = ["METHODS", "AttributionMap", "Method"]


class Method(NamedTuple):
    """A method: how it is called on the page, the module and function that compute it, and how it works, in sentences.

    The method's library is imported on first use.
    """

    title: str
    function: str
    explained: tuple[str, ...]

    def maps(self, classifier: Classifier, study: Study, **options: Any) -> list[AttributionMap]:
        """One map a class, in the order of the card's labels. ``options``: ``progress``, and what the method knows."""
        function = getattr(import_module(f"{__name__}.{self.function}"), self.function)
        return function(classifier, study, **options)


METHODS: dict[str, Method] = {
    "grad-cam": Method(
        "Grad-CAM",
        "grad_cam",
        (
            "Grad-CAM weighs the network's last feature maps by how strongly the model's output for the class "
            "responds to each, and adds them up.",
            "A Grad-CAM map is as coarse as the network's last layer, and shows only what spoke for the class.",
        ),
    ),
    "shap": Method(
        "SHAP",
        "shap_partition",
        (
            "SHAP hides parts of the image in many combinations, reads each again, and shares the change of the "
            "model's output out among the parts.",
            "A SHAP map depends on what stands in for a hidden part; here it is a blur.",
        ),
    ),
}

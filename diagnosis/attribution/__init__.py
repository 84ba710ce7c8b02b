"""Attribution methods by name. Each takes a classifier and a study and returns one map a class."""

from importlib import import_module
from typing import Any, NamedTuple

from diagnosis.attribution.maps import AttributionMap
from diagnosis.classifier import Classifier
from diagnosis.study import Study

__all__ = ["METHODS", "AttributionMap", "Method"]


class Method(NamedTuple):
    """A method: how it is called on the page, and the module and function that compute it.

    The method's library is imported on first use.
    """

    title: str
    function: str

    def maps(self, classifier: Classifier, study: Study, **options: Any) -> list[AttributionMap]:
        """One map a class, in the order of the card's labels. ``options``: ``progress``, and what the method knows."""
        function = getattr(import_module(f"{__name__}.{self.function}"), self.function)
        return function(classifier, study, **options)


METHODS: dict[str, Method] = {
    "grad-cam": Method("Grad-CAM", "grad_cam"),
    "shap": Method("SHAP", "shap_partition"),
}

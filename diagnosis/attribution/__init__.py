"""Attribution methods by name. Each takes a classifier and a study and returns one map a target."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import Any, NamedTuple

from diagnosis.attribution.maps import AttributionMap
from diagnosis.attribution.targets import Target
from diagnosis.classifier import Classifier
from diagnosis.errors import BadRequest
from diagnosis.study import Study

__all__ = ["DEFAULTS", "METHODS", "AttributionMap", "Method", "Target", "known_methods"]

NOTHING_ELSE: Mapping[str, Any] = MappingProxyType({})


class Method(NamedTuple):
    """A method: how it is called on the page, the module and function that compute it, and how it works, in sentences.

    ``quick`` are options with which it is fast and rough: tests of it that must run it again and again use them, on
    both sides. ``repeats`` says whether it is fast enough, with them, to be run again at all.

    The method's library is imported on first use.
    """

    title: str
    function: str
    explained: tuple[str, ...]
    quick: Mapping[str, Any] = NOTHING_ELSE
    repeats: bool = True

    def maps(
        self, classifier: Classifier, study: Study, *, targets: Sequence[Target] | None = None, **options: Any
    ) -> list[AttributionMap]:
        """One map a target, in their order. ``options``: ``progress``, and what the method knows.

        Args:
            targets: what to explain; None for every class, in the order of the card's labels.
        """
        function = getattr(import_module(f"{__name__}.{self.function}"), self.function)
        return function(classifier, study, targets=targets, **options)


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
        quick=MappingProxyType({"evaluations": 100}),
    ),
    "grad-cam++": Method(
        "Grad-CAM++",
        "grad_cam_plus_plus",
        (
            "Grad-CAM++ weighs the network's last feature maps by where the class's output responds to them in the "
            "positive, so that several separate places count alike.",
            "What spoke against the class takes no part in a Grad-CAM++ map.",
        ),
    ),
    "hirescam": Method(
        "HiResCAM",
        "hires_cam",
        (
            "HiResCAM multiplies each place of a late feature map with its own gradient.",
            "At the last layer of a network that ends in pooling, a HiResCAM map is the Grad-CAM map.",
        ),
    ),
    "layercam": Method(
        "LayerCAM",
        "layer_cam",
        (
            "LayerCAM multiplies each place of a late feature map with its own gradient where that is positive.",
            "A LayerCAM map leaves out what spoke against the class before anything is added up.",
        ),
    ),
    "eigen-cam": Method(
        "Eigen-CAM",
        "eigen_cam",
        (
            "Eigen-CAM shows what the network's last feature maps have most in common.",
            "An Eigen-CAM map is the same for every class: it shows what the network responds to, not why.",
        ),
    ),
    "score-cam": Method(
        "Score-CAM",
        "score_cam",
        (
            "Score-CAM reads the image once through each of the last feature maps, and weighs that map by the output.",
            "A Score-CAM map needs no gradients, and hides parts behind grey, which is no natural image.",
        ),
        repeats=False,
    ),
    "shap-gradient": Method(
        "SHAP gradient",
        "shap_gradient",
        (
            "SHAP gradient averages gradients at random points between the blurred image and the image, times what "
            "changed between the two.",
            "A SHAP gradient map is grainy, and chance has a part in it.",
        ),
        quick=MappingProxyType({"samples": 8}),
    ),
    "integrated-gradients": Method(
        "Integrated Gradients",
        "integrated_gradients",
        (
            "Integrated Gradients adds up the gradients along the way from the blurred image to the image, times what "
            "changed.",
            "An Integrated Gradients map is grainy, and gives nothing to a place that looks the same blurred.",
        ),
        quick=MappingProxyType({"steps": 8}),
    ),
    "saliency": Method(
        "Saliency",
        "saliency",
        (
            "Saliency shows how strongly the output would answer to a small change of each pixel.",
            "A Saliency map does not tell what speaks for the class from what speaks against it.",
        ),
    ),
    "smoothgrad": Method(
        "SmoothGrad",
        "smooth_grad",
        (
            "SmoothGrad averages the Saliency of copies of the image with noise.",
            "A SmoothGrad map is less grainy than Saliency, and has no more direction.",
        ),
        quick=MappingProxyType({"samples": 8}),
    ),
    "occlusion": Method(
        "Occlusion",
        "occlusion",
        (
            "Occlusion blurs one window after another and shows by how much the output falls.",
            "An Occlusion map misses what two places tell twice: blurring either changes little.",
        ),
        quick=MappingProxyType({"overlap": 1}),
    ),
}

DEFAULTS = ("grad-cam", "shap")  # what a reading has; the others are computed when somebody asks for them


def known_methods(names: Sequence[str]) -> tuple[str, ...]:
    """The names, each once. Raises BadRequest for one that is not in ``METHODS``."""
    if unknown := sorted(set(names) - set(METHODS)):
        raise BadRequest(f"There is no method {unknown[0]!r}.", f"Use some of: {', '.join(METHODS)}.")
    return tuple(dict.fromkeys(names))

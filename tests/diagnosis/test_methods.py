"""What every attribution method promises: both bundled architectures, several labels at once, contrasts, no trace."""

import gc
import weakref
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from torch import nn

from diagnosis.attribution import DEFAULTS, METHODS, AttributionMap, Target, known_methods
from diagnosis.classifier import Classifier
from diagnosis.errors import BadRequest
from diagnosis.networks import build_network
from diagnosis.study import Study
from tests.diagnosis.toys import SIDE, PooledSum, toy_card, toy_classifier

LAYERS = {"resnet18": "layer4", "densenet121": "features.relu5"}
SIGNED = ("shap", "shap-gradient", "integrated-gradients", "occlusion")  # negative values are kept
KEYS = {"grad-cam", "shap", "grad-cam++", "hirescam", "layercam", "eigen-cam", "score-cam"} | {
    "shap-gradient",
    "integrated-gradients",
    "saliency",
    "smoothgrad",
    "occlusion",
}


def quick(method: str, classifier: Classifier, study: Study, *targets: Target) -> list[AttributionMap]:
    return METHODS[method].maps(classifier, study, targets=targets or None, **METHODS[method].quick)


class Failing(PooledSum):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        super().forward(x)
        raise RuntimeError("out of order")


class Halves(nn.Module):
    """Logits: brightness of the left half, of the right half, and a constant."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.AvgPool2d(4), nn.ReLU())
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        cells = self.features(x)
        half = cells.shape[-1] // 2
        sides = [cells[..., :half].mean(dim=(1, 2, 3)), cells[..., half:].mean(dim=(1, 2, 3))]
        return self.scale * torch.stack([*sides, 0 * sides[0] + 0.3], dim=1)


@pytest.fixture(scope="module", params=LAYERS)
def bundled(request: pytest.FixtureRequest) -> Classifier:
    torch.manual_seed(0)
    card = toy_card(("a", "b", "c"), size=64)
    card = card.model_copy(update={"architecture": request.param, "cam_layer": LAYERS[request.param]})
    return Classifier(card, build_network(request.param, 1, 3))


@pytest.fixture(scope="module")
def noise() -> Study:
    return Study(np.random.default_rng(1).random((48, 64, 1)))


def test_the_methods_are_the_named_ones() -> None:
    assert set(METHODS) == KEYS and set(DEFAULTS) < KEYS
    assert known_methods(("shap", "saliency", "shap")) == ("shap", "saliency")
    with pytest.raises(BadRequest, match="lime"):
        known_methods(("shap", "lime"))


@pytest.mark.parametrize("method", sorted(KEYS - {"score-cam"}))
def test_maps_of_the_bundled_architectures(method: str, bundled: Classifier, noise: Study) -> None:
    one, why = quick(method, bundled, noise, Target("b"), Target("b", "c"))
    assert (one.label, one.against, why.against) == ("b", None, "c")
    for each in (one, why):
        assert each.method == method and each.unit and each.cost.forward > 0
        assert each.values.shape == noise.size and np.isfinite(each.values).all()
        assert method in SIGNED or each.cells.min() >= 0
    assert one != why or method == "eigen-cam"
    assert not any(module._forward_hooks for module in bundled.network.modules())


def test_score_cam_of_a_bundled_architecture(noise: Study) -> None:
    torch.manual_seed(0)
    card = toy_card(("a", "b"), size=32).model_copy(update={"cam_layer": "layer4"})
    classifier, seen = Classifier(card, build_network("resnet18", 1, 2)), []
    small = METHODS["score-cam"].maps(classifier, noise, progress=lambda *at: seen.append(at))
    assert all(np.isfinite(one.values).all() for one in small)
    assert seen[-1][0] == seen[-1][1] == small[0].params["channels"] or not small[0].params["channels"]


@pytest.mark.parametrize("method", ["shap-gradient", "smoothgrad"])
def test_chance_has_a_seed(method: str, bundled: Classifier, noise: Study) -> None:
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    options = METHODS[method].quick
    first, again, other = (
        METHODS[method].maps(bundled, noise, targets=(Target("a"),), seed=seed, **options)[0] for seed in (3, 3, 4)
    )
    assert first == again != other and first.seed == 3
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002


@pytest.mark.parametrize("method", METHODS)
def test_several_labels_may_hold_at_once(method: str) -> None:
    """Three logits of their own, no softmax: left half, right half, and neither."""
    pixels = np.zeros((SIDE, SIDE, 1))
    pixels[8:24, 4:12] = 1
    left, right, none = quick(method, Classifier(toy_card(("left", "right", "none")), Halves()), Study(pixels))
    if method == "eigen-cam":
        assert left.cells.tolist() == right.cells.tolist() == none.cells.tolist()
    elif method != "score-cam":  # its weights are relative: with one channel it shows that channel
        assert np.abs(left.cells).sum() > 0
        assert np.abs(none.cells).max() < 1e-6
        if method in ("grad-cam", "grad-cam++"):  # they average gradients over all places: their known fault
            assert right.cells.max() == pytest.approx(left.cells.max()) and right.cells.max() > 0
        elif method in SIGNED or "cam" in method:
            assert np.abs(right.cells).max() < 1e-6


@pytest.mark.parametrize("network", [PooledSum, Failing])
@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_left_behind(method: str, network: type[PooledSum], noise: Study) -> None:
    """After success and after failure: no hook, no lock, and the network is freed when nobody holds it."""
    classifier = toy_classifier(network())
    with pytest.raises(RuntimeError, match="out of order") if network is Failing else nullcontext():
        quick(method, classifier, noise)
    assert not any(m._forward_hooks or m._backward_hooks for m in classifier.network.modules())
    assert not classifier.lock.locked()
    assert all(parameter.grad is None for parameter in classifier.network.parameters())
    kept = weakref.ref(classifier.network)
    del classifier
    gc.collect()
    assert kept() is None


@pytest.mark.parametrize("method", ["shap", "integrated-gradients", "shap-gradient", "occlusion"])
def test_a_contrast_is_the_difference_of_two_maps(method: str, bundled: Classifier, noise: Study) -> None:
    """These methods are linear in the output that they explain; with another tree of halves SHAP is so only in sum."""
    one, other, why = quick(method, bundled, noise, Target("a"), Target("b"), Target("a", "b"))
    expected = one.cells - other.cells
    if method != "shap":
        np.testing.assert_allclose(why.cells, expected, atol=1e-5)
    assert why.cells.sum() == pytest.approx(expected.sum(), abs=1e-3)


def test_an_unknown_class_is_refused(noise: Study) -> None:
    with pytest.raises(BadRequest, match="no class 'cat'"):
        quick("grad-cam", toy_classifier(), noise, Target("bright", "cat"))


def test_hirescam_is_grad_cam_where_nothing_but_pooling_follows(noise: Study) -> None:
    torch.manual_seed(0)
    card = toy_card(("a", "b"), size=64).model_copy(update={"cam_layer": "layer4"})
    classifier = Classifier(card, build_network("resnet18", 1, 2))
    for label in ("a", "b"):
        first, second = (quick(name, classifier, noise, Target(label))[0] for name in ("grad-cam", "hirescam"))
        np.testing.assert_allclose(first.cells, second.cells, atol=1e-6)

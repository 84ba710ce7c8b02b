"""Every architecture is built, has the layer that it tells of, and can be explained by every method."""

import numpy as np
import pytest
import torch
from torch import nn

from diagnosis.attribution import METHODS, Target
from diagnosis.cards import InputSpec, ModelCard
from diagnosis.checks.repeats import shuffled, top_modules
from diagnosis.classifier import Classifier
from diagnosis.errors import BadRequest
from diagnosis.networks import ARCHITECTURES, as_grid, build_network, checked_card, earlier_layer
from diagnosis.study import Study
from tests.diagnosis.toys import toy_card

CONVOLUTIONS = ("resnet18-small", "resnet34", "resnet50", "vgg16-pooled", "timm/mobilenetv3_small_050")
TOKENS = ("timm/vit_tiny_patch16_224", "timm/swin_tiny_patch4_window7_224")
SIZES = {"resnet18-small": 16} | dict.fromkeys(TOKENS, 224)


def card_of(architecture: str, **fields: object) -> ModelCard:
    spec = InputSpec(size=SIZES.get(architecture, 32), channels=1, resize="squash", mean=(0,), std=(1,), modalities=())
    return toy_card().model_copy(update={"architecture": architecture, "cam_layer": "", "input": spec} | fields)


def classifier_of(architecture: str) -> Classifier:
    torch.manual_seed(0)
    network = build_network(architecture, 1, 2)
    return Classifier(checked_card(card_of(architecture), network), network)


@pytest.fixture(scope="module", params=CONVOLUTIONS)
def classifier(request: pytest.FixtureRequest) -> Classifier:
    return classifier_of(request.param)


@pytest.fixture(scope="module")
def noise() -> Study:
    return Study(np.random.default_rng(1).random((48, 40, 1)))


@pytest.mark.parametrize("method", METHODS)
def test_every_method_explains_every_architecture(method: str, classifier: Classifier, noise: Study) -> None:
    maps = METHODS[method].maps(classifier, noise, targets=(Target("bright"),), **METHODS[method].quick)
    assert maps[0].values.shape == noise.size and np.isfinite(maps[0].values).all()
    assert not any(module._forward_hooks for module in classifier.network.modules())


@pytest.mark.parametrize("method", ["grad-cam", "eigen-cam", "saliency", "integrated-gradients"])
def test_the_large_vgg_is_explained(method: str, noise: Study) -> None:
    maps = METHODS[method].maps(classifier_of("vgg16"), noise, targets=(Target("dark"),), **METHODS[method].quick)
    assert np.abs(maps[0].cells).sum() > 0


@pytest.mark.parametrize("architecture", TOKENS)
def test_transformers_have_maps_of_places(architecture: str, noise: Study) -> None:
    classifier = classifier_of(architecture)
    for method in ("grad-cam", "layercam", "eigen-cam", "saliency"):
        one = METHODS[method].maps(classifier, noise, targets=(Target("bright"),))[0]
        side = 14 if "vit" in architecture else 7
        assert one.cells.shape == ((224, 224) if method == "saliency" else (side, side))
        assert np.isfinite(one.cells).all() and (one.cells.any() or one.checks["negative_share"] > 0)


def test_tokens_are_laid_out_as_the_image_is() -> None:
    """4 × 4 places after one token for none; place (1, 2) alone has a value."""
    network = nn.Identity()
    network.num_prefix_tokens = 1
    tokens = torch.zeros(1, 17, 3)
    tokens[0, 1 + 4 + 2, 1] = 5.0
    grid = as_grid(network, tokens)
    assert grid.shape == (1, 3, 4, 4) and grid[0, 1, 1, 2] == 5 and grid.sum() == 5


def test_a_hooked_output_stays_what_it_was(classifier: Classifier) -> None:
    """Nothing behind a layer writes over its output, so that gradients and activations are of the same tensor."""
    network, kept = classifier.network, []
    layers = [classifier.card.cam_layer, earlier_layer(network, classifier.card)]
    hooks = [
        network.get_submodule(name).register_forward_hook(lambda *about: kept.append((about[2], about[2].clone())))
        for name in layers
    ]
    with torch.no_grad():
        network(torch.rand(1, 1, 64, 64))
    for hook in hooks:
        hook.remove()
    assert len(kept) == 2 and all(torch.equal(now, then) for now, then in kept)


def test_top_layers_can_be_shuffled(classifier: Classifier, noise: Study) -> None:
    card, network = classifier.card, classifier.network
    assert earlier_layer(network, card) != card.cam_layer
    assert top_modules(network, earlier_layer(network, card))
    assert not np.allclose(shuffled(classifier, 0).predict(noise).logits, classifier.predict(noise).logits)


@pytest.mark.parametrize("architecture", ["resnet18-small", "resnet50", "vgg16-pooled"])
def test_networks_count_channels_and_classes(architecture: str) -> None:
    network = build_network(architecture, 3, 5).eval()
    assert network(torch.rand(2, 3, 40, 40)).shape == (2, 5)
    assert ARCHITECTURES[architecture].layer in dict(network.named_modules())


@pytest.mark.parametrize(
    ("architecture", "fields", "words"),
    [
        ("resnet9", {}, "Unknown architecture 'resnet9'.*resnet18.*timm/"),
        ("timm/mobilenetv3_smal", {}, "timm .* has no model 'mobilenetv3_smal'.*mobilenetv3_small"),
        ("resnet18-small", {"cam_layer": "layer9"}, "no layer 'layer9'.*layer4"),
        ("resnet18-small", {"cam_layer": "fc"}, "fc of resnet18-small gives no map of places"),
        ("timm/vit_tiny_patch16_224", {"input": card_of("resnet18").input}, "cannot read 32 × 32 pixels"),
    ],
)
def test_what_does_not_belong_together_is_told(architecture: str, fields: dict[str, object], words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        checked_card(card_of(architecture, **fields), build_network(architecture, 1, 2))

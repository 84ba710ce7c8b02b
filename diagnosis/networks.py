"""Architectures by name, from torchvision and timm, made ready for explaining.

Three things are changed from the libraries, and none touches a parameter: nothing that a hook may look at is
overwritten in place, the number of input channels is free, and the layer of the last feature map is known.
"""

from collections.abc import Callable
from functools import partial
from math import isqrt
from typing import NamedTuple

import torch
from torch import nn
from torchvision.models import VGG, DenseNet, ResNet, densenet121, resnet18, resnet34, resnet50, vgg16

from diagnosis.cards import ModelCard
from diagnosis.errors import BadRequest

TIMM = "timm/"  # what the name of an architecture from timm starts with; timm's own name follows
EVEN_LAYERS = ("features.denseblock3",)  # what follows reads all their places alike, not every second one


class _DenseNet(DenseNet):
    """torchvision's DenseNet with its last ReLU as the module ``features.relu5``, out of place.

    torchvision applies that ReLU in place on the output of ``features``, so an explainer that hooks the last feature
    map would pair gradients from before the ReLU with activations from after it.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        features = self.features(x)  # (N, 1024, H/32, W/32)
        return self.classifier(features.mean(dim=(2, 3)))


class _PooledVGG(VGG):
    """torchvision's VGG with global average pooling and one linear layer for its three: 15 million parameters, not 138.

    Its last feature map is as fine as H/16: the pooling behind it is left out.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.features(x).mean(dim=(2, 3)))  # (N, 512, H/16, W/16) → (N, L)


def _densenet121(channels: int, classes: int) -> nn.Module:
    network = densenet121(weights=None, num_classes=classes)
    network.__class__ = _DenseNet
    network.features.add_module("relu5", nn.ReLU(inplace=False))
    if channels != 3:
        network.features.conv0 = nn.Conv2d(channels, 64, 7, stride=2, padding=3, bias=False)
        nn.init.kaiming_normal_(network.features.conv0.weight)
    return network


def _resnet(build: Callable[..., ResNet], channels: int, classes: int) -> nn.Module:
    network = build(weights=None, num_classes=classes)
    if channels != 3:
        network.conv1 = nn.Conv2d(channels, 64, 7, stride=2, padding=3, bias=False)
        nn.init.kaiming_normal_(network.conv1.weight, mode="fan_out", nonlinearity="relu")
    return network


def _small_resnet18(channels: int, classes: int) -> nn.Module:
    """ResNet-18 for small images, as on CIFAR-10: it begins with a 3 × 3 convolution and keeps the resolution."""
    network = resnet18(weights=None, num_classes=classes)
    network.conv1 = nn.Conv2d(channels, 64, 3, padding=1, bias=False)
    nn.init.kaiming_normal_(network.conv1.weight, mode="fan_out", nonlinearity="relu")
    network.maxpool = nn.Identity()
    return network


def _vgg16(channels: int, classes: int) -> VGG:
    network = vgg16(weights=None, num_classes=classes, init_weights=False)
    if channels != 3:
        network.features[0] = nn.Conv2d(channels, 64, 3, padding=1)
    for module in network.features:
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    _write_nothing_over(network)
    return network


def _pooled_vgg16(channels: int, classes: int) -> nn.Module:
    network = _vgg16(channels, 1)
    network.__class__ = _PooledVGG
    network.features = nn.Sequential(*list(network.features)[:-1])
    network.classifier = nn.Linear(512, classes)
    return network


def _write_nothing_over(network: nn.Module) -> None:
    """Let activations write to a tensor of their own, so that a hooked output stays what it was."""
    for module in network.modules():
        if vars(module).get("inplace") is True:
            vars(module)["inplace"] = False


class Architecture(NamedTuple):
    """How a network is built from (channels, classes), and the layers of its last two feature maps."""

    build: Callable[[int, int], nn.Module]
    layer: str
    earlier: str


ARCHITECTURES: dict[str, Architecture] = {
    "densenet121": Architecture(_densenet121, "features.relu5", "features.denseblock3"),
    "resnet18": Architecture(partial(_resnet, resnet18), "layer4", "layer3"),
    "resnet18-small": Architecture(_small_resnet18, "layer4", "layer3"),
    "resnet34": Architecture(partial(_resnet, resnet34), "layer4", "layer3"),
    "resnet50": Architecture(partial(_resnet, resnet50), "layer4", "layer3"),
    "vgg16": Architecture(_vgg16, "features.29", "features.22"),
    "vgg16-pooled": Architecture(_pooled_vgg16, "features.29", "features.22"),
}


def build_network(architecture: str, channels: int, classes: int) -> nn.Module:
    """A network with random weights: (N, channels, S, S) float32 → logits (N, classes).

    Raises BadRequest for an architecture that neither ``ARCHITECTURES`` nor timm knows.
    """
    if architecture.startswith(TIMM):
        return _from_timm(architecture, channels, classes)
    if architecture not in ARCHITECTURES:
        known = f"Use one of: {', '.join(ARCHITECTURES)}, or {TIMM} and a name that timm knows."
        raise BadRequest(f"Unknown architecture {architecture!r}.", known)
    return ARCHITECTURES[architecture].build(channels, classes)


def _from_timm(architecture: str, channels: int, classes: int) -> nn.Module:
    import timm  # takes a second, and few models need it

    name = architecture.removeprefix(TIMM)
    if not timm.is_model(name):
        near = ", ".join(timm.list_models(f"*{name.split('_')[0]}*")[:5])
        raise BadRequest(f"timm {timm.__version__} has no model {name!r}.", f"Near it are: {near or 'none'}.")
    network = timm.create_model(name, pretrained=False, in_chans=channels, num_classes=classes)
    _write_nothing_over(network)
    return network


def last_layer(network: nn.Module, architecture: str) -> str:
    """The layer of a network's last feature map. Raises BadRequest where the architecture tells of none."""
    if architecture in ARCHITECTURES:
        return ARCHITECTURES[architecture].layer
    if not (maps := _timm_maps(network)):
        raise BadRequest(f"The last feature map of {architecture} is not known.", "Name its layer as cam_layer.")
    within = f"{maps[-1]}.norm1"  # in a transformer, what is behind it reaches the output by the class token alone
    return within if hasattr(network, "num_prefix_tokens") and within in _names(network) else maps[-1]


def earlier_layer(network: nn.Module, card: ModelCard) -> str:
    """The layer of the second to last feature map; the last one where none is known."""
    if card.architecture in ARCHITECTURES:
        name = ARCHITECTURES[card.architecture].earlier
    else:
        name = next(iter(_timm_maps(network)[-2:-1]), card.cam_layer)
    return name if name in _names(network) else card.cam_layer


def fine_layer(network: nn.Module, card: ModelCard) -> str:
    """The finest layer whose gradients are even; the last one where the network jumps over places behind it.

    Behind ResNet's earlier layers stand convolutions with stride 2, whose gradients are a chequerboard.
    """
    name = earlier_layer(network, card)
    return name if name in EVEN_LAYERS else card.cam_layer


def as_grid(network: nn.Module, output: torch.Tensor) -> torch.Tensor:
    """A layer's output, or its gradient, as (N, K, h, w), whatever the network keeps it as.

    Transformers keep (N, tokens, K), with tokens in front that stand for no place, or (N, h, w, K).
    """
    if output.ndim == 3:
        tokens = output[:, getattr(network, "num_prefix_tokens", 0) :]
        side = isqrt(tokens.shape[1])
        return tokens.transpose(1, 2).reshape(len(tokens), -1, side, side)
    return output.permute(0, 3, 1, 2) if getattr(network, "output_fmt", "NCHW") == "NHWC" else output


def checked_card(card: ModelCard, network: nn.Module) -> ModelCard:
    """The card with its ``cam_layer`` filled in, once one image of zeros has shown that the two belong together.

    Raises BadRequest when the network cannot read the card's input, or when the layer is not there or is no map.
    """
    card = card if card.cam_layer else card.model_copy(update={"cam_layer": last_layer(network, card.architecture)})
    if card.cam_layer not in _names(network):
        layers = ", ".join(list(_names(network))[-8:])
        raise BadRequest(f"{card.architecture} has no layer {card.cam_layer!r}.", f"Its last layers are: {layers}.")
    spec, kept = card.input, list[torch.Tensor]()
    handle = network.get_submodule(card.cam_layer).register_forward_hook(lambda *about: kept.append(about[2]))
    try:
        with torch.no_grad():
            network.eval()(torch.zeros(1, spec.channels, spec.size, spec.size))
    except (AssertionError, RuntimeError, ValueError) as error:
        problem = f"{card.architecture} cannot read {spec.size} × {spec.size} pixels: {str(error).splitlines()[0]}."
        raise BadRequest(problem, "Mend the size in the card's [input].") from error
    finally:
        handle.remove()
    if not (kept and isinstance(kept[0], torch.Tensor) and _is_map(network, kept[0])):
        raise BadRequest(f"{card.cam_layer} of {card.architecture} gives no map of places.", "Name another cam_layer.")
    return card


def _is_map(network: nn.Module, output: torch.Tensor) -> bool:
    if output.ndim == 3:
        places = output.shape[1] - getattr(network, "num_prefix_tokens", 0)
        return places > 0 and isqrt(places) ** 2 == places
    return output.ndim == 4


def _names(network: nn.Module) -> dict[str, nn.Module]:
    return {name: module for name, module in network.named_modules() if name}


def _timm_maps(network: nn.Module) -> list[str]:
    """The layers of a timm network's feature maps, from the first to the last, as timm tells them."""
    return [stage["module"] for stage in getattr(network, "feature_info", [])]

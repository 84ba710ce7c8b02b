"""Architectures by name, from torchvision, made ready for explaining.

Two things are changed from torchvision, and neither touches a parameter: nothing that a hook may look at is overwritten
in place, and the number of input channels is free.
"""

from collections.abc import Callable

import torch
from torch import nn
from torchvision.models import DenseNet, ResNet, densenet121, resnet18

from diagnosis.cards import ModelCard
from diagnosis.errors import BadRequest


class _DenseNet(DenseNet):
    """torchvision's DenseNet with its last ReLU as the module ``features.relu5``, out of place.

    torchvision applies that ReLU in place on the output of ``features``, so an explainer that hooks the last feature
    map would pair gradients from before the ReLU with activations from after it.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        features = self.features(x)  # (N, 1024, H/32, W/32)
        return self.classifier(features.mean(dim=(2, 3)))


def _densenet121(channels: int, classes: int) -> nn.Module:
    network = densenet121(weights=None, num_classes=classes)
    network.__class__ = _DenseNet
    network.features.add_module("relu5", nn.ReLU(inplace=False))
    if channels != 3:
        network.features.conv0 = nn.Conv2d(channels, 64, 7, stride=2, padding=3, bias=False)
        nn.init.kaiming_normal_(network.features.conv0.weight)
    return network


def _resnet18(channels: int, classes: int) -> ResNet:
    network = resnet18(weights=None, num_classes=classes)
    if channels != 3:
        network.conv1 = nn.Conv2d(channels, 64, 7, stride=2, padding=3, bias=False)
        nn.init.kaiming_normal_(network.conv1.weight, mode="fan_out", nonlinearity="relu")
    return network


ARCHITECTURES: dict[str, Callable[[int, int], nn.Module]] = {
    "densenet121": _densenet121,
    "resnet18": _resnet18,
}

EARLIER_LAYERS = {"densenet121": "features.denseblock3", "resnet18": "layer3"}  # second to last feature map
EVEN_LAYERS = ("features.denseblock3",)  # what follows reads all their places alike, not every second one


def earlier_layer(network: nn.Module, card: ModelCard) -> str:
    """The layer of the second to last feature map; the last one where none is known."""
    name = EARLIER_LAYERS.get(card.architecture, card.cam_layer)
    return name if name in dict(network.named_modules()) else card.cam_layer


def fine_layer(network: nn.Module, card: ModelCard) -> str:
    """The finest layer whose gradients are even; the last one where the network jumps over places behind it.

    Behind ResNet's earlier layers stand convolutions with stride 2, whose gradients are a chequerboard.
    """
    name = earlier_layer(network, card)
    return name if name in EVEN_LAYERS else card.cam_layer


def build_network(architecture: str, channels: int, classes: int) -> nn.Module:
    """A network with random weights: (N, channels, S, S) float32 → logits (N, classes).

    Raises BadRequest for an architecture that is not in ``ARCHITECTURES``.
    """
    if architecture not in ARCHITECTURES:
        raise BadRequest(f"Unknown architecture {architecture!r}.", f"Use one of: {', '.join(ARCHITECTURES)}.")
    return ARCHITECTURES[architecture](channels, classes)

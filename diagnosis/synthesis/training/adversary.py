"""A small network that tells restored patches from real ones, so that restored images are crisp."""

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

_WIDTHS = (32, 64, 128)


def build_adversary(channels: int) -> nn.Sequential:
    """(N, C, S, S) → (N, 1, S / 8, S / 8): how real each patch looks (Isola et al. 2017, arXiv 1611.07004).

    Spectral norms keep it from being too sure of itself (Miyato et al. 2018, arXiv 1802.05957).
    """
    layers: list[nn.Module] = []
    for width in _WIDTHS:
        layers += [spectral_norm(nn.Conv2d(channels, width, 4, stride=2, padding=1)), nn.LeakyReLU(0.2)]
        channels = width
    return nn.Sequential(*layers, spectral_norm(nn.Conv2d(channels, 1, 3, padding=1)))


def adversary_loss(real: torch.Tensor, restored: torch.Tensor) -> torch.Tensor:
    """Hinge loss of the adversary's own answers."""
    return (functional.relu(1 - real).mean() + functional.relu(1 + restored).mean()) / 2

"""How unlike two images are to the project's own encoder."""

from pathlib import Path

import torch
from torch import nn
from torch.nn import functional
from torchvision.models import resnet18

from diagnosis.gate.trunk import INPUT
from diagnosis.training.recipe import Start
from diagnosis.training.start import start_from


class Perceptual(nn.Module):
    """Mean squared difference of unit feature vectors at four depths of a ResNet-18 (Zhang et al., arXiv 1801.03924).

    The weights that LPIPS gives to channels are left out: they were fitted to photographs.

    Args:
        file, prefix: weights of the ResNet-18 in a safetensors file. Raises as :func:`start_from`.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, file: Path, prefix: str) -> None:
        super().__init__()
        trunk = resnet18(weights=None)
        trunk.fc = nn.Identity()
        start_from(trunk, Start(file=file, prefix=prefix))
        stem = nn.Sequential(trunk.conv1, trunk.bn1, trunk.relu)
        self.depths = nn.ModuleList([stem, nn.Sequential(trunk.maxpool, trunk.layer1), trunk.layer2, trunk.layer3])
        self.register_buffer("mean", torch.tensor(INPUT.mean).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(INPUT.std).view(1, -1, 1, 1))
        self.eval().requires_grad_(False).to(memory_format=torch.channels_last)

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """float32 (N, 1 or 3, S, S) in 0..1, both → a single number, 0 where they are the same."""
        differences = [
            (one - other).square().sum(dim=1).mean()
            for one, other in zip(self._features(first), self._features(second.detach()), strict=True)
        ]
        return torch.stack(differences).mean()

    def _features(self, images: torch.Tensor) -> list[torch.Tensor]:
        features, found = (images.expand(-1, 3, -1, -1) - self.mean) / self.std, []
        for depth in self.depths:
            features = depth(features)
            found.append(functional.normalize(features.float(), dim=1, eps=1e-6))
        return found

    def train(self, mode: bool = True) -> "Perceptual":
        """Always in evaluation mode: its running statistics are part of the measure."""
        return super().train(False)

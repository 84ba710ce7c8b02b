"""Random changes to training images, on torchvision's transforms."""

import torch
from torch import nn
from torchvision.transforms import InterpolationMode, v2

from diagnosis.training.recipe import Augmentation

# Optical density of haematoxylin, eosin and DAB per RGB channel: Ruifrok & Johnston 2001, as in skimage.color.
_HED_TO_RGB = torch.tensor([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]])
_RGB_TO_HED = torch.linalg.inv(_HED_TO_RGB)


class QuarterTurns(nn.Module):
    """Turns an image by 0, 90, 180 or 270 degrees, without interpolation."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return torch.rot90(image, int(torch.randint(4, ())), dims=(-2, -1))


class StainJitter(nn.Module):
    """Scales and shifts the amount of each H&E stain by up to ``strength`` (Tellez et al. 2018, arXiv 1808.05896).

    uint8 (3, H, W) in and out.
    """

    def __init__(self, strength: float) -> None:
        super().__init__()
        self.strength = strength

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        density = -torch.log((image.float() + 1) / 256)  # (3, H, W), 0 = glass
        gain = 1 + self.strength * (2 * torch.rand(3) - 1)
        shift = 0.2 * self.strength * (2 * torch.rand(3) - 1)
        mix = _HED_TO_RGB.T @ torch.diag(gain) @ _RGB_TO_HED.T  # acts on columns of RGB densities
        changed = torch.einsum("ij,jhw->ihw", mix, density) + (_HED_TO_RGB.T @ shift)[:, None, None]
        return (torch.exp(-changed) * 256 - 1).clamp(0, 255).round().to(torch.uint8)


def augmenter(settings: Augmentation) -> v2.Compose:
    """uint8 (C, S, S) → uint8 (C, S, S)."""
    steps: list[nn.Module] = []
    if settings.horizontal_flip:
        steps.append(v2.RandomHorizontalFlip())
    if settings.vertical_flip:
        steps.append(v2.RandomVerticalFlip())
    if settings.quarter_turns:
        steps.append(QuarterTurns())
    if settings.degrees or settings.translate or settings.scale != (1.0, 1.0):
        steps.append(
            v2.RandomAffine(
                settings.degrees,
                translate=(settings.translate, settings.translate),
                scale=settings.scale,
                interpolation=InterpolationMode.BILINEAR,
            )
        )
    if settings.brightness or settings.contrast:
        steps.append(v2.ColorJitter(brightness=settings.brightness, contrast=settings.contrast))
    if settings.stain:
        steps.append(StainJitter(settings.stain))
    if settings.erase:
        steps.append(v2.RandomErasing(p=settings.erase, scale=(0.02, 0.15)))
    return v2.Compose(steps or [nn.Identity()])

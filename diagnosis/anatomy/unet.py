"""A small U-Net (Ronneberger et al. 2015, arXiv 1505.04597) with residual blocks and group normalisation."""

import torch
from torch import nn
from torch.nn import functional

GROUPS = 8  # channels are normalised in this many groups: no statistics of other images, so films of other clinics do


class Block(nn.Module):
    """Two 3 × 3 convolutions around a shortcut (He et al. 2016, arXiv 1603.05027): (N, C, h, w) → (N, D, h, w)."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        self.norm = nn.GroupNorm(GROUPS, width)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm2 = nn.GroupNorm(GROUPS, width)
        self.short = nn.Conv2d(channels, width, 1, bias=False) if channels != width else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = functional.relu(self.norm(self.first(x)))
        return functional.relu(self.norm2(self.second(y)) + self.short(x))


class UNet(nn.Module):
    """(N, channels, S, S) → logits (N, outputs, S, S); S is a multiple of 2 to the number of widths.

    It works at half the resolution of its input and carries its logits up bilinearly: outlines of lungs are smooth.
    """

    def __init__(self, channels: int, outputs: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.stem = nn.Conv2d(channels, widths[0], 5, stride=2, padding=2)
        self.down = nn.ModuleList(Block(a, b) for a, b in zip((widths[0], *widths), widths, strict=False))
        pairs = list(zip(widths[1:], widths, strict=False))[::-1]
        self.up = nn.ModuleList(Block(deep + shallow, shallow) for deep, shallow in pairs)
        self.head = nn.Conv2d(widths[0], outputs, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.relu(self.stem(x))
        kept = []
        for level, block in enumerate(self.down):
            x = block(functional.max_pool2d(x, 2) if level else x)
            kept.append(x)
        kept.pop()
        for block in self.up:
            shallow = kept.pop()
            x = functional.interpolate(x, shallow.shape[-2:], mode="bilinear", align_corners=False)
            x = block(torch.cat([x, shallow], dim=1))
        return functional.interpolate(self.head(x), scale_factor=2, mode="bilinear", align_corners=False)

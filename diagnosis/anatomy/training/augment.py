"""Random changes to a film and its marks together, on torchvision's transforms."""

import math

import torch
from torch.nn import functional
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as transforms

from diagnosis.anatomy.training.recipe import Changes


def change(film: torch.Tensor, marks: torch.Tensor, changes: Changes) -> tuple[torch.Tensor, torch.Tensor]:
    """float32 (1, S, S) in 0..1 and (2, S, S) → the same shapes, moved alike; grey changes in the first alone."""
    if changes.flip and torch.rand(()) < 0.5:
        film, marks = film.flip(-1), marks.flip(-1).flip(0)  # a mirrored right lung is a left one
    film, marks = _moved(film, marks, changes)
    return _shaded(film, changes), marks


def _moved(film: torch.Tensor, marks: torch.Tensor, changes: Changes) -> tuple[torch.Tensor, torch.Tensor]:
    side = film.shape[-1]
    both = torch.cat([film, marks])
    if changes.aspect:
        ratio = 1 - changes.aspect * float(torch.rand(()))
        size = (side, round(side * ratio)) if torch.rand(()) < 0.5 else (round(side * ratio), side)
        both = functional.interpolate(both[None], size, mode="bilinear", align_corners=False)[0]
        short = (side - size[1], side - size[0])
        both = functional.pad(both, (short[0] // 2, short[0] - short[0] // 2, short[1] // 2, short[1] - short[1] // 2))
    both = transforms.affine(
        both,
        angle=_between(-changes.degrees, changes.degrees),
        translate=[round(_between(-changes.translate, changes.translate) * side) for _ in range(2)],
        scale=math.exp(_between(math.log(changes.scale[0]), math.log(changes.scale[1]))),
        shear=[_between(-changes.shear, changes.shear), 0.0],
        interpolation=InterpolationMode.BILINEAR,
    )
    return both[:1], both[1:]


def _shaded(film: torch.Tensor, changes: Changes) -> torch.Tensor:
    side = film.shape[-1]
    film = film.clamp(0, 1) ** math.exp(_between(-changes.gamma, changes.gamma))
    if changes.shading:
        cells = int(torch.randint(3, 9, ()))
        clouds = torch.randn(1, 1, cells, cells)
        clouds = functional.interpolate(clouds, (side, side), mode="bicubic", align_corners=False)[0]
        film = film + float(torch.rand(())) * changes.shading * 0.5 * clouds
    film = (film - 0.5) * (1 + _between(-changes.contrast, changes.contrast)) + 0.5
    film = film + _between(-changes.brightness, changes.brightness)
    if changes.blur and torch.rand(()) < 0.3:
        film = transforms.gaussian_blur(film, [7, 7], [0.3 + float(torch.rand(())) * changes.blur])
    film = film + float(torch.rand(())) * changes.noise * torch.randn_like(film)
    if torch.rand(()) < changes.patches:
        height, width = (int(torch.randint(side // 12, side // 4, ())) for _ in range(2))
        top, left = (int(torch.randint(0, side - length, ())) for length in (height, width))
        film[:, top : top + height, left : left + width] = float(torch.rand(()))
    return film.clamp(0, 1)


def _between(low: float, high: float) -> float:
    return low + (high - low) * float(torch.rand(()))

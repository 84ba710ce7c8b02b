"""Images of other kinds, made out of those that there are. What is done to an image depends on its name alone."""

import hashlib
from collections.abc import Callable, Sequence

import torch
from torch.nn import functional

Change = Callable[[torch.Tensor, Sequence[str]], torch.Tensor]
_SHARE = torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)  # ITU-R BT.601, as Pillow converts RGB to grey


def turn(squares: torch.Tensor, names: Sequence[str]) -> torch.Tensor:
    """Each by a quarter, a half or three quarters of a turn."""
    pairs = zip(squares, names, strict=True)
    return torch.stack([square.rot90(1 + _draw(name, 3), (1, 2)) for square, name in pairs])


def invert(squares: torch.Tensor, names: Sequence[str]) -> torch.Tensor:
    """Black and white, or colours, exchanged."""
    return 255 - squares


def halve(squares: torch.Tensor, names: Sequence[str]) -> torch.Tensor:
    """The left or the right half, stretched to the whole: one lung with the spine at its edge, as from the side."""
    half = squares.shape[-1] // 2
    starts = [half * _draw(name, 2) for name in names]
    halves = torch.stack([square[..., at : at + half] for square, at in zip(squares, starts, strict=True)])
    wide = functional.interpolate(halves.float(), squares.shape[-2:], mode="bilinear", align_corners=False)
    return wide.round().clamp(0, 255).to(torch.uint8)


def grey(squares: torch.Tensor, names: Sequence[str]) -> torch.Tensor:
    """As a grey picture shows them."""
    return (squares * _SHARE).sum(dim=1, keepdim=True).round().clamp(0, 255).to(torch.uint8).expand_as(squares)


def _draw(name: str, count: int) -> int:
    """0 … count - 1."""
    return hashlib.sha256(name.encode()).digest()[0] % count


CHANGES: dict[str, Change] = {"turn": turn, "invert": invert, "halve": halve, "grey": grey}

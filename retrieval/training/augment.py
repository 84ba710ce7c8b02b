"""Random changes to a batch of training images, all at once: one affine change, brightness, stain, an erased box."""

from dataclasses import dataclass, replace

import torch
from torch.nn import functional


@dataclass(frozen=True)
class Change:
    """How much the images of a set are changed. Histology has no up and no left; scans have, and words name sides.

    ``grey`` is the share of images that lose their colours.
    """

    degrees: float
    flips: bool
    turns: bool
    scale: float
    shift: float
    brightness: float
    stain: float
    grey: float


_HISTOLOGY = Change(degrees=20, flips=True, turns=True, scale=0.15, shift=0.05, brightness=0.15, stain=0.3, grey=0.15)
_ONE_CLASS_A_PATIENT = replace(_HISTOLOGY, brightness=0.25, stain=0.5, grey=0.4)  # else the stain gives the class away
_SCAN = Change(degrees=10, flips=True, turns=False, scale=0.15, shift=0.06, brightness=0.2, stain=0.0, grey=0.0)
_CASE = replace(_SCAN, degrees=8, flips=False, scale=0.12, shift=0.05)
CHANGES = {
    "lung_colon": _HISTOLOGY,
    "breast_idc": _ONE_CLASS_A_PATIENT,
    "colorectal": _HISTOLOGY,
    "chest_xray": _SCAN,
    "brain_mri": _SCAN,
    "chest_ct": _SCAN,
    "covid_cases": _CASE,
    "medpix_cases": _CASE,
}
_ERASED = 0.25  # share of images that lose a box


def augment(images: torch.Tensor, datasets: list[str]) -> torch.Tensor:
    """float32 (N, 3, S, S) in 0..1 → the same, each image changed as its set allows."""
    changes = [CHANGES[dataset] for dataset in datasets]
    grid = functional.affine_grid(_affine(changes), list(images.shape), align_corners=False)
    moved = functional.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    return _erase(_tint(moved, changes))


def _column(changes: list[Change], name: str) -> torch.Tensor:
    return torch.tensor([float(getattr(change, name)) for change in changes])


def _spread(amount: torch.Tensor) -> torch.Tensor:
    """Uniform in −amount..amount."""
    return amount * (2 * torch.rand(amount.shape) - 1)


def _affine(changes: list[Change]) -> torch.Tensor:
    """(N, 2, 3): a turn, a flip, a scale and a shift an image."""
    count = len(changes)
    angle = torch.deg2rad(_spread(_column(changes, "degrees")))
    angle = angle + torch.pi / 2 * torch.randint(4, (count,)) * _column(changes, "turns")
    zoom = torch.exp(_spread(_column(changes, "scale")))
    flip = 1 - 2 * (torch.rand(count) < 0.5).float() * _column(changes, "flips")
    cosine, sine = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    shift = _column(changes, "shift")[:, None] * 2
    x, y = _spread(shift)[:, 0], _spread(shift)[:, 0]
    return torch.stack([torch.stack([cosine * flip, -sine, x], 1), torch.stack([sine * flip, cosine, y], 1)], 1)


def _tint(images: torch.Tensor, changes: list[Change]) -> torch.Tensor:
    """Contrast, brightness, and for histology another gain of optical density a channel, or no colours."""
    brightness = _column(changes, "brightness")[:, None, None, None]
    middle = images.mean(dim=(1, 2, 3), keepdim=True)
    changed = (images - middle) * (1 + _spread(brightness)) + middle + _spread(brightness) / 2
    gain = 1 + _spread(_column(changes, "stain")[:, None].expand(-1, 3))[:, :, None, None]
    tinted = changed.clamp(1 / 256, 1).pow(gain)
    grey = torch.rand(len(changes)) < _column(changes, "grey")
    return torch.where(grey[:, None, None, None], tinted.mean(dim=1, keepdim=True), tinted)


def _erase(images: torch.Tensor) -> torch.Tensor:
    side = images.shape[-1]
    for row in (torch.rand(len(images)) < _ERASED).nonzero()[:, 0].tolist():
        height, width = (int(side * (0.15 + 0.25 * float(torch.rand(())))) for _ in range(2))
        top, left = int(torch.randint(side - height, ())), int(torch.randint(side - width, ()))
        images[row, :, top : top + height, left : left + width] = images[row].mean()
    return images


def partners(datasets: list[str]) -> torch.Tensor:
    """int64 (N,): for each image another one at random, of its own set where there is one."""
    order = sorted(torch.randperm(len(datasets)).tolist(), key=datasets.__getitem__)
    partner = torch.empty(len(datasets), dtype=torch.int64)
    partner[torch.tensor(order)] = torch.tensor([*order[1:], *order[:1]])
    return partner

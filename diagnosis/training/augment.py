"""Random changes to a batch of training images, each image its own, in one pass over the batch.

torchvision's transforms change a whole batch alike, and one image at a time they take longer than the network.
"""

import math

import torch
from torch.nn import functional
from torchvision.transforms.v2 import functional as v2

from diagnosis.training.recipe import Augmentation

# Optical density of haematoxylin, eosin and DAB per RGB channel: Ruifrok & Johnston 2001, as in skimage.color.
_HED_TO_RGB = torch.tensor([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]])
_RGB_TO_HED = torch.linalg.inv(_HED_TO_RGB)
_ERASED = (0.02, 0.15)  # share of the image that an erased rectangle covers
_SIGMA = (0.3, 1.5)  # of the blur, in pixels


def augment(images: torch.Tensor, settings: Augmentation) -> torch.Tensor:
    """float32 (N, C, S, S) in 0..1 → the same; ``images`` itself is not written to."""
    if settings.horizontal_flip:
        images = torch.where(_chosen(images, 0.5), images.flip(-1), images)
    if settings.vertical_flip:
        images = torch.where(_chosen(images, 0.5), images.flip(-2), images)
    if settings.quarter_turns:
        images = quarter_turns(images)
    if settings.degrees or settings.translate or settings.scale != (1.0, 1.0):
        images = _moved(images, settings)
    if settings.brightness:
        images = (images * _around(images, settings.brightness)).clamp(0, 1)
    if settings.contrast:
        middle = images.mean(dim=(1, 2, 3), keepdim=True)
        images = ((images - middle) * _around(images, settings.contrast) + middle).clamp(0, 1)
    if settings.stain:
        images = stain_jitter(images, settings.stain)
    if settings.greyscale:
        images = torch.where(_chosen(images, settings.greyscale), v2.rgb_to_grayscale(images, 3), images)
    if settings.blur:
        sigma = float(torch.empty(()).uniform_(*_SIGMA))
        images = torch.where(_chosen(images, settings.blur), v2.gaussian_blur(images, [5, 5], [sigma]), images)
    return _erased(images, settings.erase) if settings.erase else images


def quarter_turns(images: torch.Tensor) -> torch.Tensor:
    """Each image turned by 0, 90, 180 or 270 degrees, without interpolation."""
    turns = torch.randint(4, (len(images),))
    turned = images.clone()
    for turn in (1, 2, 3):
        turned[turns == turn] = images[turns == turn].rot90(turn, (-2, -1))
    return turned


def stain_jitter(images: torch.Tensor, strength: float) -> torch.Tensor:
    """Scales and shifts the amount of each H&E stain by up to ``strength`` (Tellez et al. 2018, arXiv 1808.05896).

    (N, 3, H, W) in 0..1, in and out.
    """
    count = len(images)
    density = -torch.log((images * 255 + 1) / 256)  # (N, 3, H, W), 0 = glass
    gain = 1 + strength * (2 * torch.rand(count, 3) - 1)
    shift = 0.2 * strength * (2 * torch.rand(count, 3) - 1)
    mix = _HED_TO_RGB.T @ torch.diag_embed(gain) @ _RGB_TO_HED.T  # (N, 3, 3), acts on columns of RGB densities
    changed = (mix @ density.flatten(2)).view_as(density) + (shift @ _HED_TO_RGB)[:, :, None, None]
    return ((torch.exp(-changed) * 256 - 1) / 255).clamp(0, 1)


def _moved(images: torch.Tensor, settings: Augmentation) -> torch.Tensor:
    """Turned, shifted and scaled about the middle; what comes in over the edge is the image's own mirror."""
    count = len(images)
    angle = math.radians(settings.degrees) * (2 * torch.rand(count) - 1)
    scale = 1 / torch.empty(count).uniform_(*settings.scale)
    shift = 2 * settings.translate * (2 * torch.rand(2, count) - 1)
    cosine, sine = scale * angle.cos(), scale * angle.sin()
    rows = torch.stack([torch.stack([cosine, -sine, shift[0]], 1), torch.stack([sine, cosine, shift[1]], 1)], 1)
    grid = functional.affine_grid(rows, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)


def _erased(images: torch.Tensor, share: float) -> torch.Tensor:
    """A rectangle of ``share`` of the images is black (Zhong et al. 2017, arXiv 1708.04896)."""
    images, side = images.clone(), images.shape[-1]
    for image in images:
        if torch.rand(()) < share:
            area, ratio = torch.empty(()).uniform_(*_ERASED), torch.empty(()).uniform_(-1.2, 1.2).exp()
            height, width = (min(side, max(1, round(float((area * r).sqrt() * side)))) for r in (ratio, 1 / ratio))
            top, left = (int(torch.randint(side - extent + 1, ())) for extent in (height, width))
            image[:, top : top + height, left : left + width] = 0
    return images


def _chosen(images: torch.Tensor, share: float) -> torch.Tensor:
    """bool (N, 1, 1, 1), true for about ``share`` of the images."""
    return (torch.rand(len(images)) < share).view(-1, 1, 1, 1)


def _around(images: torch.Tensor, strength: float) -> torch.Tensor:
    """float32 (N, 1, 1, 1), evenly within 1 ± ``strength``."""
    return (1 + strength * (2 * torch.rand(len(images)) - 1)).view(-1, 1, 1, 1)

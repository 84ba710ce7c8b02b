"""Study → network input: the one function that training, serving and explaining share."""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from diagnosis.cards import InputSpec
from diagnosis.study import Study

_LUMA = torch.tensor([0.299, 0.587, 0.114])  # ITU-R BT.601, as Pillow converts RGB to grey


@dataclass(frozen=True)
class Placement:
    """Where a study lies on the network's square: the study's box (top, left, height, width), in study pixels, that
    fills the inner box (top, left, height, width) of the square, in network pixels."""

    study_box: tuple[int, int, int, int]
    inner_box: tuple[int, int, int, int]


def place(study_size: tuple[int, int], spec: InputSpec) -> Placement:
    """Placement of an (H, W) study on the square of ``spec``, after its ``resize`` rule."""
    height, width = study_size
    side = spec.size
    if spec.resize == "squash":
        return Placement((0, 0, height, width), (0, 0, side, side))
    if spec.resize == "crop":
        short = min(height, width)
        return Placement(((height - short) // 2, (width - short) // 2, short, short), (0, 0, side, side))
    scale = side / max(height, width)
    inner_h, inner_w = max(1, round(height * scale)), max(1, round(width * scale))
    return Placement((0, 0, height, width), ((side - inner_h) // 2, (side - inner_w) // 2, inner_h, inner_w))


def seen_by(study_size: tuple[int, int], spec: InputSpec) -> np.ndarray:
    """bool (H, W): the study's pixels that reach the network."""
    top, left, height, width = place(study_size, spec).study_box
    seen = np.zeros(study_size, dtype=bool)
    seen[top : top + height, left : left + width] = True
    return seen


def to_square(study: Study, spec: InputSpec) -> torch.Tensor:
    """The study on the network's square: float32 (C, S, S), 0..1, antialiased bilinear; padding is 0."""
    placement = place(study.size, spec)
    top, left, height, width = placement.study_box
    pixels = torch.from_numpy(study.pixels[top : top + height, left : left + width].copy()).permute(2, 0, 1)
    if spec.channels == 1 and pixels.shape[0] == 3:
        pixels = (pixels * _LUMA.view(3, 1, 1)).sum(dim=0, keepdim=True)
    elif spec.channels == 3 and pixels.shape[0] == 1:
        pixels = pixels.expand(3, -1, -1)
    top, left, height, width = placement.inner_box
    inner = functional.interpolate(pixels[None], (height, width), mode="bilinear", antialias=True, align_corners=False)
    square = torch.zeros(spec.channels, spec.size, spec.size)
    square[:, top : top + height, left : left + width] = inner[0].clamp(0, 1)
    return square


def normalise(square: torch.Tensor, spec: InputSpec) -> torch.Tensor:
    """(…, C, S, S) in 0..1 → the same shape, per channel (x − mean) / std."""
    shape = (spec.channels, 1, 1)
    return (square - torch.tensor(spec.mean).view(shape)) / torch.tensor(spec.std).view(shape)


def preprocess(study: Study, spec: InputSpec) -> torch.Tensor:
    """float32 (C, S, S), ready for the network."""
    return normalise(to_square(study, spec), spec)


def to_study_grid(
    values: np.ndarray, study_size: tuple[int, int], spec: InputSpec, grid_size: tuple[int, int] | None = None
) -> np.ndarray:
    """A map on the network's grid, (h, w) of any resolution, carried back to the study: float32 of shape ``grid_size``.

    ``grid_size`` is a coarser or finer grid over the whole study; by default it is the study's own. The map's h × w
    cells cover the network's square evenly. Values are interpolated bilinearly and never rescaled;
    pixels that the network did not see are NaN.
    """
    placement = place(study_size, spec)
    cells = torch.from_numpy(np.array(values, dtype=np.float32))[None, None]
    top, left, height, width = placement.inner_box
    if (height, width) != (spec.size, spec.size):
        cells = functional.interpolate(cells, (spec.size, spec.size), mode="bilinear", align_corners=False)
        cells = cells[..., top : top + height, left : left + width]
    rows, columns = grid_size = grid_size or study_size
    top, left, height, width = placement.study_box
    top, bottom = (round(edge * rows / study_size[0]) for edge in (top, top + height))
    left, right = (round(edge * columns / study_size[1]) for edge in (left, left + width))
    height, width = max(1, bottom - top), max(1, right - left)
    shrinks = height < cells.shape[-2] or width < cells.shape[-1]
    inner = functional.interpolate(cells, (height, width), mode="bilinear", align_corners=False, antialias=shrinks)
    grid = np.full(grid_size, np.nan, dtype=np.float32)
    grid[top : top + height, left : left + width] = inner[0, 0].numpy()
    return grid

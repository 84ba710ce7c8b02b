"""Study → the encoder's input: the one function that training, serving and measuring share.

What it does is said by ``preprocess_cfg`` in the model's ``open_clip_config.json``, and done by open_clip's own
evaluation transform, so that any open_clip model sees what it was trained on.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image

from diagnosis.study import Study

if TYPE_CHECKING:
    from open_clip.transform import PreprocessCfg

Squarer = Callable[[Study], np.ndarray]


def squarer(settings: "PreprocessCfg") -> Squarer:
    """The function from a study to the encoder's square: uint8 (S, S, 3), resized and cropped after ``settings``."""
    from open_clip.transform import image_transform_v2  # seconds to import, and not needed to search an index

    transform = image_transform_v2(replace(settings, mean=(0.0,) * 3, std=(1.0,) * 3), is_train=False)

    def square(study: Study) -> np.ndarray:
        pixels = (study.pixels * 255).round().astype(np.uint8)
        values = transform(Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels))  # (3, S, S), 0..1
        return (values * 255).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()

    return square


def normalise(squares: torch.Tensor, settings: "PreprocessCfg") -> torch.Tensor:
    """uint8 (N, S, S, 3) → float32 (N, 3, S, S), per channel (x / 255 − mean) / std."""
    mean, std = torch.tensor(settings.mean), torch.tensor(settings.std)
    return ((squares.float() / 255 - mean) / std).permute(0, 3, 1, 2)

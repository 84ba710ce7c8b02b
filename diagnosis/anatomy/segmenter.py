"""Study → the patient's right and left lung, by a small U-Net that was trained here."""

import threading
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import nn

from diagnosis.anatomy.cards import SegmenterCard, load_segmenter_card, load_segmenter_weights
from diagnosis.anatomy.unet import UNet
from diagnosis.preprocess import normalise, to_square, to_study_grid
from diagnosis.study import Study


def build_segmenter(card: SegmenterCard) -> UNet:
    """The network of a card, with random weights."""
    return UNet(card.input.channels, len(card.outputs), card.widths)


class Segmenter:
    """A network in evaluation mode with frozen parameters. Safe to share between threads."""

    def __init__(self, card: SegmenterCard, network: nn.Module) -> None:
        self.card = card
        self.network = network.eval().requires_grad_(False).to(memory_format=torch.channels_last)
        self._lock = threading.Lock()

    @classmethod
    def load(cls, folder: Path, name: str = "lungs") -> Self:
        """The segmenter of ``folder/<name>.toml``. Raises Missing or BadRequest."""
        card = load_segmenter_card(folder / f"{name}.toml")
        network = build_segmenter(card)
        network.load_state_dict(load_segmenter_weights(card, folder))
        return cls(card, network)

    @torch.no_grad()
    def square(self, batch: torch.Tensor) -> torch.Tensor:
        """float32 (N, C, S, S) in 0..1 → probabilities (N, 2, S, S), the mean over each film and its mirror image."""
        batch = normalise(batch, self.card.input).contiguous(memory_format=torch.channels_last)
        with self._lock:
            straight = self.network(batch).float().sigmoid()
            mirrored = self.network(batch.flip(-1)).float().sigmoid()
        return (straight + mirrored.flip(-1).flip(1)) / 2

    def lungs(self, study: Study) -> np.ndarray:
        """float32 (2, H, W), 0..1, on the study's grid: the probability of the patient's right and left lung."""
        square = self.square(to_square(study, self.card.input)[None])[0].numpy()
        grids = [np.nan_to_num(to_study_grid(one, study.size, self.card.input)) for one in square]
        return np.stack(grids).clip(0, 1)

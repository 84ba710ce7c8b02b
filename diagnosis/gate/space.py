"""The space of features: which kind an image belongs to, and how far it lies from the middle of each kind."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch


@dataclass(frozen=True, eq=False)
class Space:
    """Fitted on features of training images; K sources, F features, P directions.

    Attributes:
        mean, scale: (F,) of the features.
        head, bias: (K, F) and (K,), multinomial logistic regression on standardised features.
        whiten: (F, P), after which the scatter of the images within their sources is the same in every direction.
        centres: (K, P), the mean of each source there.
    """

    mean: np.ndarray
    scale: np.ndarray
    head: np.ndarray
    bias: np.ndarray
    whiten: np.ndarray
    centres: np.ndarray

    @classmethod
    def of(cls, tensors: dict[str, torch.Tensor]) -> Self:
        """Raises TypeError where the tensors are not these."""
        return cls(**{name: tensor.numpy().astype(np.float64) for name, tensor in tensors.items()})

    def weights_of(self, features: np.ndarray) -> np.ndarray:
        """(N, F) → (N, K): the weight given to each source; a row adds up to 1."""
        logits = self._standard(features) @ self.head.T + self.bias
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def distances_of(self, features: np.ndarray) -> np.ndarray:
        """(N, F) → (N, K): the Mahalanobis distance from the centre of each source, per root of a direction.

        About 1 for an image that lies in its source as any other does.
        """
        white = self._standard(features) @ self.whiten
        apart = white[:, None] - self.centres[None]
        return np.sqrt((apart**2).mean(axis=2))

    def _standard(self, features: np.ndarray) -> np.ndarray:
        return (features - self.mean) / self.scale

"""What an image looks like to the gate, whichever model it is for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from diagnosis.cards import ModelCard
from diagnosis.gate.card import GateCard, Source
from diagnosis.gate.space import Space

LEAST = 1e-12  # weight that a source gets at the least, so that its logarithm is finite


@dataclass(frozen=True, eq=False)
class Look:
    """One image, seen by the gate.

    Attributes:
        sources: K kinds of image.
        weights: (K,) how much speaks for each; they add up to 1.
        bounds: (K,) the -ln weight that nearly all of a source's own images keep to.
        far: (K,) Mahalanobis distance from each source, in units of what nearly all of its own images keep to.
    """

    sources: tuple[Source, ...]
    weights: np.ndarray
    bounds: np.ndarray
    far: np.ndarray

    @classmethod
    def all_of(cls, card: GateCard, space: Space, features: np.ndarray) -> list[Self]:
        """The looks of N images by their features (N, F)."""
        limits = [card.limits[source.name] for source in card.sources]
        weights, far = space.weights_of(features), space.distances_of(features)
        bounds = np.array([limit.surprise for limit in limits])
        far = far / [limit.far for limit in limits]
        return [cls(card.sources, own, bounds, apart) for own, apart in zip(weights, far, strict=True)]

    @property
    def top(self) -> Source:
        """The source that the image looks most like."""
        return self.sources[int(self.weights.argmax())]

    @property
    def percent(self) -> float:
        """The weight of ``top``, in percent."""
        return 100 * float(self.weights.max())

    def distance(self, own: Sequence[int]) -> float:
        """How unlike the sources at ``own`` the image is: by their weight or by the nearest one, whichever tells more.

        Above 1 lies about one in a hundred of a source's own images.
        """
        at = list(own)
        surprise = -np.log(max(self.weight(own), LEAST)) / self.bounds[at].max()
        return float(max(surprise, self.far[at].min()))

    def weight(self, at: Sequence[int]) -> float:
        return float(self.weights[list(at)].sum())


def own_sources(sources: tuple[Source, ...], card: ModelCard) -> list[int]:
    """Positions of what a model learned from; where the gate does not know that, of all that show what it reads."""
    learned = [at for at, source in enumerate(sources) if source.model == card.name]
    if learned or card.anatomy is None:
        return learned
    return [at for at, source in enumerate(sources) if source.kind == card.anatomy and source.upright]


def kindred_sources(sources: tuple[Source, ...], card: ModelCard) -> list[int]:
    """Positions of what shows the same as the model's images but is no other model's: to be read with a caution."""
    return [at for at, one in enumerate(sources) if one.kind == card.anatomy and one.model in (None, card.name)]

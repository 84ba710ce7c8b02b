"""Deletion and insertion (Petsiuk et al. 2018, arXiv 1806.07421), beside maps that know nothing of the model.

The image is cut into parts. Deletion blurs the parts that a map ranks highest, insertion shows these alone; a map that
names what the output rests on makes it fall in the one and rise in the other.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from diagnosis.attribution import AttributionMap
from diagnosis.attribution.pixels import image_and_blur
from diagnosis.attribution.shap_partition import BlurMasker, chunk_size
from diagnosis.classifier import Classifier
from diagnosis.study import Study

PARTS = 14  # a side; 16 pixels of 224
FRACTIONS = (0.1, 0.3, 0.7, 0.9)  # of the parts; symmetric about a half, see Yardstick
GRAINS = (4, 7, 14)  # cells a side of the random maps in turn: from large blobs to the grain of the parts


@dataclass(frozen=True)
class Curves:
    """A target's value in logits as a map's highest parts are blurred (``deletion``) or shown alone (``insertion``).

    ``full`` is its value for the image, ``blank`` for the blurred image.
    """

    deletion: tuple[float, ...]
    insertion: tuple[float, ...]
    full: float
    blank: float
    fractions: tuple[float, ...] = FRACTIONS

    @property
    def gain(self) -> float:
        """Mean of insertion less deletion, in logits: 0 on average for a map that knows nothing."""
        return float(np.mean(self.insertion) - np.mean(self.deletion))


class Yardstick:
    """What maps are held against on one study: the curves of maps that know nothing of the model.

    They do not depend on class or method, so one yardstick serves all maps of a study. A random map and its reverse use
    the same passes: blurring the highest tenth of the one shows the lowest nine tenths alone of the other. Their gains
    are each other's negatives, so ``pairs`` random maps stand for twice as many.

    Args:
        pairs: random maps, each with its reverse.
        centred: random maps that favour the middle of the image, where the subject of a photograph is.
    """

    def __init__(
        self, classifier: Classifier, study: Study, *, pairs: int = 10, centred: int = 6, seed: int = 0
    ) -> None:
        image, blurred, _ = image_and_blur(classifier, study)
        self.classifier, self.study, self.passes = classifier, study, 0
        self.side = next(side for side in range(min(PARTS, image.shape[-1]), 0, -1) if image.shape[-1] % side == 0)
        self._masker = BlurMasker(image[0], blurred[0], self.side)
        self._rng = np.random.default_rng(seed)
        self._waiting = [random_order(self._rng, self.side, GRAINS[turn % len(GRAINS)]) for turn in range(pairs)]
        self._waiting += [centred_order(self._rng, self.side) for _ in range(centred)]
        self.pairs, self._logits = pairs, list[np.ndarray]()
        self.full, self.blank = self._read(np.array([[True], [False]]).repeat(self.side**2, axis=1))

    def complete(self) -> Iterator[int]:
        """Reads what is still to be read, a few maps at a time; yields how many maps are ready."""
        step = max(1, 2 * chunk_size() // (2 * len(FRACTIONS)))
        while self._waiting:
            batch, self._waiting = self._waiting[:step], self._waiting[step:]
            read = self._read(np.concatenate([masks_of(order) for order in batch]))
            self._logits += np.split(read, len(batch))
            yield len(self._logits)

    def curves(self, attribution: AttributionMap, weights: np.ndarray) -> Curves:
        """The curves of a map for the target that ``weights`` (L,) make of the logits. Ties are broken by chance."""
        order = order_of(parts_of(attribution.cells, self.side), np.random.default_rng(0))
        return self._curves(self._read(masks_of(order)), weights)

    def random(self, weights: np.ndarray) -> list[Curves]:
        """Curves of the random maps that are ready, without their reverses."""
        return [self._curves(logits, weights) for logits in self._logits[: self.pairs]]

    def centred(self, weights: np.ndarray) -> list[Curves]:
        """Curves of the maps that favour the middle, as far as they are ready."""
        return [self._curves(logits, weights) for logits in self._logits[self.pairs :]]

    def _curves(self, logits: np.ndarray, weights: np.ndarray) -> Curves:
        values = [float(value) for value in logits @ weights]
        half = len(FRACTIONS)
        whole, blank = float(self.full @ weights), float(self.blank @ weights)
        return Curves(tuple(values[:half]), tuple(values[half:]), whole, blank)

    def _read(self, shown: np.ndarray) -> np.ndarray:
        """bool (N, parts) → float64 (N, L) logits of the image with the parts that are not shown blurred."""
        self.passes += len(shown)
        chunks = torch.from_numpy(shown).split(chunk_size())
        return torch.cat([self.classifier.logits(self._masker.images(part)) for part in chunks]).double().numpy()


def parts_of(cells: np.ndarray, side: int) -> np.ndarray:
    """(h, w) cells of a map → (side, side): its value in each part of the network's square."""
    values = torch.from_numpy(np.array(cells))[None, None]
    shrinks = cells.shape[0] > side
    return functional.interpolate(values, (side, side), mode="bilinear", antialias=shrinks)[0, 0].numpy()


def order_of(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """int (parts,): positions from the highest value to the lowest, ties in random order."""
    return np.lexsort((rng.random(values.size), -values.ravel()))


def masks_of(order: np.ndarray) -> np.ndarray:
    """bool (2 · fractions, parts), True = shown: deletion at each fraction, then insertion."""
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    inserted = np.stack([rank < round(fraction * order.size) for fraction in FRACTIONS])
    return np.concatenate([~inserted, inserted])


def random_order(rng: np.random.Generator, side: int, grain: int) -> np.ndarray:
    """The order of parts by a smooth random map of ``grain`` × ``grain`` cells."""
    return order_of(parts_of(rng.standard_normal((grain, grain)).astype(np.float32), side), rng)


def centred_order(rng: np.random.Generator, side: int) -> np.ndarray:
    """The order of parts by a bump near the middle, with a random map on top of it."""
    at = (np.arange(side) + 0.5) / side - 0.5
    down, across = rng.normal(0, 0.1, 2)
    bump = np.exp(-((at[:, None] - down) ** 2 + (at[None] - across) ** 2) / (2 * 0.2**2))
    noise = parts_of(rng.standard_normal((7, 7)).astype(np.float32), side)
    return order_of(bump + 0.2 * noise, rng)

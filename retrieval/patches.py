"""Which part of the query is like which part of a case: the image tower's last feature map, patch by patch.

A library keeps a coarse copy of every case's map, so that a case can be compared without its image: each patch's
direction, without the mean of all patches, in the ``KEPT`` directions in which they differ most, as 8-bit numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import torch
from safetensors.numpy import save_file

from diagnosis.errors import BadRequest, UserError
from diagnosis.study import Study
from retrieval.encoder import Encoder
from retrieval.library import PATCHES, Manifest, map_tensor, read_manifest
from retrieval.preprocess import normalise
from retrieval.query import unit

KEPT = 16
_SAMPLE = 50_000  # patches that the directions are found from


@dataclass(frozen=True, eq=False)
class PatchMatch:
    """How alike the patches of two images are.

    Attributes:
        values: float32 (h, w, H, W), −1..1: the patch at row, column of the query with that of the case. The maps lie
            on the squares that the encoder sees.
    """

    values: np.ndarray

    @cached_property
    def matrix(self) -> np.ndarray:
        """float32 (h · w, H · W)."""
        rows, columns = self.values.shape[0] * self.values.shape[1], self.values.shape[2] * self.values.shape[3]
        return self.values.reshape(rows, columns)

    def best(self, row: int, column: int) -> tuple[int, int]:
        """Row and column of the case's patch that is most like this one of the query."""
        found = np.unravel_index(int(self.values[row, column].argmax()), self.values.shape[2:])
        return int(found[0]), int(found[1])

    def pairs(self, count: int = 5) -> list[tuple[tuple[int, int], tuple[int, int], float]]:
        """Patches that choose each other, as (row, column) of both and their likeness; the most alike first."""
        best, back = self.matrix.argmax(axis=1), self.matrix.argmax(axis=0)
        mutual = [one for one in range(len(best)) if back[best[one]] == one]
        mutual.sort(key=lambda one: -self.matrix[one, best[one]])
        width, other = self.values.shape[1], self.values.shape[3]
        return [
            (divmod(one, width), divmod(int(best[one]), other), float(self.matrix[one, best[one]]))
            for one in mutual[:count]
        ]

    def likeness(self) -> np.ndarray:
        """float32 (h, w): of each patch of the query with the case's patch that is most like it."""
        return self.values.max(axis=(2, 3))


@dataclass(frozen=True, eq=False)
class PatchMaps:
    """The maps of a library.

    Attributes:
        maps: int8 (N, h, w, KEPT), in the order of the vectors.
        basis: float32 (KEPT, D).
        mean: float32 (D,).
    """

    maps: np.ndarray
    basis: np.ndarray
    mean: np.ndarray

    @classmethod
    def open(cls, folder: Path) -> Self | None:
        """The maps in a library's folder, None where it has none."""
        path = folder / PATCHES
        if not path.is_file():
            return None
        return cls(*(map_tensor(path, name) for name in ("maps", "basis", "mean")))

    @classmethod
    def of_library(cls, folder: Path, manifest: Manifest) -> Self | None:
        """The maps of a library that is elsewhere, None where the folder does not have the same one whole."""
        try:
            return cls.open(folder) if read_manifest(folder) == manifest else None
        except UserError:
            return None

    @classmethod
    def of(cls, full: np.ndarray) -> Self:
        """From the whole maps, float (N, h, w, D)."""
        flat = full.reshape(-1, full.shape[-1])
        chosen = np.random.default_rng(0).permutation(len(flat))[:_SAMPLE]
        sample = unit(flat[np.sort(chosen)].astype(np.float32))
        mean = sample.mean(axis=0)
        basis = np.linalg.svd(sample - mean, full_matrices=False)[2][:KEPT].astype(np.float32)
        empty = cls(np.empty((0, *full.shape[1:3], len(basis)), np.int8), basis, mean)
        return cls(empty._coarse(full), basis, mean)

    def reduced(self, full: np.ndarray) -> np.ndarray:
        """float32 (h, w, D) → (h, w, KEPT), rows of length 1."""
        return unit((unit(full) - self.mean) @ self.basis.T)

    def joined(self, rows: Sequence[int], full: np.ndarray) -> "PatchMaps":
        """The maps of some rows, and after them those of more images, float (M, h, w, D), in the same directions."""
        return PatchMaps(np.concatenate([self.maps[list(rows)], self._coarse(full)]), self.basis, self.mean)

    def _coarse(self, full: np.ndarray) -> np.ndarray:
        """float (N, h, w, D) → int8 (N, h, w, KEPT)."""
        return np.stack([np.rint(self.reduced(one.astype(np.float32)) * 127).astype(np.int8) for one in full])

    def match(self, query: np.ndarray, row: int) -> PatchMatch:
        """A whole map of a query, float32 (h, w, D), with the case in a row of the library."""
        return PatchMatch(_products(self.reduced(query), unit(self.maps[row].astype(np.float32))))

    def save(self, folder: Path) -> None:
        """Write them."""
        arrays = {"maps": self.maps, "basis": self.basis, "mean": self.mean}
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, folder / PATCHES)


def match_images(encoder: Encoder, query: Study | np.ndarray, case: Study | np.ndarray) -> PatchMatch:
    """Two images that are both here, on their whole maps. Raises BadRequest for an encoder without patch maps."""
    one, other = encoder.embed_patches(query), encoder.embed_patches(case)
    mean = np.concatenate([one.reshape(-1, one.shape[-1]), other.reshape(-1, other.shape[-1])]).mean(axis=0)
    return PatchMatch(_products(unit(one - mean), unit(other - mean)))


def _products(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.einsum("ijd,kld->ijkl", one, other).clip(-1, 1).astype(np.float32)


@torch.inference_mode()
def embed_with_patches(encoder: Encoder, squares: torch.Tensor) -> tuple[np.ndarray, np.ndarray | None]:
    """Embeddings, float32 (N, D), and patch maps, float32 (N, h, w, D), from one pass of the tower.

    The maps are None for towers that have none. Args: squares, uint8 (N, S, S, 3).
    """
    tower = encoder.model.visual
    linear = isinstance(getattr(getattr(tower, "head", None), "proj", None), torch.nn.Linear)
    if not linear or not hasattr(tower, "trunk"):
        return encoder.embed_squares(squares), None
    pixels = normalise(squares, encoder.settings).contiguous(memory_format=torch.channels_last)
    features = tower.trunk.forward_features(pixels)  # (N, C, h, w)
    if features.ndim != 4:
        return encoder.embed_squares(squares), None
    maps = tower.head(features.permute(0, 2, 3, 1)).float().numpy()
    return unit(maps.mean(axis=(1, 2))), unit(maps)


def check_patches(encoder: Encoder, squares: torch.Tensor) -> bool:
    """Whether the patches of the encoder average to its embeddings, so that one pass serves for both."""
    vectors, maps = embed_with_patches(encoder, squares)
    return maps is not None and np.allclose(vectors, encoder.embed_squares(squares), atol=1e-4)


def need_maps(maps: PatchMaps | None) -> PatchMaps:
    """The maps, or BadRequest where a library has none."""
    if maps is None:
        raise BadRequest(
            "This library has no patch maps.",
            "Build it with an encoder that has them; for a library in a database, keep its folder here too.",
        )
    return maps

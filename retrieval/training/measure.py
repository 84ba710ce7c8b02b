"""How well an encoder finds: precision among the first k, and recall of the one image that a caption belongs to."""

from collections.abc import Sequence

import numpy as np

Names = Sequence[str] | np.ndarray


def precision_at(
    queries: np.ndarray,
    labels: Names,
    groups: Names,
    gallery: np.ndarray,
    gallery_labels: Names,
    gallery_groups: Names,
    k: int = 5,
) -> np.ndarray:
    """For each query, the share of its ``k`` nearest in the gallery that have its label: float64 (N,).

    Images of the query's own group (patient, slide, case), itself among them, are left out of its gallery. Queries and
    gallery are rows of length 1; a query of words has the group ``""``.
    """
    names, group_names = np.asarray(gallery_labels), np.asarray(gallery_groups)
    shares = np.empty(len(queries))
    for row, query in enumerate(queries):
        cosines = gallery @ query
        cosines[group_names == groups[row]] = -np.inf
        nearest = np.argpartition(-cosines, k)[:k]
        shares[row] = np.mean(names[nearest] == labels[row])
    return shares


def macro(shares: np.ndarray, names: Names) -> dict[str, float]:
    """The mean of each name's shares, by name, in alphabetical order."""
    of = np.asarray(names)
    return {str(name): float(shares[of == name].mean()) for name in np.unique(of)}


def recall_at(texts: np.ndarray, images: np.ndarray, k: int = 10) -> float:
    """Share of texts whose own image, the one of the same row, is among the ``k`` nearest images."""
    cosines = texts @ images.T
    own = np.diag(cosines)[:, None]
    return float(np.mean((cosines > own).sum(axis=1) < k))

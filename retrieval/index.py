"""Vectors → their nearest, with FAISS: every vector compared where they are few, lists of likely ones where many.

Large libraries are searched in two steps. An inverted-file index of 8-bit vectors names candidates; their cosines are
then computed from the full vectors, which stay on disk and are mapped into memory.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from diagnosis.errors import BadRequest
from retrieval.library import REMEDY, IndexStamp

FLAT_MOST = 50_000  # vectors: up to here comparing every one takes a few milliseconds (benchmarks/cases.py)
EXACT_MOST = 20_000  # cases that filters leave of many: up to here they are all compared
CANDIDATES = 10  # for each result that is wanted
TARGET = 0.97  # recall@10 on a sample that the number of probed lists is chosen for
_TRAINING = 64  # vectors for each list
_SAMPLE = 200  # queries
_CHUNK = 50_000
Progress = Callable[[str], None]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class VectorIndex:
    """Vectors that can be searched. It is not changed by a search: threads may share one.

    Attributes:
        vectors: float16 or float32 (N, D), rows of length 1.
        index: the FAISS index over them.
    """

    vectors: np.ndarray
    index: Any
    stamp: IndexStamp

    def nearest(self, query: np.ndarray, k: int, mask: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Rows and cosines of the ``k`` nearest, or fewer, best first.

        Args:
            query: float32 (D,) of length 1.
            mask: bool (N,), the rows that are considered at all; None for every one.
        """
        if mask is not None:
            rows = np.flatnonzero(mask)
            if len(rows) <= (EXACT_MOST if self.stamp.kind != "flat" else len(mask) // 20):
                return best(rows, gather(self.vectors, rows) @ query, k)
        wanted = k if self.stamp.kind == "flat" else k * CANDIDATES
        share = 1.0 if mask is None else len(rows) / len(mask)
        cosines, rows = self.index.search(query[None], min(wanted, len(self.vectors)), params=self._how(mask, share))
        rows, cosines = rows[0][rows[0] >= 0], cosines[0][rows[0] >= 0]
        if self.stamp.kind != "flat":
            cosines = gather(self.vectors, np.sort(rows)) @ query
            rows = np.sort(rows)
        return best(rows, cosines, k)

    def _how(self, mask: np.ndarray | None, share: float) -> Any:
        faiss = _faiss()
        chosen = {} if mask is None else {"sel": faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))}
        if self.stamp.kind == "flat":
            return faiss.SearchParameters(**chosen)
        probes = min(self.stamp.lists, round(self.stamp.probes / share))
        return faiss.SearchParametersIVF(nprobe=probes, **chosen)


def _faiss() -> Any:
    """The package; its annotations are those of C++, before Python wraps it."""
    import faiss

    return faiss


def gather(vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """float32 (n, D): some rows."""
    return vectors[rows].astype(np.float32, copy=False)


def best(rows: np.ndarray, cosines: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The ``k`` rows of the highest cosine; of equal ones the first."""
    if k < len(rows):
        some = np.argpartition(-cosines, k - 1)[:k]
        rows, cosines = rows[some], cosines[some]
    order = np.lexsort((rows, -cosines))
    return rows[order], cosines[order]


def make_index(vectors: np.ndarray, folder: Path | None = None, progress: Progress = _log.info) -> VectorIndex:
    """The index that suits the number of vectors.

    Args:
        vectors: float16 or float32 (N, D), rows of length 1.
        folder: where a trained index is kept while the vectors are added, so that a build that was cut off goes on.
    """
    faiss = _faiss()
    if len(vectors) <= FLAT_MOST:
        flat = faiss.IndexFlatIP(vectors.shape[1])
        flat.add(np.ascontiguousarray(vectors, np.float32))
        return VectorIndex(vectors, flat, IndexStamp())
    lists = 2 ** round(np.log2(4 * np.sqrt(len(vectors))))
    index = _trained(vectors, lists, folder, progress)
    for start in range(index.ntotal, len(vectors), _CHUNK):
        index.add(vectors[start : start + _CHUNK].astype(np.float32))
        progress(f"indexed {index.ntotal:,} of {len(vectors):,}")
    return VectorIndex(vectors, index, _tuned(index, vectors, lists))


def _trained(vectors: np.ndarray, lists: int, folder: Path | None, progress: Progress) -> Any:
    faiss = _faiss()
    path = folder / f"trained-{len(vectors)}-{lists}.faiss" if folder else None
    if path and path.is_file():
        progress("going on with the trained index")
        return faiss.read_index(str(path))
    chosen = np.sort(np.random.default_rng(0).choice(len(vectors), min(len(vectors), _TRAINING * lists), replace=False))
    progress(f"training {lists:,} lists on {len(chosen):,} vectors")
    index = faiss.index_factory(vectors.shape[1], f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
    index.cp.niter, index.cp.seed = 10, 0
    index.train(gather(vectors, chosen))
    if path:
        partial = path.with_suffix(".partial")
        faiss.write_index(index, str(partial))
        partial.replace(path)
    return index


def _tuned(index: Any, vectors: np.ndarray, lists: int) -> IndexStamp:
    """The fewest probed lists that find ``TARGET`` of the true ten nearest of a sample of the vectors."""
    rows = np.sort(np.random.default_rng(1).choice(len(vectors), _SAMPLE, replace=False))
    queries = gather(vectors, rows)
    truth = exact(vectors, queries, 10)
    probes, recall = 1, 0.0
    while recall < TARGET and probes < lists:
        probes = min(2 * probes, lists)
        found = VectorIndex(vectors, index, IndexStamp(kind="ivf", lists=lists, probes=probes))
        shares = [len(set(found.nearest(q, 10)[0]) & set(t)) / 10 for q, t in zip(queries, truth, strict=True)]
        recall = float(np.mean(shares))
    return IndexStamp(kind="ivf", lists=lists, probes=probes, recall=recall)


def exact(vectors: np.ndarray, queries: np.ndarray, k: int) -> np.ndarray:
    """int (n, k): the nearest rows of each query, best first, by comparing all."""
    found = np.zeros((len(queries), 0), np.int64)
    cosines = np.zeros((len(queries), 0), np.float32)
    for start in range(0, len(vectors), _CHUNK):
        new = queries @ vectors[start : start + _CHUNK].astype(np.float32).T
        cosines = np.concatenate([cosines, new], axis=1)
        rows = np.broadcast_to(np.arange(start, start + new.shape[1]), new.shape)
        found = np.concatenate([found, rows], axis=1)
        order = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
        cosines, found = np.take_along_axis(cosines, order, 1), np.take_along_axis(found, order, 1)
    return found


def write_index(index: VectorIndex, path: Path) -> None:
    """Write a trained index."""
    _faiss().write_index(index.index, str(path))


def read_index(path: Path, vectors: np.ndarray, stamp: IndexStamp) -> VectorIndex:
    """A trained index from its file. Raises BadRequest where it is damaged or not of these vectors."""
    faiss = _faiss()
    try:
        index = faiss.read_index(str(path))
    except RuntimeError as error:
        raise BadRequest(f"{path.name} is not an index that can be read.", REMEDY) from error
    if (index.ntotal, index.d) != vectors.shape:
        raise BadRequest(f"{path.name} has {index.ntotal} vectors of {index.d}, not {vectors.shape}.", REMEDY)
    return VectorIndex(vectors, index, stamp)

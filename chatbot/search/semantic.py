"""Which vectors lie nearest to a question's."""

from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

EXACT = 100_000  # vectors up to which all are compared; above, a graph (HNSW) is walked
NEIGHBOURS, CARE = 32, 128  # of the graph: links of a vector, and vectors that are looked at

Half = NDArray[np.float16]


class Semantic:
    """Unit vectors, and a faiss index over them: exact for small collections, approximate for large ones."""

    def __init__(self, vectors: Half) -> None:
        self.vectors = vectors
        self._index: Any = self._graph() if len(vectors) > EXACT else faiss.IndexFlatIP(vectors.shape[1])
        for first in range(0, len(vectors), 10_000):
            self._index.add(vectors[first : first + 10_000].astype(np.float32))

    def _graph(self) -> Any:
        graph = faiss.IndexHNSWFlat(self.vectors.shape[1], NEIGHBOURS, faiss.METRIC_INNER_PRODUCT)
        graph.hnsw.efSearch = CARE
        return graph

    def nearest(self, question: NDArray[np.float32], count: int, among: NDArray[np.int64] | None = None) -> list[int]:
        """Numbers of the nearest vectors, best first, where asked among some only."""
        if among is not None:
            order = np.argsort(-self.cosines(question, among), kind="stable")[:count]
            return [int(at) for at in among[order]]
        found = self._index.search(question[None], min(count, len(self.vectors)))[1][0]
        return [int(at) for at in found if at >= 0]

    def cosines(self, question: NDArray[np.float32], among: NDArray[np.int64]) -> NDArray[np.float32]:
        """Cosine of the question with each of these vectors."""
        return np.asarray(self.vectors[among].astype(np.float32) @ question, np.float32)

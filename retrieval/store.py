"""Where cases are kept to be searched: :class:`CaseStore` is what a search asks for, :class:`LocalStore` is one.

Another engine takes part by having the same methods, as :class:`retrieval.postgres.PostgresStore` has.
"""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Protocol, Self

import numpy as np

from diagnosis.errors import BadRequest
from retrieval.filters import Filter
from retrieval.index import VectorIndex, best, make_index, read_index
from retrieval.library import INDEX, REMEDY, TABLE, VECTORS, Manifest, Record, map_tensor, read_manifest, read_records
from retrieval.metadata import Metadata

Neighbour = tuple[Record, float]  # a case and its cosine


class CaseStore(Protocol):
    """Cases that can be found by a vector."""

    def __len__(self) -> int: ...

    def nearest(
        self, query: np.ndarray, k: int, filters: tuple[Filter, ...] = (), without: Collection[str] = ()
    ) -> list[Neighbour]:
        """The ``k`` nearest of the cases that the filters leave, best first.

        Args:
            query: float32 (D,) of length 1.
            without: ids of cases, and hashes of patients, that are left out.
        """

    def add(self, records: Sequence[Record], vectors: np.ndarray) -> None:
        """Take in cases. Raises BadRequest, changing nothing, where an id or an image is there already."""

    def remove(self, ids: Iterable[str]) -> None:
        """Forget cases; an id that is not there is passed over."""

    def get(self, id: str) -> Record | None:
        """A case, or None."""

    def vector(self, id: str) -> np.ndarray | None:
        """float32 (D,) of a case, or None."""

    def place(self, id: str) -> int | None:
        """The row of a case, as in the library's files, or None."""

    def with_image(self, digest: str) -> list[Record]:
        """The cases whose pixels have this digest."""

    def keys(self) -> list[str]:
        """What can be filtered by."""

    def values(self, key: str) -> dict[str, int]:
        """How many cases have each value of a key."""

    def close(self) -> None:
        """Give back what is open; nothing is asked after that."""


class LocalStore:
    """Vectors in FAISS, everything else in SQLite, both on this machine. Threads may search it at once.

    Args:
        metadata: rows in the order of the vectors.
        manifest: of the library that it is, None for cases that are not a library.
    """

    def __init__(self, metadata: Metadata, index: VectorIndex, manifest: Manifest | None = None) -> None:
        if metadata.rows != len(index.vectors):
            raise BadRequest(f"There are {metadata.rows} cases and {len(index.vectors)} vectors.", REMEDY)
        self.manifest, self._metadata, self._index = manifest, metadata, index
        self._late = np.empty((0, index.vectors.shape[1]), np.float32)  # vectors that were added since

    @classmethod
    def of(cls, records: Iterable[Record], vectors: np.ndarray, table: Path | None = None) -> Self:
        """A store of these cases."""
        metadata = Metadata(table)
        metadata.add(records)
        return cls(metadata, make_index(vectors))

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The library in a folder.

        Raises:
            Missing: there is none, or a file of it is missing.
            BadRequest: a file is damaged, or the files do not fit each other.
        """
        manifest = read_manifest(folder)
        vectors = map_tensor(folder / VECTORS, "vectors")
        if vectors.shape != (manifest.cases, manifest.encoder.dimensions):
            raise BadRequest(f"{VECTORS} has the shape {vectors.shape}, which the manifest does not say.", REMEDY)
        metadata = Metadata(folder / TABLE, frozen=True) if TABLE in manifest.files else Metadata()
        if TABLE not in manifest.files:
            metadata.add(read_records(folder, manifest))
        trained = manifest.index.kind != "flat"
        index = read_index(folder / INDEX, vectors, manifest.index) if trained else make_index(vectors)
        return cls(metadata, index, manifest)

    def __len__(self) -> int:
        return len(self._metadata)

    def nearest(
        self, query: np.ndarray, k: int, filters: tuple[Filter, ...] = (), without: Collection[str] = ()
    ) -> list[Neighbour]:
        if not len(self) or k < 1:
            return []
        first = len(self._index.vectors)
        mask = self._mask(filters, without)
        rows, cosines = self._index.nearest(query, k, None if mask is None else mask[:first]) if first else _NOTHING
        if len(self._late):
            late = np.arange(len(self._late)) if mask is None else np.flatnonzero(mask[first:])
            rows = np.concatenate([rows, first + late])
            cosines = np.concatenate([cosines, self._late[late] @ query])
            rows, cosines = best(rows, cosines, k)
        return list(zip(self._metadata.records(rows), map(float, cosines), strict=True))

    def _mask(self, filters: tuple[Filter, ...], without: Collection[str]) -> np.ndarray | None:
        """bool (rows,): the cases that are considered, or None for all."""
        gone = len(self) < self._metadata.rows
        if not (filters or without or gone):
            return None
        mask = self._metadata.mask(filters)
        if without:
            mask = mask.copy()
        for name in without:
            row = self._metadata.row(name)
            mask[self._metadata.of_patient(name) if row is None else [row]] = False
        return mask

    def add(self, records: Sequence[Record], vectors: np.ndarray) -> None:
        ids, images = set(), set()
        for record in records:
            if record.id in ids or self._metadata.row(record.id) is not None:
                raise BadRequest(f"There is a case {record.id} already.", "Give it another id.")
            if record.image and (record.image in images or self.with_image(record.image)):
                raise BadRequest(f"The image of {record.id} is there already.", "Edit the case that has it.")
            ids.add(record.id)
            images.add(record.image)
        if vectors.shape != (len(records), self._late.shape[1]):
            raise BadRequest(f"{len(records)} cases came with vectors of shape {vectors.shape}.", REMEDY)
        self._metadata.add(records)
        self._late = np.concatenate([self._late, vectors.astype(np.float32)])

    def remove(self, ids: Iterable[str]) -> None:
        self._metadata.remove(ids)

    def get(self, id: str) -> Record | None:
        row = self._metadata.row(id)
        return None if row is None else self._metadata.records([row])[0]

    def vector(self, id: str) -> np.ndarray | None:
        row, first = self._metadata.row(id), len(self._index.vectors)
        if row is None:
            return None
        return self._late[row - first] if row >= first else self._index.vectors[row].astype(np.float32)

    def place(self, id: str) -> int | None:
        return self._metadata.row(id)

    def with_image(self, digest: str) -> list[Record]:
        return self._metadata.with_image(digest)

    def keys(self) -> list[str]:
        return self._metadata.keys()

    def values(self, key: str) -> dict[str, int]:
        return self._metadata.values(key)

    def close(self) -> None:
        self._metadata.close()


_NOTHING = (np.empty(0, np.int64), np.empty(0, np.float32))

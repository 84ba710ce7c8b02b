"""The documents of one visitor."""

import json
import logging
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from chatbot.documents.document import Document, read_document
from chatbot.documents.limits import Limits
from chatbot.search import Embedder, Passage, PassageIndex
from chatbot.search.semantic import Half
from chatbot.search.stored import compute
from diagnosis.errors import BadRequest, Missing

log = logging.getLogger(__name__)


class Shelf:
    """Documents, and their index. A copy holds the same documents and shares nothing that changes.

    Args:
        embedder: shared by all shelves, or None to search by words alone.
        folder: where the documents' text is kept, a file each; None to hold them in memory.
    """

    def __init__(
        self, embedder: Embedder | None = None, folder: Path | None = None, limits: Limits | None = None
    ) -> None:
        self.embedder = embedder
        self.folder = folder
        self.limits = limits or Limits()
        self._held: tuple[tuple[Document, Half | None], ...] = ()
        self._index: tuple[Any, PassageIndex] | None = None
        if folder is not None and folder.is_dir():
            files = sorted(folder.glob("*.safetensors"), key=lambda file: (file.stat().st_mtime, file.name))
            self._held = tuple(self._kept(file) for file in files)

    def __deepcopy__(self, memo: object) -> Self:
        other = type(self)(self.embedder, None, self.limits)
        other.folder, other._held = self.folder, self._held
        return other

    @property
    def documents(self) -> tuple[Document, ...]:
        """In the order in which they came."""
        return tuple(document for document, _ in self._held)

    def add(self, path: Path, name: str | None = None, told: Callable[[int, int], None] | None = None) -> Document:
        """Read a file and put it on the shelf; one that is there already is not put there twice.

        Args:
            name: of the file, where the path is that of a copy.
            told: hears how many passages of how many are embedded.

        Raises BadRequest for a file that can't be read or is too large, and where the shelf is full.
        """
        document = read_document(path, name, self.limits)
        for held in self.documents:
            if held.digest == document.digest:
                return held
        if len(self._held) >= self.limits.documents:
            raise BadRequest(
                f"There are {len(self._held)} documents already; that is the most.", "Remove one before adding another."
            )
        vectors = self._vectors(document.passages, told)
        if self.folder is not None:
            _keep(self.folder, document, vectors, self.embedder)
        self._held = (*self._held, (document, vectors))
        return document

    def remove(self, digest: str) -> None:
        """Delete one. Raises BadRequest where there is none of that digest."""
        if digest not in {one.digest for one in self.documents}:
            raise BadRequest(f"There is no document {digest}.", "The list names those there are.")
        if self.folder is not None:
            (self.folder / f"{digest}.safetensors").unlink(missing_ok=True)
        self._held = tuple(one for one in self._held if one[0].digest != digest)

    def clear(self) -> None:
        """Delete all."""
        for document in self.documents:
            self.remove(document.digest)

    @property
    def index(self) -> PassageIndex:
        """Of all that is on the shelf now."""
        held, index = self._held, self._index
        if index is None or index[0] is not held:
            index = (held, self._made(held))
            self._index = index
        return index[1]

    def _made(self, held: tuple[tuple[Document, Half | None], ...]) -> PassageIndex:
        passages = [passage for document, _ in held for passage in document.passages]
        vectors = [rows for _, rows in held if rows is not None]
        if self.embedder is None or not held or len(vectors) < len(held):
            return PassageIndex(passages)
        return PassageIndex(passages, self.embedder, np.concatenate(vectors))

    def _vectors(self, passages: tuple[Passage, ...], told: Callable[[int, int], None] | None = None) -> Half | None:
        if self.embedder is None:
            return None
        try:
            return compute(passages, self.embedder, told=told)
        except Missing as error:
            log.warning("documents are searched by words alone: %s", error)
            return None

    def _kept(self, file: Path) -> tuple[Document, Half | None]:
        """A document from its file. Raises BadRequest where it can't be read."""
        try:
            with safe_open(file, framework="numpy") as stored:
                about = stored.metadata()
                held = json.loads(about["document"])
                passages = tuple(Passage(**{**one, "aliases": tuple(one["aliases"])}) for one in held.pop("passages"))
                document = Document(passages=passages, **held)
                same = self.embedder is not None and about["model"] == self.embedder.digest
                vectors = stored.get_tensor("vectors") if same else self._vectors(passages)
        except (OSError, SafetensorError, KeyError, ValueError, TypeError) as error:
            raise BadRequest(
                f"{file.name} of your documents can't be read.", f"Delete {file} and add it again."
            ) from error
        return document, vectors


def _keep(folder: Path, document: Document, vectors: Half | None, embedder: Embedder | None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    model = embedder.digest if embedder and vectors is not None else ""
    about = {"document": json.dumps(asdict(document)), "model": model}
    rows = vectors if vectors is not None else np.zeros((0, 1), np.float16)
    file = folder / f"{document.digest}.safetensors"
    save_file({"vectors": rows}, file.with_suffix(".part"), metadata=about)
    file.with_suffix(".part").replace(file)

"""Vectors of single words and of sentences, kept where they were computed before.

``<name>.safetensors`` holds for the library: ``words`` (N, dimensions) and ``sentences`` (M, dimensions), int8 at 127
for 1, the words themselves as metadata, ``keys`` (P, 16) and ``counts`` (P) of the passages that the sentences are of.
"""

import hashlib
import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from chatbot.search.embed import Embedder, Vectors
from chatbot.search.passages import Passage
from chatbot.types import Evidence
from chatbot.words import STOPWORDS, Span, sentences, words

SPREAD = 4.0  # the parts of a unit vector of 384 dimensions lie within ±0.25
KEPT = 2000  # passages and words that are remembered beside the stored ones
Half = NDArray[np.float16]

log = logging.getLogger(__name__)


class Meanings:
    """What words mean on their own and sentences in their passage. Threads may share one.

    Args:
        embedder: computes what is not stored.
        stored: a file that ``build`` wrote; None, or one that was made with another model, holds nothing.
    """

    def __init__(self, embedder: Embedder, stored: Path | None = None) -> None:
        self.embedder = embedder
        self.stored = stored
        self._turn = threading.Lock()
        self._words: OrderedDict[str, Half] = OrderedDict()
        self._sentences: OrderedDict[str, Half] = OrderedDict()

    def words(self, wanted: Sequence[str]) -> Vectors:
        """A row of unit length for each word, (N, dimensions)."""
        known = self._stored[0]
        with self._turn:
            rows = {one: known.get(one, self._words.get(one)) for one in wanted}
        missing = [one for one, row in rows.items() if row is None]
        if missing:
            fresh = dict(zip(missing, self.embedder.vectors(missing).astype(np.float16), strict=True))
            rows |= fresh
            with self._turn:
                _remember(self._words, fresh)
        return np.array([rows[one] for one in wanted], np.float32)

    def sentences(self, passages: Sequence[Evidence | Passage]) -> list[tuple[tuple[Span, ...], Vectors]]:
        """For each passage its sentences and their vectors, (sentences, dimensions)."""
        texts = [told(one) for one in passages]
        keys = [_key(whole) for whole, _ in texts]
        known = self._stored[1]
        with self._turn:
            rows = {key: known.get(key, self._sentences.get(key)) for key in keys}
        missing = {key: text for key, text in zip(keys, texts, strict=True) if rows[key] is None}
        if missing:
            fresh = dict(zip(missing, _read(self.embedder, list(missing.values())), strict=True))
            rows |= fresh
            with self._turn:
                _remember(self._sentences, fresh)
        spans = [sentences(_body(one)) for one in passages]
        return [(span, np.asarray(rows[key], np.float32)) for span, key in zip(spans, keys, strict=True)]

    @cached_property
    def _stored(self) -> tuple[Mapping[str, Half], Mapping[str, Half]]:
        if self.stored is None:
            return {}, {}
        return read(self.stored, self.embedder.digest)


def told(one: Evidence | Passage) -> tuple[str, int]:
    """What is embedded of a passage, and where its own text begins in it."""
    head = ". ".join(part for part in (one.title, one.heading) if part)
    head = f"{head}. " if head else ""
    return f"{head}{_body(one)}", len(head)


def _body(one: Evidence | Passage) -> str:
    return one.excerpt if isinstance(one, Evidence) else one.text


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _remember(store: OrderedDict[str, Half], fresh: Mapping[str, Half]) -> None:
    store.update(fresh)
    while len(store) > KEPT:
        store.popitem(last=False)


def _read(embedder: Embedder, texts: Sequence[tuple[str, int]]) -> Iterable[Half]:
    """The vectors of each passage's sentences; zeros for one behind what the encoder reads."""
    for (whole, start), tokens in zip(texts, embedder.tokens([whole for whole, _ in texts]), strict=True):
        spans = sentences(whole[start:])
        size = tokens.states.shape[1]
        rows = [tokens.pooled(start + one.start, start + one.end) for one in spans]
        yield np.array([np.zeros(size) if row is None else row for row in rows], np.float16).reshape(-1, size)


def vocabulary(passages: Iterable[Passage]) -> list[str]:
    """The words that carry meaning, of passages and what names them."""
    found = {word for one in passages for word in words(" ".join((one.title, one.heading, one.text, *one.aliases)))}
    return sorted(word for word in found if word not in STOPWORDS and len(word) > 1 and not word[0].isdigit())


def beside(stored: Path) -> Path:
    """Where the vectors of words and sentences lie, beside those of the passages."""
    return stored.with_suffix(".meanings.safetensors")


def build(
    passages: Sequence[Passage], out: Path, embedder: Embedder, progress: Callable[[int, int], None] | None = None
) -> None:
    """Write the vectors of the passages' words and sentences; what ``out`` has is kept."""
    held = Meanings(embedder, out if out.exists() else None)
    own = vocabulary(passages)
    rows = held.words(own)
    parts: list[Vectors] = []
    for first in range(0, len(passages), 100):
        parts += [part for _, part in held.sentences(passages[first : first + 100])]
        if progress:
            progress(min(first + 100, len(passages)), len(passages))
    keys = b"".join(bytes.fromhex(_key(told(one)[0])) for one in passages)
    tensors: dict[str, NDArray[Any]] = {
        "words": _small(rows),
        "sentences": _small(np.concatenate(parts)),
        "keys": np.frombuffer(keys, np.uint8).reshape(-1, 16).copy(),
        "counts": np.array([len(part) for part in parts], np.int32),
    }
    save_file(tensors, out, metadata={"model": embedder.digest, "words": json.dumps(own)})


def read(path: Path, model: str) -> tuple[dict[str, Half], dict[str, Half]]:
    """Vectors by word, and of sentences by passage; none where they can't be read or are of another model."""
    try:
        with safe_open(path, framework="numpy") as stored:
            facts = stored.metadata() or {}
            if facts.get("model") != model:
                log.warning("%s was made with another embedding model", path.name)
                return {}, {}
            tensors = {name: stored.get_tensor(name) for name in ("words", "sentences", "keys", "counts")}
    except FileNotFoundError:
        log.warning("there is no %s", path.name)
        return {}, {}
    except (OSError, SafetensorError) as error:
        log.warning("%s can't be read: %s", path.name, error)
        return {}, {}
    by_word = dict(zip(json.loads(facts["words"]), _large(tensors["words"]), strict=True))
    parts = np.split(_large(tensors["sentences"]), np.cumsum(tensors["counts"])[:-1])
    return by_word, {key.tobytes().hex(): part for key, part in zip(tensors["keys"], parts, strict=True)}


def _small(rows: Vectors) -> NDArray[np.int8]:
    return np.clip(np.round(rows * 127 * SPREAD), -127, 127).astype(np.int8)


def _large(rows: NDArray[np.int8]) -> Half:
    whole = rows.astype(np.float32)
    return np.asarray(whole / np.maximum(np.linalg.norm(whole, axis=1, keepdims=True), 1e-9), np.float16)

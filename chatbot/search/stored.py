"""Vectors of passages in a file, to be computed once.

``<name>.safetensors`` holds ``vectors`` (N, dimensions) float16 and ``keys`` (N, 16), the first bytes of a SHA-256 of
what each was made from; its metadata name the model.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from chatbot.search.embed import Embedder
from chatbot.search.passages import Passage

Half = NDArray[np.float16]

log = logging.getLogger(__name__)


def compute(
    passages: Sequence[Passage],
    embedder: Embedder,
    known: Mapping[str, Half] | None = None,
    told: Callable[[int, int], None] | None = None,
) -> Half:
    """A vector for each passage, (N, dimensions): the known ones, by key, and the rest embedded."""
    known = known or {}
    missing = [one for one in passages if one.key not in known]
    fresh: Mapping[str, Half] = {}
    if missing:
        rows = embedder.vectors(
            [one.words for one in missing], told=(lambda done: told(done, len(missing))) if told else None
        )
        fresh = dict(zip((one.key for one in missing), rows.astype(np.float16), strict=True))
    if not passages:
        return np.zeros((0, 1), np.float16)
    return np.stack([fresh[one.key] if one.key in fresh else known[one.key] for one in passages])


def write(path: Path, passages: Sequence[Passage], vectors: Half, model: str) -> None:
    """Keep the vectors of these passages."""
    keys = np.frombuffer(bytes.fromhex("".join(one.key for one in passages)), np.uint8).reshape(len(passages), 16)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({"vectors": np.ascontiguousarray(vectors), "keys": keys.copy()}, path, metadata={"model": model})


def read(path: Path, model: str) -> dict[str, Half]:
    """Vectors by key; none where there is no such file, it can't be read, or it was made with another model."""
    try:
        with safe_open(path, framework="numpy") as stored:
            made_with = (stored.metadata() or {}).get("model")
            if made_with != model:
                log.warning("%s was made with another embedding model (%s, not %s)", path.name, made_with, model)
                return {}
            vectors, keys = stored.get_tensor("vectors"), stored.get_tensor("keys")
    except FileNotFoundError:
        log.warning("there is no %s", path.name)
        return {}
    except (OSError, SafetensorError) as error:
        log.warning("%s can't be read: %s", path.name, error)
        return {}
    return {key.tobytes().hex(): vector for key, vector in zip(keys, vectors, strict=True)}

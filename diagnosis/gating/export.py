"""The fitted gate → its card, its tensors, and the drawings that it knows."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import tomlkit
import torch
from safetensors.torch import save

from diagnosis.cards import Weights, file_digest
from diagnosis.gate import FINGERPRINTS
from diagnosis.gate.card import NAME, Drawing, GateCard, Limit, Source, load_gate_card
from diagnosis.gate.drawings import fingerprint
from diagnosis.gate.space import Space
from diagnosis.readers import read_study

FILE = "gate.safetensors"
FOLDERS: Mapping[str, str] = {"x-ray": "chest-film", "histology": "histology"}  # of examples/, and what they show
TRAINING_DATA = (
    "The training parts of eight public sets of images (chest films of children and adults, CT, MRI, stained tissue), "
    "as they are and turned, inverted, halved or robbed of their colours; photographs that come with libraries; pages, "
    "windows, charts and noise drawn by code."
)
LIMITATIONS = (
    "No real lateral film was there to learn from or to test with: halves of frontal films stand for them.",
    "It tells where an image comes from as well as what it shows: it warns of many images of other hospitals.",
    "It learned from the same eight sets that it is measured on, from other images of them; figures for kinds of "
    "images that it never saw are given apart.",
    "Its weights of kinds are scores, not probabilities.",
)
REFERENCES = (
    "Lee et al. 2018, A Simple Unified Framework for Detecting Out-of-Distribution Samples and Adversarial Attacks, "
    "arXiv 1807.03888",
    "Hendrycks and Gimpel 2017, A Baseline for Detecting Misclassified and Out-of-Distribution Examples, "
    "arXiv 1610.02136",
)


def drawings_in(examples: Path) -> tuple[tuple[Drawing, ...], np.ndarray]:
    """The project's own drawings, and their fingerprints (N, 3, 16, 16)."""
    named = [(path, kind) for folder, kind in FOLDERS.items() for path in sorted((examples / folder).iterdir())]
    drawings = tuple(Drawing.model_validate({"name": path.name, "kind": kind}) for path, kind in named)
    return drawings, np.stack([fingerprint(read_study(path)) for path, _ in named])


def write_gate(
    folder: Path,
    encoder_sha256: str,
    sources: Sequence[Source],
    space: Space,
    limits: dict[str, Limit],
    examples: Path,
    command: str,
) -> GateCard:
    """Write ``gate.safetensors`` and ``gate.toml`` into ``folder``; returns the card."""
    folder.mkdir(parents=True, exist_ok=True)
    drawings, fingerprints = drawings_in(examples)
    arrays = {**vars(space), FINGERPRINTS: fingerprints}
    content = save({name: torch.from_numpy(np.ascontiguousarray(array, np.float16)) for name, array in arrays.items()})
    path = folder / FILE
    path.write_bytes(content)
    card = GateCard(
        version="1",
        encoder_sha256=encoder_sha256,
        training_data=TRAINING_DATA,
        limitations=LIMITATIONS,
        references=REFERENCES,
        sources=tuple(sources),
        limits=limits,
        drawings=drawings,
        weights=Weights(file=FILE, source=command, sha256=file_digest(path), bytes=len(content)),
    )
    text = tomlkit.dumps(card.model_dump(exclude_none=True))
    (folder / NAME).write_text("# Written by `python -m diagnosis.gating fit`.\n" + text, encoding="utf-8")
    return load_gate_card(folder)

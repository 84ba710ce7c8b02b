"""A folder of weights with a generator that has learned nothing: it makes noise, in the time of a small network."""

from pathlib import Path

import torch

from diagnosis.synthesis.autoencoder import MEAN, STD, build_autoencoder
from diagnosis.synthesis.cards import FOLDER, AutoencoderCard, GeneratorCard, load_any
from diagnosis.synthesis.denoiser import build_denoiser
from diagnosis.training.export import write_halves
from diagnosis.written import amend_toml
from tests.diagnosis.synthesis.discs import AUTOENCODER, GENERATOR

MODEL = "chest-xray"
TITLES = ("Disc on the left", "Disc on the right")


def with_generator(weights: Path, folder: Path) -> Path:
    """The files of ``weights``, linked to, with no generators but one for ``chest-xray``. Returns the folder."""
    for path in weights.iterdir():
        if path.name != FOLDER:
            (folder / path.name).symlink_to(path)
    (folder / FOLDER).mkdir()
    cards = []
    for name, text in (
        ("tiny", AUTOENCODER),
        ("tiny-discs", GENERATOR.replace('model = "discs"', f'model = "{MODEL}"')),
    ):
        (folder / FOLDER / f"{name}.toml").write_text(text, encoding="utf-8")
        cards.append(load_any(folder / FOLDER / f"{name}.toml"))
    _write(folder / FOLDER, *cards)
    return folder


def _write(folder: Path, autoencoder: AutoencoderCard, generator: GeneratorCard) -> None:
    torch.manual_seed(0)
    latents = torch.zeros(autoencoder.latents)
    speaks = None
    for card, tensors in (
        (autoencoder, {**build_autoencoder(autoencoder).state_dict(), MEAN: latents, STD: latents + 1}),
        (generator, build_denoiser(generator, autoencoder).state_dict()),
    ):
        weights = write_halves(tensors, folder / f"{card.name}.safetensors", "Random.")
        trained = {"seed": 0, "updates": 0, "images": 1, "manifests": {}}
        trained |= {"autoencoder_sha256": speaks} if speaks else {}
        amend_toml(folder / f"{card.name}.toml", {"trained": trained, "weights": weights.model_dump()})
        speaks = weights.sha256

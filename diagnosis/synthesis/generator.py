"""Synthetic images of the models' classes, on request."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch.nn import functional

from diagnosis.errors import BadRequest, Missing
from diagnosis.synthesis.autoencoder import Autoencoder
from diagnosis.synthesis.cards import (
    FOLDER,
    GeneratorCard,
    SyntheticClass,
    generator_cards,
    load_generator_card,
    load_synthesis_weights,
)
from diagnosis.synthesis.denoiser import build_denoiser, sample_latents
from diagnosis.synthesis.images import SyntheticImage
from diagnosis.tensors import fit

SEEDS = 2**31  # seeds lie below
MOST = 10_000  # images of one request


class Family:
    """The generator of one family, with its autoencoder. Safe to share between threads.

    Args:
        digest: sha256 of the file of its weights.
    """

    def __init__(self, card: GeneratorCard, network: torch.nn.Module, autoencoder: Autoencoder, digest: str) -> None:
        self.card, self.autoencoder, self.digest = card, autoencoder, digest
        self.network = network.eval().requires_grad_(False)
        self._lock = threading.Lock()

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """The generator of ``folder/<name>.toml``, on a GPU where there is one. Raises Missing or BadRequest."""
        card = load_generator_card(folder, name)
        tensors = load_synthesis_weights(card, folder)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        autoencoder = Autoencoder.load(folder, card.autoencoder, device)
        told, own = card.trained, autoencoder.card.weights
        if told is None or own is None or card.weights is None or told.autoencoder_sha256 != own.sha256:
            problem = f"The generator {name} was not trained with the autoencoder {card.autoencoder} that is here."
            raise BadRequest(problem, f"Run `python -m diagnosis.synthesis train {name}` with an empty run folder.")
        network = build_denoiser(card, autoencoder.card)
        fit(network, tensors, f"The weights of the generator {name} do not fit its card")
        return cls(card, network.to(device), autoencoder, card.weights.sha256)

    def make(self, at: int, seed: int, steps: int, guidance: float) -> SyntheticImage:
        """One image of the class at a position of the card; alone in its batch, so that it depends on no other."""
        card, reduction = self.card, self.autoencoder.card.reduction
        random = torch.Generator().manual_seed(seed)
        noise = torch.randn(1, self.autoencoder.card.latents, *(card.size // reduction,) * 2, generator=random)
        device = self.autoencoder.mean.device
        with self._lock:
            classes = torch.tensor([at], device=device)
            none = card.embeddings - 1
            latents = sample_latents(self.network, noise.to(device), classes, none, steps, guidance)
        pixels = _pixels(self.autoencoder.decode(latents).cpu(), card.aspect)
        one = card.classes[at]
        return SyntheticImage(pixels, one.model, one.label, one.title, seed, steps, guidance, self.digest)


class Generator:
    """All families in a folder of weights, each loaded once and when it is first needed.

    Args:
        weights: the folder of weights, whose subfolder ``synthesis`` holds cards and files. It need not exist.
    """

    def __init__(self, weights: Path) -> None:
        self.folder = weights / FOLDER
        self._families: dict[str, Family] = {}
        self._loading = threading.Lock()

    @property
    def ready(self) -> tuple[str, ...]:
        """The models whose classes can be made: their generators have weights. Raises BadRequest for a bad card."""
        return tuple(model for card in generator_cards(self.folder).values() if card.weights for model in card.models)

    def classes(self, model: str) -> tuple[SyntheticClass, ...]:
        """What can be made of a model. Raises as :meth:`stream`."""
        return tuple(one for one in self.card(model).classes if one.model == model)

    def stream(
        self,
        model: str,
        label: str,
        count: int,
        seed: int,
        *,
        steps: int | None = None,
        guidance: float | None = None,
    ) -> Iterator[SyntheticImage]:
        """``count`` images of a class, each as soon as it is made; their seeds are ``seed``, ``seed`` + 1 …

        Args:
            label: name or title of the class.
            steps, guidance: of the sampler; by default those of the card.

        Raises:
            BadRequest: there is no such model or class, or a number is out of range.
            Missing: there are no weights.
        """
        card = self.card(model)
        at = card.index(model, label)
        steps, guidance = card.steps if steps is None else steps, card.guidance if guidance is None else guidance
        _check("number of images", count, 1, MOST)
        _check("seed", seed, 0, SEEDS - count)
        _check("number of steps", steps, 2, 1000)
        _check("guidance", guidance, 1, 20)
        family = self._family(card.name)
        return (family.make(at, seed + more, steps, guidance) for more in range(count))

    def card(self, model: str) -> GeneratorCard:
        """Of the generator of a model's classes. Raises as :meth:`stream`, but not for weights."""
        cards = generator_cards(self.folder)
        if not cards:
            raise Missing("There are no cards of generators.", "Put weights/synthesis back from the project.")
        for card in cards.values():
            if model in card.models:
                return card
        known = ", ".join(name for card in cards.values() for name in card.models)
        raise BadRequest(f"No synthetic images can be made for {model!r}.", f"Use one of: {known}.")

    def _family(self, name: str) -> Family:
        with self._loading:
            if name not in self._families:
                self._families[name] = Family.load(self.folder, name)
            return self._families[name]


def _check(what: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise BadRequest(f"The {what} is {value:g}.", f"Give {least:g} to {most:g}.")


def _pixels(image: torch.Tensor, aspect: float) -> np.ndarray:
    """(1, C, S, S) in 0..1 → uint8 (S, W) or (S, W, 3), where W is ``aspect`` · S."""
    side = image.shape[-1]
    if (width := round(side * aspect)) != side:
        image = functional.interpolate(image, (side, width), mode="bicubic", antialias=True).clamp(0, 1)
    pixels = (image[0] * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    return pixels[..., 0] if pixels.shape[2] == 1 else pixels

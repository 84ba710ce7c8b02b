"""How well weights do what they were trained for, on a split that they did not learn from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from pydantic import Field
from torch.nn import functional

from diagnosis.synthesis.autoencoder import Autoencoder
from diagnosis.synthesis.cards import AutoencoderCard, GeneratorCard
from diagnosis.synthesis.denoiser import velocity
from diagnosis.synthesis.generator import Family
from diagnosis.synthesis.training.images import Images
from diagnosis.synthesis.training.latents import class_positions
from diagnosis.synthesis.training.run import device
from diagnosis.written import Strict

TRAIN, VAL = "train", "val"
LEVELS = 8  # noise levels at which each latent is looked at
MOST = 512  # images of a split that a generator is asked about
_SEED = 7  # of the noise
_BATCH = 32
Reader = Callable[[str, int, int], Images]  # of a split, a size in pixels and a number of channels


class Restored(Strict):
    """How well images come back from their latents, in decibel: 10 log10(1 / mean squared error), values in 0..1.

    Attributes:
        psnr: mean over the images; ``worst`` is the 5th percentile.
    """

    images: int = Field(ge=1)
    psnr: float
    worst: float


class Told(Strict):
    """Mean squared error of the direction from latent to noise, in units of the latents' variance."""

    images: int = Field(ge=1)
    loss: float = Field(ge=0)


class Metrics(Strict):
    """What was measured of a file of weights.

    Attributes:
        weights: sha256 of the file; ``manifests``: of each data set's list, by model.
        command: what measures the same.
        restored: of an autoencoder, by model whose images it restored.
        told: of a generator, by split. A loss on ``train`` far below the others tells of images known by heart.
    """

    weights: str
    command: str
    manifests: dict[str, str]
    restored: dict[str, Restored] | None = None
    told: dict[str, Told] | None = None


def measure_autoencoder(folder: Path, name: str, size: int, read: Reader, split: str) -> Metrics:
    """Of the weights in ``folder`` on a split. Raises Missing or BadRequest, as what it reads."""
    autoencoder = Autoencoder.load(folder, name, device())
    images = read(split, size, autoencoder.card.channels)
    return Metrics(**_about(autoencoder.card, images, split), restored=restored(autoencoder, images))


def measure_generator(folder: Path, name: str, read: Reader, split: str) -> Metrics:
    """Of the weights in ``folder`` on a split, and on ``train`` and ``val`` beside it. Raises as the other."""
    family = Family.load(folder, name)
    channels = family.autoencoder.card.channels
    parts = {part: read(part, family.card.size, channels) for part in dict.fromkeys((TRAIN, VAL, split))}
    found = {part: told(family, images) for part, images in parts.items()}
    return Metrics(**_about(family.card, parts[split], split), told=found)


def _about(card: AutoencoderCard | GeneratorCard, images: Images, split: str) -> dict[str, Any]:
    command = f"python -m diagnosis.synthesis evaluate {card.name} --split {split} --write"
    return {"weights": card.weights.sha256 if card.weights else "", "command": command, "manifests": images.manifests}


def restored(autoencoder: Autoencoder, images: Images) -> dict[str, Restored]:
    """By model, of its own images: all of them."""
    errors = torch.cat([_errors(autoencoder, some.float() / 255) for some in images.squares.split(_BATCH)])
    decibels, found = -10 * errors.clamp_min(1e-10).log10(), {}
    for model in images.manifests:
        own = decibels[torch.tensor([name == model for name, _ in images.names])]
        mean, worst = round(own.mean().item(), 2), round(own.quantile(0.05).item(), 2)
        found[model] = Restored(images=len(own), psnr=mean, worst=worst)
    return found


def _errors(autoencoder: Autoencoder, images: torch.Tensor) -> torch.Tensor:
    again = autoencoder.decode(autoencoder.encode(images)).cpu()
    return functional.mse_loss(again, images, reduction="none").mean(dim=(1, 2, 3))


@torch.inference_mode()
def told(family: Family, images: Images) -> Told:
    """The loss of at most ``MOST`` images, spread evenly, at ``LEVELS`` noise levels from 0.05 to 0.95.

    The classes are told; the noise is always the same.
    """
    images = images.spread(MOST)
    random, device = torch.Generator().manual_seed(_SEED), family.autoencoder.mean.device
    levels, losses = torch.linspace(0.05, 0.95, LEVELS), []
    classes = class_positions(images, family.card)
    for squares, own in zip(images.squares.split(_BATCH), classes.split(_BATCH), strict=True):
        latents = family.autoencoder.encode(squares.float() / 255)
        for level in levels.tolist():
            noise = torch.randn(latents.shape, generator=random).to(device)
            sigma = torch.full((len(latents),), level, device=device)
            direction = velocity(family.network, (1 - level) * latents + level * noise, sigma, own.to(device))
            losses.append(functional.mse_loss(direction, noise - latents, reduction="none").mean(dim=(1, 2, 3)).cpu())
    return Told(images=len(images), loss=round(torch.cat(losses).mean().item(), 4))

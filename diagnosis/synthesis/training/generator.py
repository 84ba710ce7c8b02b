"""Training a generator from random weights: latents and classes → a run → its file."""

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from diagnosis.precision import autocast
from diagnosis.synthesis.autoencoder import Autoencoder
from diagnosis.synthesis.cards import GeneratorCard
from diagnosis.synthesis.denoiser import build_denoiser, velocity
from diagnosis.synthesis.training.images import even_weights
from diagnosis.synthesis.training.latents import Latents
from diagnosis.synthesis.training.origin import recipe_of, shape_of
from diagnosis.synthesis.training.recipe import GeneratorRecipe
from diagnosis.synthesis.training.run import Run, device

if TYPE_CHECKING:
    from diffusers import UNet2DModel

_CHECKED = 256  # latents of val that are looked at after each round
_BATCH = 64
_SEED = 7  # of the noise that val is looked at with, the same after every round


class GeneratorTrainer(Run):
    """One run; each class is drawn equally often.

    Args:
        train_set: what is learned from.
        val_set: what is looked at after every round, and nothing more: where its loss rises, the network begins to
            know the training images by heart.
    """

    network: "UNet2DModel"

    def __init__(
        self,
        card: GeneratorCard,
        recipe: GeneratorRecipe,
        autoencoder: Autoencoder,
        train_set: Latents,
        val_set: Latents,
        folder: Path,
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.train_set, self.val_set = recipe, train_set, val_set
        self.count, self.none, self.sides = len(card.classes), card.embeddings - 1, card.sides
        self.draws = even_weights(train_set.classes.tolist())
        network = build_denoiser(card, autoencoder.card, recipe.dropout).to(device())
        origin = train_set.origin.model_copy(update={"card": shape_of(card), "recipe": recipe_of(recipe)})
        super().__init__(card, recipe, origin, folder, network)

    def losses(self) -> dict[str, torch.Tensor]:
        """Mean squared error of the told direction, at noise levels drawn log-normally (arXiv 2403.03206)."""
        size = self.recipe.batch_size
        rows = torch.multinomial(self.draws, size, replacement=True)
        views = torch.randint(len(self.train_set.values), (size,))
        classes = self.train_set.classes[rows]
        if self.sides:
            classes = classes + self.count * self.train_set.mirrored[views]
        classes = torch.where(torch.rand(size) < self.recipe.class_dropout, self.none, classes)
        latents = self.train_set.draw(rows, views)
        return {"loss": self._error(latents, torch.randn(size).sigmoid(), torch.randn(latents.shape), classes).mean()}

    def validate(self) -> dict[str, float]:
        """The same loss of the averaged network on ``val``, always at the same noise, with its classes told."""
        random = torch.Generator().manual_seed(_SEED)
        rows = torch.arange(0, len(self.val_set.classes), max(1, len(self.val_set.classes) // _CHECKED))
        sigma = torch.linspace(0.05, 0.95, len(rows))[torch.randperm(len(rows), generator=random)]
        latents = self.val_set.draw(rows, torch.zeros_like(rows))
        noise = torch.randn(latents.shape, generator=random)
        parts = (some.split(_BATCH) for some in (latents, sigma, noise, self.val_set.classes[rows]))
        with self.averaged(), torch.inference_mode():
            errors = [self._error(*some) for some in zip(*parts, strict=True)]
        return {"val_loss": torch.cat(errors).mean().item()}

    def _error(
        self, latents: torch.Tensor, sigma: torch.Tensor, noise: torch.Tensor, classes: torch.Tensor
    ) -> torch.Tensor:
        """(B,) mean squared errors of the network as it stands."""
        latents, sigma, noise, classes = (some.to(self.device) for some in (latents, sigma, noise, classes))
        level = sigma.view(-1, 1, 1, 1)
        with autocast(self.device.type):
            told = velocity(self.network, (1 - level) * latents + level * noise, sigma, classes)
        return functional.mse_loss(told, noise - latents, reduction="none").mean(dim=(1, 2, 3))

"""Training an autoencoder from random weights: images → a run → its file."""

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from diagnosis.cards import file_digest
from diagnosis.precision import autocast
from diagnosis.synthesis.autoencoder import Autoencoder, build_autoencoder, folded, unfolded
from diagnosis.synthesis.cards import AutoencoderCard
from diagnosis.synthesis.training.adversary import adversary_loss, build_adversary
from diagnosis.synthesis.training.images import Images, even_weights
from diagnosis.synthesis.training.origin import Origin, recipe_of, shape_of
from diagnosis.synthesis.training.perceptual import Perceptual
from diagnosis.synthesis.training.recipe import AutoencoderRecipe
from diagnosis.synthesis.training.run import Run, device
from diagnosis.training.augment import augment

if TYPE_CHECKING:
    from diffusers import AutoencoderKL

_BATCH = 16
_CHECKED = 64  # images of val that are restored after each round


class AutoencoderTrainer(Run):
    """One run; each data set is drawn from equally often.

    Args:
        train_set: the images that are learned from.
        val_set: the images that are restored after every round, and nothing more.
    """

    network: "AutoencoderKL"

    def __init__(
        self, card: AutoencoderCard, recipe: AutoencoderRecipe, train_set: Images, val_set: Images, folder: Path
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.fold, self.squares = recipe, card.fold, train_set.squares
        self.val = val_set.squares[:: max(1, len(val_set) // _CHECKED)].float() / 255
        models = sorted({model for model, _ in train_set.names})
        self.draws = even_weights([models.index(model) for model, _ in train_set.names])
        network = build_autoencoder(card).to(device()).to(memory_format=torch.channels_last)
        self.perceptual = Perceptual(recipe.encoder, recipe.prefix).to(device())
        self.adversary = build_adversary(card.channels).to(device())
        self.critic = torch.optim.AdamW(self.adversary.parameters(), recipe.learning_rate, betas=(0.5, 0.9))
        self._last = (torch.empty(0), torch.empty(0))  # real and restored images of the last update
        origin = Origin.of(shape_of(card), recipe_of(recipe), train_set, file_digest(recipe.encoder))
        super().__init__(card, recipe, origin, folder, network, {"adversary": self.adversary, "critic": self.critic})

    def losses(self) -> dict[str, torch.Tensor]:
        """See :class:`AutoencoderRecipe`; the KL divergence is the sum over an image's latent."""
        images = self._batch()
        with autocast(self.device.type):
            latents = self.network.encode(folded(images, self.fold)).latent_dist
            noise = torch.randn(latents.mean.shape).to(latents.mean)
            restored = unfolded(self.network.decode(latents.mean + latents.std * noise).sample, self.fold)
            unlike = self.perceptual(restored, images)
        difference, divergence = (restored - images).abs().mean(), latents.kl().mean()
        loss = difference + self.recipe.divergence * divergence + self.recipe.perceptual * unlike
        found = {"difference": difference, "divergence": divergence, "unlike": unlike}
        if self._contested and self.recipe.adversary:
            with autocast(self.device.type):
                answer = self.adversary(restored).float().mean()
            loss = loss - self.recipe.adversary.weight * answer
            self._last = images, restored.detach()
        return {"loss": loss, **found}

    def after_update(self) -> dict[str, float]:
        """The adversary's own update, once it takes part."""
        if not self._contested:
            return {}
        with autocast(self.device.type):
            real, restored = (self.adversary(images).float() for images in self._last)
        loss = adversary_loss(real, restored)
        self.critic.zero_grad(set_to_none=True)
        loss.backward()
        self.critic.step()
        return {"adversary": loss.item()}

    def validate(self) -> dict[str, float]:
        """Peak signal-to-noise ratio of restored ``val`` images, in decibel: 10 log10(1 / mean squared error)."""
        with self.averaged(), torch.inference_mode():
            errors = []
            for images in self.val.split(_BATCH):
                latents = self.network.encode(folded(images.to(self.device), self.fold)).latent_dist.mean
                restored = unfolded(self.network.decode(latents).sample, self.fold).clamp(0, 1).cpu()
                errors.append(functional.mse_loss(restored, images, reduction="none").mean(dim=(1, 2, 3)))
        return {"val_psnr": (-10 * torch.cat(errors).log10()).mean().item()}

    @property
    def _contested(self) -> bool:
        return self.recipe.adversary is not None and self.round >= self.recipe.adversary.after_round

    def _batch(self) -> torch.Tensor:
        """float32 (B, C, crop, crop) in 0..1, on the device."""
        rows = torch.multinomial(self.draws, self.recipe.batch_size, replacement=True)
        images = augment(self.squares[rows].float() / 255, self.recipe.augmentation)
        return torch.stack([_cropped(image, self.recipe.crop) for image in images]).to(self.device)


def latent_statistics(network: "AutoencoderKL", card: AutoencoderCard, train_set: Images) -> tuple[torch.Tensor, ...]:
    """Mean and standard deviation (L,) of the latents' channels, over at most 2,000 of the images, spread evenly."""
    zero, one = torch.zeros(card.latents), torch.ones(card.latents)
    plain = Autoencoder(card, network, zero, one)
    chosen = train_set.spread(2000).squares
    latents = torch.cat([plain.encode(some.float() / 255).cpu() for some in chosen.split(_BATCH)])
    return latents.mean(dim=(0, 2, 3)), latents.std(dim=(0, 2, 3))


def _cropped(image: torch.Tensor, side: int) -> torch.Tensor:
    """(C, S, S) → (C, side, side), from anywhere; all of it where it is no larger."""
    space = image.shape[-1] - side
    if space <= 0:
        return image
    top, left = torch.randint(space + 1, (2,)).tolist()
    return image[:, top : top + side, left : left + side]

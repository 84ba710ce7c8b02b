"""Images ↔ latents, by a small autoencoder that was trained here."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

import torch
from torch.nn import functional

from diagnosis.synthesis.cards import AutoencoderCard, load_autoencoder_card, load_synthesis_weights
from diagnosis.tensors import fit

if TYPE_CHECKING:
    from diffusers import AutoencoderKL

MEAN, STD = "latent_mean", "latent_std"  # tensors of the file beside the network's own
_GROUPS = 8  # channels share their norms in so many groups


def build_autoencoder(card: AutoencoderCard) -> "AutoencoderKL":
    """The network of a card, with random weights. It has no attention, so that it may learn from crops."""
    from diffusers import AutoencoderKL  # seconds that the page need not wait for

    levels, folded = len(card.widths), card.channels * card.fold**2
    return AutoencoderKL(
        in_channels=folded,
        out_channels=folded,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=card.widths,
        latent_channels=card.latents,
        norm_num_groups=_GROUPS,
        mid_block_add_attention=False,
    )


def folded(images: torch.Tensor, fold: int) -> torch.Tensor:
    """(N, C, S, S) in 0..1 → (N, C · fold², S / fold, S / fold) in -1..1, as the network takes it."""
    return functional.pixel_unshuffle(2 * images - 1, fold).contiguous(memory_format=torch.channels_last)


def unfolded(output: torch.Tensor, fold: int) -> torch.Tensor:
    """The reverse of :func:`folded`; values beyond 0..1 stay."""
    return (functional.pixel_shuffle(output.float(), fold) + 1) / 2


class Autoencoder:
    """A network in evaluation mode with frozen parameters. Safe to share between threads.

    Args:
        mean, std: (L,), of the latents' channels over the training images; latents are standardised by them.
    """

    def __init__(self, card: AutoencoderCard, network: "AutoencoderKL", mean: torch.Tensor, std: torch.Tensor) -> None:
        self.card = card
        self.network = network.eval().requires_grad_(False)
        self.mean, self.std = (values.view(1, -1, 1, 1).to(network.device) for values in (mean, std))
        self._lock = threading.Lock()

    @classmethod
    def load(cls, folder: Path, name: str, device: torch.device | None = None) -> Self:
        """The autoencoder of ``folder/<name>.toml``, on the CPU by default. Raises Missing or BadRequest."""
        card = load_autoencoder_card(folder, name)
        tensors = load_synthesis_weights(card, folder)
        empty = torch.empty(0)
        mean, std = tensors.pop(MEAN, empty), tensors.pop(STD, empty)
        network = build_autoencoder(card)
        fit(network, tensors, f"The weights of the autoencoder {name} do not fit its card")
        return cls(card, network.to(device or torch.device("cpu")), mean, std)

    @torch.inference_mode()
    def encode(self, images: torch.Tensor) -> torch.Tensor:
        """float32 (N, C, S, S) in 0..1 → standardised latents (N, L, S / reduction, S / reduction)."""
        with self._lock:
            latents = self.network.encode(folded(images.to(self.mean.device), self.card.fold)).latent_dist.mean
        return (latents - self.mean) / self.std

    @torch.inference_mode()
    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """Standardised latents (N, L, h, w) → float32 (N, C, h · reduction, w · reduction), 0..1."""
        with self._lock:
            output = self.network.decode(latents.to(self.mean.device) * self.std + self.mean).sample
        return unfolded(output, self.card.fold).clamp(0, 1)

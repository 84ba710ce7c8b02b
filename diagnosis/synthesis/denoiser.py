"""Noise and a class → a latent: a U-Net that was trained by flow matching, and the way down its flow.

A latent and noise are joined by a straight line, (1 - sigma) · latent + sigma · noise; the network tells the line's
direction, noise - latent, at any point of it (Lipman et al. 2023, arXiv 2210.02747; Liu et al. 2023, arXiv 2209.03003).
"""

from typing import TYPE_CHECKING

import torch

from diagnosis.synthesis.cards import AutoencoderCard, GeneratorCard

if TYPE_CHECKING:
    from diffusers import UNet2DModel

TIMES = 1000  # the network is told sigma · TIMES
_GROUPS, _HEAD = 8, 32  # groups of the norms; channels of an attention head


def build_denoiser(card: GeneratorCard, autoencoder: AutoencoderCard, dropout: float = 0) -> "UNet2DModel":
    """The network of a card, with random weights, for the latents of its autoencoder.

    Args:
        dropout: share of the features that are left out in training.
    """
    from diffusers import UNet2DModel  # seconds that the page need not wait for

    down = tuple("AttnDownBlock2D" if attention else "DownBlock2D" for attention in card.attention)
    up = tuple("AttnUpBlock2D" if attention else "UpBlock2D" for attention in reversed(card.attention))
    return UNet2DModel(
        sample_size=card.size // autoencoder.reduction,
        in_channels=autoencoder.latents,
        out_channels=autoencoder.latents,
        block_out_channels=card.widths,
        down_block_types=down,
        up_block_types=up,
        layers_per_block=1,
        norm_num_groups=_GROUPS,
        attention_head_dim=_HEAD,
        resnet_time_scale_shift="scale_shift",
        dropout=dropout,
        num_class_embeds=card.embeddings,
    ).to(memory_format=torch.channels_last)


def velocity(network: "UNet2DModel", latents: torch.Tensor, sigma: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """The direction that the network tells: float32, shaped as ``latents`` (N, L, h, w).

    Args:
        sigma: (N,), 0 (no noise) to 1 (nothing else).
        classes: int64 (N,), positions of embeddings; the last one stands for no class.
    """
    latents = latents.contiguous(memory_format=torch.channels_last)
    return network(latents, sigma * TIMES, class_labels=classes).sample.float()


@torch.inference_mode()
def sample_latents(
    network: "UNet2DModel", noise: torch.Tensor, classes: torch.Tensor, none: int, steps: int, guidance: float
) -> torch.Tensor:
    """Standardised latents, shaped as ``noise``, by the second-order multistep DPM-Solver++ (arXiv 2211.01095).

    Args:
        noise: float32 (N, L, h, w), normal.
        classes: int64 (N,).
        none: position of the embedding for no class.
        guidance: how far to go from no class to the class, and beyond (Ho & Salimans 2022, arXiv 2207.12598); 1 is the
            class alone.
    """
    from diffusers import DPMSolverMultistepScheduler

    solver = DPMSolverMultistepScheduler(
        num_train_timesteps=TIMES, prediction_type="flow_prediction", use_flow_sigmas=True
    )
    solver.set_timesteps(steps)
    latents, alone = noise, torch.full_like(classes, none)
    for time, sigma in zip(solver.timesteps, solver.sigmas, strict=False):  # there is one more sigma, the last: 0
        level = sigma.to(noise).expand(len(noise))
        told = velocity(network, latents, level, classes)
        if guidance != 1:
            free = velocity(network, latents, level, alone)
            told = free + guidance * (told - free)
        latents = solver.step(told, time, latents).prev_sample
    return latents

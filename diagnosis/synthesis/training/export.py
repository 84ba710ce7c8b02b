"""A finished or interrupted run → its file of float16 weights and its card's account of it."""

from pathlib import Path
from typing import TypeVar

import torch
from torch import nn

from diagnosis.synthesis.autoencoder import MEAN, STD, build_autoencoder
from diagnosis.synthesis.cards import (
    LARGEST,
    AutoencoderCard,
    GeneratorCard,
    Trained,
    amend,
    load_any,
    load_autoencoder_card,
)
from diagnosis.synthesis.denoiser import build_denoiser
from diagnosis.synthesis.training.autoencoder import latent_statistics
from diagnosis.synthesis.training.images import Images
from diagnosis.synthesis.training.latents import TRAIN, speaks
from diagnosis.synthesis.training.recipe import AutoencoderRecipe, GeneratorRecipe, Schedule
from diagnosis.synthesis.training.run import device, load_state
from diagnosis.training.export import write_halves

Card = TypeVar("Card", AutoencoderCard, GeneratorCard)
Network = TypeVar("Network", bound=nn.Module)


def export_autoencoder(
    card: AutoencoderCard, recipe: AutoencoderRecipe, train_set: Images, run: Path, folder: Path
) -> AutoencoderCard:
    """Write the averaged network of a run and its latents' mean and spread. Returns the amended card.

    Raises Missing where the run has kept nothing, BadRequest for a file that is too large.
    """
    state = load_state(run, card)
    network = _with_average(build_autoencoder(card), state)
    mean, std = latent_statistics(network.to(device()), card, train_set)
    tensors = {**network.state_dict(), MEAN: mean, STD: std}
    return _write(card, tensors, _account(recipe, state, train_set, None), "train-autoencoder", folder)


def export_generator(
    card: GeneratorCard, recipe: GeneratorRecipe, train_set: Images, run: Path, folder: Path
) -> GeneratorCard:
    """Write the averaged network of a run. Returns the amended card. Raises as :func:`export_autoencoder`."""
    state, autoencoder = load_state(run, card), load_autoencoder_card(folder, card.autoencoder)
    network = _with_average(build_denoiser(card, autoencoder), state)
    account = _account(recipe, state, train_set, speaks(run / TRAIN))
    return _write(card, network.state_dict(), account, "train", folder)


def _account(recipe: Schedule, state: dict, train_set: Images, autoencoder: str | None) -> Trained:
    return Trained(
        seed=recipe.seed,
        updates=state["round"] * recipe.round_updates,
        images=len(train_set),
        manifests=train_set.manifests,
        autoencoder_sha256=autoencoder,
    )


def _write(card: Card, tensors: dict[str, torch.Tensor], trained: Trained, command: str, folder: Path) -> Card:
    run = f"python -m diagnosis.synthesis {command} {card.name}"
    source = f"Trained from random weights for {trained.updates} updates: {run}"
    weights = write_halves(tensors, folder / f"{card.name}.safetensors", source, LARGEST)
    path = folder / f"{card.name}.toml"
    amend(path, trained, weights)
    return type(card).model_validate(load_any(path).model_dump())


def _with_average(network: Network, state: dict) -> Network:
    """The network with the averaged weights of a run's state."""
    with torch.no_grad():
        for parameter, value in zip(network.parameters(), state["average"]["shadow_params"], strict=True):
            parameter.copy_(value)
    return network

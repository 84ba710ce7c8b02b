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
from diagnosis.synthesis.training.origin import Origin, shape_of
from diagnosis.synthesis.training.run import device, load_state
from diagnosis.training.export import write_halves

Card = TypeVar("Card", AutoencoderCard, GeneratorCard)
Network = TypeVar("Network", bound=nn.Module)


def export_autoencoder(card: AutoencoderCard, train_set: Images, run: Path, folder: Path) -> AutoencoderCard:
    """Write the averaged network of a run and its latents' mean and spread. Returns the amended card.

    Raises Missing where the run has kept nothing, BadRequest where it was of another card or other images than
    ``train_set``, and for a file that is too large.
    """
    state, origin = load_state(run, card)
    origin.refuse_change(origin.model_copy(update={"card": shape_of(card), "pixels": train_set.digest}), run)
    network = _with_average(build_autoencoder(card), state)
    mean, std = latent_statistics(network.to(device()), card, train_set)
    tensors = {**network.state_dict(), MEAN: mean, STD: std}
    return _write(card, tensors, _account(origin, state, None), "train-autoencoder", folder)


def export_generator(card: GeneratorCard, run: Path, folder: Path) -> GeneratorCard:
    """Write the averaged network of a run. Returns the amended card. Raises as :func:`export_autoencoder`."""
    state, origin = load_state(run, card)
    origin.refuse_change(origin.model_copy(update={"card": shape_of(card)}), run)
    network = _with_average(build_denoiser(card, load_autoencoder_card(folder, card.autoencoder)), state)
    return _write(card, network.state_dict(), _account(origin, state, origin.seen_through), "train", folder)


def _account(origin: Origin, state: dict, autoencoder: str | None) -> Trained:
    return Trained(
        seed=origin.recipe["seed"],
        updates=state["round"] * origin.recipe["round_updates"],
        rounds=tuple(state["lengths"]) if len(state["lengths"]) > 1 else None,
        images=origin.images,
        manifests=origin.manifests,
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

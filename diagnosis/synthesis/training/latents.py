"""Training images → latents, computed once for every view and kept in the run's folder."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from tqdm import tqdm

from diagnosis.errors import BadRequest
from diagnosis.synthesis.autoencoder import Autoencoder
from diagnosis.synthesis.cards import GeneratorCard
from diagnosis.synthesis.training.images import Images
from diagnosis.synthesis.training.origin import Origin, classes_of
from diagnosis.synthesis.training.recipe import GeneratorRecipe

log = logging.getLogger(__name__)
TRAIN, VAL = "train.safetensors", "val.safetensors"  # in a run's folder
_BATCH = 16


@dataclass(frozen=True, eq=False)
class Latents:
    """Standardised latents of images.

    Attributes:
        values: float16 (V, N, L, h, w): V views of each of N images; the first is the image as it is.
        classes: int64 (N,), positions in the card's classes.
        mirrored: bool (V,), whether a view is a mirror image.
        origin: what they were made from.
    """

    values: torch.Tensor
    classes: torch.Tensor
    mirrored: torch.Tensor
    origin: Origin

    def draw(self, rows: torch.Tensor, views: torch.Tensor) -> torch.Tensor:
        """float32 (B, L, h, w)."""
        return self.values[views, rows].float()


def class_positions(images: Images, card: GeneratorCard) -> torch.Tensor:
    """int64 (N,). Raises BadRequest for a class that the card does not have."""
    order = {(one.model, one.label): at for at, one in enumerate(card.classes)}
    for name in set(images.names):
        if name not in order:
            raise BadRequest(f"The card of {card.name} has no class {name[1]!r} of {name[0]}.", "Mend the card.")
    return torch.tensor([order[name] for name in images.names])


def latents_of(images: Images, card: GeneratorCard, recipe: GeneratorRecipe, autoencoder: Autoencoder) -> Latents:
    """Every view of every image, encoded."""
    views = [
        (turns, mirrored) for mirrored in _both(recipe.mirror) for turns in range(4 if recipe.quarter_turns else 1)
    ]
    values = torch.stack([_encoded(images.squares, turns, mirrored, autoencoder) for turns, mirrored in views])
    mirrored = torch.tensor([mirrored for _, mirrored in views])
    return Latents(values, class_positions(images, card), mirrored, _origin(images, card, recipe, autoencoder))


def kept_latents(
    images: Images, card: GeneratorCard, recipe: GeneratorRecipe, autoencoder: Autoencoder, path: Path
) -> Latents:
    """The latents of a file, or newly computed and written there.

    Raises BadRequest where the file was made from other images, in other views or by another autoencoder.
    """
    if not path.is_file():
        found = latents_of(images, card, recipe, autoencoder)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + ".partial")
        tensors = {"values": found.values, "classes": found.classes, "mirrored": found.mirrored}
        save_file(tensors, partial, {"origin": found.origin.model_dump_json()})
        partial.replace(path)
        return found
    with safe_open(path, "pt") as file:
        origin = Origin.read((file.metadata() or {}).get("origin"), path)
    origin.refuse_change(_origin(images, card, recipe, autoencoder), path)
    log.info("latents from %s", path)
    return Latents(**load_file(path), origin=origin)


def _origin(images: Images, card: GeneratorCard, recipe: GeneratorRecipe, autoencoder: Autoencoder) -> Origin:
    shape = {"size": card.size, "classes": classes_of(card)}
    views = {"mirror": recipe.mirror, "quarter_turns": recipe.quarter_turns}
    return Origin.of(shape, views, images, autoencoder.card.weights.sha256 if autoencoder.card.weights else "")


def _both(mirror: bool) -> tuple[bool, ...]:
    return (False, True) if mirror else (False,)


def _encoded(squares: torch.Tensor, turns: int, mirrored: bool, autoencoder: Autoencoder) -> torch.Tensor:
    """float16 (N, L, h, w) of one view."""

    def batches() -> Iterator[torch.Tensor]:
        words = f"latents, turned {90 * turns}°{', mirrored' * mirrored}"
        for some in tqdm(squares.split(_BATCH), words, leave=False, unit="batch", disable=None):
            seen = some.rot90(turns, (-2, -1)).float() / 255
            yield autoencoder.encode(seen.flip(-1) if mirrored else seen).half().cpu().contiguous()

    return torch.cat(list(batches()))

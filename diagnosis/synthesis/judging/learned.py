"""What a generator learned from besides the images of the model in question, and the autoencoder it learned through."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Self

import numpy as np
import torch

from diagnosis.cards import InputSpec, ModelCard, load_card
from diagnosis.preprocess import to_square
from diagnosis.study import Study
from diagnosis.synthesis.autoencoder import Autoencoder
from diagnosis.synthesis.cards import FOLDER, GeneratorCard, generator_cards, load_autoencoder_card

_BATCH = 16


class Restorer:
    """Studies → as an autoencoder gives them back: what a generator that speaks its latents could at best repeat.

    Args:
        size: of the generator's images, px.
        sha256: of the autoencoder's weights.
    """

    def __init__(self, autoencoder: Autoencoder, size: int, sha256: str) -> None:
        self.autoencoder, self.size, self.sha256 = autoencoder, size, sha256

    @classmethod
    def load(cls, folder: Path, card: GeneratorCard) -> Self | None:
        """That of a generator in ``folder``; None where none was trained yet. Raises Missing or BadRequest."""
        weights = load_autoencoder_card(folder, card.autoencoder).weights
        return cls(Autoencoder.load(folder, card.autoencoder), card.size, weights.sha256) if weights else None

    def restored(self, studies: Iterable[Study], spec: InputSpec, noise: float = 0) -> Iterator[Study]:
        """Each study, brought onto the square of ``spec`` but for the size, encoded and decoded; read 16 at a time.

        Args:
            noise: added to the latents, as a share of their standard deviation; the same for the same studies.
        """
        left, random = iter(studies), torch.Generator().manual_seed(0)
        spec = spec.model_copy(update={"size": self.size})
        while some := list(islice(left, _BATCH)):
            latents = self.autoencoder.encode(torch.stack([to_square(study, spec) for study in some]))
            latents = latents + noise * latents.std() * torch.randn(latents.shape, generator=random)
            for image in self.autoencoder.decode(latents):
                yield Study(np.ascontiguousarray(image.permute(1, 2, 0).numpy()))


@dataclass(frozen=True, eq=False)
class Learned:
    """Of one model's generator.

    Attributes:
        others: the further models whose images it learned from, with the folders of these.
        restorer: None where there is no autoencoder yet.
    """

    others: tuple[tuple[ModelCard, Path], ...] = ()
    restorer: Restorer | None = None

    @classmethod
    def find(cls, weights: Path, card: ModelCard, folder_of: Callable[[str], Path]) -> Self:
        """By the cards of the generators in a folder of weights; nothing where none makes the classes of ``card``.

        Args:
            folder_of: name of a model → folder of its images.
        """
        for made in generator_cards(weights / FOLDER).values():
            if card.name in made.models:
                names = [name for name in made.models if name != card.name]
                others = tuple((load_card(weights / f"{name}.toml"), folder_of(name)) for name in names)
                return cls(others, Restorer.load(weights / FOLDER, made))
        return cls()

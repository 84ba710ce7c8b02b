"""The card of a segmenter: what it is, as data, beside its weights in ``weights/anatomy``."""

import tomllib
from pathlib import Path
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors.torch import load_file

from diagnosis.cards import InputSpec, Weights, file_digest
from diagnosis.errors import BadRequest, Missing

FOLDER = "anatomy"  # of the weights folder


class SegmenterCard(BaseModel):
    """What a segmenter reads, marks, and must not be used for.

    Attributes:
        outputs: what each channel marks; ``right_lung`` is the patient's right.
        widths: channels of the U-Net's levels, from the finest to the coarsest.
        threshold: probability from which a pixel is marked; chosen on the ``val`` part.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern="^[a-z0-9-]+$")
    version: str
    title: str
    architecture: Literal["unet"]
    widths: tuple[int, ...] = Field(min_length=2)
    outputs: tuple[Literal["right_lung"], Literal["left_lung"]]
    threshold: float = Field(gt=0, lt=1)
    licence: str
    intended_use: str
    out_of_scope: str
    training_data: str
    limitations: tuple[str, ...]
    references: tuple[str, ...]
    input: InputSpec
    weights: Weights | None = None

    @property
    def reference(self) -> str:
        """``name@version``."""
        return f"{self.name}@{self.version}"


def load_segmenter_card(path: Path) -> SegmenterCard:
    """Raises Missing when there is no such card, BadRequest when it says something it must not."""
    if not path.is_file():
        problem = f"There is no segmenter card {path.name} in the folder {path.parent.name}."
        raise Missing(problem, "Put it back from the project.")
    try:
        return SegmenterCard.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise BadRequest(f"{path.name} is not a segmenter card: {error}.", "Mend the card.") from error


def load_segmenter_weights(card: SegmenterCard, folder: Path) -> dict[str, torch.Tensor]:
    """The verified weights of a card in ``folder``, as float32 tensors.

    Raises:
        Missing: the card names no weights, or the file is absent.
        BadRequest: the file is not the one that the card describes.
    """
    retrain = f"Run `python -m diagnosis.anatomy train {card.name}`, or fetch the file from where you got the project."
    if card.weights is None or not (path := folder / card.weights.file).is_file():
        raise Missing(f"The weights of {card.name} are not in the folder {folder.name}.", retrain)
    if (found := file_digest(path)) != card.weights.sha256:
        digests = f"sha256 {found[:12]}…, expected {card.weights.sha256[:12]}…"
        raise BadRequest(f"{path.name} is not the file that its card describes ({digests}).", retrain)
    return {name: tensor.float() for name, tensor in load_file(path).items()}

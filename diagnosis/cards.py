"""Model cards: everything that is known of a model, as data.

A card is a TOML file in ``weights/`` beside the safetensors file that it describes. It is the only description of a
model's input, labels and head, and training, serving and explaining all read it.
"""

import hashlib
import tomllib
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from safetensors.torch import load_file

from diagnosis.errors import BadRequest, Missing

Fraction = Annotated[float, Field(ge=0, le=1)]
Kind = Literal["chest-film", "chest-ct", "brain", "histology"]  # what an image shows, as far as its places have names


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InputSpec(_Strict):
    """How a study becomes the network's input; see :func:`diagnosis.preprocess.preprocess`.

    Attributes:
        size: side of the square input, in pixels.
        channels: 1 (grey) or 3 (RGB).
        resize: ``squash`` stretches the whole image onto the square, ``pad`` keeps the aspect ratio and fills with
            black, ``crop`` keeps it and drops what lies outside the central square.
        mean, std: per channel, in units of the study's 0..1 pixels.
        modalities: DICOM modality codes that the model was made for (``DX``, ``CR``, ``SM`` …).
    """

    size: int = Field(ge=16, le=1024)
    channels: Literal[1, 3]
    resize: Literal["squash", "pad", "crop"]
    mean: tuple[Fraction, ...]
    std: tuple[Annotated[float, Field(gt=0)], ...]
    modalities: tuple[str, ...]

    @model_validator(mode="after")
    def _one_value_a_channel(self) -> Self:
        if not len(self.mean) == len(self.std) == self.channels:
            raise ValueError(f"mean and std need {self.channels} value(s), one a channel")
        return self


class Label(_Strict):
    """One class: ``name`` as in the data, ``title`` for people, ``description`` in plain words."""

    name: str
    title: str
    description: str


class Contrast(_Strict):
    """A two-sided question over the labels, e.g. pneumonia against normal; measured as an AUC."""

    name: str
    positive: tuple[str, ...]
    negative: tuple[str, ...]


class Weights(_Strict):
    """Where the weights are and how to know that they are the right ones."""

    file: str
    source: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    bytes: int = Field(gt=0)


class ModelCard(_Strict):
    """What a model is, reads, answers, and must not be used for.

    ``places`` names the parts of an image that findings speak of: ``quadrants``, or ``sixths`` (thirds of each side).
    ``anatomy`` says what its images show, so that places get their anatomical names; None where they have none.
    ``group`` is the plural of what images of one group have in common, e.g. ``patients``.
    """

    name: str = Field(pattern="^[a-z0-9-]+$")
    version: str
    title: str
    task: Literal["single-label"]
    architecture: str
    cam_layer: str
    places: Literal["quadrants", "sixths"]
    anatomy: Kind | None = None
    score_kind: Literal["calibrated probability", "uncalibrated score"]
    temperature: float = Field(default=1.0, gt=0)
    licence: str
    intended_use: str
    out_of_scope: str
    training_data: str
    group: str
    limitations: tuple[str, ...]
    references: tuple[str, ...]
    input: InputSpec
    labels: tuple[Label, ...] = Field(min_length=2)
    contrasts: tuple[Contrast, ...] = ()
    weights: Weights | None = None

    @model_validator(mode="after")
    def _labels_agree(self) -> Self:
        if len(set(self.label_names)) != len(self.labels):
            raise ValueError("two labels have the same name")
        for contrast in self.contrasts:
            unknown = {*contrast.positive, *contrast.negative} - set(self.label_names)
            if unknown:
                raise ValueError(f"contrast {contrast.name} names unknown labels: {sorted(unknown)}")
        return self

    @cached_property
    def label_names(self) -> tuple[str, ...]:
        return tuple(label.name for label in self.labels)

    @property
    def reference(self) -> str:
        """``name@version``, as written into every prediction."""
        return f"{self.name}@{self.version}"

    def index(self, label: str) -> int:
        """Position of ``label`` in the logits. Raises BadRequest for a label that the card does not have."""
        if label not in self.label_names:
            raise BadRequest(f"{self.name} has no class {label!r}.", f"Use one of: {', '.join(self.label_names)}.")
        return self.label_names.index(label)

    def title_of(self, label: str) -> str:
        return self.labels[self.index(label)].title


def load_card(path: Path) -> ModelCard:
    """Read one card. Raises Missing when there is no file, BadRequest when it says something it must not."""
    if not path.is_file():
        raise Missing(
            f"There is no model card {path.name} in {path.parent}.", "Put the card back, or name another model."
        )
    try:
        return ModelCard.model_validate(tomllib.loads(path.read_text("utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise BadRequest(f"{path.name} is not valid TOML: {error}.", "Mend the card.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "card"
        raise BadRequest(f"{path.name}: {where}: {first['msg']}.", "Mend the card.") from error


def load_cards(folder: Path) -> dict[str, ModelCard]:
    """All cards of a folder by model name, in the order of their names."""
    cards = (load_card(path) for path in sorted(folder.glob("*.toml")))
    return {card.name: card for card in cards}


def file_digest(path: Path) -> str:
    """sha256 of a file, 64 hex digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def load_weights(card: ModelCard, folder: Path) -> dict[str, torch.Tensor]:
    """The verified weights of a card, as float32 tensors.

    Raises:
        Missing: the card names no weights, or the file is absent.
        BadRequest: the file is not the one that the card describes.
    """
    retrain = f"Run `python -m diagnosis.training train {card.name}`, or fetch the file from where you got the project."
    if card.weights is None:
        raise Missing(f"{card.name} has no weights yet.", retrain)
    path = folder / card.weights.file
    if not path.is_file():
        raise Missing(f"The weights of {card.name} are missing: {path.name} is not in {folder}.", retrain)
    if (found := file_digest(path)) != card.weights.sha256:
        digests = f"sha256 {found[:12]}…, expected {card.weights.sha256[:12]}…"
        raise BadRequest(f"{path.name} is not the file that its card describes ({digests}).", retrain)
    return {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in load_file(path).items()}

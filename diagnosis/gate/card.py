"""The card of the gate: which kinds of images it knows, and from where on an image is too unlike a model's own."""

import tomllib
from pathlib import Path
from typing import Self

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from safetensors.torch import load_file

from diagnosis.cards import Kind, Weights, file_digest
from diagnosis.errors import BadRequest, Missing

FOLDER = "gate"  # of the weights folder
NAME = "gate.toml"
REMEDY = "Run `python -m diagnosis.gating fit`, or put the files of weights/gate back from the project."


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Strict):
    """One kind of image that the gate tells from the others.

    Attributes:
        title: what such an image is, with its article: ``a frontal chest film of an adult``.
        kind: what it shows, where models for that may read it, with a caution if they did not learn from it; None where
            none may.
        upright: whether it is as such images usually are, not turned and not robbed of its colours.
        model: the model that learned from such images, or None.
        suggests: the model that such an image is best put to, or None.
    """

    name: str = Field(pattern="^[a-z0-9-]+$")
    title: str
    kind: Kind | None = None
    upright: bool = True
    model: str | None = None
    suggests: str | None = None


class Limit(_Strict):
    """What the farthest hundredth of a model's own ``val`` images reaches.

    Attributes:
        surprise: -ln of the weight that the gate gives to the model's own source.
        far: Mahalanobis distance from the centre of the model's own source.
    """

    surprise: float = Field(gt=0)
    far: float = Field(gt=0)


class Drawing(_Strict):
    """A drawing that the project made, which may be read with a caution."""

    name: str
    kind: Kind


class GateCard(_Strict):
    """What the gate is made of. ``weights`` were fitted on what the encoder with ``encoder_sha256`` computes.

    ``limits`` has one entry for each source, by its name.
    """

    version: str
    encoder_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    training_data: str
    limitations: tuple[str, ...]
    references: tuple[str, ...]
    sources: tuple[Source, ...] = Field(min_length=2)
    limits: dict[str, Limit]
    drawings: tuple[Drawing, ...]
    weights: Weights

    @model_validator(mode="after")
    def _every_source_has_limits(self) -> Self:
        if unknown := {source.name for source in self.sources} ^ self.limits.keys():
            raise ValueError(f"sources and limits do not agree: {sorted(unknown)}")
        return self


def load_gate_card(folder: Path) -> GateCard:
    """The card in ``folder``. Raises Missing when there is none, BadRequest when it says something it must not.

    What these errors say is shown to visitors, so no path of the server is in it.
    """
    path = folder / NAME
    if not path.is_file():
        raise Missing(f"There is no {NAME} in the folder {folder.name} of the weights.", REMEDY)
    try:
        return GateCard.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise BadRequest(f"{NAME} is not a card of the gate: {error}.", "Mend the card.") from error


def load_gate_weights(card: GateCard, folder: Path) -> dict[str, torch.Tensor]:
    """The verified tensors of a card, as float32. Raises Missing or BadRequest."""
    path = folder / card.weights.file
    if not path.is_file():
        raise Missing(f"The gate's weights are missing: {path.name} is not in the folder {folder.name}.", REMEDY)
    if (found := file_digest(path)) != card.weights.sha256:
        digests = f"sha256 {found[:12]}…, expected {card.weights.sha256[:12]}…"
        raise BadRequest(f"{path.name} is not the file that its card describes ({digests}).", REMEDY)
    return {name: tensor.float() for name, tensor in load_file(path).items()}

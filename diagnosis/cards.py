"""Model cards: everything that is known of a model, as data.

A card is a TOML file in ``weights/`` beside the safetensors file that it describes. It is the only description of a
model's input, labels and head, and training, serving and explaining all read it.
"""

import hashlib
import tomllib
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from diagnosis.errors import BadRequest, Missing
from diagnosis.sources import Download
from diagnosis.tensors import read_tensors

Fraction = Annotated[float, Field(ge=0, le=1)]
Task = Literal["single-label", "multi-label"]  # classes of which one holds, or findings of which any number may
ScoreKind = Literal["calibrated probability", "uncalibrated score", "operating-point score"]
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
    """One class: ``name`` as in the data, ``title`` for people, ``description`` in plain words.

    ``source`` is the address of a public page that says what the description says.
    ``threshold`` is for models of independent findings alone: the sigmoid of the logit from which this one counts as
    present, its operating point.
    """

    name: str
    title: str
    description: str
    source: str | None = Field(default=None, pattern="^https?://")
    threshold: float | None = Field(default=None, gt=0, lt=1)


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


class Tier(_Strict):
    """A range of the highest score, and how often the answer was right there.

    Attributes:
        name: in plain words; it speaks of how sure the model is, and of nothing that could be done with that.
        at_least: the lowest score of the tier; the next higher tier begins where this one ends.
        accuracy: share of right answers among ``images``, or None where there were none.
        low, high: its 95 % interval, which :func:`diagnosis.worth.interval_of` passes on where its groups are enough.
        groups: how many groups these images are of, or None in cards that do not say.
    """

    name: Literal["high", "moderate", "low"]
    at_least: Fraction
    accuracy: Fraction | None = None
    low: Fraction | None = None
    high: Fraction | None = None
    images: int = Field(ge=0)
    groups: int | None = Field(default=None, ge=0)


class Confidence(_Strict):
    """What a score is worth, as far as images that the network did not learn from tell; ``calibrate`` writes it.

    Attributes:
        source: ``val``, or ``folds``: images of train and val, each read by a network that had not seen its group.
        images, groups: how many there were.
        error_rate: how often the true class may be missing from a conformal set.
        quantile: the set has every class whose score is at least 1 - quantile.
        tiers: from the highest score to the lowest; the last begins at 0.
    """

    source: Literal["val", "folds"]
    images: int = Field(gt=0)
    groups: int = Field(gt=0)
    error_rate: float = Field(gt=0, lt=1)
    quantile: Fraction
    tiers: tuple[Tier, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        bounds = [tier.at_least for tier in self.tiers]
        if bounds != sorted(set(bounds), reverse=True) or bounds[-1] != 0:
            raise ValueError("tiers go from the highest score to the lowest, and the last one begins at 0")
        return self

    def covers(self, scores: np.ndarray) -> np.ndarray:
        """bool, shaped as ``scores``: whether each class is in the conformal set. Scores count to 1e-6."""
        return np.round(scores, 6) >= round(1 - self.quantile, 6)

    def tier(self, score: float) -> Tier:
        """The tier of a highest score, which counts to 1e-6."""
        return next(tier for tier in self.tiers if round(score, 6) >= tier.at_least)


class ModelCard(_Strict):
    """What a model is, reads, answers, and must not be used for.

    ``places`` names the parts of an image that findings speak of: ``quadrants``, or ``sixths`` (thirds of each side).
    ``anatomy`` says what its images show, so that places get their anatomical names; None where they have none.
    ``group`` is the plural of what images of one group have in common, e.g. ``patients``.
    ``cam_layer`` is the layer of the last feature map; where it is empty, the architecture tells.
    ``download`` says where weights that are not part of the project come from.

    ``task`` is ``single-label`` where exactly one label holds (softmax), ``multi-label`` where each is a finding of its
    own (sigmoid). An ``operating-point score`` is that sigmoid bent so that 0.5 is the label's threshold; see
    :mod:`diagnosis.scores`. ``untrained_outputs`` are positions among the network's outputs that never learned
    anything: no label stands for them.
    """

    name: str = Field(pattern="^[a-z0-9-]+$")
    version: str
    title: str
    task: Task
    architecture: str
    cam_layer: str = ""
    places: Literal["quadrants", "sixths"]
    anatomy: Kind | None = None
    score_kind: ScoreKind
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
    untrained_outputs: tuple[Annotated[int, Field(ge=0)], ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    weights: Weights | None = None
    download: Download | None = None
    confidence: Confidence | None = None

    @model_validator(mode="after")
    def _labels_agree(self) -> Self:
        if len(set(self.label_names)) != len(self.labels):
            raise ValueError("two labels have the same name")
        for contrast in self.contrasts:
            unknown = {*contrast.positive, *contrast.negative} - set(self.label_names)
            if unknown:
                raise ValueError(f"contrast {contrast.name} names unknown labels: {sorted(unknown)}")
        return self

    @model_validator(mode="after")
    def _fits_its_task(self) -> Self:
        if self.task == "multi-label":
            if missing := [label.name for label in self.labels if label.threshold is None]:
                raise ValueError(f"a multi-label model needs a threshold for each label: {missing[0]} has none")
            if self.confidence:
                raise ValueError("a confidence table is for models that choose one label")
        elif self.untrained_outputs or any(label.threshold is not None for label in self.labels):
            raise ValueError("thresholds and untrained outputs are for multi-label models")
        if self.score_kind == "operating-point score" and (self.task, self.temperature) != ("multi-label", 1):
            raise ValueError("operating-point scores are for multi-label models, at temperature 1")
        if set(self.untrained_outputs) - set(range(self.outputs)):
            raise ValueError(f"untrained_outputs names a position beyond the {self.outputs} outputs")
        return self

    @property
    def independent(self) -> bool:
        """Whether each label is a finding of its own: any number of them may be present."""
        return self.task == "multi-label"

    @property
    def outputs(self) -> int:
        """How many outputs the network has."""
        return len(self.labels) + len(set(self.untrained_outputs))

    @property
    def trained_outputs(self) -> list[int]:
        """Positions of the labels among the network's outputs."""
        return [at for at in range(self.outputs) if at not in self.untrained_outputs]

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
        problem = f"There is no model card {path.name} in the folder {path.parent.name}."
        raise Missing(problem, "Put the card back, or name another model.")
    try:
        return ModelCard.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f"{path.name} is not valid TOML: {error}.", "Mend the card.") from error
    except OSError as error:
        raise BadRequest(f"{path.name} cannot be read: {error.strerror}.", "Let this account read it.") from error
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

    Raises as :func:`verified_file`, and BadRequest for a file that holds more than tensors.
    """
    return read_tensors(verified_file(card, folder))


def verified_file(card: ModelCard, folder: Path) -> Path:
    """The file of a card's weights, once its digest is the card's.

    Raises:
        Missing: the card names no weights, or the file is absent.
        BadRequest: the file is not the one that the card describes.
    """
    retrain = f"Run `python -m diagnosis.training train {card.name}`, or fetch the file from where you got the project."
    if card.download:
        retrain = f"Run `python -m diagnosis weights fetch {card.name}`."
    if card.weights is None:
        raise Missing(f"{card.name} has no weights yet.", retrain)
    path = folder / card.weights.file
    if not path.is_file():
        raise Missing(
            f"The weights of {card.name} are missing: {path.name} is not in the folder {folder.name}.", retrain
        )
    if (found := file_digest(path)) != card.weights.sha256:
        digests = f"sha256 {found[:12]}…, expected {card.weights.sha256[:12]}…"
        raise BadRequest(f"{path.name} is not the file that its card describes ({digests}).", retrain)
    return path

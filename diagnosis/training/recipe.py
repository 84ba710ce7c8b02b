"""Recipes: how a model is trained, as data. One TOML file a model in ``diagnosis/training/recipes/``."""

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from diagnosis.errors import BadRequest, Missing

RECIPES = Path(__file__).parent / "recipes"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Stage(_Strict):
    """``epochs`` passes over the training split at ``size`` pixels a side; none leaves a network as it starts."""

    size: int = Field(ge=16)
    epochs: int = Field(ge=0)


class Augmentation(_Strict):
    """Random changes to each training image. Angles in degrees, the rest as fractions; 0 switches a change off."""

    horizontal_flip: bool = False
    vertical_flip: bool = False
    quarter_turns: bool = False
    degrees: float = Field(default=0, ge=0)
    translate: float = Field(default=0, ge=0, le=1)
    scale: tuple[float, float] = (1.0, 1.0)
    brightness: float = Field(default=0, ge=0)
    contrast: float = Field(default=0, ge=0)
    stain: float = Field(default=0, ge=0)
    greyscale: float = Field(default=0, ge=0, le=1)
    blur: float = Field(default=0, ge=0, le=1)
    erase: float = Field(default=0, ge=0, le=1)
    mixup: float = Field(default=0, ge=0)


class Start(_Strict):
    """A safetensors file that training starts from, named from the project's folder, and its prefix of names.

    What does not fit the network, such as the head for other classes, starts at random; with ``fit_head`` the head
    starts as a logistic regression on what the rest makes of the training images and of ``views`` random changes of
    each.
    """

    file: Path
    prefix: str = ""
    fit_head: bool = False
    views: int = Field(default=0, ge=0)


class Recipe(_Strict):
    """Everything that ``train`` needs beside the model card and the data.

    ``balance_classes`` weighs the loss by class. ``balance_groups`` draws each class equally often and, within a class,
    each group as often as the root of its number of images: many images of one patient teach little more than some.
    ``average_decay`` is that of the moving average of the weights; 0 keeps the last ones.
    """

    dataset: str
    start: Start | None = None
    seed: int
    batch_size: int = Field(ge=2)
    learning_rate: float = Field(gt=0)
    weight_decay: float = Field(ge=0)
    warmup_epochs: int = Field(ge=0)
    label_smoothing: float = Field(ge=0, lt=1)
    balance_classes: bool
    balance_groups: bool = False
    average_decay: float = Field(ge=0, lt=1)
    stages: tuple[Stage, ...] = Field(min_length=1)
    augmentation: Augmentation

    @property
    def epochs(self) -> int:
        return sum(stage.epochs for stage in self.stages)

    @property
    def origin(self) -> str:
        """What training starts from, in words."""
        return f"the weights {self.start.file.as_posix()}" if self.start else "random weights"

    def shortened(self, share: float) -> "Recipe":
        """The same with ``share`` of the epochs of each stage, at least one where it has any."""
        stages = (
            Stage(size=one.size, epochs=max(1, round(share * one.epochs)) if one.epochs else 0) for one in self.stages
        )
        return self.model_copy(update={"stages": tuple(stages)})

    def size_at(self, epoch: int) -> int:
        """Side in pixels at which the epoch, counted from 0, is trained."""
        for stage in self.stages:
            if epoch < stage.epochs:
                return stage.size
            epoch -= stage.epochs
        return self.stages[-1].size


def load_recipe(model: str, folder: Path = RECIPES) -> Recipe:
    """The recipe of a model. Raises Missing when there is none, BadRequest when a field is wrong."""
    path = folder / f"{model}.toml"
    if not path.is_file():
        remedy = "Write one after those in diagnosis/training/recipes."
        raise Missing(f"There is no recipe for {model!r} in {folder}.", remedy)
    try:
        return Recipe.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise BadRequest(f"{path.name} is not a recipe: {error}.", "Mend the file.") from error

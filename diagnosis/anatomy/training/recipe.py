"""How a segmenter is trained, as data: one TOML file a segmenter in ``recipes/``."""

from pathlib import Path

from pydantic import Field

from diagnosis.written import Strict, read_toml

RECIPES = Path(__file__).parent / "recipes"


class Stage(Strict):
    """``epochs`` passes over the films with masks.

    ``borrowed`` films without masks join them, marked by the network as it stood when the stage began.
    """

    size: int = Field(ge=32, multiple_of=32)
    epochs: int = Field(ge=1)
    borrowed: int = Field(default=0, ge=0)


class Changes(Strict):
    """Random changes to each training film. Degrees for angles, fractions otherwise; 0 switches a change off.

    ``shading`` is the strength of smooth bright and dark clouds, which stand for disease and uneven exposure.
    """

    flip: bool
    degrees: float = Field(ge=0)
    translate: float = Field(ge=0, le=1)
    scale: tuple[float, float]
    shear: float = Field(ge=0)
    aspect: float = Field(ge=0, lt=1)
    gamma: float = Field(ge=0)
    brightness: float = Field(ge=0, le=1)
    contrast: float = Field(ge=0, le=1)
    shading: float = Field(ge=0, le=1)
    blur: float = Field(ge=0)
    noise: float = Field(ge=0, le=1)
    patches: float = Field(ge=0, le=1)


class SegmenterRecipe(Strict):
    """Everything that training needs beside the card and the films.

    Attributes:
        dataset: folder with lung masks and boxes, below the data folder.
        unlabelled: folder of films without masks to borrow from, of its ``train`` part.
        val_share: share of the patients of ``train`` that are set aside to choose on.
        average_decay: of the running mean of the weights, which is what is exported.
    """

    dataset: str
    unlabelled: str
    val_share: float = Field(gt=0, lt=0.5)
    seed: int
    batch_size: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    weight_decay: float = Field(ge=0)
    warmup_steps: int = Field(ge=0)
    average_decay: float = Field(gt=0, lt=1)
    stages: tuple[Stage, ...] = Field(min_length=1)
    changes: Changes

    @property
    def epochs(self) -> int:
        return sum(stage.epochs for stage in self.stages)

    def stage_at(self, epoch: int) -> tuple[Stage, bool]:
        """The stage of an epoch, counted from 0, and whether the epoch is its first."""
        for stage in self.stages:
            if epoch < stage.epochs:
                return stage, epoch == 0
            epoch -= stage.epochs
        return self.stages[-1], False


def load_segmenter_recipe(name: str, folder: Path = RECIPES) -> SegmenterRecipe:
    """Raises Missing when there is none, BadRequest when a field is wrong."""
    return read_toml(folder / f"{name}.toml", SegmenterRecipe.model_validate, "recipe", "Name a recipe that is there.")

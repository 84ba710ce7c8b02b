"""How the encoder is trained, as data: ``recipe.toml`` beside this file."""

from pathlib import Path

from pydantic import Field

from diagnosis.written import Strict, read_toml

DEFAULT = Path(__file__).parent / "recipe.toml"


class Stage(Strict):
    """``epochs`` passes at ``size`` pixels a side."""

    size: int = Field(ge=32)
    epochs: int = Field(ge=1)


class Recipe(Strict):
    """Everything that ``train`` needs beside the data.

    Attributes:
        images: how many images of each set an epoch draws; classes of a set are drawn with the square root of their
            number.
        image_weights: file in the weights folder that the image tower starts from, or none.
        vocabulary: word pieces that the text tower keeps.
        context: word pieces of a sentence that are read.
        logit_scale: what cosines are multiplied by before the softmax; it does not learn.
        mixup: both parameters of the Beta distribution that images are blended by; 0 blends none.
        text_to_image, heads: weights of these two losses; that of image → text is 1.
        sentences: different sentences made for each class.
        bank: sentences of each class that stand in a step's text bank.
    """

    seed: int
    image_tower: str
    image_weights: str = ""
    size: int = Field(ge=32)
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    dimensions: int = Field(ge=8)
    vocabulary: int = Field(ge=200)
    context: int = Field(ge=16, le=512)
    batch_size: int = Field(ge=2)
    learning_rate: float = Field(gt=0)
    weight_decay: float = Field(ge=0)
    warmup_epochs: int = Field(ge=0)
    logit_scale: float = Field(gt=0)
    text_to_image: float = Field(ge=0)
    heads: float = Field(ge=0)
    mixup: float = Field(ge=0)
    bank: int = Field(ge=1)
    average_decay: float = Field(gt=0, lt=1)
    sentences: int = Field(ge=1)
    validate_every: int = Field(ge=1)
    images: dict[str, int]
    stages: tuple[Stage, ...] = Field(min_length=1)

    @property
    def epochs(self) -> int:
        return sum(stage.epochs for stage in self.stages)

    def size_at(self, epoch: int) -> int:
        """Side in pixels at which the epoch, counted from 0, is trained."""
        for stage in self.stages:
            if epoch < stage.epochs:
                return stage.size
            epoch -= stage.epochs
        return self.stages[-1].size


def load_recipe(path: Path = DEFAULT) -> Recipe:
    """Raises Missing when there is no such file, BadRequest when a field is wrong."""
    return read_toml(path, Recipe.model_validate, "recipe", "Name one with --recipe, or leave it out.")

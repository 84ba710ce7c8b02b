"""How an autoencoder and a generator are trained, as data: one TOML file each in ``diagnosis/synthesis/recipes``."""

from pathlib import Path

from pydantic import Field

from diagnosis.training.recipe import Augmentation
from diagnosis.written import Strict, read_toml

RECIPES = Path(__file__).parents[1] / "recipes"
_REMEDY = "Name a recipe that is there."


class Schedule(Strict):
    """What every run has.

    Attributes:
        datasets: folder below the data folder, by the model whose card says how its images are read.
        rounds, round_updates: a run is cut into rounds of so many steps of the optimiser and is kept after each.
        warmup_updates: over which the learning rate grows; then it falls by half a cosine to 0.
        average_decay: of the moving average of the weights, which is what is exported.
    """

    datasets: dict[str, str] = Field(min_length=1)
    seed: int
    batch_size: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    weight_decay: float = Field(ge=0)
    warmup_updates: int = Field(ge=0)
    rounds: int = Field(ge=1)
    round_updates: int = Field(ge=1)
    average_decay: float = Field(gt=0, lt=1)

    @property
    def updates(self) -> int:
        return self.rounds * self.round_updates


class Adversary(Strict):
    """A network that learns to tell restored patches from real ones, after so many rounds; ``weight`` of its loss."""

    after_round: int = Field(ge=0)
    weight: float = Field(gt=0)


class AutoencoderRecipe(Schedule):
    """``loss = |difference| + divergence · KL + perceptual · (difference in the encoder's features) + adversary``.

    Attributes:
        size: side of the squares that images are brought onto, in pixels.
        crop: side of the crops that are learned from.
        encoder: safetensors file whose ResNet-18 compares images, named from the project's folder, and the prefix of
            its names.
    """

    size: int = Field(ge=16)
    crop: int = Field(ge=16)
    divergence: float = Field(ge=0)
    perceptual: float = Field(ge=0)
    encoder: Path = Path("weights/encoder/open_clip_model.safetensors")
    prefix: str = "visual.trunk."
    adversary: Adversary | None = None
    augmentation: Augmentation


class GeneratorRecipe(Schedule):
    """The generator learns from latents that are computed once.

    Attributes:
        mirror: also from each image's mirror image.
        quarter_turns: also from each image turned by 90, 180 and 270 degrees.
        class_dropout: share of the images whose class is not told.
        dropout: share of the network's features that are left out, so that few images are not learned by heart.
    """

    mirror: bool
    quarter_turns: bool
    class_dropout: float = Field(ge=0, lt=1)
    dropout: float = Field(ge=0, lt=1)


def load_autoencoder_recipe(name: str, folder: Path = RECIPES) -> AutoencoderRecipe:
    """Raises Missing when there is none, BadRequest when a field is wrong."""
    return read_toml(folder / f"{name}.toml", AutoencoderRecipe.model_validate, "recipe", _REMEDY)


def load_generator_recipe(name: str, folder: Path = RECIPES) -> GeneratorRecipe:
    """Raises as :func:`load_autoencoder_recipe`."""
    return read_toml(folder / f"{name}.toml", GeneratorRecipe.model_validate, "recipe", _REMEDY)

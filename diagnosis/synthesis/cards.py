"""Cards of what makes synthetic images: an autoencoder for grey and one for colour, a generator a family of models.

Each is a TOML file in ``weights/synthesis`` beside its safetensors file. The upper part is written by hand, the tables
``[trained]`` and ``[weights]`` by the commands that train.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from diagnosis.cards import Weights, file_digest
from diagnosis.errors import BadRequest, Missing
from diagnosis.tensors import Tensors, read_tensors
from diagnosis.written import Strict, amend_toml, read_toml

FOLDER = "synthesis"  # of the weights folder
LARGEST = 40_000_000  # bytes of one file
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Widths = Annotated[tuple[Annotated[int, Field(ge=8, multiple_of=8)], ...], Field(min_length=2)]


class Trained(Strict):
    """What the weights came from.

    Attributes:
        seed: of the run.
        updates: steps of the optimiser.
        rounds: where the schedule was changed while the run went on: from which round on it was set for how many.
        images: how many real images were learned from, all of ``train`` parts.
        manifests: sha256 of each data set's manifest, by model.
        autoencoder_sha256: of the autoencoder whose latents a generator speaks; None for an autoencoder.
    """

    seed: int
    updates: int = Field(ge=0)
    rounds: tuple[tuple[int, int], ...] | None = None
    images: int = Field(gt=0)
    manifests: dict[str, Digest]
    autoencoder_sha256: Digest | None = None


class _Card(Strict):
    name: str = Field(pattern="^[a-z0-9-]+$")
    version: str
    title: str
    licence: str
    intended_use: str
    out_of_scope: str
    training_data: str
    limitations: tuple[str, ...]
    references: tuple[str, ...]
    trained: Trained | None = None
    weights: Weights | None = None

    @property
    def reference(self) -> str:
        """``name@version``."""
        return f"{self.name}@{self.version}"


class AutoencoderCard(_Card):
    """Images ↔ latents.

    Attributes:
        channels: 1 (grey) or 3 (RGB).
        fold: blocks of ``fold`` × ``fold`` pixels become channels before the first layer, which makes it that much
            cheaper.
        widths: channels of the levels, from the finest to the coarsest; each further level halves the grid.
        latents: channels of a latent.
    """

    kind: Literal["autoencoder"]
    channels: Literal[1, 3]
    fold: Literal[1, 2, 4]
    widths: Widths
    latents: int = Field(ge=1, le=32)

    @property
    def architecture(self) -> str:
        return "AutoencoderKL"

    @property
    def reduction(self) -> int:
        """How many pixels a side one cell of the latent stands for."""
        return self.fold * 2 ** (len(self.widths) - 1)


class SyntheticClass(Strict):
    """A class that can be made: ``label`` and ``title`` are those of ``model``'s card."""

    model: str
    label: str
    title: str


class GeneratorCard(_Card):
    """Noise and a class → a latent.

    Attributes:
        autoencoder: name of the autoencoder whose latents it makes.
        size: side of the square that is made, in pixels.
        aspect: width over height that the square is stretched to at the end, as the real images were squashed.
        widths: channels of the U-Net's levels; each further level halves the grid.
        attention: whether a level has self-attention, for each.
        sides: whether mirrored training images count as classes of their own, which are never made. For bodies, whose
            left is not their right.
        steps, guidance: of the sampler, where nobody says otherwise.
        classes: in the order of the network's embeddings.
    """

    kind: Literal["generator"]
    autoencoder: str
    size: int = Field(ge=16, le=224)
    aspect: float = Field(default=1.0, gt=0.25, lt=4)
    widths: Widths
    attention: tuple[bool, ...]
    sides: bool
    steps: int = Field(ge=2, le=200)
    guidance: float = Field(ge=1, le=10)
    classes: tuple[SyntheticClass, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.attention) != len(self.widths):
            raise ValueError("attention needs one value for each of widths")
        if len({(one.model, one.label) for one in self.classes}) != len(self.classes):
            raise ValueError("a class is named twice")
        return self

    @property
    def architecture(self) -> str:
        return "UNet2DModel"

    @property
    def embeddings(self) -> int:
        """Classes that the network tells apart: its own, their mirror images where sides count, and none at all."""
        return len(self.classes) * (2 if self.sides else 1) + 1

    @property
    def models(self) -> tuple[str, ...]:
        """The models whose classes it makes, in the order of the classes."""
        return tuple(dict.fromkeys(one.model for one in self.classes))

    def index(self, model: str, name: str) -> int:
        """Position of a model's class by its label or its title, in whatever case; hyphens and spaces count as ``_``.

        Raises BadRequest that names the classes.
        """
        own = {at: one for at, one in enumerate(self.classes) if one.model == model}
        for at, one in own.items():
            if _plain(name) in (_plain(one.label), _plain(one.title)):
                return at
        known = ", ".join(one.title.lower() for one in own.values())
        raise BadRequest(f"{model} has no class {name!r}.", f"Use one of: {known}.")


Card = Annotated[AutoencoderCard | GeneratorCard, Field(discriminator="kind")]
_CARD: TypeAdapter[AutoencoderCard | GeneratorCard] = TypeAdapter(Card)


def load_any(path: Path) -> AutoencoderCard | GeneratorCard:
    """Raises Missing when there is no such card, BadRequest when it says something it must not."""
    return read_toml(path, _CARD.validate_python, "synthesis card", "Put it back from the project.")


def load_autoencoder_card(folder: Path, name: str) -> AutoencoderCard:
    """Raises as :func:`load_any`, and BadRequest for the card of a generator."""
    card = load_any(folder / f"{name}.toml")
    if not isinstance(card, AutoencoderCard):
        raise BadRequest(f"{name} is a generator, not an autoencoder.", "Name an autoencoder, such as grey or colour.")
    return card


def load_generator_card(folder: Path, name: str) -> GeneratorCard:
    """Raises as :func:`load_any`, and BadRequest for the card of an autoencoder."""
    card = load_any(folder / f"{name}.toml")
    if not isinstance(card, GeneratorCard):
        raise BadRequest(f"{name} is an autoencoder, not a family.", "Name a family, such as chest-xray or histology.")
    return card


def generator_cards(folder: Path) -> dict[str, GeneratorCard]:
    """The generators' cards of a folder by name. Raises BadRequest for a card that cannot be read."""
    cards = (load_any(path) for path in sorted(folder.glob("*.toml")))
    return {card.name: card for card in cards if isinstance(card, GeneratorCard)}


def load_synthesis_weights(card: AutoencoderCard | GeneratorCard, folder: Path) -> Tensors:
    """The verified tensors of a card in ``folder``, as float32.

    Raises:
        Missing: the card names no weights, or the file is absent.
        BadRequest: the file is not the one that the card describes.
    """
    command = "train-autoencoder" if isinstance(card, AutoencoderCard) else "train"
    retrain = f"Run `python -m diagnosis.synthesis {command} {card.name}`, or fetch the file with the project."
    path = folder / (card.weights.file if card.weights else f"{card.name}.safetensors")
    if card.weights is None or not path.is_file():
        raise Missing(f"There is no {path.name}, the weights of the {card.kind} {card.name}.", retrain)
    if (found := file_digest(path)) != card.weights.sha256:
        digests = f"sha256 {found[:12]}…, expected {card.weights.sha256[:12]}…"
        raise BadRequest(f"{path.name} is not the file that its card describes ({digests}).", retrain)
    return read_tensors(path)


def amend(path: Path, trained: Trained, weights: Weights) -> None:
    """Write the tables ``[trained]`` and ``[weights]`` of a card; the rest of its text stays."""
    amend_toml(path, {"trained": trained.model_dump(exclude_none=True), "weights": weights.model_dump()})


def _plain(name: str) -> str:
    return "_".join(name.lower().replace("-", " ").replace("_", " ").split())

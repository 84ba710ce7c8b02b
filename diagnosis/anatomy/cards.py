"""The card of a segmenter: what it is, as data, beside its weights in ``weights/anatomy``."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from diagnosis.cards import InputSpec, Weights, file_digest
from diagnosis.errors import BadRequest, Missing
from diagnosis.tensors import Tensors, read_tensors
from diagnosis.written import Strict, read_toml

FOLDER = "anatomy"  # of the weights folder


class SegmenterCard(Strict):
    """What a segmenter reads, marks, and must not be used for.

    Attributes:
        outputs: what each channel marks; ``right_lung`` is the patient's right.
        widths: channels of the U-Net's levels, from the finest to the coarsest.
        threshold: probability from which a pixel is marked; chosen on the ``val`` part.
    """

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
    return read_toml(path, SegmenterCard.model_validate, "segmenter card", "Put it back from the project.")


def load_segmenter_weights(card: SegmenterCard, folder: Path) -> Tensors:
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
    return read_tensors(path)

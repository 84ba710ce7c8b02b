"""A synthetic image: its pixels, how to make it again, and a file that says what it is."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from diagnosis.errors import BadRequest
from diagnosis.notices import MADE_NOTICE as NOTICE
from diagnosis.notices import SYNTHETIC_NOTICE
from diagnosis.study import Study, array_digest

SYNTHETIC = "synthetic"
__all__ = ["NOTICE", "SYNTHETIC", "SyntheticImage", "read_png", "save_png"]


@dataclass(frozen=True, eq=False)
class SyntheticImage:
    """One image that a generator made.

    Attributes:
        pixels: uint8 (H, W) or (H, W, 3), read-only.
        model, label, title: whose class it was made for, by the model's own names.
        seed: makes the same image again, with the same weights, steps and guidance on the same machine.
        weights: sha256 of the generator's file, 64 hex digits; its card names the autoencoder.
        digest: identity by content.
    """

    pixels: np.ndarray
    model: str
    label: str
    title: str
    seed: int
    steps: int
    guidance: float
    weights: str
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        pixels = self.pixels.copy()
        pixels.flags.writeable = False
        object.__setattr__(self, "pixels", pixels)
        object.__setattr__(self, "digest", array_digest(pixels))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SyntheticImage) and self.facts == other.facts and self.digest == other.digest

    def __hash__(self) -> int:
        return hash((self.digest, *self.facts.values()))

    @property
    def study(self) -> Study:
        """The image as the models read it from its file, without a modality: that of no scanner."""
        pixels = self.pixels[..., None] if self.pixels.ndim == 2 else self.pixels
        return Study(pixels.astype(np.float32) / 255, cautions=(SYNTHETIC_NOTICE,))

    @property
    def facts(self) -> dict[str, str]:
        """What a file of it says, by keyword."""
        return {
            "Description": f"{NOTICE} {self.model}: {self.title}.",
            "Kind": SYNTHETIC,
            "Model": self.model,
            "Class": self.label,
            "Title": self.title,
            "Seed": str(self.seed),
            "Steps": str(self.steps),
            "Guidance": f"{self.guidance:g}",
            "Weights": self.weights,
            "Software": "Lightbox",
        }

    @property
    def file_name(self) -> str:
        """``synthetic-<model>-<label>-<seed>-<weights>.png``."""
        return f"{SYNTHETIC}-{self.model}-{self.label}-{self.seed}-{self.weights[:8]}.png"


def read_png(path: Path) -> SyntheticImage:
    """The image of a file that :func:`save_png` wrote. Raises BadRequest for any other file."""
    try:
        with Image.open(path, formats=["PNG"]) as image:
            pixels, told = np.asarray(image), image.info
        model, label, title, weights = (str(told[name]) for name in ("Model", "Class", "Title", "Weights"))
        how = int(told["Seed"]), int(told["Steps"]), float(told["Guidance"])
        return SyntheticImage(pixels, model, label, title, *how, weights)
    except (OSError, KeyError, ValueError) as error:
        raise BadRequest(f"{path.name} does not say how it was made.", "Make it again with `sample`.") from error


def save_png(image: SyntheticImage, folder: Path) -> Path:
    """Write the image with its facts as text; returns the file. Raises BadRequest where it cannot be written."""
    text = PngImagePlugin.PngInfo()
    for keyword, words in image.facts.items():
        text.add_text(keyword, words)
    path = folder / image.file_name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image.pixels).save(path, "PNG", pnginfo=text, optimize=True)
    except OSError as error:
        raise BadRequest(f"Cannot write to {folder}: {error.strerror}.", "Name another folder with --out.") from error
    return path

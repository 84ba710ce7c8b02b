"""Pictures that say they are synthetic, in a folder and among shipped examples, without a generator to make them."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from diagnosis.cards import file_digest
from diagnosis.synthesis.accepted import Judges, save_accepted
from diagnosis.synthesis.images import SyntheticImage, save_png
from diagnosis.synthesis.shipped import Near, Nearest, Shipped, save_shipped
from settings import ROOT

GENERATOR = "ab12" * 16
WEIGHTS = ROOT / "weights"
JUDGES = Judges.used(WEIGHTS, "brain-mri")
_FAR = Near(distance=0.5, limit=0.1)


def made(seed: int, label: str, model: str = "brain-mri", side: int = 32) -> SyntheticImage:
    """Coloured noise, another one for each seed."""
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
    return SyntheticImage(pixels, model, label, label.title(), seed, 25, 2.0, GENERATOR)


def sample(folder: Path, labels: Iterable[str] = ("waves", "rows"), each: int = 3, model: str = "brain-mri") -> Path:
    """``folder/MODEL/CLASS/*.png``, as the command ``sample`` writes them, all of them accepted by ``JUDGES``."""
    top = folder / model
    files = [
        save_png(made(1000 + 10 * at + number, label, model), top / label)
        for at, label in enumerate(labels)
        for number in range(each)
    ]
    save_accepted(top, files, JUDGES)
    return folder


def ship(folder: Path, image: SyntheticImage) -> Shipped:
    """One image among the examples of ``folder``, and the list of it."""
    written = save_png(image, folder / "brain-mri")
    path = written.rename(written.with_name("synthetic-brain-mri-1.png"))
    one = Shipped(
        file=f"brain-mri/{path.name}",
        sha256=file_digest(path),
        model=image.model,
        label=image.label,
        title=image.title,
        seed=image.seed,
        steps=image.steps,
        guidance=image.guidance,
        generator=image.weights,
        score=0.9,
        verdict="pass",
        nearest=Nearest(pixels=_FAR, structure=_FAR, encoder=_FAR),
    )
    save_shipped(folder, [one])
    return one

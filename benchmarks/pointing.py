"""``python -m benchmarks.pointing``: do the methods find a cue that a model was taught to use?

Images of cloudy noise, half of them with a small striped patch at a random place, which alone tells the class. A
network is trained on them from random weights. For each method then, over new images with the cue (Zhang et al. 2018,
doi 10.1007/s11263-017-1059-x, the pointing game): how often the map's highest point lies on the cue or near it,
which part of the positive weight lies there, and what a map that knows nothing would reach.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from benchmarks.timing import machine, table
from diagnosis.attribution import METHODS, AttributionMap, Target, known_methods
from diagnosis.cards import InputSpec, Label, ModelCard
from diagnosis.classifier import Classifier
from diagnosis.errors import UserError
from diagnosis.networks import build_network
from diagnosis.study import Study

LAYERS = {"resnet18": "layer4", "densenet121": "features.relu5"}
TOLERANCE = 15 / 224  # of the side, as in the pointing game


@dataclass(frozen=True)
class Planted:
    """An image and where its cue is: row and column of its corner, and its side; ``cue`` 0 is none."""

    pixels: np.ndarray
    row: int
    column: int
    cue: int

    def near(self, tolerance: int = 0) -> np.ndarray:
        """bool (S, S): the cue and a margin."""
        mask = np.zeros(self.pixels.shape[:2], bool)
        top, left = max(0, self.row - tolerance), max(0, self.column - tolerance)
        mask[top : self.row + self.cue + tolerance, left : self.column + self.cue + tolerance] = self.cue > 0
        return mask


def planted(rng: np.random.Generator, side: int, cue: int) -> Planted:
    """Cloudy noise of ``side`` pixels, with a striped patch of ``cue`` pixels at a random place unless that is 0."""
    clouds = torch.from_numpy(rng.random((1, 1, 8, 8))).float()
    pixels = 0.25 + 0.5 * functional.interpolate(clouds, (side, side), mode="bicubic")[0, 0].clamp(0, 1).numpy()
    pixels = pixels + rng.normal(0, 0.05, (side, side))
    row, column = (int(rng.integers(0, side - cue + 1)) for _ in range(2))
    if cue:
        stripes = 0.25 * np.where((np.arange(cue)[:, None] + np.arange(cue)[None]) // 2 % 2, 1, -1)
        pixels[row : row + cue, column : column + cue] += stripes
    return Planted(np.clip(pixels, 0, 1).astype(np.float32)[..., None], row, column, cue)


def card_of(architecture: str, layer: str, side: int) -> ModelCard:
    return ModelCard(
        name="planted",
        version="1",
        title="Planted cue",
        task="single-label",
        architecture=architecture,
        cam_layer=layer,
        places="quadrants",
        score_kind="uncalibrated score",
        licence="Apache-2.0",
        intended_use="Testing attribution methods.",
        out_of_scope="Everything else.",
        training_data="Noise drawn by code.",
        group="images",
        limitations=("It knows one striped patch.",),
        references=(),
        input=InputSpec(size=side, channels=1, resize="squash", mean=(0.5,), std=(0.2,), modalities=("OT",)),
        labels=tuple(Label(name=name, title=name.capitalize(), description=name) for name in ("cue", "none")),
    )


def taught(network: torch.nn.Module, card: ModelCard, cue: int, *, steps: int, batch: int = 32) -> Classifier:
    """The network after ``steps`` batches of new images, half of them with the cue."""
    rng = np.random.default_rng(0)
    network.train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps)
    truth = torch.arange(batch) % 2
    for _ in range(steps):
        images = [planted(rng, card.input.size, 0 if none else cue).pixels for none in truth]
        inputs = (torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2) - 0.5) / 0.2
        loss = functional.cross_entropy(network(inputs), truth)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    optimiser.zero_grad()
    return Classifier(card, network)


def accuracy(classifier: Classifier, cue: int, images: int) -> float:
    """Share of new images, every second one with the cue, that are recognised."""
    rng = np.random.default_rng(1)
    right = [
        classifier.predict(Study(planted(rng, classifier.card.input.size, 0 if turn % 2 else cue).pixels)).top
        == ("none" if turn % 2 else "cue")
        for turn in range(images)
    ]
    return float(np.mean(right))


def points_at(one: AttributionMap, image: Planted) -> bool:
    """Whether the map's highest point lies on the cue or within the tolerance of it."""
    peak = np.unravel_index(int(np.nanargmax(one.values)), one.study_size)
    return bool(image.near(round(TOLERANCE * one.study_size[0]))[peak])


def weight_on(one: AttributionMap, image: Planted) -> float:
    """Share of the map's positive weight on the cue and within the tolerance, 0..1."""
    weight = np.maximum(one.values, 0)
    return float(weight[image.near(round(TOLERANCE * one.study_size[0]))].sum() / max(weight.sum(), 1e-12))


def rows_of(classifier: Classifier, methods: Sequence[str], cue: int, images: int) -> list[tuple[str, ...]]:
    """A line a method: hits, weight on the cue, seconds a map."""
    rng = np.random.default_rng(2)
    sets = [planted(rng, classifier.card.input.size, cue) for _ in range(images)]
    lines = []
    for name in methods:
        started = time.perf_counter()
        maps = [METHODS[name].maps(classifier, Study(one.pixels), targets=(Target("cue"),))[0] for one in sets]
        seconds = (time.perf_counter() - started) / images
        hits = sum(points_at(one, image) for one, image in zip(maps, sets, strict=True))
        weight = np.mean([weight_on(one, image) for one, image in zip(maps, sets, strict=True)])
        lines.append((METHODS[name].title, f"{hits} of {images}", f"{100 * weight:.0f} %", f"{seconds:.2f}"))
    chance = np.mean([one.near(round(TOLERANCE * one.pixels.shape[0])).mean() for one in sets])
    return [*lines, ("a map that knows nothing", f"{chance * images:.1f} of {images}", f"{100 * chance:.0f} %", "")]


def main() -> int:
    """Returns the exit code: 0 when done, 1 where the network did not learn the cue, 2 for an unknown method."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pointing", description=__doc__)
    parser.add_argument("--architecture", choices=LAYERS, default="resnet18")
    parser.add_argument("--side", type=int, default=128, help="pixels of the images")
    parser.add_argument("--cue", type=int, default=20, help="pixels of the cue")
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--images", type=int, default=40)
    parser.add_argument("--methods", default=",".join(METHODS))
    options = parser.parse_args()
    try:
        methods = known_methods(options.methods.split(","))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    torch.manual_seed(0)
    card = card_of(options.architecture, LAYERS[options.architecture], options.side)
    classifier = taught(build_network(options.architecture, 1, 2), card, options.cue, steps=options.steps)
    learned = accuracy(classifier, options.cue, 100)
    print(*(f"{name}: {value}" for name, value in machine(("torch",)).items()), sep="\n")
    print(
        f"\n{options.architecture}, {options.side} px, cue of {options.cue} px: accuracy {learned:.2f} on 100 images\n"
    )
    if learned < 0.95:
        print("error: the network has not learned the cue; give more --steps.", file=sys.stderr)
        return 1
    lines = rows_of(classifier, methods, options.cue, options.images)
    print(table(("method", "points at the cue", "weight on it", "seconds a map"), lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())

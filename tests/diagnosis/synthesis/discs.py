"""A family small enough to train within a test: grey squares with a bright disc on the left or on the right."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from diagnosis.synthesis.__main__ import main

SIDE = 32
MODEL = """\
name = "discs"
version = "1"
title = "Discs"
task = "single-label"
architecture = "resnet18"
places = "quadrants"
score_kind = "uncalibrated score"
licence = "Apache-2.0"
intended_use = "Tests."
out_of_scope = "Everything else."
training_data = "Drawn."
group = "groups"
limitations = ["Knows two places."]
references = ["None."]

[input]
size = 64
channels = 1
resize = "squash"
mean = [0.5]
std = [0.25]
modalities = []

[[labels]]
name = "on_left"
title = "Disc on the left"
description = "Brighter on the left."

[[labels]]
name = "on_right"
title = "Disc on the right"
description = "Brighter on the right."
"""
COMMON = """\
version = "1"
title = "Tiny"
licence = "Apache-2.0"
intended_use = "Tests."
out_of_scope = "Everything else."
training_data = "Drawn."
limitations = ["Knows discs."]
references = ["None."]
"""
AUTOENCODER = f"""\
# what the card says of itself
kind = "autoencoder"
name = "tiny"
{COMMON}
channels = 1
fold = 2
widths = [16, 32]
latents = 4
"""
GENERATOR = f"""\
# what the card says of itself
kind = "generator"
name = "tiny-discs"
{COMMON}
autoencoder = "tiny"
size = {SIDE}
aspect = 1.5
widths = [32, 64]
attention = [false, true]
sides = true
steps = 12
guidance = 2.0

[[classes]]
model = "discs"
label = "on_left"
title = "Disc on the left"

[[classes]]
model = "discs"
label = "on_right"
title = "Disc on the right"
"""
SCHEDULE = """\
seed = 3
batch_size = 12
learning_rate = 3e-3
weight_decay = 0.01
warmup_updates = 5
average_decay = 0.95
"""
AUTOENCODER_RECIPE = f"""\
{SCHEDULE}
rounds = 4
round_updates = 20
size = {SIDE}
crop = 24
divergence = 1e-6
perceptual = 0.2

[datasets]
discs = "discs"

[adversary]
after_round = 2
weight = 0.01

[augmentation]
brightness = 0.1
"""
GENERATOR_RECIPE = f"""\
{SCHEDULE}
rounds = 4
round_updates = 40
mirror = true
quarter_turns = false
class_dropout = 0.1
dropout = 0.05

[datasets]
discs = "discs"
"""


@dataclass(frozen=True)
class Place:
    """Folders of one family."""

    data: Path
    weights: Path
    recipes: Path
    runs: Path

    @classmethod
    def make(cls, root: Path, data: Path) -> "Place":
        place = cls(data, root / "weights", root / "recipes", root / "runs")
        (place.weights / "synthesis").mkdir(parents=True)
        place.recipes.mkdir()
        for path, text in (
            (place.weights / "discs.toml", MODEL),
            (place.weights / "synthesis/tiny.toml", AUTOENCODER),
            (place.weights / "synthesis/tiny-discs.toml", GENERATOR),
            (place.recipes / "tiny.toml", AUTOENCODER_RECIPE),
            (place.recipes / "tiny-discs.toml", GENERATOR_RECIPE),
        ):
            path.write_text(text, "utf-8")
        return place

    def train(self, command: str, name: str) -> int:
        return self.run(command, name, "--run", str(self.runs / name))

    def run(self, command: str, name: str, *more: str) -> int:
        """The exit code of a command over these folders."""
        folders = ["--data", str(self.data), "--weights", str(self.weights), "--recipes", str(self.recipes)]
        return main([command, name, *folders, *more])


def draw_disc(random: np.random.Generator, label: str) -> np.ndarray:
    """uint8 (SIDE, SIDE): grey noise and a bright disc in one half."""
    row, column = random.uniform(10, 22), random.uniform(6, 10)
    column = column if label == "on_left" else SIDE - 1 - column
    rows, columns = np.mgrid[:SIDE, :SIDE]
    disc = (rows - row) ** 2 + (columns - column) ** 2 < random.uniform(4, 6) ** 2
    return (60 + 20 * random.random((SIDE, SIDE)) + 150 * disc).astype(np.uint8)


def write_discs(root: Path) -> Path:
    """A data folder with the set ``discs``: 60 images to learn from, 16 to look at."""
    folder = root / "discs"
    (folder / "images").mkdir(parents=True)
    random = np.random.default_rng(0)
    rows = []
    for split, count in (("train", 60), ("val", 16)):
        for number in range(count):
            label = ("on_left", "on_right")[number % 2]
            name = f"images/{split}{number}.png"
            Image.fromarray(draw_disc(random, label)).save(folder / name)
            rows.append((name, label, f"{split}-{number}", split))
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("path", "label", "group", "split"), *rows])
    return root


def rows(run: Path) -> list[dict[str, float]]:
    """The log of a run, a row a round."""
    return [json.loads(line) for line in (run / "log.jsonl").read_text("utf-8").splitlines()]

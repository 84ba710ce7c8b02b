"""A problem small enough to train on within a test: images of one noisy colour each, and their card and recipe."""

import csv
from pathlib import Path

import numpy as np
from PIL import Image

from diagnosis.cards import ModelCard, load_card

CARD = """\
# what the card says of itself
name = "squares"
version = "1"
title = "Squares"
task = "single-label"
architecture = "resnet18"
cam_layer = "layer4" # the last block
places = "quadrants"
score_kind = "uncalibrated score"
licence = "Apache-2.0"
intended_use = "Tests."
out_of_scope = "Everything else."
training_data = "Drawn."
group = "groups"
limitations = ["Knows three colours."]
references = ["None."]

[input]
size = 32
channels = 3
resize = "squash"
mean = [0.4, 0.4, 0.4]
std = [0.25, 0.25, 0.25]
modalities = ["SM"]

[[labels]]
name = "red"
title = "Red"
description = "More red than anything else."

[[labels]]
name = "green"
title = "Green"
description = "More green than anything else."

[[labels]]
name = "blue"
title = "Blue"
description = "More blue than anything else."

[[contrasts]]
name = "warm against cold"
positive = ["red"]
negative = ["green", "blue"]

[[contrasts]]
name = "green against blue"
positive = ["green"]
negative = ["blue"]
"""

RECIPE = """\
dataset = "squares"
seed = 3
batch_size = 8
learning_rate = 1e-3
weight_decay = 0.05
warmup_epochs = 1
label_smoothing = 0.1
balance_classes = true
average_decay = 0.5

[[stages]]
size = 32
epochs = 3

[augmentation]
horizontal_flip = true
degrees = 10
brightness = 0.1
mixup = 0.1
"""

LABELS = ("red", "green", "blue")


def write_card(folder: Path) -> ModelCard:
    """``squares.toml`` in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "squares.toml").write_text(CARD, encoding="utf-8")
    return load_card(folder / "squares.toml")


def write_recipe(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "squares.toml").write_text(RECIPE, encoding="utf-8")
    return folder


def write_data(folder: Path) -> Path:
    """48 images to train on, 24 for validation, 18 for the test, two a group; some of the latter 42 are mislabelled."""
    (folder / "images").mkdir(parents=True)
    random = np.random.default_rng(0)
    rows = []
    for split, count in (("train", 48), ("val", 24), ("test", 18)):
        for i in range(count):
            colour = i // 2 % 3
            pixels = random.integers(0, 120, (28, 40, 3))
            pixels[..., colour] += 100
            name = f"images/{split}{i}.png"
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name)
            label = LABELS[(colour + 1) % 3 if split != "train" and i % 9 == 0 else colour]
            rows.append((name, label, f"{split}-{i // 2}", split))
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("path", "label", "group", "split"), *rows])
    return folder

"""``python -m benchmarks.memory``: memory of one process that holds every bundled model, and then reads with each."""

import argparse
import resource
import sys
from collections import deque
from pathlib import Path

import numpy as np

from benchmarks.timing import machine, table
from diagnosis.cards import ModelCard
from diagnosis.models import Models
from diagnosis.reading import read
from diagnosis.study import Study

TARGET = 1500.0  # MB, the libraries and all models, each having scored an image
PAGE = resource.getpagesize()


def main() -> int:
    """Returns the exit code: 0 when the models together stay under the target, 1 when they do not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--weights", type=Path, default=Path("weights"))
    parser.add_argument("--evaluations", type=int, default=500, help="forward passes of each SHAP map")
    options = parser.parse_args()
    for name, value in machine(("torch", "torchvision")).items():
        print(f"{name}: {value}")
    rows = [("the libraries", f"{resident():.0f} MB")]
    models = Models(options.weights)
    for name in models.cards:
        models.classifier(name)
    rows.append((f"{len(models.cards)} models loaded", f"{resident():.0f} MB"))
    for name, card in models.cards.items():
        models.gate().check(noise(card), card)
        models.classifier(name).predict(noise(card))
    scored = resident()
    rows.append(("gate asked and an image scored by each", f"{scored:.0f} MB"))
    for name, card in models.cards.items():
        reading = read(noise(card), models.classifier(name), shap_evaluations=options.evaluations)
        deque(reading, maxlen=0)
        rows.append((f"Grad-CAM and SHAP of {name}", f"{resident():.0f} MB"))
    print(table(("after", "held"), rows))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(f"most at any time: {most:.0f} MB")
    print(f"target: {TARGET:g} MB with every model scoring: {'kept' if scored <= TARGET else 'missed'}")
    return 0 if scored <= TARGET else 1


def noise(card: ModelCard) -> Study:
    """An image of the size that the model sees."""
    shape = (card.input.size, card.input.size, card.input.channels)
    return Study(np.random.default_rng(1).random(shape, dtype=np.float32))


def resident() -> float:
    """Memory that this process holds now, in MB (10⁶ bytes). Linux only."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 1e6


if __name__ == "__main__":
    sys.exit(main())

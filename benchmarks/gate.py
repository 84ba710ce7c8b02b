"""``python -m benchmarks.gate``: milliseconds of one look at an image by the gate, beside the model's own pass.

How well the gate does is measured by ``python -m diagnosis.gating evaluate``.
"""

import argparse
import sys

import torch

from benchmarks.timing import machine, table, take_turns
from diagnosis.models import Models
from diagnosis.phantoms import draw_chest
from diagnosis.study import Study
from settings import load_settings

TARGET = 10.0  # milliseconds of processor time


def main() -> int:
    """Returns the exit code: 0 when the gate keeps the target, 1 when it does not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate", description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--model", default="chest-xray")
    options = parser.parse_args()
    for name, value in machine(("torch", "torchvision")).items():
        print(f"{name}: {value}")
    models = Models(*load_settings().model_folders)
    classifier, gate = models.classifier(options.model), models.gate()
    film = draw_chest(11, size=512).pixels
    negative = Study(1 - film)  # not among the drawings that the gate knows by heart
    cases = {
        "gate": lambda: gate.check(negative, classifier.card),
        f"{options.model} alone": lambda: classifier.predict(negative),
    }
    times = take_turns(cases, options.rounds)
    rows = [(name, str(one), f"{1000 * min(one.processor):.1f} ms") for name, one in times.items()]
    print(table(("", "median (range)", "least processor time"), rows))
    kept = 1000 * min(times["gate"].processor) <= TARGET
    print(f"target: {TARGET:g} ms on {torch.get_num_threads()} threads: {'kept' if kept else 'missed'}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())

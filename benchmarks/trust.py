"""``python -m benchmarks.trust``: what badges maps get, and what badges maps get that deserve none.

Real maps of the model's first choice are tested on labelled images, and beside them three that explain nothing: a
random map, the map of another image, and the map of the same network with shuffled top layers. ``--time`` times the
tests of Grad-CAM on a phantom instead.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch

from benchmarks.shap_cells import images_of
from benchmarks.subjects import subject
from benchmarks.timing import machine, table, take_turns
from diagnosis.attribution import DEFAULTS, METHODS, AttributionMap, Target, known_methods
from diagnosis.checks import Trust, Yardstick, badge_of, check
from diagnosis.checks.repeats import shuffled
from diagnosis.classifier import Classifier
from diagnosis.errors import UserError
from diagnosis.models import Models
from diagnosis.readers import read_study
from diagnosis.study import Study

BADGES = ("faithful here", "weak", "no better than chance")
FOLDERS = {"chest-xray": "chest_xray", "lung-colon": "lung_colon"}
TARGET = 3.0  # seconds for the tests of Grad-CAM with ResNet-18 at 224 pixels


def main() -> int:
    """Returns the exit code: 0 when done, 1 when too slow, 2 for bad input, 3 where data is missing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trust", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the data sets")
    parser.add_argument("--model", choices=FOLDERS, default="lung-colon")
    parser.add_argument("--weights", type=Path, default=Path("weights"))
    parser.add_argument("--split", default="val")
    parser.add_argument("--images", type=int, default=20, help="images, spread over the classes")
    parser.add_argument("--methods", default="grad-cam,grad-cam++,hirescam,layercam,eigen-cam,saliency")
    parser.add_argument("--out", type=Path, help="file for every measurement, one JSON object a line")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--time", action="store_true", help="time the tests of Grad-CAM instead")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    try:
        if options.time:
            return timed(options.model, options.weights)
        rows = measured(options, known_methods(options.methods.split(",")))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    print(told(rows))
    return 0


def measured(options: argparse.Namespace, methods: Sequence[str]) -> list[Trust]:
    """Every finished test; maps that explain nothing have a name in brackets as their method."""
    classifier = Models(options.weights).classifier(options.model)
    paths = images_of(options.data / FOLDERS[options.model], classifier, options.images, options.split)
    rows: list[Trust] = []
    last: AttributionMap | None = None
    for turn, path in enumerate(paths):
        study = read_study(path)
        label = classifier.predict(study).top
        yardstick = Yardstick(classifier, study)
        maps = [METHODS[name].maps(classifier, study, targets=(Target(label),))[0] for name in methods]
        named = [(one.method, one) for one in maps]
        named += nothings(classifier, study, maps[0], last, turn)
        for name, one in named:
            *_, trust = check(one, yardstick)
            rows.append(replace(trust, method=name))
            if options.out:
                with options.out.open("a", encoding="utf-8") as stream:
                    stream.write(json.dumps({"model": options.model, "image": turn, **asdict(rows[-1])}) + "\n")
        last = maps[0]
        print(f"\r{turn + 1} of {len(paths)}", end="", file=sys.stderr, flush=True)
    return rows


def nothings(
    classifier: Classifier, study: Study, one: AttributionMap, last: AttributionMap | None, turn: int
) -> Iterator[tuple[str, AttributionMap]]:
    """Maps of the first method's kind that explain nothing, by name."""
    rng = np.random.default_rng(1000 + turn)
    yield "(random)", replace(one, cells=np.abs(rng.standard_normal(one.cells.shape)))
    if last is not None:
        yield "(another image)", replace(one, cells=last.cells)
    other = METHODS[one.method].maps(shuffled(classifier, 1000 + turn), study, targets=(Target(one.label),))[0]
    yield "(shuffled network)", other


def told(rows: Sequence[Trust]) -> str:
    """A line a method: shares of the badges, and the medians of what they follow from."""
    lines = []
    for name in dict.fromkeys(one.method for one in rows):
        own = [one for one in rows if one.method == name and one.badge]
        badges: list[str] = [badge_of(one) for one in own]
        flat = sum(one.method == name and not one.badge for one in rows)
        shares = [f"{100 * badges.count(badge) / max(1, len(badges)):.0f} %" for badge in BADGES]
        medians = [
            middle([getattr(one, field) for one in own]) for field in ("beaten", "centred", "shuffled", "steady")
        ]
        lines.append((name, str(len(own)), str(flat), *shares, *medians))
    header = ("method", "maps", "flat", *BADGES, "beats random, %", "beats centred, %", "shuffled", "noise")
    return table(header, lines)


def middle(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{statistics.median(known):.2f}" if known else "–"


def timed(model: str, weights: Path) -> int:
    one = subject(model, weights)
    label = one.classifier.predict(one.study).top
    grad_cam = METHODS[DEFAULTS[0]].maps(one.classifier, one.study, targets=(Target(label),))[0]
    times = take_turns({"tests": lambda: list(check(grad_cam, Yardstick(one.classifier, one.study)))}, 5)["tests"]
    print(*(f"{name}: {value}" for name, value in machine(("torch", "grad-cam")).items()), sep="\n")
    processor = statistics.median(times.processor)
    print(f"\n{one.weights}: all tests of a Grad-CAM map {times}, processor {processor:.2f} s, target {TARGET:g} s")
    return 0 if times.median <= TARGET or model != "lung-colon" else 1


if __name__ == "__main__":
    sys.exit(main())

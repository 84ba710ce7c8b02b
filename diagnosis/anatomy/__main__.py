"""``python -m diagnosis.anatomy train|export|evaluate|alarm|zones``; docs/anatomy.md tells the whole story."""

import argparse
import json
import shlex
import sys
from pathlib import Path

from diagnosis import records
from diagnosis.anatomy.cards import FOLDER, load_segmenter_card
from diagnosis.anatomy.segmenter import Segmenter
from diagnosis.anatomy.service import Anatomy
from diagnosis.anatomy.training.recipe import RECIPES, load_segmenter_recipe
from diagnosis.console import Parser, attempt, begin, image_sets
from diagnosis.readers import read_study
from settings import load_settings

KINDS = ("chest-film", "chest-ct", "brain", "histology")


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 done, 2 bad input or usage, 3 something missing."""
    options = _parser().parse_args(arguments)
    begin("diagnosis", options)
    return attempt(lambda: options.action(options))


def _parser() -> argparse.ArgumentParser:
    common = image_sets()
    common.add_argument("--recipes", type=Path, default=RECIPES, help="folder of recipes")
    parser = Parser(prog="python -m diagnosis.anatomy", description="Name the parts of an image, and measure how well.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, action, words in (
        ("train", _train, "train a segmenter, or go on with its run; then export it"),
        ("export", _export, "write the weights of a finished or interrupted run"),
        ("evaluate", _evaluate, "measure a segmenter on a part of its data"),
        ("alarm", _alarm, "choose the shortcut alarm's threshold on val and measure it on test"),
        ("zones", _zones, "the zones of one image"),
    ):
        command = commands.add_parser(name, parents=[common], help=words, description=words.capitalize() + ".")
        command.set_defaults(action=action)
    for name in ("train", "export", "evaluate"):
        commands.choices[name].add_argument("name", nargs="?", default="lungs", help="name of a segmenter's card")
    for name in ("train", "export", "alarm"):
        commands.choices[name].add_argument("--run", type=Path, help="folder of the run; default: runs/NAME")
    evaluate, alarm, zones = (commands.choices[name] for name in ("evaluate", "alarm", "zones"))
    evaluate.add_argument("--split", required=True, choices=("train", "val", "test"))
    evaluate.add_argument("--bare", type=int, default=400, help="films without masks to test for plausibility")
    alarm.add_argument("--model", default="chest-xray", help="the model whose maps must stay quiet on clean films")
    alarm.add_argument("--films", type=int, default=400, help="films of val and of test, at most")
    alarm.add_argument("--taught", type=int, default=600, help="films that the model with a shortcut is taught on")
    for command in (evaluate, alarm):
        command.add_argument("--write", action="store_true", help="also write the record to the weights folder")
    zones.add_argument("image", type=Path, help="PNG, JPEG, TIFF, WebP, BMP or DICOM file")
    zones.add_argument("--kind", required=True, choices=KINDS, help="what the image shows")
    return parser


def _weights(options: argparse.Namespace) -> Path:
    return options.weights or load_settings().bundled


def _data(options: argparse.Namespace) -> Path:
    return options.data or load_settings().data


def _card_path(options: argparse.Namespace) -> Path:
    return _weights(options) / FOLDER / f"{options.name}.toml"


def _train(options: argparse.Namespace) -> None:
    from diagnosis.anatomy.training.train import SegmenterTrainer

    card, recipe = load_segmenter_card(_card_path(options)), load_segmenter_recipe(options.name, options.recipes)
    SegmenterTrainer(card, recipe, _data(options), options.run or Path("runs") / options.name).fit()
    _export(options)


def _export(options: argparse.Namespace) -> None:
    from diagnosis.anatomy.training.export import averaged_segmenter, export_segmenter

    card = load_segmenter_card(_card_path(options))
    network, epochs = averaged_segmenter(options.run or Path("runs") / options.name, card)
    source = f"Trained from random weights for {epochs} epochs: python -m diagnosis.anatomy train {card.name}"
    card = export_segmenter(network, _card_path(options), source)
    if card.weights:
        print(f"{card.weights.file}: {card.weights.bytes / 1e6:.1f} MB, sha256 {card.weights.sha256}")


def _evaluate(options: argparse.Namespace) -> None:
    from diagnosis.anatomy.training.evaluate import evaluate_segmenter, evaluation_path

    folder = _weights(options) / FOLDER
    segmenter, recipe = Segmenter.load(folder, options.name), load_segmenter_recipe(options.name, options.recipes)
    evaluation = evaluate_segmenter(segmenter, recipe, _data(options), options.split, options.bare)
    if options.write:
        records.write(evaluation, evaluation_path(folder, options.name))
    print(json.dumps(evaluation.model_dump(mode="json"), indent=2))


def _alarm(options: argparse.Namespace) -> None:
    from diagnosis.anatomy.alarm import FILE
    from diagnosis.anatomy.training.films import unlabelled_paths
    from diagnosis.anatomy.training.measure_alarm import measure_alarm
    from diagnosis.anatomy.training.taught import teach
    from diagnosis.models import Models

    weights = _weights(options)
    folder = _data(options) / load_segmenter_recipe("lungs", options.recipes).unlabelled
    taught = teach(unlabelled_paths(folder, "train")[: options.taught], options.run or Path("runs/alarm"))
    words = ["python", "-m", "diagnosis.anatomy", "alarm", "--model", options.model, "--films", str(options.films)]
    segmenter, reader = Segmenter.load(weights / FOLDER), Models(weights).classifier(options.model)
    alarm = measure_alarm(taught, reader, segmenter, folder, options.films, shlex.join(words))
    if options.write:
        records.write(alarm, weights / FOLDER / FILE)
    print(json.dumps(alarm.model_dump(mode="json"), indent=2))


def _zones(options: argparse.Namespace) -> None:
    zones = Anatomy(_weights(options)).zones(read_study(options.image), options.kind)
    for zone in zones.zones:
        where = "" if zone.part else ", lies across other zones"
        print(f"{100 * zone.mask.mean():5.1f} %  {zone.name} ({zone.found}{where})")
    for doubt in zones.doubts:
        print(f"zones uncertain: {doubt}")


if __name__ == "__main__":
    sys.exit(main())

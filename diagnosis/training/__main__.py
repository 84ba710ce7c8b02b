"""``python -m diagnosis.training COMMAND``; docs/training.md tells the whole story."""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from diagnosis.cards import Kind, load_card
from diagnosis.classifier import Classifier
from diagnosis.console import Parser, attempt, begin, count, threads
from diagnosis.errors import BadRequest
from diagnosis.training.calibrate import calibrate, calibrate_on_folds
from diagnosis.training.crossvalidate import crossvalidate
from diagnosis.training.dataset import load_split, rows_of
from diagnosis.training.evaluate import evaluate, write_metrics
from diagnosis.training.export import LARGEST, averaged_network, export, set_calibration
from diagnosis.training.folders import OwnModel, start_own
from diagnosis.training.medmnist import unpack
from diagnosis.training.prepare import prepare
from diagnosis.training.recipe import RECIPES, Recipe, load_recipe
from diagnosis.training.runs import runs_table
from diagnosis.training.tables import confidence_table, evaluation_table, folds_table, preparation_table
from diagnosis.training.train import Trainer
from settings import load_settings


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 done, 2 bad input or usage, 3 something missing."""
    options = _parser().parse_args(arguments)
    begin("diagnosis", options)
    return attempt(lambda: options.action(options))


def _parser() -> argparse.ArgumentParser:
    common = Parser(add_help=False, parents=[threads()])
    common.add_argument("model", help="name of a card in the weights folder, e.g. chest-xray")
    common.add_argument(
        "--data", type=Path, help="folder with manifest.csv; default: $LIGHTBOX_DATA/<recipe's dataset>"
    )
    common.add_argument("--weights", type=Path, default=Path("weights"), help="folder of cards and weights")
    common.add_argument("--recipes", type=Path, default=RECIPES, help="folder of recipes")
    run = Parser(add_help=False)
    run.add_argument("--run", type=Path, help="folder of the run; default: runs/MODEL")

    parser = Parser(prog="python -m diagnosis.training", description="Train and measure the models.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, action, parents, words in (
        ("unpack", _unpack, [common], "write a file of MedMNIST out as a dataset, in --data"),
        ("prepare", _prepare, [common], "check a dataset: images, labels, splits, groups and duplicates"),
        ("train", _train, [common, run], "train by the recipe, or go on with a run; then export and calibrate"),
        ("crossvalidate", _crossvalidate, [common, run], "train a network for each fold of train and val"),
        ("export", _export, [common, run], "write the weights of a finished or interrupted run; then calibrate"),
        ("calibrate", _calibrate, [common], "fit temperature, conformal sets and tiers on the val split"),
        ("evaluate", _evaluate, [common], "measure the weights on a split"),
        ("train-folder", _train_folder, [threads(), run], "train on a folder of class folders, and measure"),
        ("runs", _runs, [], "a table of the runs, from their logs"),
    ):
        command = commands.add_parser(name, parents=parents, help=words, description=words.capitalize() + ".")
        command.set_defaults(action=action)
    _add_options(commands.choices)
    return parser


def _add_options(commands: Mapping[str, argparse.ArgumentParser]) -> None:
    """What single commands take beside the common options."""
    commands["unpack"].add_argument("--npz", type=Path, required=True, help="the file, e.g. pathmnist.npz")
    folds = commands["crossvalidate"]
    folds.add_argument("--folds", type=count, default=5, help="how many; as many as groups leaves one group out")
    folds.add_argument("--epochs-share", type=_share, default=1.0, help="share of the recipe's epochs for each fold")
    commands["calibrate"].add_argument(
        "--folds", type=Path, help="use the logits that crossvalidate wrote, not the val split"
    )
    command = commands["evaluate"]
    command.add_argument("--split", required=True, help="value of the manifest's split column, e.g. test")
    command.add_argument("--json", action="store_true", help="print JSON and nothing else")
    command.add_argument("--write", action="store_true", help="also write MODEL.metrics.json to the weights folder")
    own = commands["train-folder"]
    own.add_argument("folder", type=Path, help="folder with a folder of images for each class")
    own.add_argument("--name", required=True, help="name of the model: small letters, digits and hyphens")
    own.add_argument("--arch", default="resnet18", help="architecture")
    own.add_argument("--size", type=count, default=128, help="side of the network's square, in pixels")
    own.add_argument("--epochs", type=count, default=20, help="passes over the images")
    own.add_argument("--group-until", metavar="SIGN", help="images whose names agree up to this sign belong together")
    own.add_argument("--shows", choices=get_args(Kind), help="the tab that offers the model; default: by its colours")
    own.add_argument("--out", type=Path, help="folder of card and weights; default: $LIGHTBOX_WEIGHTS")
    runs = commands["runs"]
    runs.add_argument("--folder", type=Path, default=Path("runs"), help="where the runs are")
    runs.add_argument("--write", type=Path, metavar="FILE", help="write the page there")


def _share(text: str) -> float:
    if not 0 < (share := float(text)) <= 1:
        raise argparse.ArgumentTypeError("more than 0, at most 1")
    return share


def _card_path(options: argparse.Namespace) -> Path:
    return options.weights / f"{options.model}.toml"


def _recipe(options: argparse.Namespace) -> Recipe:
    return load_recipe(options.model, options.recipes)


def _data(options: argparse.Namespace) -> Path:
    return options.data or load_settings().data / _recipe(options).dataset


def _run(options: argparse.Namespace) -> Path:
    return options.run or Path("runs") / options.model


def _unpack(options: argparse.Namespace) -> None:
    data = _data(options)
    print(f"{unpack(options.npz, data, load_card(_card_path(options)))} images in {data}")


def _prepare(options: argparse.Namespace) -> None:
    found = prepare(_data(options), load_card(_card_path(options)))
    print(preparation_table(found))
    found.raise_for_faults()


def _train(options: argparse.Namespace) -> None:
    card, recipe, data = load_card(_card_path(options)), _recipe(options), _data(options)
    Trainer(card, recipe, load_split(data, "train", card), load_split(data, "val", card), _run(options)).fit()
    _export(options)


def _crossvalidate(options: argparse.Namespace) -> None:
    card, recipe = load_card(_card_path(options)), _recipe(options).shortened(options.epochs_share)
    print(folds_table(crossvalidate(card, recipe, _data(options), _run(options), options.folds)))


def _export(options: argparse.Namespace) -> None:
    card, recipe, run = load_card(_card_path(options)), _recipe(options), _run(options)
    rows_of(_data(options), "val", card)  # nothing is written that could not be calibrated afterwards
    network, epochs = averaged_network(run, card)
    passes = "1 epoch" if epochs == 1 else f"{epochs} epochs"
    own = options.command == "train-folder"
    command = f"train-folder {recipe.dataset} --name" if own else "train"
    made = f"Trained from {recipe.origin} for {passes}" if epochs else f"A linear head fitted on {recipe.origin}"
    source = f"{made}: python -m diagnosis.training {command} {card.name}"
    card = export(network, _card_path(options), options.weights, source, None if own else LARGEST)
    if card.weights:
        print(f"{card.weights.file}: {card.weights.bytes / 1e6:.1f} MB, sha256 {card.weights.sha256}")
    _calibrate(options)


def _calibrate(options: argparse.Namespace) -> None:
    card = load_card(_card_path(options))
    if options.command == "calibrate" and options.folds:
        found = calibrate_on_folds(options.folds, card)
    else:
        found = calibrate(Classifier.load(card, options.weights), _data(options))
    card = set_calibration(_card_path(options), found.temperature, found.confidence)
    print(f"{card.name}: temperature {card.temperature}, {card.score_kind}")
    print(confidence_table(found.confidence))


def _evaluate(options: argparse.Namespace) -> None:
    card = load_card(_card_path(options))
    evaluation = evaluate(Classifier.load(card, options.weights), _data(options), options.split)
    if options.write:
        write_metrics(evaluation, card, options.weights)
    if options.json:
        print(json.dumps(evaluation.model_dump(mode="json"), indent=2))
    else:
        print(evaluation_table(evaluation, card))


def _train_folder(options: argparse.Namespace) -> None:
    settings = load_settings()
    if (settings.bundled / f"{options.name}.toml").is_file():
        raise BadRequest(f"{options.name} is the name of a model that comes with the app.", "Choose another --name.")
    options.weights = options.out or settings.weights
    options.model, options.run = options.name, options.run or Path("runs") / options.name
    own = OwnModel(options.name, options.arch, options.size, options.epochs, options.shows)
    options.data = start_own(own, options.folder, options.group_until, options.run, _card_path(options))
    options.recipes, options.split, options.json, options.write = options.run, "test", False, True
    _train(options)
    _evaluate(options)


def _runs(options: argparse.Namespace) -> None:
    page = runs_table(options.folder)
    if options.write:
        options.write.write_text(page, encoding="utf-8")
    else:
        print(page, end="")


if __name__ == "__main__":
    sys.exit(main())

"""``python -m diagnosis.training train|export|calibrate|evaluate MODEL``; docs/training.md tells the whole story."""

import argparse
import json
import logging
import sys
from pathlib import Path

import torch

from diagnosis.cards import ModelCard, load_card
from diagnosis.classifier import Classifier
from diagnosis.console import Parser, tell
from diagnosis.errors import UserError
from diagnosis.training.calibrate import calibrate
from diagnosis.training.dataset import rows_of
from diagnosis.training.evaluate import Evaluation, evaluate, write_metrics
from diagnosis.training.export import averaged_network, export, set_temperature
from diagnosis.training.metrics import Interval
from diagnosis.training.recipe import RECIPES, load_recipe
from diagnosis.training.train import Trainer
from settings import load_settings


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 done, 2 bad input or usage, 3 something missing."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    logging.getLogger("diagnosis").setLevel(logging.INFO)
    if options.threads:
        torch.set_num_threads(options.threads)
    try:
        options.action(options)
    except UserError as error:
        return tell(error)
    return 0


def _parser() -> argparse.ArgumentParser:
    common = Parser(add_help=False)
    common.add_argument("model", help="name of a card in the weights folder, e.g. chest-xray")
    common.add_argument(
        "--data", type=Path, help="folder with manifest.csv; default: $LIGHTBOX_DATA/<recipe's dataset>"
    )
    common.add_argument("--weights", type=Path, default=Path("weights"), help="folder of cards and weights")
    common.add_argument("--recipes", type=Path, default=RECIPES, help="folder of recipes")
    common.add_argument("--threads", type=_count, help="CPU threads; default: torch's own choice")
    run = Parser(add_help=False)
    run.add_argument("--run", type=Path, help="folder of the run; default: runs/MODEL")

    parser = Parser(prog="python -m diagnosis.training", description="Train and measure the models.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, action, parents, words in (
        ("train", _train, [common, run], "train from random weights, or go on with a run; then export and calibrate"),
        ("export", _export, [common, run], "write the weights of a finished or interrupted run; then calibrate"),
        ("calibrate", _calibrate, [common], "fit the temperature of the weights on the val split"),
        ("evaluate", _evaluate, [common], "measure the weights on a split"),
    ):
        command = commands.add_parser(name, parents=parents, help=words, description=words.capitalize() + ".")
        command.set_defaults(action=action)
    command.add_argument("--split", required=True, help="value of the manifest's split column, e.g. test")
    command.add_argument("--json", action="store_true", help="print JSON and nothing else")
    command.add_argument("--write", action="store_true", help="also write MODEL.metrics.json to the weights folder")
    return parser


def _count(text: str) -> int:
    if (count := int(text)) < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return count


def _card_path(options: argparse.Namespace) -> Path:
    return options.weights / f"{options.model}.toml"


def _data(options: argparse.Namespace) -> Path:
    if options.data:
        return options.data
    return load_settings().data / load_recipe(options.model, options.recipes).dataset


def _run(options: argparse.Namespace) -> Path:
    return options.run or Path("runs") / options.model


def _train(options: argparse.Namespace) -> None:
    card, recipe = load_card(_card_path(options)), load_recipe(options.model, options.recipes)
    Trainer(card, recipe, _data(options), _run(options)).fit()
    _export(options)


def _export(options: argparse.Namespace) -> None:
    card, data, run = load_card(_card_path(options)), _data(options), _run(options)
    rows_of(data, "val", card)  # nothing is written that could not be calibrated afterwards
    network, epochs = averaged_network(run, card)
    passes = "1 epoch" if epochs == 1 else f"{epochs} epochs"
    source = f"Trained from random weights for {passes}: python -m diagnosis.training train {card.name}"
    card = export(network, _card_path(options), options.weights, source)
    if card.weights:
        print(f"{card.weights.file}: {card.weights.bytes / 1e6:.1f} MB, sha256 {card.weights.sha256}")
    _calibrate(options)


def _calibrate(options: argparse.Namespace) -> None:
    card = load_card(_card_path(options))
    card = set_temperature(_card_path(options), calibrate(Classifier.load(card, options.weights), _data(options)))
    print(f"{card.name}: temperature {card.temperature}, {card.score_kind}")


def _evaluate(options: argparse.Namespace) -> None:
    card = load_card(_card_path(options))
    evaluation = evaluate(Classifier.load(card, options.weights), _data(options), options.split)
    if options.write:
        write_metrics(evaluation, card, options.weights)
    print(json.dumps(evaluation.model_dump(mode="json"), indent=2) if options.json else _table(evaluation, card))


def _table(evaluation: Evaluation, card: ModelCard) -> str:
    lines = [
        f"{evaluation.model} on {evaluation.dataset}, split {evaluation.split}",
        f"{evaluation.images} images in {evaluation.groups} groups; 95 % intervals from a bootstrap over groups",
        "",
        f"accuracy           {_cell(evaluation.accuracy)}",
        f"balanced accuracy  {_cell(evaluation.balanced_accuracy)}",
        f"macro AUC          {_cell(evaluation.macro_auc)}",
        f"log loss           {_cell(evaluation.log_loss)}",
        f"calibration error  {_cell(evaluation.expected_calibration_error)}",
        *(f"AUC {one.name}: {_cell(one.auc)} ({one.support} images)" for one in evaluation.contrasts),
    ]
    width = max(len(name) for name in card.label_names)
    heads = "".join(f"{head:22}" for head in ("precision", "recall", "F1", "AUC"))
    lines += ["", f"{'':{width}}  images  {heads}".rstrip()]
    for one in evaluation.classes:
        cells = "".join(f"{_cell(interval):22}" for interval in (one.precision, one.recall, one.f1, one.auc))
        lines.append(f"{one.label:{width}}  {one.support:6}  {cells}".rstrip())
    lines += ["", "confusion, true class by row, predicted class by column"]
    for label, counts in zip(card.label_names, evaluation.confusion.counts, strict=True):
        lines.append(f"{label:{width}}  " + "".join(f"{count:6}" for count in counts))
    return "\n".join(lines)


def _cell(interval: Interval) -> str:
    if interval.value is None:
        return "not defined"
    if interval.low is None or interval.high is None:
        return f"{interval.value:.3f}"
    return f"{interval.value:.3f} ({interval.low:.3f}-{interval.high:.3f})"


if __name__ == "__main__":
    sys.exit(main())

"""``python -m diagnosis.gating fit|evaluate``; docs/gate.md tells the whole story."""

import argparse
import shlex
import sys
from pathlib import Path

import torch

from diagnosis import records
from diagnosis.cards import file_digest, load_cards
from diagnosis.console import Parser, attempt, image_sets
from diagnosis.gate import Gate
from diagnosis.gate.card import FOLDER, NAME
from diagnosis.gating.evaluate import FURTHER, SETS, Trial, fitted
from diagnosis.gating.export import write_gate
from diagnosis.gating.record import GateRecord, load_record, table
from diagnosis.gating.samples import Samples, source_specs
from diagnosis.training.dataset import manifest_digest
from settings import ROOT, load_settings

METRICS = "metrics.json"
KEPT = ROOT / "runs" / "gate"


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 done, 2 bad input or usage, 3 something missing."""
    given = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(given)
    if options.threads:
        torch.set_num_threads(options.threads)
    return attempt(lambda: options.action(options, "python -m diagnosis.gating " + shlex.join(given)))


def _parser() -> argparse.ArgumentParser:
    common = image_sets()
    common.add_argument("--kept", type=Path, default=KEPT, help="folder where features are kept; default: runs/gate")
    common.add_argument("--most", type=int, help="images of a source and part at the most; default: all")
    parser = Parser(prog="python -m diagnosis.gating", description="Fit the gate and measure it.")
    commands = parser.add_subparsers(dest="command", required=True)
    fit = commands.add_parser("fit", parents=[common], help="fit the gate on train and val, and write it")
    fit.set_defaults(action=_fit)
    evaluate = commands.add_parser("evaluate", parents=[common], help="measure the gate on one part of the data")
    evaluate.add_argument("--split", choices=("val", "test"), required=True)
    evaluate.add_argument(
        "--unseen", action="store_true", help="also measure gates that were fitted without the others"
    )
    evaluate.add_argument("--cards", type=Path, help="folder of the models' cards; default: the weights folder")
    evaluate.add_argument("--write", action="store_true", help="write metrics.json beside the gate")
    evaluate.set_defaults(action=_evaluate)
    commands.add_parser("table", parents=[common], help="print what was measured").set_defaults(action=_table)
    return parser


def _samples(options: argparse.Namespace) -> Samples:
    settings = load_settings()
    return Samples(options.data or settings.data, options.weights or settings.bundled, options.kept, options.most)


def _fit(options: argparse.Namespace, command: str) -> None:
    samples, specs = _samples(options), source_specs()
    limits, space = fitted(samples, specs)
    sources = [spec.source for spec in specs]
    folder = samples.weights / FOLDER
    card = write_gate(folder, samples.digest, sources, space, limits, ROOT / "examples", command)
    sys.stdout.write(f"{folder}: {len(sources)} sources, {card.weights.bytes / 1e6:.1f} MB\n")


def _evaluate(options: argparse.Namespace, command: str) -> None:
    samples = _samples(options)
    gate, cards = Gate.load(samples.weights), load_cards(options.cards or samples.weights)
    trial = Trial(gate.card, gate.space, samples, options.split, options.unseen)
    record = GateRecord(
        card_sha256=file_digest(samples.weights / FOLDER / NAME),
        gate_sha256=gate.card.weights.sha256,
        encoder_sha256=gate.card.encoder_sha256,
        manifests={name: manifest_digest(samples.data / name) for name in (*SETS.values(), *FURTHER)},
        split=options.split,
        most=options.most,
        command=command,
        models=tuple(trial.records(cards)),
    )
    sys.stdout.write(table(record))
    if options.write:
        records.write(record, samples.weights / FOLDER / METRICS)


def _table(options: argparse.Namespace, command: str) -> None:
    sys.stdout.write(table(load_record(_samples(options).weights / FOLDER / METRICS)))


if __name__ == "__main__":
    sys.exit(main())

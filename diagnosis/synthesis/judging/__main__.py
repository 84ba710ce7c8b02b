"""``python -m diagnosis.synthesis.judging measure|table|chart``; docs/synthesis.md tells the whole story."""

import argparse
import shlex
import sys
from pathlib import Path

import cv2
import torch

from diagnosis import records
from diagnosis.cards import load_card
from diagnosis.console import Parser, attempt, image_sets
from diagnosis.errors import BadRequest
from diagnosis.gating.evaluate import SETS
from diagnosis.synthesis.judging.chart import chart
from diagnosis.synthesis.judging.folder import read_made
from diagnosis.synthesis.judging.judge import Judge
from diagnosis.synthesis.judging.measuring import measure
from diagnosis.synthesis.judging.record import load_judging
from diagnosis.synthesis.judging.tables import tables
from settings import ROOT, load_settings

KEPT = ROOT / "runs" / "judging"


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 done, 2 bad input or usage, 3 something missing."""
    options = _parser().parse_args(arguments)
    return attempt(lambda: options.action(options))


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m diagnosis.synthesis.judging", description="Judge made images against real ones.")
    commands = parser.add_subparsers(dest="command", required=True)
    words = "judge the images of a folder that were made for a model"
    measuring = commands.add_parser("measure", parents=[image_sets()], help=words)
    measuring.add_argument("folder", type=Path, help="MODEL/CLASS/*.png or *.jpg lie in it")
    measuring.add_argument("--model", required=True, help="the model whose classes they were made for")
    measuring.add_argument("--set", type=Path, help="folder of the real images; default: the model's in --data")
    measuring.add_argument("--kept", type=Path, default=KEPT, help="where distances are kept; default: runs/judging")
    measuring.add_argument("--write", type=Path, metavar="FILE", help="write the record as JSON")
    measuring.set_defaults(action=_measure)
    table = commands.add_parser("table", help="print records as Markdown")
    table.add_argument("records", type=Path, nargs="+", metavar="FILE")
    table.set_defaults(action=_table)
    drawing = commands.add_parser("chart", help="draw the distances of a record as SVG")
    drawing.add_argument("record", type=Path, metavar="FILE")
    drawing.add_argument("out", type=Path, metavar="SVG")
    drawing.set_defaults(action=_chart)
    return parser


def _measure(options: argparse.Namespace) -> None:
    if options.threads:
        torch.set_num_threads(options.threads)
        cv2.setNumThreads(options.threads)
    settings = load_settings()
    weights = options.weights or settings.bundled
    card = load_card(weights / f"{options.model}.toml")
    folder = options.set or (options.data or settings.data) / _set_of(card.name)
    made = read_made(options.folder, card)
    record = measure(Judge.load(card, weights, folder, options.kept), made, folder, _command(options))
    sys.stdout.write(tables(record))
    if options.write:
        records.write(record, options.write)


def _command(options: argparse.Namespace) -> str:
    """The command line that measures the same; of an absolute path only the name is kept."""
    folder = options.folder.name if options.folder.is_absolute() else options.folder.as_posix()
    return shlex.join(["python", "-m", "diagnosis.synthesis.judging", "measure", folder, "--model", options.model])


def _set_of(model: str) -> str:
    if model not in SETS:
        raise BadRequest(f"No data set is known for {model!r}.", "Name its folder with --set.")
    return SETS[model]


def _table(options: argparse.Namespace) -> None:
    sys.stdout.write("\n".join(tables(load_judging(path)) for path in options.records))


def _chart(options: argparse.Namespace) -> None:
    drawn = chart(load_judging(options.record))
    try:
        options.out.write_text(drawn, encoding="utf-8")
    except OSError as error:
        raise BadRequest(f"Cannot write {options.out}: {error.strerror}.", "Name another file.") from error


if __name__ == "__main__":
    sys.exit(main())

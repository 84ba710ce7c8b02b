"""``python -m retrieval.training train|export``: docs/encoder.md tells the whole story."""

import argparse
import sys
from pathlib import Path

from diagnosis.console import Parser, attempt, begin, threads
from retrieval.training.recipe import DEFAULT, load_recipe
from retrieval.training.train import Trainer
from settings import load_settings


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 done, 2 bad input or usage, 3 something missing."""
    options = _parser().parse_args(arguments)
    begin("retrieval", options)
    return attempt(lambda: _run(options))


def _run(options: argparse.Namespace) -> None:
    data = options.data or load_settings().data
    trainer = Trainer(load_recipe(options.recipe), data, options.weights, options.run)
    if options.command == "train":
        trainer.fit()
    trainer.export(options.out)
    print(f"written: {options.out}")


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m retrieval.training", description="Train the image-text encoder.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, words in (
        ("train", "train, or go on with a run that was cut off; then export"),
        ("export", "write the encoder of a finished or interrupted run"),
    ):
        command = commands.add_parser(name, parents=[threads()], help=words, description=words.capitalize() + ".")
        command.add_argument("--data", type=Path, help="folder of the data sets; default: $LIGHTBOX_DATA")
        command.add_argument("--weights", type=Path, default=Path("weights"), help="folder of the project's weights")
        command.add_argument("--run", type=Path, default=Path("runs/encoder"), help="folder of the run")
        command.add_argument("--recipe", type=Path, default=DEFAULT, help="TOML file")
        command.add_argument("--out", type=Path, default=Path("weights/encoder"), help="folder that is written")
    return parser


if __name__ == "__main__":
    sys.exit(main())

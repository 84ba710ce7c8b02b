"""``python -m benchmarks.helping``: do synthetic images help where a class has few real ones?

    .venv/bin/python -m benchmarks.helping --model brain-mri --class meningioma --synthetic runs/synthetic --threads 1

A class keeps a share of its real images in ``train``, by whole groups; the other classes keep all of theirs. Networks
of the model's architecture learn from that without and with synthetic images of the class, which fill it up to its full
number; a class that kept all gets as many again; where too few were made, all of them join. They join as they were
made, whatever the judge of copies would say of them. Classes are drawn equally often, whether they are rare or filled
up. Networks start from random weights, since the encoder has seen every real image, and take the same number of
updates; nothing is chosen. Figures are of ``test``, means over the seeds, each of which keeps other groups; intervals
are of draws of the test's groups, and of a difference by the same draws for both.

The generator learned from every real image of ``train``: below 100 % the difference tells of images that know more of
the class than the network is given. At 100 % both saw the same.

What is done stands in ``runs/helping``: the same command goes on there. Without ``--synthetic`` only half is trained,
and no record is written.
"""

import argparse
import logging
import sys
from pathlib import Path

import torch

from benchmarks.helping.bench import Bench
from benchmarks.helping.record import FOLDER, HEAD, LIMITS, keep, lines
from benchmarks.timing import table
from diagnosis.cards import load_card
from diagnosis.console import tell
from diagnosis.errors import UserError
from diagnosis.intervals import RULE
from diagnosis.training.recipe import RECIPES, load_recipe
from settings import load_settings


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 when done, 2 for bad input, 3 where something is missing."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    logging.getLogger("benchmarks").setLevel(logging.INFO)
    if options.threads:
        torch.set_num_threads(options.threads)
    try:
        card, recipe = load_card(options.weights / f"{options.model}.toml"), load_recipe(options.model, options.recipes)
        data, schedule = options.data or load_settings().data / recipe.dataset, (options.size, options.updates)
        bench = Bench.load(card, recipe, options.label, data, options.synthetic, options.runs, *schedule)
        told = bench.measure(options.shares, options.seeds)
    except UserError as error:
        return tell(error)
    if bench.made:
        keep(options.out / f"{card.name}.json", options.label, told)
    print(table(HEAD, lines(options.label, told)))
    print(f"\n{RULE} {LIMITS}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.helping", description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--class", dest="label", required=True, help="its name on the model's card, e.g. meningioma")
    parser.add_argument("--shares", type=_percent, nargs="+", default=[10, 25, 100], help="percent; default: 10 25 100")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--synthetic", type=Path, metavar="DIR", help="synthetic images, as MODEL/CLASS/*.png")
    parser.add_argument("--size", type=int, default=96, help="side of the network's square; default: %(default)s")
    parser.add_argument("--updates", type=int, default=320, help="of each network; default: %(default)s")
    parser.add_argument("--threads", type=int, help="CPU threads; default: torch's own choice")
    parser.add_argument("--data", type=Path, help="folder of the model's images; default: that in $LIGHTBOX_DATA")
    parser.add_argument("--weights", type=Path, default=Path("weights"), help="folder of cards")
    parser.add_argument("--recipes", type=Path, default=RECIPES)
    parser.add_argument("--runs", type=Path, default=Path("runs/helping"), help="folder of what is done")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of the record; default: benchmarks/helping")
    return parser


def _percent(text: str) -> int:
    if not 1 <= (share := int(text)) <= 100:
        raise argparse.ArgumentTypeError("1 to 100")
    return share


if __name__ == "__main__":
    sys.exit(main())

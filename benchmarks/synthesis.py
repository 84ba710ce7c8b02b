"""``python -m benchmarks.synthesis``: images a second in training, seconds an image in sampling, on made-up images.

The networks are those of the cards in ``weights/synthesis``, with random weights, on which time does not depend.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")  # read by the libraries when they are imported

import torch

from benchmarks.timing import Case, Times, machine, table, take_turns
from diagnosis.console import tell
from diagnosis.errors import UserError
from diagnosis.synthesis.autoencoder import Autoencoder, build_autoencoder
from diagnosis.synthesis.cards import FOLDER, GeneratorCard, generator_cards, load_autoencoder_card
from diagnosis.synthesis.denoiser import build_denoiser
from diagnosis.synthesis.generator import Family
from diagnosis.synthesis.training.autoencoder import AutoencoderTrainer
from diagnosis.synthesis.training.generator import GeneratorTrainer
from diagnosis.synthesis.training.images import Images
from diagnosis.synthesis.training.latents import Latents
from diagnosis.synthesis.training.origin import Origin
from diagnosis.synthesis.training.recipe import load_autoencoder_recipe, load_generator_recipe
from diagnosis.synthesis.training.run import Run
from settings import load_settings

TRAINING, SAMPLING = 30.0, 3.0  # targets: images a second of a generator's training, seconds an image
IMAGES = 64
GENERATOR, SAMPLE = "generator, an update", "an image"


def main() -> int:
    """Returns the exit code: 0 when both targets are kept, 1 when one is not, 2 or 3 as a UserError says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.synthesis", description=__doc__)
    parser.add_argument("--family", default="chest-xray")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, help="CPU threads; default: torch's own choice")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    try:
        rows, kept = measured(options.family, options.rounds)
    except UserError as error:
        return tell(error)
    for name, value in machine(("torch", "diffusers")).items():
        print(f"{name}: {value}")
    print(table(("what", "median (least to most)", "by the processor's time", "target"), rows))
    return 0 if kept else 1


def measured(family: str, rounds: int) -> tuple[list[tuple[str, ...]], bool]:
    """The lines of the table, and whether the targets are kept."""
    folder = load_settings().bundled / FOLDER
    cards = generator_cards(folder)
    card = cards[family] if family in cards else next(iter(cards.values()))
    autoencoder = _autoencoder(folder, card)
    with tempfile.TemporaryDirectory() as scratch:
        trainers = {
            "autoencoder, an update": _autoencoder_trainer(autoencoder, Path(scratch)),
            GENERATOR: _generator_trainer(card, autoencoder, Path(scratch)),
        }
        made = Family(card, build_denoiser(card, autoencoder.card), autoencoder, "")
        cases: dict[str, Case] = {name: one.update for name, one in trainers.items()}
        times = take_turns({**cases, SAMPLE: lambda: made.make(0, 0, card.steps, card.guidance)}, rounds)
    return [_line(name, times[name], trainers.get(name)) for name in times], _kept(times, trainers)


def _line(name: str, times: Times, trainer: Run | None) -> tuple[str, ...]:
    if trainer is None:
        return name, str(times), f"{min(times.processor):.2f} s an image", f"{SAMPLING:g} s, on one thread"
    speed = trainer.schedule.batch_size / _thread_seconds(times)
    target = f"{TRAINING:g} images/s, on two threads" if name == GENERATOR else ""
    return name, str(times), f"{speed:.1f} images/s a thread", target


def _kept(times: dict[str, Times], trainers: dict[str, Run]) -> bool:
    speed = 2 * trainers[GENERATOR].schedule.batch_size / _thread_seconds(times[GENERATOR])
    return speed >= TRAINING and min(times[SAMPLE].processor) <= SAMPLING


def _thread_seconds(times: Times) -> float:
    """The least of the processor's time, shared out to the threads: what other work on the machine changes least."""
    return min(times.processor) / torch.get_num_threads()


def _autoencoder(folder: Path, card: GeneratorCard) -> Autoencoder:
    own = load_autoencoder_card(folder, card.autoencoder)
    return Autoencoder(own, build_autoencoder(own), torch.zeros(own.latents), torch.ones(own.latents))


def _autoencoder_trainer(autoencoder: Autoencoder, run: Path) -> Run:
    card, recipe = autoencoder.card, load_autoencoder_recipe(autoencoder.card.name)
    squares = torch.randint(256, (IMAGES, card.channels, recipe.size, recipe.size), dtype=torch.uint8)
    images = Images(squares, (("any", "any"),) * IMAGES, {})
    return AutoencoderTrainer(card, recipe, images, images, run / "autoencoder")


def _generator_trainer(card: GeneratorCard, autoencoder: Autoencoder, run: Path) -> Run:
    grid = card.size // autoencoder.card.reduction
    values = torch.randn(1, IMAGES, autoencoder.card.latents, grid, grid).half()
    origin = Origin(card={}, recipe={}, images=IMAGES, manifests={}, pixels="", seen_through="")
    latents = Latents(values, torch.zeros(IMAGES, dtype=torch.int64), torch.tensor([False]), origin)
    return GeneratorTrainer(card, load_generator_recipe(card.name), autoencoder, latents, latents, run / "generator")


if __name__ == "__main__":
    sys.exit(main())

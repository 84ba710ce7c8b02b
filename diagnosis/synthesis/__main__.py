"""``python -m diagnosis.synthesis COMMAND``; docs/synthesis.md tells the whole story."""

import argparse
import os
import sys
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")  # read by the libraries when they are imported

from diagnosis import records
from diagnosis.console import Parser, attempt, begin, bundled, count, image_sets, threads
from diagnosis.synthesis.cards import (
    FOLDER,
    AutoencoderCard,
    GeneratorCard,
    load_any,
    load_autoencoder_card,
    load_generator_card,
)
from diagnosis.synthesis.generator import Generator
from diagnosis.synthesis.images import save_png
from diagnosis.synthesis.lora import Tuning, tune
from diagnosis.synthesis.training.recipe import (
    RECIPES,
    AutoencoderRecipe,
    load_autoencoder_recipe,
    load_generator_recipe,
)
from settings import load_settings


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 done, 2 bad input or usage, 3 something missing."""
    options = _parser().parse_args(arguments)
    begin("diagnosis", options)
    return attempt(lambda: options.action(options))


def _parser() -> argparse.ArgumentParser:
    training = image_sets()
    training.add_argument("--recipes", type=Path, default=RECIPES, help="folder of recipes")
    training.add_argument("--run", type=Path, help="folder of the run; default: runs/synthesis/NAME")
    parser = Parser(
        prog="python -m diagnosis.synthesis", description="Make images of nobody, and train what makes them."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, action, parent, words in (
        ("train-autoencoder", _train_autoencoder, training, "train an autoencoder, or go on with its run; then export"),
        ("train", _train, training, "train a family's generator, or go on with its run; then export it"),
        ("export", _export, training, "write the weights of a finished or interrupted run"),
        ("evaluate", _evaluate, training, "measure the weights on a split"),
        ("sample", _sample, bundled(), "make images of a class, or of all classes of a model"),
        ("lora", _lora, threads(), "fine-tune a Stable Diffusion pipeline of your own on images of your own"),
    ):
        command = commands.add_parser(name, parents=[parent], help=words, description=words.capitalize() + ".")
        command.set_defaults(action=action)
    commands.choices["train-autoencoder"].add_argument("name", help="grey or colour")
    commands.choices["train"].add_argument("name", help="a family: chest-xray, brain-mri, chest-ct or histology")
    for name in ("export", "evaluate"):
        commands.choices[name].add_argument("name", help="an autoencoder or a family")
    commands.choices["evaluate"].add_argument(
        "--split", required=True, help="of the manifest's split column, e.g. test"
    )
    commands.choices["evaluate"].add_argument("--write", action="store_true", help="also write NAME.metrics.json")
    _add_sampling(commands.choices["sample"])
    _add_tuning(commands.choices["lora"])
    return parser


def _add_sampling(command: argparse.ArgumentParser) -> None:
    command.add_argument("--model", required=True, help="the model whose class it is, e.g. chest-xray")
    command.add_argument("--class", dest="label", help='name or title, e.g. "viral pneumonia"; default: all')
    command.add_argument("-n", "--count", type=count, default=1, help="how many of each class; default: 1")
    command.add_argument("--seed", type=int, default=0, help="of the first; the next ones count up; default: 0")
    command.add_argument("--steps", type=count, help="of the sampler; default: the card's")
    command.add_argument("--guidance", type=float, help="1 to 20; default: the card's")
    folder = Path("synthetic")
    command.add_argument("--out", type=Path, default=folder, help="PNG files go to OUT/MODEL/CLASS; default: synthetic")


def _add_tuning(command: argparse.ArgumentParser) -> None:
    command.add_argument("--pipeline", type=Path, required=True, help="folder of a pipeline, as diffusers writes it")
    command.add_argument("--images", type=Path, required=True, help="folder with a folder of images for each class")
    command.add_argument("--prompt-template", required=True, metavar="TEXT", help="with {label} for the class's folder")
    command.add_argument("--out", type=Path, required=True, help="folder for pytorch_lora_weights.safetensors")
    command.add_argument("--rank", type=count, default=8, help="of the added matrices; default: 8")
    command.add_argument("--updates", type=count, default=1000, help="steps of the optimiser; default: 1000")
    command.add_argument("--batch", type=count, default=1, help="images an update; default: 1")
    command.add_argument("--learning-rate", type=float, default=1e-4, help="default: 0.0001")
    command.add_argument("--seed", type=int, default=1, help="default: 1")


def _weights(options: argparse.Namespace) -> Path:
    return options.weights or load_settings().bundled


def _data(options: argparse.Namespace) -> Path:
    return options.data or load_settings().data


def _run(options: argparse.Namespace) -> Path:
    return options.run or Path("runs/synthesis") / options.name


def _train_autoencoder(options: argparse.Namespace) -> None:
    from diagnosis.synthesis.training.autoencoder import AutoencoderTrainer
    from diagnosis.synthesis.training.export import export_autoencoder
    from diagnosis.synthesis.training.images import Images, read_images

    folder, recipe = _weights(options) / FOLDER, load_autoencoder_recipe(options.name, options.recipes)
    card = load_autoencoder_card(folder, options.name)

    def images(part: str) -> Images:
        return read_images(recipe.datasets, part, recipe.size, card.channels, _data(options), _weights(options))

    train_set = images("train")
    if options.command != "export":
        AutoencoderTrainer(card, recipe, train_set, images("val"), _run(options)).fit()
    _tell(export_autoencoder(card, train_set, _run(options), folder))


def _train(options: argparse.Namespace) -> None:
    from diagnosis.synthesis.autoencoder import Autoencoder
    from diagnosis.synthesis.training.export import export_generator
    from diagnosis.synthesis.training.generator import GeneratorTrainer
    from diagnosis.synthesis.training.images import read_images
    from diagnosis.synthesis.training.latents import TRAIN, VAL, Latents, kept_latents
    from diagnosis.synthesis.training.run import device

    folder, recipe = _weights(options) / FOLDER, load_generator_recipe(options.name, options.recipes)
    card = load_generator_card(folder, options.name)
    autoencoder = Autoencoder.load(folder, card.autoencoder, device())

    def latents(part: str, file: str) -> Latents:
        channels, data, weights = autoencoder.card.channels, _data(options), _weights(options)
        images = read_images(recipe.datasets, part, card.size, channels, data, weights)
        return kept_latents(images, card, recipe, autoencoder, _run(options) / file)

    train_set, val_set = latents("train", TRAIN), latents("val", VAL)
    GeneratorTrainer(card, recipe, autoencoder, train_set, val_set, _run(options)).fit()
    _tell(export_generator(card, _run(options), folder))


def _export(options: argparse.Namespace) -> None:
    from diagnosis.synthesis.training.export import export_generator

    folder = _weights(options) / FOLDER
    card = load_any(folder / f"{options.name}.toml")
    if isinstance(card, AutoencoderCard):
        _train_autoencoder(options)
    else:
        _tell(export_generator(card, _run(options), folder))


def _evaluate(options: argparse.Namespace) -> None:
    from diagnosis.synthesis.training.evaluate import measure_autoencoder, measure_generator
    from diagnosis.synthesis.training.images import Images, read_images

    folder, name = _weights(options) / FOLDER, options.name
    is_autoencoder = isinstance(load_any(folder / f"{name}.toml"), AutoencoderCard)
    recipe = (load_autoencoder_recipe if is_autoencoder else load_generator_recipe)(name, options.recipes)

    def read(split: str, size: int, channels: int) -> Images:
        return read_images(recipe.datasets, split, size, channels, _data(options), _weights(options))

    if isinstance(recipe, AutoencoderRecipe):
        found = measure_autoencoder(folder, name, recipe.size, read, options.split)
    else:
        found = measure_generator(folder, name, read, options.split)
    if options.write:
        records.write(found, folder / f"{name}.metrics.json")
    print(found.model_dump_json(indent=2, exclude_none=True))


def _tell(card: AutoencoderCard | GeneratorCard) -> None:
    if card.weights:
        print(f"{card.weights.file}: {card.weights.bytes / 1e6:.1f} MB, sha256 {card.weights.sha256}")


def _sample(options: argparse.Namespace) -> None:
    generator = Generator(_weights(options))
    labels = [options.label] if options.label else [one.label for one in generator.classes(options.model)]
    how = {"steps": options.steps, "guidance": options.guidance}
    for at, label in enumerate(labels):
        for image in generator.stream(options.model, label, options.count, options.seed + at * options.count, **how):
            print(save_png(image, options.out / image.model / image.label))


def _lora(options: argparse.Namespace) -> None:
    tuning = Tuning(
        options.prompt_template, options.rank, options.updates, options.batch, options.learning_rate, options.seed
    )
    print(tune(options.pipeline, options.images, tuning, options.out))


if __name__ == "__main__":
    sys.exit(main())

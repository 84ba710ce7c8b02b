"""How good, beside the same architecture trained plainly and beside what others report.

    .venv/bin/python -m benchmarks.accuracy                            the table
    .venv/bin/python -m benchmarks.accuracy --train MODEL              train plainly, measure on test, keep the figures

Ours come from the metrics files of the weights that ship; a file that was measured on other weights is left out. Plain
training: random weights, flips alone, nothing balanced, averaged or chosen (``recipes/plain``), on the same split.
"""

import argparse
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import tomlkit
import torch

from benchmarks.timing import table
from diagnosis.cards import ModelCard, load_card, load_cards
from diagnosis.classifier import Classifier
from diagnosis.errors import UserError
from diagnosis.training.calibrate import calibrate
from diagnosis.training.dataset import load_split
from diagnosis.training.evaluate import Evaluation, evaluate, load_metrics, metrics_path, write_metrics
from diagnosis.training.export import averaged_network, export, set_calibration
from diagnosis.training.metrics import Interval
from diagnosis.training.recipe import RECIPES, Recipe, load_recipe
from diagnosis.training.train import Trainer
from settings import load_settings

HERE = Path(__file__).parent
PLAIN, PUBLISHED = HERE / "plain", HERE / "published.toml"
RUNS = Path("runs/plain")


@dataclass(frozen=True)
class Figure:
    """A published figure. ``key`` names ours: a field of the metrics, or ``contrast:`` and the contrast's name."""

    model: str
    what: str
    key: str
    value: float
    source: str
    setting: str
    at_least: bool = False


def main() -> int:
    """Returns the exit code: 0 when done, 2 for bad input, 3 where something is missing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__.splitlines()[0])
    parser.add_argument("--weights", type=Path, default=Path("weights"))
    parser.add_argument("--data", type=Path, help="folder of the image sets; default: $LIGHTBOX_DATA")
    parser.add_argument(
        "--train", metavar="MODEL", help="train this model plainly instead; goes on where it was cut off"
    )
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    try:
        if options.train:
            card = load_card(options.weights / f"{options.train}.toml")
            measured = trained_plainly(card, options.data or load_settings().data)
            print(f"{card.name}, trained plainly: balanced accuracy {_cell(measured.balanced_accuracy)}")
        else:
            print("\n\n".join(tables(options.weights)))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def trained_plainly(card: ModelCard, data: Path) -> Evaluation:
    """Train the card's architecture by its plain recipe, measure it on test and keep its metrics in ``plain``."""
    recipe = load_recipe(card.name, RECIPES / "plain")
    folder, run = data / recipe.dataset, RUNS / card.name
    card = _plain_card(card, recipe)
    Trainer(card, recipe, load_split(folder, "train", card), load_split(folder, "val", card), run).fit()
    network, epochs = averaged_network(run, card)
    path = RUNS / f"{card.name}.toml"
    card = export(network, path, RUNS, f"Trained plainly for {epochs} epochs")
    found = calibrate(Classifier.load(card, RUNS), folder)
    card = set_calibration(path, found.temperature, found.confidence)
    command = f"python -m benchmarks.accuracy --train {card.name}"
    measured = evaluate(Classifier.load(card, RUNS), folder, "test").model_copy(update={"command": command})
    PLAIN.mkdir(exist_ok=True)
    write_metrics(measured, card, PLAIN)
    return measured


def _plain_card(card: ModelCard, recipe: Recipe) -> ModelCard:
    """The same card at the recipe's size and without what was measured of the weights; kept in ``runs/plain``."""
    fields = card.model_dump(mode="json", exclude_none=True, exclude={"weights", "confidence"})
    fields |= {"version": "plain", "score_kind": "uncalibrated score", "temperature": 1.0}
    fields["input"]["size"] = recipe.stages[-1].size
    RUNS.mkdir(parents=True, exist_ok=True)
    path = RUNS / f"{card.name}.toml"
    path.write_text(tomlkit.dumps(fields), encoding="utf-8")
    return load_card(path)


def tables(weights: Path) -> Iterator[str]:
    """Ours beside plain training, and ours beside the published figures."""
    cards = load_cards(weights)
    ours = {name: found for name, card in cards.items() if (found := _ours(card, weights))}
    plain = {name: found for name in ours if (found := _plain(name))}
    rows = []
    for name, own in ours.items():
        other = plain.get(name)
        same = other is not None and other.manifest_sha256 == own.manifest_sha256
        for what, of in _COMPARED.items():
            rows.append([name, what, _cell(of(own)), _cell(of(other)) if other and same else "not measured"])
    yield table(["model", "on test", "ours", "same architecture, trained plainly"], rows)
    figures = [Figure(**one) for one in tomllib.loads(PUBLISHED.read_text("utf-8"))["figure"]]
    lines = [
        [
            one.model,
            one.what,
            _cell(_value(ours[one.model], one.key)),
            f"{'above ' if one.at_least else ''}{one.value:.3f}",
            one.source,
            one.setting,
        ]
        for one in figures
        if one.model in ours
    ]
    yield table(["model", "on test", "ours", "published", "source", "measured there"], lines)


_COMPARED: dict[str, Callable[[Evaluation], Interval]] = {
    "accuracy": lambda found: found.accuracy,
    "balanced accuracy": lambda found: found.balanced_accuracy,
    "macro AUC": lambda found: found.macro_auc,
}


def _ours(card: ModelCard, weights: Path) -> Evaluation | None:
    """The metrics of the card's very weights on test; None where there are none."""
    try:
        found = load_metrics(metrics_path(card, weights), card)
    except UserError as error:
        print(f"left out: {error.problem}", file=sys.stderr)
        return None
    return found if found.split == "test" else None


def _plain(name: str) -> Evaluation | None:
    path = PLAIN / f"{name}.metrics.json"
    return Evaluation.model_validate_json(path.read_bytes()) if path.is_file() else None


def _value(found: Evaluation, key: str) -> Interval:
    kind, _, name = key.partition(":")
    if kind == "contrast":
        return next(one.auc for one in found.contrasts if one.name == name)
    interval: Interval = getattr(found, key)
    return interval


def _cell(interval: Interval) -> str:
    if interval.low is None or interval.high is None:
        return "–" if interval.value is None else f"{interval.value:.3f}"
    return f"{interval.value:.3f} ({interval.low:.3f}–{interval.high:.3f})"


if __name__ == "__main__":
    sys.exit(main())

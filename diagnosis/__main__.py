"""``python -m diagnosis read|maps IMAGE --model MODEL``: readings without the page.

``weights`` lists the models and fetches others; ``examples`` reads the page's examples beforehand.
"""

import argparse
import sys
from pathlib import Path

import torch

from diagnosis import examples_command, weights_command
from diagnosis.attribution import METHODS
from diagnosis.console import Parser, tell
from diagnosis.errors import BadRequest, UserError
from diagnosis.export import as_json
from diagnosis.gate.verdict import admitted
from diagnosis.kept import FOLDER, Kept
from diagnosis.maps_command import add_arguments, run, wanted_of
from diagnosis.models import Models
from diagnosis.notices import NOTICE
from diagnosis.readers import read_study
from diagnosis.reading import Reading, read
from diagnosis.tabs import load_tabs
from settings import ROOT, load_settings

HEADINGS = {"says": "What the model says", "looked": "Where it looked", "trust": "How far to trust this"}


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 read, 2 bad input or usage, 3 something missing, 4 an image that the gate refuses."""
    options = _parser().parse_args(arguments)
    try:
        {"read": _read, "maps": _maps, "weights": _weights, "examples": _examples}[options.command](options)
    except UserError as error:
        return tell(error)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m diagnosis", description="Read one image. " + NOTICE)
    commands = parser.add_subparsers(dest="command", required=True)
    _add_shared(commands.add_parser("read", help="scores, maps and findings of one image"))
    command = commands.add_parser("maps", help="maps by any methods: tested, compared, put to the question")
    _add_shared(command)
    add_arguments(command)
    weights_command.add_arguments(commands.add_parser("weights", help="list the models, and fetch those of others"))
    commands.add_parser("examples", help="keep the maps of the page's examples, so that a click is answered at once")
    return parser


def _add_shared(command: argparse.ArgumentParser) -> None:
    command.add_argument("image", type=Path, help="PNG, JPEG, TIFF, WebP, BMP or DICOM file")
    command.add_argument("--model", required=True, help="name of a card in the weights folder, e.g. chest-xray")
    command.add_argument("--class", dest="label", help="class to explain; default: the one with the highest score")
    command.add_argument("--out", type=Path, help="folder for the record and the pictures")
    command.add_argument("--json", action="store_true", help="print JSON and nothing else")
    command.add_argument("--weights", type=Path, help="folder of cards and weights, instead of the usual ones")
    command.add_argument(
        "--evaluations", type=int, help="forward passes that SHAP may spend; default: LIGHTBOX_SHAP_EVALUATIONS"
    )


def _set_up(options: argparse.Namespace) -> tuple[Models, int]:
    """The models, and the evaluations that SHAP may spend. Raises BadRequest."""
    settings = load_settings()
    evaluations = settings.shap_evaluations if options.evaluations is None else options.evaluations
    if evaluations < 50:
        raise BadRequest(f"--evaluations {evaluations} is too few.", "Give at least 50.")
    if settings.threads:
        torch.set_num_threads(settings.threads)
    return Models(*([options.weights] if options.weights else settings.model_folders)), evaluations


def _weights(options: argparse.Namespace) -> None:
    sys.stdout.write(weights_command.run(options, Models(*load_settings().model_folders)))


def _examples(options: argparse.Namespace) -> None:
    settings = load_settings()
    tabs, models = load_tabs(ROOT / "page" / "tabs.toml", settings.examples), Models(settings.bundled)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    for line in examples_command.run(tabs, models, Kept(settings.examples / FOLDER), settings.shap_evaluations):
        print(line, flush=True)


def _maps(options: argparse.Namespace) -> None:
    models, evaluations = _set_up(options)
    wanted = wanted_of(options, evaluations)
    classifier, study = models.classifier(options.model), read_study(options.image)
    admitted(models.check(study, classifier.card), classifier.card)
    if options.out:
        _make(options.out)
    run(study, classifier, wanted, as_json=options.json, out=options.out)


def _read(options: argparse.Namespace) -> None:
    models, evaluations = _set_up(options)
    classifier = models.classifier(options.model)
    study = read_study(options.image)
    if options.out:
        _make(options.out)
    for reading in read(
        study,
        classifier,
        label=options.label,
        record=models.record(options.model),
        anatomy=models.anatomy,
        gate=models.check,
        shap_evaluations=evaluations,
    ):
        if sys.stderr.isatty():
            _show_progress(reading)
    if options.out:
        _write(reading, options.out)
    sys.stdout.write(as_json(reading) if options.json else _text(reading))


def _show_progress(reading: Reading) -> None:
    doing = reading.pending
    line = f"{METHODS[doing.method].title}: {doing.done} of {doing.total}" if doing else ""
    print(f"\r{line:<40}", end="\n" if doing is None else "", file=sys.stderr, flush=True)


def _text(reading: Reading) -> str:
    lines = [f"{reading.card.title} ({reading.prediction.model})", ""]
    lines += [_score_line(reading, at) for at in reading.prediction.ranking]
    for topic, heading in HEADINGS.items():
        lines += ["", heading]
        lines += [f"  [{finding.id}] {finding.statement}" for finding in reading.findings if finding.topic == topic]
    return "\n".join([*lines, "", NOTICE, ""])


def _score_line(reading: Reading, at: int) -> str:
    prediction, title = reading.prediction, reading.card.labels[at].title
    line = f"  {prediction.scores[at]:6.1%}  {title}"
    if prediction.thresholds is None:
        return line
    side = "above" if prediction.labels[at] in prediction.present else "below"
    return f"{line} ({side} its threshold, {prediction.thresholds[at]:.1%})"


def _make(folder: Path) -> None:
    """Before the work, so that a wrong folder is told at once."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _write(reading: Reading, folder: Path) -> None:
    from diagnosis.render import composite, save_png

    try:
        (folder / "reading.json").write_text(as_json(reading), encoding="utf-8")
        for one in (m for m in reading.maps if m.label == reading.label):
            save_png(composite(reading.study, one), folder / f"{one.method}-{one.label}.png", reading.study)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _unwritable(folder: Path, error: OSError) -> BadRequest:
    return BadRequest(f"Cannot write to {folder}: {error.strerror}.", "Name another folder with --out.")


if __name__ == "__main__":
    sys.exit(main())

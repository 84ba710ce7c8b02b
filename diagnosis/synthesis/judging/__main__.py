"""``python -m diagnosis.synthesis.judging measure|choose|table|chart``; docs/synthesis.md tells the whole story."""

import argparse
import os
import shlex
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")  # read by the libraries when they are imported

import cv2
from tqdm import tqdm

from diagnosis import records
from diagnosis.cards import ModelCard, load_card
from diagnosis.console import Parser, attempt, begin, count, image_sets
from diagnosis.errors import BadRequest, Missing
from diagnosis.gating.evaluate import SETS
from diagnosis.synthesis.accepted import Judges, save_accepted
from diagnosis.synthesis.cards import FOLDER
from diagnosis.synthesis.generator import Generator
from diagnosis.synthesis.images import SyntheticImage
from diagnosis.synthesis.judging.candidates import DICOM, TIFF, Candidate, check_formats, kept_images
from diagnosis.synthesis.judging.chart import chart
from diagnosis.synthesis.judging.choosing import Choice, choose
from diagnosis.synthesis.judging.folder import made_digest, read_made
from diagnosis.synthesis.judging.judge import Judge
from diagnosis.synthesis.judging.learned import Learned
from diagnosis.synthesis.judging.measuring import Judged, judge_all, recorded
from diagnosis.synthesis.judging.record import load_judging
from diagnosis.synthesis.judging.shipping import in_formats, ship
from diagnosis.synthesis.judging.tables import summary, tables
from diagnosis.synthesis.judging.views import Views
from settings import ROOT, load_settings

KEPT = ROOT / "runs" / "judging"
TABS = ROOT / "page" / "tabs.toml"


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 done, 2 bad input or usage, 3 something missing."""
    options = _parser().parse_args(arguments)
    begin("diagnosis", options)
    if getattr(options, "threads", None):
        cv2.setNumThreads(options.threads)
    return attempt(lambda: options.action(options))


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m diagnosis.synthesis.judging", description="Judge made images against real ones.")
    commands = parser.add_subparsers(dest="command", required=True)
    judging = image_sets()
    judging.add_argument("--model", required=True, help="the model whose classes images were made for")
    judging.add_argument("--set", type=Path, help="folder of the real images; default: the model's in --data")
    judging.add_argument("--kept", type=Path, default=KEPT, help="where distances are kept; default: runs/judging")
    words = "judge the images of a folder that were made for a model, and list those that nothing speaks against"
    measuring = commands.add_parser("measure", parents=[judging], help=words)
    measuring.add_argument("folder", type=Path, help="MODEL/CLASS/*.png or *.jpg lie in it")
    measuring.add_argument("--write", type=Path, metavar="FILE", help="write the record as JSON")
    measuring.set_defaults(action=_measure)
    words = "make images until each class has some that nothing speaks against, and put these among the examples"
    _add_choosing(commands.add_parser("choose", parents=[judging], help=words))
    table = commands.add_parser("table", help="print records as Markdown")
    table.add_argument("records", type=Path, nargs="+", metavar="FILE")
    table.add_argument("--summary", action="store_true", help="a line a record")
    table.set_defaults(action=_table)
    drawing = commands.add_parser("chart", help="draw the distances of a record as SVG")
    drawing.add_argument("record", type=Path, metavar="FILE")
    drawing.add_argument("out", type=Path, metavar="SVG")
    drawing.set_defaults(action=_chart)
    return parser


def _add_choosing(command: argparse.ArgumentParser) -> None:
    command.add_argument("--count", type=count, default=4, help="images kept of each class; default: 4")
    command.add_argument("--judged", type=count, default=24, help="images of each class in the record; default: 24")
    command.add_argument("--most", type=count, default=200, help="images looked at of each class; default: 200")
    command.add_argument("--seed", type=int, default=0, help="of the first; each class has MOST of its own; default: 0")
    command.add_argument("--from", dest="source", type=Path, help="take what sample wrote there and make none")
    command.add_argument("--format", action="append", choices=(DICOM, TIFF), help="one image so; may be given twice")
    command.add_argument("--out", type=Path, default=ROOT / "examples", help="folder of the examples")
    command.set_defaults(action=_choose)


def _weights(options: argparse.Namespace) -> Path:
    return options.weights or load_settings().bundled


def _card(options: argparse.Namespace) -> ModelCard:
    return load_card(_weights(options) / f"{options.model}.toml")


def _real(options: argparse.Namespace) -> Path:
    """The folder of the model's real images."""
    return options.set or _set(options, options.model)


def _set(options: argparse.Namespace, model: str) -> Path:
    if model not in SETS:
        raise BadRequest(f"No data set is known for {model!r}.", "Name its folder with --set.")
    return (options.data or load_settings().data) / SETS[model]


def _judge(options: argparse.Namespace, card: ModelCard, folder: Path) -> Judge:
    learned = Learned.find(_weights(options), card, partial(_set, options))
    return Judge.load(card, _weights(options), folder, options.kept, learned)


def _measure(options: argparse.Namespace) -> None:
    card, folder = _card(options), _real(options)
    made = read_made(options.folder, card)
    command = _command("measure", _plain(options.folder), "--model", options.model)
    judge = _judge(options, card, folder)
    judged = judge_all(judge, made)
    record = recorded(judge, judged, folder, command)
    sys.stdout.write(tables(record))
    if options.write:
        records.write(record, options.write)
    samples = [(path, one) for path, one in zip(made.files, judged.judgements, strict=True) if path.suffix == ".png"]
    accepted = [path for path, one in samples if one.kept]
    path = save_accepted(options.folder / card.name, accepted, Judges.of(record))
    sys.stderr.write(f"{path}: nothing speaks against {len(accepted)} of {len(samples)} PNG files\n")


def _choose(options: argparse.Namespace) -> None:
    started, card, folder, kinds = time.monotonic(), _card(options), _real(options), options.format or []
    tab, generator = _tab(card), Generator(_weights(options))
    check_formats(kinds, card, generator.card(card.name))
    labels = [one.label for one in generator.classes(card.name)]
    streams = {label: _images(options, generator, label, at) for at, label in enumerate(labels)}
    judge, choices = _judge(options, card, folder), {}
    for label, stream in streams.items():
        images = tqdm(stream, label, leave=False, unit="image", disable=None)
        choices[label] = choose(map(Candidate.of, images), judge, options.count, options.judged)
        sys.stdout.write(f"{label}: {_told(choices[label])}\n")
    if not any(choice.looked for choice in choices.values()):
        raise Missing(f"There are no images of {card.name} by this generator in {options.source}.", "Make some.")
    kept = in_formats([one for choice in choices.values() for one in choice.kept], kinds, judge)
    _record(options, judge, list(choices.values()), folder, started)
    _check_complete(choices, options.count, {*kinds} - {one.kind for one, _ in kept})
    for one in ship(kept, card.name, options.out, tab):
        sys.stdout.write(f"{one.file}\n")


def _images(options: argparse.Namespace, generator: Generator, label: str, at: int) -> Iterator[SyntheticImage]:
    """At most ``--most`` of the class at a position among the model's."""
    if options.source:
        return iter(kept_images(options.source, generator, options.model, label)[: options.most])
    return generator.stream(options.model, label, options.most, options.seed + at * options.most)


def _told(choice: Choice[Candidate]) -> str:
    reasons = ", ".join(f"{number} for {reason}" for reason, number in choice.thrown.items())
    thrown = sum(not one.kept for one in choice.judged)
    return f"{len(choice.kept)} kept of {len(choice.judged)} looked at, {thrown} thrown away: {reasons or 'none'}"


def _record(
    options: argparse.Namespace, judge: Judge, choices: Sequence[Choice[Candidate]], folder: Path, started: float
) -> None:
    """Write what was found of the first images of each class, whatever that was."""
    first, found = slice(options.judged), [choice for choice in choices if choice.looked]
    looked = [one for choice in found for one in choice.looked[first]]
    digest = made_digest((one.label, one.content) for one in looked)
    judgements = [one for choice in found for one in choice.judged[first]]
    views = Views.joined([Views.joined(choice.views).take(first) for choice in found])
    judged = Judged(judgements, views, digest, tuple(sorted({one.image.weights for one in looked})), started)
    words = ["--model", options.model]
    words += [word for name in ("count", "judged", "most") for word in (f"--{name}", str(getattr(options, name)))]
    words += ["--from", _plain(options.source)] if options.source else ["--seed", str(options.seed)]
    words += [word for kind in options.format or [] for word in ("--format", kind)]
    path = _weights(options) / FOLDER / "judged" / f"{options.model}.json"
    path.parent.mkdir(exist_ok=True)
    records.write(recorded(judge, judged, folder, _command("choose", *words)), path)


def _check_complete(choices: Mapping[str, Choice[Candidate]], number: int, kinds: set[str]) -> None:
    """Raises Missing that says what is lacking."""
    missing = {label: number - len(choice.kept) for label, choice in choices.items()}
    lacking = [f"{count} of {number} of {label}" for label, count in missing.items() if count]
    lacking += [f"one as {kind}" for kind in sorted(kinds)]
    if lacking:
        problem = f"Images are lacking: {', '.join(lacking)}. The examples stay as they are."
        raise Missing(problem, "Look at more with --most, or train for longer.")


def _tab(card: ModelCard) -> str:
    """The folder of the examples of the tab that offers a model."""
    rows = tomllib.loads(TABS.read_text("utf-8"))["tab"]
    if found := [row["examples"] for row in rows if row["anatomy"] == card.anatomy]:
        return str(found[0])
    raise BadRequest(f"No tab of {TABS.name} shows what {card.name} reads.", "Give its card the anatomy of a tab.")


def _command(*words: str) -> str:
    """The command line that measures the same."""
    return shlex.join(["python", "-m", "diagnosis.synthesis.judging", *words])


def _plain(path: Path) -> str:
    """Of an absolute path only the name."""
    return path.name if path.is_absolute() else path.as_posix()


def _table(options: argparse.Namespace) -> None:
    found = [load_judging(path) for path in options.records]
    sys.stdout.write(summary(found) + "\n" if options.summary else "\n".join(map(tables, found)))


def _chart(options: argparse.Namespace) -> None:
    drawn = chart(load_judging(options.record))
    try:
        options.out.write_text(drawn, encoding="utf-8")
    except OSError as error:
        raise BadRequest(f"Cannot write {options.out}: {error.strerror}.", "Name another file.") from error


if __name__ == "__main__":
    sys.exit(main())

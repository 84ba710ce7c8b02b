"""``python -m diagnosis weights list|fetch``: which models there are, and the weights of those that are not here."""

import argparse
import sys

from diagnosis.errors import BadRequest
from diagnosis.fetching import Consent, Progress, fetch
from diagnosis.models import Models


def add_arguments(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(dest="act", required=True)
    acts.add_parser("list", help="the models that are here, those that can be fetched, and what is wrong")
    command = acts.add_parser("fetch", help="bring a model's weights here, verified; goes on where it was cut off")
    command.add_argument("name", help="a model that the list calls ready")
    command.add_argument(
        "--trust-pickle", action="store_true", help="agree to the opening of a pickle, in a process of its own"
    )
    command.add_argument("--sha256", help="the digest that you compared with the source, where none is published")


def run(options: argparse.Namespace, models: Models) -> str:
    """What the command says at its end. Raises UserError."""
    return _list(models) if options.act == "list" else _fetch(options, models)


def _list(models: Models) -> str:
    lines = [f"{name:24} here    {models.folder_of(name)}" for name in models.cards]
    for name, card in models.ready.items():
        lines.append(f"{name:24} ready   {card.download.told if card.download else ''}")
    lines += [f"{path.stem:24} wrong   {problem}" for path, problem in models.problems.items()]
    return "\n".join([*lines, ""])


def _fetch(options: argparse.Namespace, models: Models) -> str:
    name = options.name
    if name in models.cards:
        return f"{name} is in {models.folder_of(name)} already.\n"
    if models.further is None or name not in models.ready:
        known = ", ".join(models.ready) or "none"
        raise BadRequest(f"There is no model {name!r} that could be fetched.", f"Those that can: {known}.")
    for progress in fetch(models.ready[name], Consent(options.trust_pickle, options.sha256), models.further):
        _show(progress)
    models.reload()
    return f"{name} is in {models.folder_of(name)}.\n"


def _show(progress: Progress) -> None:
    """One line on a terminal, which grows; nothing elsewhere."""
    if sys.stderr.isatty():
        bar = ""
        if progress.whole:
            filled = 30 * progress.done // progress.whole
            bar = f"[{'#' * filled}{' ' * (30 - filled)}] "
        end = "\n" if progress.step == "ready" else ""
        sys.stderr.write(f"\r{bar}{progress.words:<60}{end}")
        sys.stderr.flush()

"""What the commands of all packages share: arguments, and errors in one line."""

import argparse
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from diagnosis.errors import UserError


class Parser(argparse.ArgumentParser):
    """A parser whose usage errors are one line, as every other error of a command is."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {one_line(message)}. See {self.prog} --help.\n")


def count(text: str) -> int:
    """The type of an argument that is a whole number of at least 1."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def threads() -> Parser:
    """A parent for commands that compute: ``--threads``, which :func:`begin` heeds."""
    parser = Parser(add_help=False)
    parser.add_argument("--threads", type=count, help="CPU threads; default: torch's own choice")
    return parser


def bundled() -> Parser:
    """A parent for commands that use weights: ``--weights`` and ``--threads``."""
    parser = Parser(add_help=False, parents=[threads()])
    parser.add_argument("--weights", type=Path, help="folder of cards and weights; default: LIGHTBOX_BUNDLED")
    return parser


def image_sets() -> Parser:
    """A parent for commands that learn from the image sets, or measure over them: that and ``--data``."""
    parser = Parser(add_help=False, parents=[bundled()])
    parser.add_argument("--data", type=Path, help="folder of the image sets; default: LIGHTBOX_DATA")
    return parser


def begin(package: str, options: argparse.Namespace) -> None:
    """Let the log of a package speak on stderr, and compute with ``--threads``."""
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    logging.getLogger(package).setLevel(logging.INFO)
    if getattr(options, "threads", None):
        import torch  # seconds that commands without it need not wait for

        torch.set_num_threads(options.threads)


def attempt(action: Callable[[], object]) -> int:
    """Run a command, and tell what a person can mend. Returns the exit code: 0 done, or as :func:`tell`."""
    try:
        action()
    except UserError as error:
        return tell(error)
    return 0


def tell(error: UserError) -> int:
    """Write an error for people to stderr. Returns the exit code: 2 bad input, 3 something missing."""
    sys.stderr.write(f"error: {one_line(str(error))}\n")
    return error.exit_code


def one_line(text: str) -> str:
    """The text on one line, whatever it quotes."""
    return " ".join(text.split())

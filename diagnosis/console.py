"""What the commands of all packages share: arguments, and errors in one line."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from diagnosis.errors import UserError


class Parser(argparse.ArgumentParser):
    """A parser whose usage errors are one line, as every other error of a command is."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {one_line(message)}. See {self.prog} --help.\n")


def image_sets() -> Parser:
    """A parent for commands that measure over the image sets: ``--data``, ``--weights`` and ``--threads``."""
    parser = Parser(add_help=False)
    parser.add_argument("--data", type=Path, help="folder of the image sets; default: LIGHTBOX_DATA")
    parser.add_argument("--weights", type=Path, help="folder of cards and weights; default: LIGHTBOX_BUNDLED")
    parser.add_argument("--threads", type=int, help="CPU threads; default: torch's own choice")
    return parser


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

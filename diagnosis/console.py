"""What the commands of all packages share: arguments, and errors in one line."""

import argparse
import sys
from typing import NoReturn

from diagnosis.errors import UserError


class Parser(argparse.ArgumentParser):
    """A parser whose usage errors are one line, as every other error of a command is."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {one_line(message)}. See {self.prog} --help.\n")


def tell(error: UserError) -> int:
    """Write an error for people to stderr. Returns the exit code: 2 bad input, 3 something missing."""
    sys.stderr.write(f"error: {one_line(str(error))}\n")
    return error.exit_code


def one_line(text: str) -> str:
    """The text on one line, whatever it quotes."""
    return " ".join(text.split())

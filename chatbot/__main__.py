"""``python -m chatbot COMMAND``: questions and documents, without the page."""

import argparse
import sys
from typing import Any

from chatbot.commands import Settings, ask, index, shelf
from diagnosis.console import Parser, tell
from diagnosis.errors import UserError
from diagnosis.notices import NOTICE
from settings import load_settings

COMMANDS: dict[str, Any] = {
    "ask": ask,
    "index": index,
    "add": shelf.add,
    "list": shelf.shown,
    "remove": shelf.remove,
}


def main(arguments: list[str] | None = None, settings: Settings | None = None) -> int:
    """Returns the exit code: 0 done (also where there is no answer), 2 bad input or usage, 3 something missing.

    ``settings`` are those of this process where none are given.
    """
    options = _parser().parse_args(arguments)
    try:
        print(COMMANDS[options.command].run(options, settings or load_settings()))
    except UserError as error:
        return tell(error)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m chatbot", description="Medical questions, answered from evidence. " + NOTICE)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, command in COMMANDS.items():
        command.add_arguments(commands.add_parser(name, help=command.HELP, description=command.HELP + "."))
    return parser


if __name__ == "__main__":
    sys.exit(main())

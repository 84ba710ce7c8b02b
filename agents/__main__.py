"""``python -m agents COMMAND``: words about an image, without the page."""

import argparse
import sys
from types import ModuleType

from agents.commands import Output, ask, explain, report, verify
from diagnosis.console import Parser, one_line, tell
from diagnosis.errors import UserError
from diagnosis.notices import NOTICE
from settings import Settings, load_settings

COMMANDS: dict[str, ModuleType] = {
    "explain": explain,
    "ask": ask,
    "report": report,
    "verify": verify,
}


def main(arguments: list[str] | None = None, settings: Settings | None = None) -> int:
    """Returns the exit code: 0 done, 1 a report that differs, 2 bad input or usage, 3 something missing.

    ``settings`` are those of this process where none are given.
    """
    options = _parser().parse_args(arguments)
    try:
        output: Output = COMMANDS[options.command].run(options, settings or load_settings())
    except UserError as error:
        return tell(error)
    if output.note:
        print(f"note: {one_line(output.note)}", file=sys.stderr)
    print(output.text)
    return output.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m agents", description="Words about an image. " + NOTICE)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, module in COMMANDS.items():
        module.add_arguments(commands.add_parser(name, help=module.HELP, description=module.HELP + "."))
    return parser


if __name__ == "__main__":
    sys.exit(main())

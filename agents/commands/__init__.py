"""The subcommands of ``python -m agents``, one a module with ``HELP``, ``add_arguments(parser)`` and ``run(…)``.

``run(options, settings)`` returns an Output, and raises UserError for what a person can mend.
"""

from pathlib import Path
from typing import NamedTuple, Protocol

from pydantic import SecretStr

from agents.llm import Choices


class Settings(Choices, Protocol):
    """The settings that commands read, as ``settings.Settings`` has them."""

    @property
    def model_folders(self) -> tuple[Path, Path]: ...
    @property
    def shap_evaluations(self) -> int: ...
    @property
    def retrieval_model(self) -> str: ...
    @property
    def cases(self) -> Path: ...
    @property
    def cases_url(self) -> SecretStr | None: ...


class Output(NamedTuple):
    """What a command prints.

    Attributes:
        text: for stdout.
        note: one line for stderr, or None.
        exit_code: 0 unless the command has more to say than that it worked.
    """

    text: str
    note: str | None = None
    exit_code: int = 0

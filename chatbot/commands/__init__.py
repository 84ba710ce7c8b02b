"""The subcommands of ``python -m chatbot``, one a module with ``HELP``, ``add_arguments(parser)`` and ``run(…)``.

``run(options, settings)`` returns the text for stdout, and raises UserError for what a person can mend.
"""

from pathlib import Path
from typing import Protocol

from agents.llm import Choices as Models
from chatbot.sources.shared import Choices as Sources


class Settings(Models, Sources, Protocol):
    """The settings that commands read, as ``settings.Settings`` has them."""

    @property
    def documents(self) -> Path: ...

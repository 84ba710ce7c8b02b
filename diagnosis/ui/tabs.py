"""What the image tabs of the page read, and how they invite."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from diagnosis.ui.examples import Example, find_examples


@dataclass(frozen=True)
class Tab:
    """One tab: the model that reads its images, and the words and examples around it."""

    title: str
    model: str
    sentence: str
    invitation: str
    examples: tuple[Example, ...]


def load_tabs(file: Path, examples: Path) -> tuple[Tab, ...]:
    """The tabs of a TOML file, in order.

    Args:
        examples: folder that holds a folder of examples for each tab.
    """
    rows = tomllib.loads(file.read_text("utf-8"))["tab"]
    return tuple(Tab(**{**row, "examples": find_examples(examples / row["examples"])}) for row in rows)

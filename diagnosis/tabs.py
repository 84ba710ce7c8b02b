"""What the image tabs of the page read, and how they invite."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from diagnosis.cards import Kind, ModelCard
from diagnosis.errors import Missing
from diagnosis.examples import Example, find_examples


@dataclass(frozen=True)
class Tab:
    """One tab: what its images show, the models that come first, and the words and examples around them."""

    title: str
    anatomy: Kind
    models: tuple[str, ...]
    sentence: str
    invitation: str
    examples: tuple[Example, ...]

    def offered(self, cards: Mapping[str, ModelCard]) -> list[ModelCard]:
        """The models for the tab's images: those it names, in its order, then all others by name.

        Raises Missing where there is none.
        """
        others = sorted(card.name for card in cards.values() if card.anatomy == self.anatomy)
        names = dict.fromkeys([*(name for name in self.models if name in cards), *others])
        if not names:
            problem = f"There is no model for this tab yet: neither {', '.join(self.models)} nor another."
            raise Missing(problem, "The tab Models tells which there are, and how more are added.")
        return [cards[name] for name in names]

    def examples_for(self, model: str) -> tuple[Example, ...]:
        """Those that are for a model: made for no other."""
        return tuple(one for one in self.examples if one.fits(model))


def load_tabs(file: Path, examples: Path) -> tuple[Tab, ...]:
    """The tabs of a TOML file, in order.

    Args:
        examples: folder that holds a folder of examples for each tab.
    """
    rows = tomllib.loads(file.read_text("utf-8"))["tab"]
    return tuple(
        Tab(**{**row, "models": tuple(row["models"]), "examples": find_examples(examples / row["examples"])})
        for row in rows
    )

"""What errors are put into, and what several planters share."""

import random
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from agents.types import Sentence
from diagnosis.findings import Finding
from diagnosis.reading import Reading

SWAPS = {
    "left": "right",
    "right": "left",
    "upper": "lower",
    "lower": "upper",
    "top": "bottom",
    "bottom": "top",
    "middle": "upper",
}


class Planted(NamedTuple):
    """A false sentence, and the kind of its error."""

    kind: str
    sentence: Sentence


class Source(NamedTuple):
    """A true sentence, and the reading that it is true of."""

    reading: Reading
    sentence: Sentence

    @property
    def cited(self) -> list[Finding]:
        return [one for one in self.reading.findings if one.id in self.sentence.cites]

    def said(self, text: str) -> Sentence:
        return replace(self.sentence, text=text)


Planter = Callable[[Source, random.Random], Iterator[Sentence]]


@cache
def data() -> dict[str, list[Any]]:
    """The phrases of ``planted.toml``."""
    return tomllib.loads(Path(__file__).with_name("planted.toml").read_text("utf-8"))


def about(source: Source, *kinds: str) -> Finding | None:
    """The cited finding of some kinds, or None."""
    return next((one for one in source.cited if one.kind in kinds), None)


def exchanged(key: str) -> Planter:
    """Words exchanged for others, pair by pair of ``planted.toml``."""

    def planter(source: Source, rng: random.Random) -> Iterator[Sentence]:
        for first, second in data()[key]:
            at = source.sentence.text.find(first)
            if at >= 0:
                yield source.said(source.sentence.text[:at] + second + source.sentence.text[at + len(first) :])

    return planter


def embedded(key: str) -> Planter:
    """The sentence inside phrases of ``planted.toml``."""

    def planter(source: Source, rng: random.Random) -> Iterator[Sentence]:
        text = source.sentence.text.rstrip(".")
        start = text if text.startswith(("Grad-CAM", "SHAP")) else text[:1].lower() + text[1:]
        title = rng.choice(source.reading.card.labels).title.lower()
        label = source.reading.card.title_of(source.reading.label).lower()
        for pattern in data()[key]:
            yield source.said(
                pattern.replace("{title}", label or title).replace("{0}", text).replace("{1}", start) + "."
            )

    return planter


def pairs_of(key: str, *kinds: str) -> Planter:
    """Words exchanged, where a finding of some kinds is cited."""
    exchange = exchanged(key)

    def planter(source: Source, rng: random.Random) -> Iterator[Sentence]:
        if about(source, *kinds):
            yield from exchange(source, rng)

    return planter

"""Images → features, kept between runs: an image is computed once for each encoder."""

import csv
import hashlib
import random
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict

from diagnosis.errors import Missing
from diagnosis.gate.card import Source
from diagnosis.gate.trunk import INPUT, LENGTH, Trunk, encoder_digest
from diagnosis.gating.changes import CHANGES
from diagnosis.gating.strangers import strangers_of
from diagnosis.preprocess import to_square
from diagnosis.readers import read_study
from diagnosis.study import Study

Part = Literal["train", "val", "test"]
Squares = Callable[[Sequence[str]], torch.Tensor]
CHANGED = 5  # of the images of a set, one in so many is changed to make another kind
_CHUNK, _BATCH = 512, 16  # images between two savings, and in one pass


class Rows(BaseModel):
    """Rows of a set's manifest: those whose columns have one of the values in ``where``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    set: str
    where: dict[str, tuple[str, ...]] = {}


class SourceSpec(Source):
    """A source of the gate, and where its images come from: ``sets``, changed or not, or ``strangers``."""

    sets: tuple[Rows, ...] = ()
    change: str | None = None
    strangers: tuple[str, ...] = ()

    @property
    def source(self) -> Source:
        return Source.model_validate(self.model_dump(include=set(Source.model_fields)))


def source_specs() -> tuple[SourceSpec, ...]:
    """Those of ``sources.toml``, in its order."""
    text = Path(__file__).with_name("sources.toml").read_text("utf-8")
    return tuple(SourceSpec.model_validate(row) for row in tomllib.loads(text)["source"])


@dataclass(frozen=True, eq=False)
class Samples:
    """Features of the labelled sets and of strangers.

    Attributes:
        data: folder of the labelled sets.
        weights: folder of the encoder.
        kept: folder where features are kept.
        most: images of a source and part at the most, the same ones every time; None for all.
    """

    data: Path
    weights: Path
    kept: Path
    most: int | None = None
    _banks: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """sha256 of the encoder's file. Raises Missing where it is not there."""
        return encoder_digest(self.weights)

    @cached_property
    def trunk(self) -> Trunk:
        return Trunk.load(self.weights)

    def of(self, spec: SourceSpec, part: Part) -> np.ndarray:
        """float32 (N, F) of the images of one source in one part. Raises Missing where a set is not there."""
        found = [self.rows(rows, part, spec.change) for rows in spec.sets]
        found += [self.strangers(part, kind) for kind in spec.strangers]
        return np.concatenate(found)

    def rows(self, rows: Rows, part: Part, change: str | None = None) -> np.ndarray:
        """(N, F) of rows of a set, as they are or changed."""
        folder = self.data / rows.set
        own = [row["path"] for row in part_of(folder, part) if all(row[key] in ok for key, ok in rows.where.items())]
        random.Random(0).shuffle(own)
        most = self.most or len(own)

        def squares(some: Sequence[str]) -> torch.Tensor:
            read = torch.stack([_square(read_study(folder / path)) for path in some])
            return CHANGES[change](read, some) if change else read

        return self._features(f"{rows.set}-{change or 'plain'}", own[: most // CHANGED if change else most], squares)

    def strangers(self, part: Part, kind: str) -> np.ndarray:
        """(N, F) of photographs or of drawn images; see :mod:`diagnosis.gating.strangers`."""
        own = {f"{part}-{at}": one.study for at, one in enumerate(strangers_of(part)) if one.kind == kind}
        return self._features(
            f"strangers-{kind}", list(own), lambda some: torch.stack([_square(own[at]) for at in some])
        )

    def _features(self, bank: str, names: Sequence[str], squares: Squares) -> np.ndarray:
        """(N, F) of named images: from the bank, where those that it lacks are entered."""
        file = self.kept / f"{self.digest[:12]}-{bank}.npz"
        known = self._banks.setdefault(bank, _load(file))
        lacking = [name for name in names if name not in known]
        for at in range(0, len(lacking), _CHUNK):
            some = lacking[at : at + _CHUNK]
            found = [self.trunk.features(batch.float() / 255).numpy() for batch in squares(some).split(_BATCH)]
            known.update(zip(some, np.concatenate(found), strict=True))
            file.parent.mkdir(parents=True, exist_ok=True)
            np.savez(file, names=list(known), features=np.stack(list(known.values())))
        return np.stack([known[name] for name in names]) if names else np.empty((0, LENGTH), np.float32)


def part_of(folder: Path, part: Part) -> list[dict[str, str]]:
    """The rows of one part of a set.

    A set without ``val`` lends it a quarter of its training groups. Raises Missing where there is no manifest.
    """
    path = folder / "manifest.csv"
    if not path.is_file():
        raise Missing(f"There is no manifest.csv in {folder}.", "Name the folder of the labelled sets with --data.")
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    if any(row["split"] == "val" for row in rows) or part == "test":
        return [row for row in rows if row["split"] == part]
    train = [row for row in rows if row["split"] == "train"]
    return [row for row in train if _lent(row["group"]) == (part == "val")]


def _lent(group: str) -> bool:
    return hashlib.sha256(group.encode()).digest()[0] < 64


def _load(file: Path) -> dict[str, np.ndarray]:
    if not file.is_file():
        return {}
    with np.load(file) as kept:
        return dict(zip(kept["names"].tolist(), kept["features"], strict=True))


def _square(study: Study) -> torch.Tensor:
    """uint8 (3, S, S), as the trunk sees it."""
    return (to_square(study, INPUT) * 255).round().to(torch.uint8)

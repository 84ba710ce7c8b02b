"""What is wrong with a labelled folder, before anything is trained on it."""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from diagnosis.cards import ModelCard
from diagnosis.errors import BadImage, BadRequest
from diagnosis.readers import read_study
from diagnosis.training.dataset import Row, manifest_digest, read_manifest

TAUGHT = ("train", "val", "test")


@dataclass(frozen=True, eq=False)
class Preparation:
    """A folder as it was found.

    Attributes:
        dataset: the folder's name; ``manifest_sha256``: 64 hex digits.
        images: rows are classes in the order of the card, columns are splits.
        groups: groups of each split.
        faults: what makes measurements on this folder worthless, or training impossible, a sentence each.
        remarks: what should be known of it, a sentence each.
    """

    dataset: str
    manifest_sha256: str
    images: pd.DataFrame
    groups: dict[str, int]
    faults: tuple[str, ...]
    remarks: tuple[str, ...]

    def raise_for_faults(self) -> None:
        """Raises BadRequest that names the first fault."""
        if self.faults:
            more = f" (and {len(self.faults) - 1} more faults)" if len(self.faults) > 1 else ""
            raise BadRequest(f"{self.dataset}: {self.faults[0]}{more}.", "Mend manifest.csv.")


def prepare(folder: Path, card: ModelCard) -> Preparation:
    """Read the manifest and every image. Raises Missing or BadRequest as :func:`read_manifest` does."""
    rows = read_manifest(folder)
    with ThreadPoolExecutor(4) as pool:
        digests = list(pool.map(_digest, rows))
    same, remarks = _duplicates(rows, digests)
    faults = (*_unreadable(rows, digests), *_strangers(rows, card), *_crossing(rows), *same)
    table = pd.crosstab([row.label for row in rows], [row.split for row in rows])
    known = [label for label in card.label_names if label in table.index]
    columns = sorted(table.columns, key=lambda split: (TAUGHT.index(split) if split in TAUGHT else len(TAUGHT), split))
    table = table.loc[[*known, *(label for label in table.index if label not in known)], columns]
    lacking = tuple(
        f"{name} has no image of {label}" for label, row in table.iterrows() for name in columns if not row[name]
    )
    groups = {split: len({row.group for row in rows if row.split == split}) for split in columns}
    return Preparation(folder.name, manifest_digest(folder), table, groups, faults, remarks + lacking)


def _digest(row: Row) -> str | None:
    """Digest of the decoded pixels; None for a file that cannot be read."""
    try:
        return read_study(row.path).digest
    except BadImage:
        return None


def _unreadable(rows: list[Row], digests: list[str | None]) -> tuple[str, ...]:
    lost = [row.path for row, digest in zip(rows, digests, strict=True) if digest is None]
    return (f"{len(lost)} images cannot be read, the first is {lost[0]}",) if lost else ()


def _strangers(rows: list[Row], card: ModelCard) -> tuple[str, ...]:
    unknown = sorted({row.label for row in rows} - {*card.label_names})
    return tuple(f"{card.name} has no class {label!r}" for label in unknown)


def _crossing(rows: list[Row]) -> tuple[str, ...]:
    splits: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        splits[row.group].add(row.split)
    return tuple(f"group {group} lies in {', '.join(sorted(own))}" for group, own in splits.items() if len(own) > 1)


def _duplicates(rows: list[Row], digests: list[str | None]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Images with the very same pixels: across splits they are faults, within one they are remarks."""
    alike: dict[str, list[Row]] = defaultdict(list)
    for row, digest in zip(rows, digests, strict=True):
        if digest:
            alike[digest].append(row)
    several = [own for own in alike.values() if len(own) > 1]
    faults = tuple(
        f"{own[0].path.name} and {own[-1].path.name} are the same image, in more than one split"
        for own in several
        if len({row.split for row in own}) > 1
    )
    within = sum(len(own) - 1 for own in several if len({row.split for row in own}) == 1)
    torn = sum(len({row.label for row in own}) > 1 for own in several)
    remarks = (f"{within} images repeat another one of their split",) if within else ()
    return faults, remarks + ((f"{torn} images occur under two labels",) if torn else ())

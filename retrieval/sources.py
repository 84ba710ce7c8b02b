"""Rows of a data set's table → records: which facts are taken, and how their values are written.

Labels, numbers and short terms are taken, never a sentence of a source.
"""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict

from retrieval.library import UNKNOWN, Origin, Record
from retrieval.types import Case

SOURCES = Path(__file__).parent / "sources.toml"
LONGEST = 70  # letters of a term
_NOTHING = frozenset({"", "?", "n/a", "na", "none", "nan", "unknown", "nos - not specified", "not visible"})
_NOTHING_EITHER = frozenset({"would have been stated", "other view (see caption)"})
_WRITTEN = {
    "sex": {"m": "male", "f": "female"},
    "modality": {"mr": "MRI", "ct": "CT"},
    **{key: {"y": "yes", "n": "no"} for key in ("survived", "intubated", "intensive care")},
}
_WORDED = frozenset({"region", "plane", "area", "technique"})  # first letter small, so that sources agree
_SENTENCE = re.compile(r"[.;:!?]\s+\w|\n|•|\b(?:is|are|was|were|has|had|reveals?|revealed|showing|consistent)\b", re.I)


class Download(BaseModel):
    """The original of a data set: one archive, its digest, and how the paths in it are read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    sha256: str
    path: str
    labels: dict[str, str]


class Source(BaseModel):
    """One table of ``sources.toml``; see there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    licence: str
    url: str | None = None
    group: str
    labels: str
    separator: str | None = None
    ignored: frozenset[str] = frozenset()
    facts: dict[str, str] = {}
    columns: dict[str, str] = {}
    regions: dict[str, str] = {}
    licence_column: str | None = None
    url_column: str | None = None
    thumbnail: str | None = None
    link: str | None = None
    download: Download | None = None

    @property
    def origin(self) -> Origin:
        return Origin(title=self.title, licence=self.licence, url=self.url, group=self.group)

    def needed(self) -> list[str]:
        """The columns without which a table can't be read."""
        return ["path", self.labels, "group"]


@cache
def sources() -> dict[str, Source]:
    """The public data sets, by name."""
    return {name: Source.model_validate(table) for name, table in tomllib.loads(SOURCES.read_text("utf-8")).items()}


def make_record(dataset: str, source: Source, row: Mapping[str, str]) -> Record:
    """The record of a row of the set's table."""
    path = PurePosixPath(row["path"])
    filled = {**row, "stem": path.stem}
    facts = {**source.facts, **_facts(source, row), "file": path.name}
    labels = _labels(source, row.get(source.labels, ""))
    regions = [region for start, region in source.regions.items() if labels and labels[0].startswith(start)]
    licence = (row.get(source.licence_column or "", "") or "").strip() or source.licence
    case = Case(
        id=f"{dataset}:{hashed(row['path'])[:12]}",
        labels=labels,
        source=dataset,
        licence=licence,
        facts={**facts, **({"region": regions[0]} if regions else {})},
        url=_address(row.get(source.url_column or "", "")) or _filled(source.link, filled) or source.url,
    )
    return Record(case, hashed(f"{dataset}/{row['group']}"), None, _filled(source.thumbnail, filled))


def _labels(source: Source, value: str) -> tuple[str, ...]:
    parts = value.split(source.separator) if source.separator else [value]
    return tuple(dict.fromkeys(term for part in parts if (term := written("label", part)) not in {"", *source.ignored}))


def _facts(source: Source, row: Mapping[str, str]) -> dict[str, str]:
    return {fact: value for fact, column in source.columns.items() if (value := written(fact, row.get(column) or ""))}


def written(fact: str, value: str) -> str:
    """A value as the library writes it; empty where it says nothing, and where it is a sentence rather than a term."""
    value = " ".join(value.split()) if "\n" not in value.strip() else value.strip()
    value = value.rstrip(".")
    if value.lower() in _NOTHING | _NOTHING_EITHER or len(value) > LONGEST or _SENTENCE.search(value):
        return ""
    if fact == "technique":
        value = re.sub(r"^(CT|MRA?)(\s+-\s+|\s+)", "", value)
    if fact in {"age", "day"}:
        return f"{float(value):g}" if re.fullmatch(r"-?\d+(\.\d+)?", value) else ""
    if fact in _WORDED and value[1:2].islower():
        value = value[0].lower() + value[1:]
    return _WRITTEN.get(fact, {}).get(value.lower(), value)


def _filled(pattern: str | None, row: Mapping[str, str]) -> str | None:
    return pattern.format_map(row) if pattern else None


def _address(value: str | None) -> str | None:
    value = (value or "").strip()
    return value if value.startswith(("https://", "http://")) and not re.search(r"\s", value) else None


def hashed(name: str) -> str:
    """First 16 hex digits of a name's sha256."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def words_of(record: Record) -> str:
    """A case in the words that one would look for it with: modality, region, labels, view, age and sex."""
    facts, labels = record.case.facts, ", ".join(label.replace("_", " ") for label in record.case.labels)
    what = " ".join(facts[key] for key in ("plane", "region", "modality") if key in facts)
    person = " ".join(part for part in (f"aged {facts['age']}" if "age" in facts else "", facts.get("sex", "")) if part)
    parts = (what, labels, f"{facts['view']} view" if "view" in facts else "", person)
    return ", ".join(part for part in parts if part) or UNKNOWN

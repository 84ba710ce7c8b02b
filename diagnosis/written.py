"""Cards and recipes: TOML files that people write, that are read strictly and whose tables commands fill in."""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import tomlkit
from pydantic import BaseModel, ConfigDict, ValidationError

from diagnosis.errors import BadRequest, Missing

Value = TypeVar("Value")


class Strict(BaseModel):
    """A value that knows all its fields and never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def read_toml(path: Path, validate: Callable[[object], Value], called: str, remedy: str) -> Value:
    """What a file says.

    Args:
        validate: makes the value of the file's table, e.g. ``Recipe.model_validate``.
        called: the kind in words, without an article, e.g. ``segmenter card``.
        remedy: for a file that is not there.

    Raises:
        Missing: there is no such file.
        BadRequest: it is not TOML, or a field is wrong.
    """
    if not path.is_file():
        raise Missing(f"There is no {called} {path.name} in the folder {path.resolve().parent.name}.", remedy)
    try:
        return validate(tomllib.loads(path.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError) as error:
        raise BadRequest(f"{path.name} is not a {called}: {error}.", "Mend the file.") from error


def amend_toml(path: Path, tables: Mapping[str, Mapping[str, object]]) -> None:
    """Write these tables of a file, whole or not at all; the rest of its text stays."""
    document = tomlkit.parse(path.read_text("utf-8"))
    document.update(tables)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(tomlkit.dumps(document), encoding="utf-8")
    partial.replace(path)

"""Records of what was measured: JSON files beside the weights that they speak of."""

import json
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from diagnosis.errors import BadRequest, Missing

Record = TypeVar("Record", bound=BaseModel)


def write(record: BaseModel, path: Path) -> Path:
    """Write a record as JSON, whole or not at all; returns its path."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(record.model_dump(mode="json"), indent=2) + "\n", encoding="utf-8")
    return partial.replace(path)


def load(kind: type[Record], path: Path, called: str, remedy: str) -> Record:
    """The record that a file holds; ``called`` names the kind in words, e.g. ``a record of shortcuts``.

    Raises:
        Missing: there is no such file.
        BadRequest: it holds something else.
    """
    if not path.is_file():
        raise Missing(f"There is no {path.name} in the folder {path.parent.name}.", remedy)
    try:
        return kind.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise BadRequest(f"{path.name} is not {called}: {error.errors()[0]['msg']}.", remedy) from error

"""Which of the images that ``sample`` wrote nothing speaks against: ``accepted.json`` in the folder of their model.

``python -m diagnosis.synthesis.judging measure`` writes it; whoever takes samples in takes no others.
"""

from collections.abc import Iterable
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from diagnosis.cards import file_digest
from diagnosis.errors import BadRequest
from diagnosis.synthesis.shipped import Digest

FILE = "accepted.json"
_ALL: TypeAdapter[dict[str, Digest]] = TypeAdapter(dict[str, Digest])


def save_accepted(folder: Path, files: Iterable[Path]) -> Path:
    """Write the list of these files, which lie below the folder of a model; returns its path. Raises BadRequest."""
    digests = {path.relative_to(folder).as_posix(): file_digest(path) for path in files}
    path = folder / FILE
    try:
        path.write_bytes(_ALL.dump_json(digests, indent=2) + b"\n")
    except OSError as error:
        raise BadRequest(f"Cannot write to {folder}: {error.strerror}.", "Judge a copy of the folder.") from error
    return path


def load_accepted(folder: Path) -> list[Path]:
    """The files below the folder of a model that were judged, and accepted.

    Raises BadRequest for a folder that was not judged, for a list that cannot be read, and for a file that has changed.
    """
    judge = f"Run `python -m diagnosis.synthesis.judging measure {folder.parent} --model {folder.name}`."
    path = folder / FILE
    if not path.is_file():
        raise BadRequest(f"The images in {folder} were not compared with real ones.", judge)
    try:
        digests = _ALL.validate_json(path.read_bytes())
    except ValidationError as error:
        raise BadRequest(f"{path} is no list of accepted images.", judge) from error
    for name, digest in digests.items():
        if not (folder / name).is_file() or file_digest(folder / name) != digest:
            raise BadRequest(f"{folder / name} is not the file that was judged.", judge)
    return [folder / name for name in digests]

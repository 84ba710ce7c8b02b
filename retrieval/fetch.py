"""One large file over HTTP: resumed where it was cut off, and used only once its sha256 is the expected one."""

import re
from collections.abc import Callable
from pathlib import Path

from diagnosis.cards import file_digest
from diagnosis.errors import BadRequest
from diagnosis.fetching.transfer import forget, receive

Progress = Callable[[int, int | None], None]  # bytes so far, and of all where the server says so


def fetch(url: str, target: Path, sha256: str, progress: Progress = lambda done, whole: None) -> Path:
    """The file at ``url`` as ``target``. What has been received is kept beside it, and the next call goes on there.

    Raises:
        BadRequest: the address or the digest is none, or what came is not what was expected.
        Missing: the server can't be reached or has no such file.
    """
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise BadRequest(f"{sha256!r} is not a sha256.", "Give the 64 hex digits that the source publishes.")
    if target.is_file() and file_digest(target) == sha256:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    for done, whole in receive(url, part):
        progress(done, whole)
    found = file_digest(part)
    if found != sha256:
        forget(part)
        raise BadRequest(
            f"What {url} sent has the sha256 {found}, not {sha256}.", "Check the digest at the source and try again."
        )
    part.replace(target)
    forget(part)
    return target

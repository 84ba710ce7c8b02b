"""One large file over HTTP: resumed where it was cut off, and used only once its sha256 is the expected one."""

import hashlib
import http.client
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO

from diagnosis.errors import BadRequest, Missing

ATTEMPTS = 6
PAUSE = 0.5  # seconds before the second attempt, doubled each time
TIMEOUT = 30.0  # seconds without a byte
_BLOCK = 1 << 18
_AGENT = "Lightbox (case library)"
Progress = Callable[[int, int | None], None]  # bytes so far, and of all where the server says so


def fetch(url: str, target: Path, sha256: str, progress: Progress = lambda done, whole: None) -> Path:
    """The file at ``url`` as ``target``. What has been received is kept beside it, and the next call goes on there.

    Raises:
        BadRequest: the address or the digest is none, or what came is not what was expected.
        Missing: the server can't be reached or has no such file.
    """
    if not url.startswith(("http://", "https://")):
        raise BadRequest(f"{url!r} is not an address.", "Give one that starts with https:// or http://.")
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise BadRequest(f"{sha256!r} is not a sha256.", "Give the 64 hex digits that the source publishes.")
    if target.is_file() and _digest(target) == sha256:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    _receive(url, part, progress)
    found = _digest(part)
    if found != sha256:
        part.unlink()
        raise BadRequest(
            f"What {url} sent has the sha256 {found}, not {sha256}.", "Check the digest at the source and try again."
        )
    part.replace(target)
    part.with_name(part.name + ".tag").unlink(missing_ok=True)
    return target


def _receive(url: str, part: Path, progress: Progress) -> None:
    """Everything into ``part``, in as many attempts as it takes, ``ATTEMPTS`` of them without a new byte."""
    failures, before = 0, part.stat().st_size if part.exists() else 0
    while True:
        try:
            return _once(url, part, progress)
        except urllib.error.HTTPError as error:
            if error.code < 500 and error.code not in {408, 429}:
                raise Missing(
                    f"{url} can't be fetched: the server says {error.code} {error.reason}.", _REMEDY
                ) from error
            reason: object = f"{error.code} {error.reason}"
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error) or type(error).__name__
        size = part.stat().st_size if part.exists() else 0
        failures, before = (1 if size > before else failures + 1), size
        if failures >= ATTEMPTS:
            raise Missing(f"{url} can't be fetched ({reason}); {size:,} bytes of it are kept.", _REMEDY)
        time.sleep(PAUSE * 2 ** (failures - 1))


_REMEDY = "Check the network and run the command again; it goes on where it was."


def _once(url: str, part: Path, progress: Progress) -> None:
    """One request, for the bytes that are lacking. Raises IncompleteRead where fewer came than were announced."""
    have, tag = part.stat().st_size if part.exists() else 0, part.with_name(part.name + ".tag")
    headers = {"User-Agent": _AGENT, "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
        if tag.exists():
            headers["If-Range"] = tag.read_text("utf-8")
    try:
        reply = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # all of it is here already, or it has become shorter; the digest will tell
            return
        raise
    with reply:
        if reply.status != 206 or not _starts_at(reply.headers.get("Content-Range", ""), have):
            have = 0
        if kept := reply.headers.get("ETag"):
            tag.write_text(kept, "utf-8")
        length = reply.headers.get("Content-Length")
        whole = have + int(length) if length else None
        with part.open("ab" if have else "wb") as stream:
            _copy(reply, stream, have, whole, progress)


def _copy(reply: IO[bytes], stream: IO[bytes], have: int, whole: int | None, progress: Progress) -> None:
    while block := reply.read(_BLOCK):
        stream.write(block)
        have += len(block)
        progress(have, whole)
    if whole is not None and have < whole:
        raise http.client.IncompleteRead(b"", whole - have)


def _starts_at(content_range: str, start: int) -> bool:
    return content_range.startswith(f"bytes {start}-")


def _digest(path: Path) -> str:
    if not path.exists():
        return ""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

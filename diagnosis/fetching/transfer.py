"""A file, or a part of one, over HTTP into a file here: told as it comes, and resumed where it was cut off."""

import http.client
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path

from diagnosis.errors import BadRequest, Missing

ATTEMPTS = 6
PAUSE = 0.5  # seconds before the second attempt, doubled each time
TIMEOUT = 30.0  # seconds without a byte
REMEDY = "Check the network and try again; it goes on where it was."
_BLOCK = 1 << 18
_AGENT = "Lightbox"
Received = Iterator[tuple[int, int | None]]  # bytes so far, and of all where that is known


@dataclass(frozen=True)
class Span:
    """The bytes of a file that are wanted: ``length`` of them from ``start``, or all where it is None."""

    start: int = 0
    length: int | None = None

    def after(self, have: int) -> str | None:
        """The value of a Range header for what is lacking; None for a whole file."""
        if self.length is not None:
            return f"bytes={self.start + have}-{self.start + self.length - 1}"
        return f"bytes={have}-" if have else None


WHOLE = Span()


class _Unwritable(Exception):
    """The folder takes no more; told apart from what goes wrong with the connection, which is an OSError too."""


def receive(url: str, part: Path, span: Span = WHOLE, *, size: int | None = None, timeout: float = TIMEOUT) -> Received:
    """Append what is lacking to ``part``, in as many attempts as it takes, ``ATTEMPTS`` of them without a new byte.

    Args:
        size: bytes that the source publishes; a server that offers another number is believed in nothing.
        timeout: seconds without a byte after which an attempt is given up.

    Raises:
        BadRequest: the address is none, what is there has another size, or the disk is full.
        Missing: the server can't be reached, has no such file, or gives no part where one is asked for.
    """
    if not url.startswith(("http://", "https://")):
        raise BadRequest(f"{url!r} is not an address.", "Give one that starts with https:// or http://.")
    failures, before = 0, size_of(part)
    while True:
        try:
            yield from _once(url, part, span, size, timeout)
            return
        except _Unwritable as error:
            kept = f"{size_of(part):,} bytes are kept"
            raise BadRequest(f"Cannot write to {part.parent}: {error}; {kept}.", "Make room and try again.") from error
        except urllib.error.HTTPError as error:
            reason: object = f"{error.code} {error.reason}"
            if error.code < 500 and error.code not in {408, 429}:
                raise Missing(f"{url} can't be fetched: the server says {reason}.", REMEDY) from error
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error) or type(error).__name__
        failures, before = (1 if size_of(part) > before else failures + 1), size_of(part)
        if failures >= ATTEMPTS:
            raise Missing(f"{url} can't be fetched ({reason}); {before:,} bytes of it are kept.", REMEDY)
        time.sleep(PAUSE * 2 ** (failures - 1))


def size_of(path: Path) -> int:
    """Bytes of a file; 0 where there is none."""
    return path.stat().st_size if path.exists() else 0


def forget(part: Path) -> None:
    """Remove a part and what is known of its source."""
    part.unlink(missing_ok=True)
    tag_of(part).unlink(missing_ok=True)


def tag_of(part: Path) -> Path:
    """Where the ETag of a part's source is kept: of another version nothing is appended."""
    return part.with_name(part.name + ".tag")


def open_url(url: str, asked: str | None = None, unless: str | None = None, timeout: float = TIMEOUT) -> HTTPResponse:
    """A GET request. ``asked``: value of a Range header; ``unless``: the ETag that the range is good for."""
    headers = {"User-Agent": _AGENT, "Accept-Encoding": "identity"}
    headers |= {"Range": asked} if asked else {}
    headers |= {"If-Range": unless} if asked and unless else {}
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=timeout)


def _once(url: str, part: Path, span: Span, size: int | None, timeout: float) -> Received:
    """One request, for the bytes that are lacking. Raises IncompleteRead where fewer came than were announced."""
    have, tag = size_of(part), tag_of(part)
    if have and have == (span.length or size):
        yield have, have
        return
    try:
        reply = open_url(url, span.after(have), tag.read_text("utf-8") if have and tag.exists() else None, timeout)
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # all of it is here already, or it has become shorter; the digest will tell
            return
        raise
    with reply:
        if reply.status != 206 or not _starts_at(reply, span.start + have):
            if span.length is not None:
                raise Missing(f"{url} is not given in parts by its server.", "Get the whole file, by hand.")
            have = 0
        length = reply.headers.get("Content-Length")
        whole = have + int(length) if length else span.length or size
        _expect(url, whole, span.length or size)
        _keep_tag(reply, tag)
        yield from _copy(reply, part, have, whole)


def _expect(url: str, whole: int | None, size: int | None) -> None:
    if size is not None and whole != size:
        raise BadRequest(f"{url} has {whole:,} bytes, not {size:,}.", "It is another file than the card describes.")


def _keep_tag(reply: HTTPResponse, tag: Path) -> None:
    if kept := reply.headers.get("ETag"):
        try:
            tag.write_text(kept, "utf-8")
        except OSError as error:
            raise _Unwritable(error.strerror) from error


def _copy(reply: HTTPResponse, part: Path, have: int, whole: int | None) -> Received:
    lacking = (whole or 0) - have
    if lacking > shutil.disk_usage(part.parent).free:
        raise _Unwritable(f"{lacking / 1e6:,.1f} MB are to come and there is no room for them")
    try:
        stream = part.open("ab" if have else "wb")
    except OSError as error:
        raise _Unwritable(error.strerror) from error
    with stream:
        while block := reply.read(_BLOCK):
            have += len(block)
            if whole is not None and have > whole:
                raise BadRequest(
                    f"{reply.geturl()} sends more than {whole:,} bytes.", "It is another file than was expected."
                )
            try:
                stream.write(block)
                stream.flush()
            except OSError as error:
                raise _Unwritable(error.strerror) from error
            yield have, whole
    if whole is not None and have < whole:
        raise http.client.IncompleteRead(b"", whole - have)


def _starts_at(reply: HTTPResponse, start: int) -> bool:
    return reply.headers.get("Content-Range", "").startswith(f"bytes {start}-")

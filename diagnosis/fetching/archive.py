"""One member of a zip archive on a server, without the rest of the archive."""

import io
import urllib.error
import zipfile
import zlib
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from diagnosis.errors import BadRequest, Missing
from diagnosis.fetching.transfer import REMEDY, TIMEOUT, Span, open_url

_HEADER = 30  # bytes of a member's own header, before its name
_BLOCK = 1 << 18


@dataclass(frozen=True)
class Member:
    """Where the bytes of a member lie in the archive, how many they will be, and whether they are deflated."""

    span: Span
    size: int
    deflated: bool


def find_member(url: str, name: str, timeout: float = TIMEOUT) -> Member:
    """The member's place, from the archive's directory; a few small requests.

    Raises:
        Missing: the server can't be reached or gives no parts, or the archive has no such member.
        BadRequest: there is no zip archive, or the member is packed in a way that is not known here.
    """
    try:
        remote = _Remote(url, timeout)
        with zipfile.ZipFile(remote) as archive:
            info = archive.getinfo(name)
        remote.seek(info.header_offset)
        header = remote.read(_HEADER)
    except KeyError as error:
        raise Missing(f"{url} holds no {name}.", "Mend the card's [download].") from error
    except zipfile.BadZipFile as error:
        raise BadRequest(f"{url} is not a zip archive.", "Mend the card's [download].") from error
    except (urllib.error.URLError, OSError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise Missing(f"{url} can't be fetched ({reason}).", REMEDY) from error
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or info.flag_bits & 1:
        raise BadRequest(f"{name} in {url} is packed in a way that is not read here.", "Get the file by hand.")
    extra = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    start = info.header_offset + _HEADER + extra
    return Member(Span(start, info.compress_size), info.file_size, info.compress_type == zipfile.ZIP_DEFLATED)


def unpack(part: Path, member: Member, target: Path) -> None:
    """Write the member's content to ``target``. Raises BadRequest where the bytes are not what was announced."""
    if not member.deflated:
        part.replace(target)
        return
    inflate, size = zlib.decompressobj(-zlib.MAX_WBITS), 0
    try:
        with part.open("rb") as packed, target.open("wb") as stream:
            while (block := packed.read(_BLOCK)) and size <= member.size:
                size += stream.write(inflate.decompress(block))
            size += stream.write(inflate.flush())
    except zlib.error as error:
        target.unlink(missing_ok=True)
        raise BadRequest(f"{part.name} is damaged: {error}.", "Fetch it again.") from error
    if size != member.size:
        target.unlink(missing_ok=True)
        raise BadRequest(f"{target.name} is {size:,} bytes long, not {member.size:,}.", "Fetch it again.")


class _Remote(io.RawIOBase):
    """A file on a server that is read in parts, for zipfile. Raises Missing where the server gives none."""

    def __init__(self, url: str, timeout: float) -> None:
        self._url, self._timeout, self._at = url, timeout, 0
        with open_url(url, "bytes=0-0", timeout=timeout) as reply:
            if reply.status != 206:
                raise Missing(f"{url} is not given in parts by its server.", "Get the whole archive, by hand.")
            self._size = int(reply.headers["Content-Range"].rpartition("/")[2])

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence] + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        end = self._size if size is None or size < 0 else min(self._at + size, self._size)
        if end <= self._at:
            return b""
        with open_url(self._url, f"bytes={self._at}-{end - 1}", timeout=self._timeout) as reply:
            found = reply.read()
        self._at += len(found)
        return found

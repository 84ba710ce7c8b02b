"""Downloads from a real server on this machine."""

import hashlib
from pathlib import Path

import pytest

from diagnosis.errors import BadRequest, Missing
from diagnosis.fetching.transfer import ATTEMPTS
from retrieval.fetch import fetch
from tests.retrieval.serving import CONTENT, SHA256, Server


def test_a_file_is_fetched_once(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    target = fetch(server.url, tmp_path / "sub" / "set.zip", SHA256, lambda *told: seen.append(told))
    assert target.read_bytes() == CONTENT and seen[-1] == (len(CONTENT), len(CONTENT))
    assert fetch(server.url, target, SHA256) == target and len(server.asked) == 1
    assert [path.name for path in target.parent.iterdir()] == ["set.zip"]


def test_a_broken_connection_goes_on_where_it_was(server: Server, tmp_path: Path) -> None:
    server.cuts = [100_000, 250_000, 1]
    assert fetch(server.url, tmp_path / "set.zip", SHA256).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=100000-", "bytes=350000-", "bytes=350001-"]


def test_a_later_run_goes_on_with_what_an_earlier_one_kept(server: Server, tmp_path: Path) -> None:
    server.cuts = [300_000] + [0] * ATTEMPTS
    with pytest.raises(Missing, match="300,000 bytes of it are kept"):
        fetch(server.url, tmp_path / "set.zip", SHA256)
    server.cuts, server.asked = [], []
    assert fetch(server.url, tmp_path / "set.zip", SHA256).read_bytes() == CONTENT
    assert server.asked == ["bytes=300000-"]


@pytest.mark.parametrize("changed", ["tag", "ranges"])
def test_a_file_that_changed_or_a_server_without_ranges_starts_again(
    server: Server, tmp_path: Path, changed: str
) -> None:
    other = CONTENT[::-1]
    (tmp_path / "set.zip.part").write_bytes(CONTENT[:200_000])
    (tmp_path / "set.zip.part.tag").write_text('"one"', "utf-8")
    server.content = other
    if changed == "tag":
        server.tag = '"two"'
    else:
        server.ranges = False
    assert fetch(server.url, tmp_path / "set.zip", hashlib.sha256(other).hexdigest()).read_bytes() == other


def test_a_server_that_is_busy_is_asked_again(server: Server, tmp_path: Path) -> None:
    server.failures = [503, 429]
    assert fetch(server.url, tmp_path / "set.zip", SHA256).read_bytes() == CONTENT


def test_what_is_not_the_expected_file_is_not_kept(server: Server, tmp_path: Path) -> None:
    server.content = CONTENT[:-1] + b"?"
    with pytest.raises(BadRequest, match=f"not {SHA256}"):
        fetch(server.url, tmp_path / "set.zip", SHA256)
    assert not (tmp_path / "set.zip").exists() and not (tmp_path / "set.zip.part").exists()
    server.content = CONTENT
    assert fetch(server.url, tmp_path / "set.zip", SHA256).read_bytes() == CONTENT


def test_a_whole_part_is_only_checked(server: Server, tmp_path: Path) -> None:
    (tmp_path / "set.zip.part").write_bytes(CONTENT)
    assert fetch(server.url, tmp_path / "set.zip", SHA256).read_bytes() == CONTENT


def test_what_cannot_be_fetched_is_told(server: Server, tmp_path: Path) -> None:
    server.failures = [404]
    with pytest.raises(Missing, match="404"):
        fetch(server.url, tmp_path / "set.zip", SHA256)
    with pytest.raises(BadRequest, match="not an address"):
        fetch("file:///etc/passwd", tmp_path / "x", SHA256)
    with pytest.raises(BadRequest, match="not a sha256"):
        fetch(server.url, tmp_path / "x", "abc")
    server.shutdown()
    server.server_close()
    with pytest.raises(Missing, match="can't be fetched"):
        fetch(server.url, tmp_path / "x", SHA256)

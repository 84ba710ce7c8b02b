"""What can go wrong on the way from a server: each is told, and nothing half is used."""

from pathlib import Path

import pytest

from diagnosis.errors import BadRequest, Missing
from diagnosis.fetching.transfer import TIMEOUT, WHOLE, Span, receive
from tests.retrieval.serving import CONTENT, Server


def received(
    server: Server, part: Path, span: Span = WHOLE, *, size: int | None = None, timeout: float = TIMEOUT
) -> list[tuple[int, int | None]]:
    return list(receive(server.url, part, span, size=size, timeout=timeout))


def test_progress_is_told_and_a_broken_reply_goes_on(server: Server, tmp_path: Path) -> None:
    server.cuts = [300_000]
    told = received(server, tmp_path / "part", size=len(CONTENT))
    assert (tmp_path / "part").read_bytes() == CONTENT
    assert [done for done, _ in told] == sorted(done for done, _ in told) and told[-1] == (len(CONTENT), len(CONTENT))
    assert server.asked == [None, "bytes=300000-"]


def test_some_of_a_file(server: Server, tmp_path: Path) -> None:
    server.cuts = [1_000]
    received(server, tmp_path / "part", Span(5_000, 20_000))
    assert (tmp_path / "part").read_bytes() == CONTENT[5_000:25_000]
    assert server.asked == ["bytes=5000-24999", "bytes=6000-24999"]
    server.ranges = False
    with pytest.raises(Missing, match="not given in parts"):
        received(server, tmp_path / "other", Span(5_000, 20_000))
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("tells_length", [True, False])
def test_a_file_of_another_length_is_not_taken(server: Server, tmp_path: Path, tells_length: bool) -> None:
    server.tells_length = tells_length
    with pytest.raises(BadRequest, match=r"700,000 bytes, not 699,999|more than 699,999 bytes"):
        received(server, tmp_path / "part", size=len(CONTENT) - 1)
    assert len(server.asked) == 1


def test_a_full_disk_is_told(server: Server, tmp_path: Path) -> None:
    (tmp_path / "part").symlink_to("/dev/full")
    with pytest.raises(BadRequest, match=r"Cannot write to .*No space left.*Make room"):
        received(server, tmp_path / "part")
    server.announced = 10**17
    with pytest.raises(BadRequest, match=r"100,000,000,000\.0 MB are to come and there is no room"):
        received(server, tmp_path / "other")
    assert len(server.asked) == 2


def test_a_server_that_falls_silent_is_given_up(server: Server, tmp_path: Path) -> None:
    server.silent = 0.6  # seconds
    with pytest.raises(Missing, match=r"can't be fetched .*timed out"):
        received(server, tmp_path / "part", timeout=0.1)
    assert len(server.asked) > 1


@pytest.mark.parametrize("status", [404, 403, 410])
def test_a_file_that_is_not_there_is_told_at_once(server: Server, tmp_path: Path, status: int) -> None:
    server.failures = [status]
    with pytest.raises(Missing, match=str(status)):
        received(server, tmp_path / "part")
    assert len(server.asked) == 1

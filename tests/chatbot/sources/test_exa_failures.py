"""A search that fails: each failure in words that hold no key, and what is tried again."""

import socket
import threading
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from chatbot.sources.exa import ExaSource
from chatbot.sources.limits import Limit
from chatbot.sources.unavailable import (
    Busy,
    Failing,
    NoCredit,
    Refused,
    TooSlow,
    Unreachable,
    WebUnavailable,
)
from chatbot.types import Wanted
from diagnosis.errors import BadRequest
from tests.chatbot.exa_server import KEY, ExaServer, Script, exa_server, fails, finds, page
from tests.chatbot.sources.asking import NICE, QUESTION, SAYS, safe, source_of

# Failures


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (301, Failing, "another address"),
        (307, Failing, "another address"),
        (400, Failing, "turned the search down"),
        (401, Refused, "did not accept the key"),
        (402, NoCredit, "no credit left"),
        (403, Refused, "did not accept the key"),
        (404, Failing, "turned the search down"),
        (418, Failing, "turned the search down"),
        (422, Failing, "turned the search down"),
        (429, Busy, "no more searches"),
        (500, Failing, "fails"),
        (501, Failing, "fails"),
        (503, Failing, "fails"),
    ],
)
def test_each_status_has_its_words(
    server: ExaServer, source: ExaSource, status: int, kind: type[WebUnavailable], words: str
) -> None:
    server.will(fails(status))
    with pytest.raises(kind, match=words) as told:
        source.find(QUESTION, Wanted())
    assert str(status) in told.value.problem
    safe(told.value, server.host)


def test_a_wrong_key_is_told_without_the_key(server: ExaServer) -> None:
    wrong = f"{KEY}-{len(server.url)}"
    with pytest.raises(Refused) as told:
        source_of(server, key=wrong).find(QUESTION, Wanted())
    assert "EXA_API_KEY" in str(told.value) and wrong not in "".join(traceback.format_exception(told.value))


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "kêy", "\u200bkey"])
def test_a_key_that_no_header_can_carry_is_told_without_it(server: ExaServer, key: str) -> None:
    with pytest.raises(Refused) as told:
        source_of(server, key=key).find(QUESTION, Wanted())
    assert key not in "".join(traceback.format_exception(told.value)) and server.history == []


def test_blanks_around_the_key_do_no_harm(server: ExaServer) -> None:
    source_of(server, key=f" {KEY}\n").find(QUESTION, Wanted())
    assert server.history[0].headers["x-api-key"] == KEY


def test_the_key_follows_no_redirect(server: ExaServer, source: ExaSource) -> None:
    with exa_server() as elsewhere:
        for status in (301, 302, 303, 307, 308):
            server.will(Script(status, {"Location": f"{elsewhere.url}/search"}))
            with pytest.raises(Failing, match="is not followed") as told:
                source.find(f"{QUESTION} {status}", Wanted())
            assert elsewhere.host not in str(told.value)
        assert elsewhere.history == []


def test_no_cookie_is_kept(server: ExaServer, source: ExaSource) -> None:
    server.will(Script(body=finds().body, headers={"Set-Cookie": "visitor=7; Path=/"}))
    source.find(QUESTION, Wanted())
    source.find("Another question?", Wanted())
    assert "cookie" not in server.history[1].headers


def test_no_password_of_this_machine_is_sent(
    server: ExaServer, source: ExaSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("default login somebody password hidden")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    source.find(QUESTION, Wanted())
    assert "authorization" not in server.history[0].headers


def test_a_server_that_is_slow_is_left(server: ExaServer) -> None:
    gate = threading.Event()
    server.will(Script(body=finds().body, gate=gate))
    with pytest.raises(TooSlow, match=r"0\.4 seconds") as told:
        source_of(server, timeout=0.4, retries=3).find(QUESTION, Wanted())
    gate.set()
    safe(told.value, server.host)
    assert len(server.history) == 1


def test_a_server_that_drips_is_left(server: ExaServer) -> None:
    server.will(Script(drip=0.05))
    with pytest.raises(TooSlow) as told:
        source_of(server, timeout=0.4).find(QUESTION, Wanted())
    safe(told.value, server.host)


@pytest.mark.parametrize("script", [Script(body=b'{"results": [', length=9000), Script(hang_up=True)])
def test_a_connection_that_breaks_off_is_told(server: ExaServer, source: ExaSource, script: Script) -> None:
    server.will(script)
    with pytest.raises(Unreachable, match="broke off") as told:
        source.find(QUESTION, Wanted())
    safe(told.value, server.host)


def test_a_port_where_nobody_listens_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        host = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Unreachable, match="cannot be reached") as told:
            source_of(f"http://{host}").find(QUESTION, Wanted())
    safe(told.value, host)


@pytest.mark.parametrize("url", ["http://no-such-host.invalid", "http://127.0.0.1:0", f"http://{'a' * 70}.example"])
def test_an_address_where_nobody_is_is_told(url: str) -> None:
    with pytest.raises(Unreachable) as told:
        source_of(url).find(QUESTION, Wanted())
    assert KEY not in "".join(traceback.format_exception(told.value))


@pytest.mark.parametrize("url", ["nonsense", "ftp://api.exa.ai", "http://", "http://[::1", "file:///etc/passwd"])
def test_what_is_no_address_is_told_at_once(url: str) -> None:
    with pytest.raises(BadRequest, match="LIGHTBOX_EXA_URL"):
        source_of(url)


# Repetitions and limits


@pytest.mark.parametrize(
    "script",
    [
        fails(429, Retry_After="0"),
        fails(503, Retry_After=format_datetime(datetime(2020, 1, 1, tzinfo=UTC), usegmt=True)),
        fails(500, Retry_After="0"),
        Script(hang_up=True),
    ],
)
def test_what_may_pass_is_tried_again(server: ExaServer, script: Script) -> None:
    server.will(script, finds(page(NICE, SAYS)))
    assert [one.excerpt for one in source_of(server, retries=1).find(QUESTION, Wanted())] == [SAYS]
    first, second = server.history
    assert first.raw == second.raw


@pytest.mark.parametrize("status", [301, 400, 401, 402, 403, 404, 422, 501])
def test_what_stays_wrong_is_not_tried_again(server: ExaServer, status: int) -> None:
    server.will(fails(status, Retry_After="0"))
    with pytest.raises(WebUnavailable):
        source_of(server, retries=3).find(QUESTION, Wanted())
    assert len(server.history) == 1


def test_it_gives_up_after_so_many(server: ExaServer) -> None:
    server.will(*[fails(503, Retry_After="0")] * 5)
    with pytest.raises(Failing):
        source_of(server, retries=2).find(QUESTION, Wanted())
    assert len(server.history) == 3


@pytest.mark.parametrize(
    "after", ["3600", format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)], ids=["seconds", "date"]
)
def test_it_does_not_wait_longer_than_a_search_may_take(server: ExaServer, after: str) -> None:
    server.will(fails(429, Retry_After=after))
    with pytest.raises(Busy):
        source_of(server, retries=3).find(QUESTION, Wanted())
    assert len(server.history) == 1


@pytest.mark.parametrize("after", ["soon", "-1", "1e3", "Wed, 99 Nov 2026 99:99:99 GMT", "٣"])
def test_a_pause_that_cannot_be_read_is_its_own(server: ExaServer, after: str) -> None:
    server.will(Script(429, {"Retry-After": after.encode().decode("latin-1")}), finds(page(NICE, SAYS)))
    assert len(source_of(server, retries=1).find(QUESTION, Wanted())) == 1


def test_no_more_searches_are_sent_than_allowed(server: ExaServer) -> None:
    source = source_of(server, per_minute=3, timeout=5)
    for number in range(3):
        source.find(f"Question {number}?", Wanted())
    with pytest.raises(Busy, match="at most 3 times a minute") as told:
        source.find("Question 4?", Wanted())
    assert "LIGHTBOX_EXA_PER_MINUTE" in told.value.remedy and len(server.history) == 3
    assert source.find("Question 1?", Wanted()) == ()  # a kept reply needs no turn


def test_the_limit_fills_up_again() -> None:
    now = [100.0]
    limit = Limit(per_minute=60, burst=2, clock=lambda: now[0])
    assert [limit.reserve(9) for _ in range(4)] == [0, 0, 1, 2]
    assert limit.reserve(2.5) is None
    now[0] += 3
    assert limit.reserve(0) == 0
    assert limit.reserve(0) is None
    now[0] += 3600
    assert [limit.reserve(0) for _ in range(3)] == [0, 0, None]

"""Searches that were made before: paid for once, kept for a while, believed no more than new ones."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from chatbot.sources.cache import NAME, Cache
from chatbot.sources.exa import ExaSource, Spent
from chatbot.sources.unavailable import (
    Failing,
    Unreadable,
)
from chatbot.types import Wanted
from tests.chatbot.exa_server import KEY, ExaServer, Script, fails, finds, page
from tests.chatbot.sources.asking import ALSO, NICE, QUESTION, SAYS, source_of


def test_a_question_is_paid_for_once(server: ExaServer, source: ExaSource) -> None:
    server.will(finds(page(NICE, SAYS), cost=0.012))
    first = source.look_up(QUESTION, Wanted())
    again = source.look_up(f" {QUESTION} ", Wanted())
    assert first.evidence == again.evidence and len(server.history) == 1
    assert [(one.cached, one.dollars) for one in (*first.lookups, *again.lookups)] == [(False, 0.012), (True, 0.0)]
    assert json.loads(first.lookups[0].body) == server.history[0].body and first.lookups[0].to == server.host
    assert source.spent == Spent(1, 1, 0.012)


@pytest.mark.parametrize(
    "other",
    [
        Wanted(since=date(2020, 1, 1)),
        Wanted(sites=("nhs.uk",)),
    ],
)
def test_another_search_is_asked_anew(server: ExaServer, source: ExaSource, other: Wanted) -> None:
    source.find(QUESTION, Wanted())
    source.find(QUESTION, other)
    assert len(server.history) == 2


def test_it_expires(server: ExaServer) -> None:
    now = [1_800_000_000.0]
    source = source_of(server, cache=Cache(days=1, clock=lambda: now[0]))
    server.will(finds(page(NICE, SAYS)), finds(page(NICE, ALSO)))
    retrieved = [source.find(QUESTION, Wanted())[0]]
    now[0] += 86399
    retrieved.append(source.find(QUESTION, Wanted())[0])
    now[0] += 1
    retrieved.append(source.find(QUESTION, Wanted())[0])
    assert [one.excerpt for one in retrieved] == [SAYS, SAYS, ALSO]
    assert retrieved[1].retrieved == datetime.fromtimestamp(1_800_000_000, UTC).date()


def test_it_outlives_the_process_and_holds_no_question_and_no_key(server: ExaServer, tmp_path: Path) -> None:
    server.will(finds(page(NICE, SAYS)))
    source_of(server, cache=Cache(tmp_path)).find(QUESTION, Wanted())
    assert len(source_of(server, cache=Cache(tmp_path)).find(QUESTION, Wanted())) == 1
    assert len(server.history) == 1
    raw = (tmp_path / NAME).read_bytes()
    assert SAYS.encode() in raw
    assert QUESTION.encode() not in raw and b"collapsed lung treated" not in raw and KEY.encode() not in raw


def test_a_failure_is_not_kept(server: ExaServer, source: ExaSource) -> None:
    server.will(fails(500), Script(body=b"{"), finds(page(NICE, SAYS)))
    for kind in (Failing, Unreadable):
        with pytest.raises(kind):
            source.find(QUESTION, Wanted())
    assert len(source.find(QUESTION, Wanted())) == 1


def test_what_is_kept_is_looked_at_as_warily_as_what_comes(server: ExaServer, tmp_path: Path) -> None:
    server.will(
        finds(page("https://evil.net/", SAYS), page(NICE, "<b>Drain</b> a large one.")), finds(page(NICE, SAYS))
    )
    source = source_of(server, cache=Cache(tmp_path))
    assert [one.excerpt for one in [*source.find(QUESTION, Wanted()), *source.find(QUESTION, Wanted())]] == [
        "Drain a large one."
    ] * 2
    (tmp_path / NAME).write_bytes((tmp_path / NAME).read_bytes().replace(b'{"results"', b'{"resultz"'))
    assert [one.excerpt for one in source.find(QUESTION, Wanted())] == [SAYS]

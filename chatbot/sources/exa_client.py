"""Exa's own client over a connection that keeps the key, the time and the size of a reply within bounds.

exa-py builds each request and reads each reply. What it does in between is done here instead: it would send the key
on to wherever a redirect points, read a reply of any length for as long as its pieces come, and hide ``Retry-After``.

Imports exa-py, which takes half a second: import this on first use.
"""

import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
import urllib3
from exa_py import Exa

from chatbot.sources.cache import Cache, key_of
from chatbot.sources.limits import Limit
from chatbot.sources.unavailable import (
    AGAIN,
    Unreachable,
    WebUnavailable,
    cut,
    own_limit,
    too_slow,
    turned_away,
    unreachable,
    unreadable,
)

T = TypeVar("T")

LARGEST = 4 * 2**20  # bytes of a reply
MOST = 100  # results of a reply
FIRST_PAUSE = 0.5  # seconds before the first repetition; it doubles
_LENGTHS = {"url": 4000, "title": 2000, "publishedDate": 40, "text": 50_000}  # characters of a text that are kept
_PASSAGES, _PASSAGE = 12, 6000  # highlights of a page, and characters of each


@dataclass(frozen=True)
class _Reply:
    """An HTTP reply: its status, the seconds after which it says to ask again, and its body."""

    status: int
    after: float | None
    body: bytes


class Client(Exa):
    """Exa for one search.

    Args:
        key: the API key.
        seconds: how long the search may take, repetitions and pauses included.
        retries: how often it is repeated.
        cache: where replies are kept.
        limit: how many searches may be sent.

    Attributes:
        sent: body of the request, as it went or would have gone over the wire.
        at: when the reply was fetched, UTC.
        cached: whether the reply came from the cache, so that nothing was sent.
    """

    def __init__(self, key: str, base_url: str, seconds: float, retries: int, cache: Cache, limit: Limit) -> None:
        super().__init__(key, base_url, timeout=seconds)
        self.sent, self.at, self.cached = "", datetime.now(UTC), False
        self._seconds, self._until = seconds, time.monotonic() + seconds
        self._retries, self._cache, self._limit = retries, cache, limit
        self._host = urlsplit(base_url).netloc.rpartition("@")[2]

    def request(
        self,
        endpoint: str,
        data: dict[str, Any] | str | None = None,
        method: str = "POST",
        params: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        timeout: float | None = None,
        extra_headers: Mapping[str, str | None] | None = None,
        extra_query: Mapping[str, Any] | None = None,
        extra_body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The reply, of which only fields of the right type are left. Raises WebUnavailable."""
        self.sent = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
        url = f"{self.base_url}{endpoint}"
        key = key_of(url, self.sent)
        if kept := self._cache.get(key):
            try:
                reply = tidied(json.loads(kept.value))
            except (ValueError, RecursionError):
                reply = None  # not what was kept
            if reply is not None:
                self.at, self.cached = datetime.fromtimestamp(kept.at, UTC), True
                return reply
        reply = self._decoded(self._asked(url, self.sent.encode("utf-8", "replace")))
        self._cache.put(key, json.dumps(reply))
        self.at = datetime.now(UTC)
        return reply

    def _asked(self, url: str, body: bytes) -> bytes:
        """The body of the first reply that is a success, asking again where that may help."""
        for attempt in range(self._retries + 1):
            pause = FIRST_PAUSE * 2**attempt * random.uniform(0.75, 1.25)
            self._await_turn()
            try:
                reply = self._in_time(lambda: self._once(url, body))
            except Unreachable as error:
                failure: WebUnavailable = error
            else:
                if 200 <= reply.status < 300:
                    return reply.body
                failure = turned_away(reply.status, self._host)
                if reply.status not in AGAIN:
                    raise failure
                pause = pause if reply.after is None else reply.after
            if attempt == self._retries or pause >= self._left():
                raise failure
            time.sleep(pause)
        raise AssertionError("unreachable")

    def _left(self) -> float:
        return self._until - time.monotonic()

    def _await_turn(self) -> None:
        pause = self._limit.reserve(max(0.0, self._left()))
        if pause is None:
            raise own_limit(self._limit.per_minute)
        time.sleep(pause)

    def _in_time(self, call: Callable[[], T]) -> T:
        """What ``call`` returns, or TooSlow when the time is up.

        A name that is being looked up, or a header that comes byte by byte, cannot be stopped and is left to itself.
        """
        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(call())
            except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits
                future.set_exception(error)

        threading.Thread(target=run, name="web-search", daemon=True).start()
        try:
            return future.result(max(0.0, self._left()))
        except TimeoutError:
            raise too_slow(self._host, self._seconds) from None

    def _once(self, url: str, body: bytes) -> _Reply:
        """One request. No redirect is followed, no cookie kept, no password of this machine's netrc sent along."""
        try:
            with (
                requests.Session() as session,
                session.post(
                    url,
                    data=body,
                    headers=self.headers,
                    timeout=max(0.01, self._left()),
                    stream=True,
                    allow_redirects=False,
                    auth=lambda request: request,
                ) as response,
            ):
                after = _seconds(response.headers.get("Retry-After"))
                if not 200 <= response.status_code < 300:
                    return _Reply(response.status_code, after, b"")
                return _Reply(response.status_code, after, self._read(response))
        except (requests.Timeout, TimeoutError):
            raise too_slow(self._host, self._seconds) from None
        except requests.exceptions.ContentDecodingError:
            raise unreadable(self._host) from None
        except requests.exceptions.ChunkedEncodingError:
            raise cut(self._host) from None
        except requests.ConnectionError as error:
            if any(isinstance(one, urllib3.exceptions.ReadTimeoutError) for one in error.args):
                raise too_slow(self._host, self._seconds) from None
            broken = any(isinstance(one, urllib3.exceptions.ProtocolError) for one in error.args)
            raise (cut if broken else unreachable)(self._host) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError):
            raise unreachable(self._host) from None

    def _read(self, response: requests.Response) -> bytes:
        whole = bytearray()
        for piece in response.iter_content(2**16):
            whole += piece
            if len(whole) > LARGEST:
                raise unreadable(self._host)
            if self._left() <= 0:
                raise too_slow(self._host, self._seconds)
        return bytes(whole)

    def _decoded(self, body: bytes) -> dict[str, Any]:
        try:
            reply = tidied(json.loads(body, parse_constant=lambda _: None))
        except (ValueError, RecursionError):
            reply = None
        if reply is None:
            raise unreadable(self._host)
        return reply


def _seconds(header: str | None) -> float | None:
    """``Retry-After`` in seconds from now: a number, or a date."""
    if not header:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def tidied(reply: Any) -> dict[str, Any] | None:
    """A search's reply with nothing in it but fields of the right type and a bearable length; None for what is none."""
    if not isinstance(reply, dict) or not isinstance(reply.get("results"), list):
        return None
    cost = reply.get("costDollars")
    total = _number(cost.get("total")) if isinstance(cost, dict) else None
    results = [_result(one) for one in reply["results"][:MOST] if isinstance(one, dict)]
    return {"results": results, "costDollars": None if total is None else {"total": total}}


def _result(one: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {
        name: one[name][:longest] for name, longest in _LENGTHS.items() if isinstance(one.get(name), str)
    }
    kept["score"] = _number(one.get("score"))
    passages = one.get("highlights")
    if isinstance(passages, list):
        kept["highlights"] = [text[:_PASSAGE] for text in passages if isinstance(text, str)][:_PASSAGES]
    return kept


def _number(value: Any) -> float | None:
    """A number from 0 to 1000, or None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1000:
        return None
    return float(value)

"""Exa's search API on 127.0.0.1: it checks requests as the API does, answers as it is told, and remembers it all."""

import json
import re
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LONG = 30  # seconds after which a script that waits gives up, so that no test hangs
KEY = "exa-secret-of-the-test"
TYPES = {"auto", "fast", "deep-lite", "deep", "deep-reasoning", "neural", "instant", "lite"}
CATEGORIES = {"company", "news", "publication", "personal site", "financial report", "people"}
FIELDS = {
    "query": str,
    "type": str,
    "numResults": int,
    "includeDomains": list,
    "includeText": list,
    "startPublishedDate": str,
    "category": str,
    "contents": dict,
}


@dataclass(frozen=True)
class Request:
    """One request as it came over the wire."""

    path: str
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        return json.loads(self.raw)


@dataclass(frozen=True)
class Script:
    """What the server does with one request.

    Attributes:
        status, headers, body: what it replies; ``body`` is sent as it is.
        gate: waited for before anything is sent.
        drip: seconds between two bytes of the header.
        length: what Content-Length says, where that is not the truth; the connection is closed after the body.
        hang_up: whether the connection is closed without a reply.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    gate: threading.Event | None = None
    drip: float = 0
    length: int | None = None
    hang_up: bool = False


def page(url: str, *highlights: Any, **fields: Any) -> dict[str, Any]:
    """A result as Exa writes it. ``fields`` replace or add; None takes one away."""
    result = {
        "id": url,
        "title": "A page",
        "url": url,
        "publishedDate": "2024-03-05T00:00:00.000Z",
        "author": "Somebody",
        "score": 0.5,
        "image": None,
        "favicon": None,
        "highlights": list(highlights),
        **fields,
    }
    return {name: value for name, value in result.items() if value is not None or name in fields}


def finds(*results: Any, cost: Any = 0.007, **more: Any) -> Script:
    """A search that found these."""
    reply = {
        "requestId": "b5947044c4b78efa9552a7c89b306d95",
        "results": list(results),
        "searchTime": 812.4,
        "costDollars": {"total": cost, "search": {"neural": cost}},
    }
    return replies({**reply, **more})


def replies(value: Any, **how: Any) -> Script:
    """Any JSON."""
    return Script(body=json.dumps(value).encode(), **how)


def fails(status: int, tag: str = "ERROR", message: str = f"not with {KEY}", **headers: str) -> Script:
    """An error as Exa writes it; its text repeats the key, which nobody may be shown. ``headers`` have underscores."""
    body = json.dumps({"requestId": "b59", "error": message, "tag": tag}).encode()
    return Script(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


class ExaServer:
    """A running server: ``scripts`` wait their turn, ``history`` grows. Without a script a search finds nothing."""

    def __init__(self, address: str) -> None:
        self.host, self.url = address, f"http://{address}"
        self.scripts: deque[Script] = deque()
        self.history: list[Request] = []

    def will(self, *scripts: Script) -> None:
        self.scripts.extend(scripts)


@contextmanager
def exa_server() -> Iterator[ExaServer]:
    """A server on a free port."""
    server = _Server(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.exa
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def complaint(request: Request) -> Script | None:
    """How the API turns down a request that it does not understand, or None for one that it does."""
    if request.headers.get("x-api-key") != KEY:
        return fails(401, "INVALID_API_KEY", "Invalid API key")
    if request.path != "/search":
        return fails(404, "NOT_FOUND", "Cannot POST")
    body = request.body
    wrong = [name for name, value in body.items() if not isinstance(value, FIELDS.get(name, ()))]
    if not body.get("query"):
        wrong.append("query")
    if body.get("type", "auto") not in TYPES:
        wrong.append("type")
    if body.get("category", "news") not in CATEGORIES:
        wrong.append("category")
    if not 1 <= body.get("numResults", 10) <= 100:
        wrong.append("numResults")
    if len(body.get("includeDomains", [])) > 1200:
        wrong.append("includeDomains")
    if any(len(text.split()) > 5 for text in body.get("includeText", [])) or len(body.get("includeText", [])) > 1:
        wrong.append("includeText")
    if not re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body.get("startPublishedDate", "2020-01-01T00:00:00.000Z")
    ):
        wrong.append("startPublishedDate")
    return fails(400, "INVALID_REQUEST_BODY", f"wrong: {wrong}") if wrong else None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def server_bind(self) -> None:
        super().server_bind()
        self.exa, self.closing = ExaServer(f"127.0.0.1:{self.server_port}"), threading.Event()
        self.turn = threading.Lock()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client may leave when it likes; anything else is a fault of the script, and told."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(Request(self.path, {name.lower(): value for name, value in self.headers.items()}, raw))

    def do_GET(self) -> None:
        self._answer(Request(self.path, {name.lower(): value for name, value in self.headers.items()}, b"{}"))

    def _answer(self, request: Request) -> None:
        own = self.server.exa
        with self.server.turn:
            own.history.append(request)
            script = complaint(request) or (own.scripts.popleft() if own.scripts else finds())
        if script.gate:
            script.gate.wait(LONG)
        if script.hang_up:
            self.close_connection = True
            return
        length = len(script.body) if script.length is None else script.length
        headers = {"Content-Type": "application/json; charset=utf-8", "Content-Length": str(length), **script.headers}
        self.send_response(script.status)
        for name, value in headers.items():
            self.send_header(name, value)
        if script.drip:
            self._drip(script.drip)
            return
        self.end_headers()
        self.wfile.write(script.body)
        self.close_connection |= script.length is not None

    def _drip(self, seconds: float) -> None:
        """A header that does not end, a byte at a time."""
        self.flush_headers()
        for _ in range(int(LONG / seconds)):
            self.wfile.write(b"x")
            if self.server.closing.wait(seconds):
                break
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the history says it all."""

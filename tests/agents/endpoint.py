"""An OpenAI-compatible endpoint on 127.0.0.1 that answers as it is told, and remembers what it was asked."""

import json
import select
import socket
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LONG = 30  # seconds after which a script that waits gives up, so that no test hangs


@dataclass(frozen=True)
class Request:
    """One request as it came over the wire; ``left`` is set when the client closes the connection before the end."""

    path: str
    headers: Mapping[str, str]
    raw: bytes
    left: threading.Event = field(default_factory=threading.Event, compare=False)

    @property
    def body(self) -> dict[str, Any]:
        return json.loads(self.raw)

    @property
    def text(self) -> str:
        """All text of the messages."""
        return "\n".join(part.get("text", "") for part in self.parts)

    @property
    def parts(self) -> list[dict[str, Any]]:
        contents = [message.get("content") or "" for message in self.body["messages"]]
        return [
            part
            for content in contents
            for part in ([{"type": "text", "text": content}] if isinstance(content, str) else content)
        ]


@dataclass(frozen=True)
class Script:
    """What the endpoint does with one request.

    Attributes:
        events: payloads of the stream, in order: objects, or strings that are sent as they are.
        status, headers, page: for an answer that is no stream: its status, headers and body.
        gate: waited for after ``open_for`` events.
        done: whether the stream ends as it should; otherwise the connection is dropped.
        polite: whether a stream without its end at least ends its chunks, as after a proxy's time limit.
    """

    events: tuple[Any, ...] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    page: str = ""
    gate: threading.Event | None = None
    open_for: int = 0
    done: bool = True
    polite: bool = False


def says(*pieces: str, tokens: tuple[int, int] | None = (100, 20), **how: Any) -> Script:
    """An answer in these pieces."""
    events = [_chunk({"role": "assistant", "content": ""}), *(_chunk({"content": piece}) for piece in pieces)]
    return Script((*events, *_end("stop", tokens)), **how)


def calls(name: str, arguments: Mapping[str, Any], identity: str = "call_1") -> Script:
    """A tool call whose arguments come in two fragments."""
    text = json.dumps(arguments)
    half = len(text) // 2
    first = {"index": 0, "id": identity, "type": "function", "function": {"name": name, "arguments": text[:half]}}
    second = {"index": 0, "function": {"arguments": text[half:]}}
    events = (_chunk({"role": "assistant", "content": None, "tool_calls": [first]}), _chunk({"tool_calls": [second]}))
    return Script((*events, *_end("tool_calls", (50, 10))))


def fails(status: int, message: str = "no", **headers: str) -> Script:
    """An answer with a status and the usual error body. ``headers`` have underscores for hyphens."""
    page = json.dumps({"error": {"message": message, "type": "error", "code": None}})
    return Script(status=status, page=page, headers={name.replace("_", "-"): value for name, value in headers.items()})


def breaks_off(*pieces: str, polite: bool = False) -> Script:
    """An answer whose connection is gone after these pieces."""
    return Script(tuple(_chunk({"content": piece}) for piece in pieces), done=False, polite=polite)


def keeps_silent(*pieces: str) -> Script:
    """An answer of which nothing more comes after these pieces, though the connection stays open."""
    events = tuple(_chunk({"content": piece}) for piece in pieces)
    return Script((*events, _chunk({"content": "late"})), gate=threading.Event(), open_for=len(events))


def garbles(*pieces: str) -> Script:
    """An answer with an event that is not JSON."""
    return Script((*(_chunk({"content": piece}) for piece in pieces), '{"choices": [{"delta": {"cont'))


def _chunk(delta: Mapping[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "scripted", "choices": [choice]}


def _end(reason: str, tokens: tuple[int, int] | None) -> list[dict[str, Any]]:
    end = [_chunk({}, reason)]
    if tokens:
        counted = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens)}
        end.append({**_chunk({}), "choices": [], "usage": counted})
    return end


class Endpoint:
    """A running endpoint: ``replies`` wait their turn, ``history`` grows."""

    def __init__(self, address: str) -> None:
        self.url = f"http://{address}/v1"
        self.host = address
        self.replies: deque[Script] = deque()
        self.history: list[Request] = []

    def will(self, *scripts: Script) -> None:
        self.replies.extend(scripts)


@contextmanager
def endpoint() -> Iterator[Endpoint]:
    """An endpoint on a free port."""
    server = _Server(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        super().server_bind()
        self.endpoint = Endpoint(f"127.0.0.1:{self.server_port}")

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client may leave when it likes; anything else is a fault of the script, and told."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        own = self.server.endpoint
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        request = Request(self.path, {name.lower(): value for name, value in self.headers.items()}, raw)
        own.history.append(request)
        script = own.replies.popleft() if own.replies else fails(404)
        if script.page or script.status != 200:
            self._page(script)
        else:
            self._stream(script, request)

    def _page(self, script: Script) -> None:
        body = script.page.encode()
        self.send_response(script.status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **script.headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, script: Script, request: Request) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for number, event in enumerate(script.events):
                if script.gate and number == script.open_for and not self._wait(script.gate, request):
                    return
                self._event(event if isinstance(event, str) else json.dumps(event))
            if script.done:
                self._event("[DONE]")
            if script.done or script.polite:
                self.wfile.write(b"0\r\n\r\n")
        except OSError:
            request.left.set()
        finally:
            self.close_connection = not script.done

    def _event(self, data: str) -> None:
        line = f"data: {data}\n\n".encode()
        self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")

    def _wait(self, gate: threading.Event, request: Request) -> bool:
        """Whether the gate opened while the client was still there."""
        for _ in range(LONG * 50):
            if gate.wait(0.02):
                return True
            if select.select([self.connection], [], [], 0)[0] and not self.connection.recv(1, socket.MSG_PEEK):
                break
        request.left.set()
        self.close_connection = True
        return False

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the history says it all."""

"""A file server on this machine that does what servers do: breaks off, changes its mind, lies, falls silent."""

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

CONTENT = np.random.default_rng(0).bytes(700_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves ``content``. ``cuts``: bytes after which a reply is broken off, one a request; ``asked``: their ranges.

    ``announced``: the length it tells instead of the right one; ``tells_length``: whether it tells any; ``silent``:
    seconds before it says anything.
    """

    content, tag, ranges, status = CONTENT, '"one"', True, 200
    announced: int | None = None
    tells_length, silent = True, 0.0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.cuts: list[int] = []
        self.asked: list[str | None] = []
        self.failures: list[int] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/set.zip"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server = self.server
        server.asked.append(self.headers.get("Range"))
        time.sleep(server.silent)
        if server.failures:
            self.send_error(server.failures.pop(0))
            return
        start, partly, end = 0, False, len(server.content)
        same = self.headers.get("If-Range") in {None, server.tag}
        if server.ranges and same and (asked := self.headers.get("Range")):
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start, partly, end = int(first), True, min(end, int(last) + 1) if last else end
            if start >= len(server.content):
                self.send_error(416)
                return
        self.send_response(206 if partly else 200)
        if partly:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(server.content)}")
        if server.tells_length:
            self.send_header("Content-Length", str(server.announced or end - start))
        self.send_header("ETag", server.tag)
        self.end_headers()
        cut = server.cuts.pop(0) if server.cuts else None
        with suppress(ConnectionError):  # whoever asked has gone
            self.wfile.write(server.content[start : end if cut is None else min(end, start + cut)])
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[Server]:
    """A server that runs until it is let go of."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()

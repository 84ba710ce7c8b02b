"""A file server on this machine that does what servers do: breaks off, changes its mind, lies."""

import hashlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

CONTENT = np.random.default_rng(0).bytes(700_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves ``content``. ``cuts``: bytes after which a reply is broken off, one a request; ``asked``: their ranges."""

    content, tag, ranges, status = CONTENT, '"one"', True, 200

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
        if server.failures:
            self.send_error(server.failures.pop(0))
            return
        start, partly = 0, False
        same = self.headers.get("If-Range") in {None, server.tag}
        if server.ranges and same and (asked := self.headers.get("Range")):
            start, partly = int(asked.removeprefix("bytes=").rstrip("-")), True
            if start >= len(server.content):
                self.send_error(416)
                return
        self.send_response(206 if partly else 200)
        if partly:
            self.send_header("Content-Range", f"bytes {start}-{len(server.content) - 1}/{len(server.content)}")
        self.send_header("Content-Length", str(len(server.content) - start))
        self.send_header("ETag", server.tag)
        self.end_headers()
        cut = server.cuts.pop(0) if server.cuts else None
        self.wfile.write(server.content[start : None if cut is None else start + cut])
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass

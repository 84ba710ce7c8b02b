"""The page as it is served: ``python app.py`` as a process of its own, with everything it connects to written down."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from settings import PREFIX, ROOT

EVALUATIONS = 60  # of a SHAP map: a tenth of the app's own number, to be quick
START_SECONDS = 180
WATCH = '''
"""Imported by Python at its start: logs every connection that would leave this machine."""
import os, sys

LOG = os.open(os.environ["CONNECTIONS_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
HERE = {None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0", b"localhost", b"127.0.0.1"}


def watch(event, arguments):
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        if isinstance(address, tuple) and address[0] not in HERE:
            os.write(LOG, f"{event} {address}\\n".encode())
    elif event == "socket.getaddrinfo" and arguments[0] not in HERE:
        os.write(LOG, f"{event} {arguments[:2]}\\n".encode())


sys.addaudithook(watch)
os.write(LOG, b"watching\\n")
'''


@dataclass(frozen=True)
class Server:
    """A running page.

    Attributes:
        uploads: the folder in which Gradio keeps what visitors send.
        connections: log of what the server tried to reach; its first line says that it is being kept.
        output: what the server printed.
    """

    address: str
    weights: Path
    uploads: Path
    connections: Path
    output: Path

    def kept(self, part: str) -> list[Path]:
        """Files below ``uploads`` whose name contains ``part``."""
        return [path for path in self.uploads.rglob("*") if part in path.name and path.is_file()]


@contextmanager
def serve(folder: Path, weights: Path, *program: str, examples: Path, **variables: str) -> Iterator[Server]:
    """Start the page with its files in ``folder``; ``program`` are Python's arguments, by default ``app.py``.

    Args:
        examples: folder of what can be clicked, and of maps that were computed beforehand.
        variables: more of the environment.
    """
    port = _free_port()
    server = Server(f"http://127.0.0.1:{port}/", weights, folder / "uploads", folder / "connections", folder / "output")
    (folder / "sitecustomize.py").write_text(WATCH, encoding="utf-8")
    ours = (PREFIX, "OPENAI_", "EXA_", "RETRIEVAL_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)} | {
        "CONNECTIONS_LOG": str(server.connections),
        "GRADIO_TEMP_DIR": str(server.uploads),
        "LIGHTBOX_EXAMPLES": str(examples),
        "LIGHTBOX_FEEDBACK": str(folder / "feedback.jsonl"),
        "LIGHTBOX_OWN_CASES": str(folder / "own-cases"),
        "LIGHTBOX_PORT": str(port),
        "LIGHTBOX_SHAP_EVALUATIONS": str(EVALUATIONS),
        "LIGHTBOX_TEST_MAPS": "false",
        "LIGHTBOX_BUNDLED": str(weights),
        "LIGHTBOX_WEIGHTS": str(folder / "further"),
        "PYTHONPATH": str(folder),
        **variables,
    }
    command = [sys.executable, *(program or ["app.py"])]
    with server.output.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            _wait(server, process)
            yield server
        finally:
            process.terminate()
            process.wait(timeout=30)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    """Until the page answers. Raises RuntimeError, with what the server printed, when it does not."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(server.address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"The page did not start:\n{server.output.read_text('utf-8')}")

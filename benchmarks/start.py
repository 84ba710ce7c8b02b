"""``python -m benchmarks.start``: seconds from ``python app.py`` to the page's first answer."""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

from benchmarks.timing import machine

ROOT = Path(__file__).resolve().parent.parent
TARGET = 10.0  # seconds
PATIENCE = 120.0  # seconds


def main() -> int:
    """Returns the exit code: 0 when the median keeps the target, 1 when it does not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.start", description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--profile", action="store_true", help="also print which packages the imports' time goes to")
    options = parser.parse_args()
    for name, value in machine(("gradio", "torch")).items():
        print(f"{name}: {value}")
    seconds = []
    for run in range(options.runs):
        seconds.append(seconds_to_page())
        print(f"run {run + 1}: {seconds[-1]:.1f} s", flush=True)
    median = statistics.median(seconds)
    print(f"python app.py to HTTP 200: {median:.1f} s ({min(seconds):.1f} to {max(seconds):.1f}); target {TARGET:g} s")
    if options.profile:
        print(import_profile())
    return 0 if median <= TARGET else 1


def seconds_to_page() -> float:
    """Starts the app in a process of its own on a free port, waits for its page and ends it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "LIGHTBOX_HOST": "127.0.0.1", "LIGHTBOX_PORT": str(port)}
    started = time.perf_counter()
    app = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        while not _answers(port):
            if app.poll() is not None:
                raise RuntimeError(f"app.py ended with code {app.returncode}")
            if time.perf_counter() - started > PATIENCE:
                raise TimeoutError(f"no page after {PATIENCE:g} s")
            time.sleep(0.02)
        return time.perf_counter() - started
    finally:
        app.terminate()
        app.wait()


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE) as answer:
            return answer.status == 200
    except (urllib.error.URLError, ConnectionError):
        return False


def import_profile(most: int = 15) -> str:
    """The packages that ``import app`` spends its time in, their own time and without what they import."""
    command = [sys.executable, "-X", "importtime", "-c", "import app"]
    listing = subprocess.run(command, cwd=ROOT, check=True, stderr=subprocess.PIPE, text=True).stderr
    own: Counter[str] = Counter()
    for line in listing.splitlines():
        if line.count("|") != 2:
            continue
        microseconds, _, module = line.removeprefix("import time:").split("|")
        if microseconds.strip().isdigit():
            own[module.strip().partition(".")[0]] += int(microseconds)
    lines = [f"{name:20}{microseconds / 1e6:6.2f} s" for name, microseconds in own.most_common(most)]
    return "\n".join([f"imports, all together {sum(own.values()) / 1e6:.2f} s", *lines])


if __name__ == "__main__":
    sys.exit(main())

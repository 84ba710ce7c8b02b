"""Make the README's pictures: start the app, click an example or a question, wait for the words, and save the page.

.venv/bin/python scripts/screenshots.py [docs/images]
"""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
SHOTS = (
    # file, tab, example or question, width, theme
    ("x-ray-dark.jpg", "X-ray", "Viral pneumonia, synthetic", 1400, "dark"),
    ("histology-light.jpg", "Histology", "Lung adenocarcinoma, synthetic", 1400, "light"),
    ("brain-mri-light.jpg", "Brain MRI", "Pituitary tumour, synthetic", 1400, "light"),
    ("ask-light.jpg", "Ask", "How is a collapsed lung treated?", 1400, "light"),
)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images"
    folder.mkdir(parents=True, exist_ok=True)
    with running_app() as address, sync_playwright() as playwright:
        debian = Path("/usr/bin/chromium")
        executable = os.environ.get("LIGHTBOX_CHROMIUM") or (debian if debian.exists() else None)
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        for file, tab, example, width, theme in SHOTS:
            page = browser.new_page(viewport={"width": width, "height": 900})
            page.goto(f"{address}/?__theme={theme}")
            take(page, tab, example, folder / file)
            print(folder / file)
        browser.close()


def take(page: Page, tab: str, example: str, file: Path) -> None:
    """Read one example or ask one question on one tab, and save the whole page once all is there."""
    page.get_by_role("tab", name=tab).click()
    page.get_by_role("button", name=example).first.click()
    if tab == "Ask":
        page.wait_for_selector(".lb-card[open]", timeout=60_000)
    else:
        page.wait_for_function("document.querySelectorAll('.lb-maps figure').length === 2", timeout=300_000)
        page.wait_for_selector(".lb-tested .lb-badge", timeout=60_000)
        page.wait_for_function("!document.querySelector('.lb-progress')", timeout=60_000)
    page.wait_for_timeout(500)
    page.screenshot(path=file, full_page=True, type="jpeg", quality=82)


@contextmanager
def running_app() -> Iterator[str]:
    """The address of an app of its own, on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    environment = {**os.environ, "LIGHTBOX_PORT": str(port), "LIGHTBOX_HOST": "127.0.0.1"}
    process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        _wait_for(address)
        yield address
    finally:
        process.terminate()
        process.wait()


def _wait_for(address: str, seconds: float = 120) -> None:
    deadline = monotonic() + seconds
    while monotonic() < deadline:
        try:
            with urlopen(address):
                return
        except URLError:
            sleep(0.2)
    raise TimeoutError(f"{address} did not answer within {seconds:.0f} s")


if __name__ == "__main__":
    main()

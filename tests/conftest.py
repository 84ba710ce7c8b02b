"""What every test shares: an environment without a network, the data folder, and a browser."""

import os

# Before any import: several libraries read these once, when they are imported.
os.environ.update(
    GRADIO_ANALYTICS_ENABLED="False",
    HF_HUB_DISABLE_TELEMETRY="1",
    HF_HUB_OFFLINE="1",
    LANGSMITH_TRACING="false",
    OMP_WAIT_POLICY="PASSIVE",
)
os.environ.setdefault("OMP_NUM_THREADS", "2")  # small networks on small images: more threads wait for one another

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parent.parent
PAGE = "tests/page/"
CHROMIUM_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)


class _Files(LoadScopeScheduling):
    """For ``pytest -n``: a worker takes file after file, but one alone the page's, whose tests share servers."""

    def _split_scope(self, nodeid: str) -> str:
        return PAGE if nodeid.startswith(PAGE) else nodeid.split("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return _Files(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The page first: its tests take longest."""
    items.sort(key=lambda item: not item.nodeid.startswith(PAGE))


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The labelled image sets; a test that needs them is skipped where they are not."""
    folder = (ROOT / os.environ.get("LIGHTBOX_DATA", "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no labelled images in {folder}; name their folder in LIGHTBOX_DATA")
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """A headless Chromium that reaches nothing but 127.0.0.1: LIGHTBOX_CHROMIUM, Debian's, or Playwright's own."""
    from playwright.sync_api import Error, sync_playwright

    debian = Path("/usr/bin/chromium")
    executable = os.environ.get("LIGHTBOX_CHROMIUM") or (debian if debian.exists() else None)
    with sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(executable_path=executable, args=list(CHROMIUM_OPTIONS))
        except Error as error:
            reason = f"no browser: {error.message.splitlines()[0]}; ./scripts/test gets one"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        yield started
        started.close()

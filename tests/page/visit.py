"""A visitor's browser window, and one tab of the page in words."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import unquote

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, expect

WAIT = 240_000  # milliseconds: a reading on a busy machine
HEARTBEAT = "/heartbeat/"
expect.set_options(timeout=WAIT / 2)


@dataclass
class Visit:
    """A context of its own: another visitor. ``requests`` and ``errors``: all that the browser asked for and told;
    ``pending``: what it still waits for."""

    context: BrowserContext
    page: Page
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    pending: set[Request] = field(default_factory=set)

    @classmethod
    def start(cls, browser: Browser, address: str, **options: Any) -> "Visit":
        context = browser.new_context(viewport={"width": options.pop("width", 1400), "height": 900}, **options)
        context.set_default_timeout(WAIT)
        visit = cls(context, context.new_page())
        visit.page.on("request", visit._asked)
        for ended in ("requestfinished", "requestfailed"):
            visit.page.on(ended, lambda request: visit.pending.discard(request))
        visit.page.on("console", visit._told)
        visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
        visit.page.goto(address)
        visit.page.get_by_role("tab").first.wait_for()
        return visit

    def tab(self, name: str) -> "Tab":
        """Switch to a tab: ``X-ray`` or ``Histology``."""
        self.page.get_by_role("tab", name=name).click()
        tab = Tab(self.page, self.page.locator(".lb-tab:visible"))
        tab.here.wait_for()
        return tab

    def settle(self) -> None:
        """Until nothing was asked for and not answered for half a second, but for the heartbeat, which never ends."""
        quiet, deadline = 0, monotonic() + WAIT / 1000
        while quiet < 5 and monotonic() < deadline:
            self.page.wait_for_timeout(100)
            quiet = 0 if any(HEARTBEAT not in request.url for request in self.pending) else quiet + 1
        assert quiet == 5, [request.url for request in self.pending]

    def leave(self) -> None:
        """Close the window, as visitors do before the server goes."""
        self.context.close()

    def foreign_requests(self) -> list[str]:
        local = ("http://127.0.0.1:", "data:", "blob:http://127.0.0.1:")
        return [address for address in self.requests if not address.startswith(local)]

    def _asked(self, request: Request) -> None:
        self.requests.append(request.url)
        self.pending.add(request)

    def _told(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)


@dataclass(frozen=True)
class Tab:
    page: Page
    here: Locator

    def upload(self, file: Path) -> None:
        self.here.locator(".lb-drop input[type=file]").set_input_files(file)

    def click_example(self, number: int) -> None:
        self.here.locator("button.lb-example").nth(number).click()

    def example(self, name: str) -> Locator:
        """The button of an example, by the name of its file."""
        return self.here.locator(f'button[data-example="{name}"]')

    def wait_for_reading(self, of: str = "", about: str = "") -> None:
        """Until the whole reading is there, and the words tell of it.

        Args:
            of: the digest of the study that must be read.
            about: the class that must be explained.
        """
        self.page.wait_for_function(READ_TO_THE_END, arg=[of, about])

    @property
    def record(self) -> dict[str, Any]:
        """The JSON behind the download link."""
        address = self.here.locator("a[download^=reading-]").get_attribute("href") or ""
        kind, _, content = address.partition(",")
        assert kind == "data:application/json;charset=utf-8"
        return json.loads(unquote(content))

    @property
    def scores(self) -> dict[str, float]:
        """Percent by title, as they stand on the page."""
        rows = self.here.locator(".lb-scores li").all()
        return {_own_text(row.locator(".lb-name")): _percent(row.locator(".lb-number")) for row in rows}

    @property
    def film(self) -> str:
        """The address of the large picture."""
        return self.here.locator(".lb-figure:not(.lb-small) .lb-film").get_attribute("src") or ""

    @property
    def overlay(self) -> str:
        """The address of the map on the large picture."""
        return self.here.locator(".lb-figure:not(.lb-small) .lb-overlay").get_attribute("src") or ""

    @property
    def words(self) -> str:
        return self.here.locator(".lb-words").inner_text()

    @property
    def caption(self) -> str:
        return self.here.locator(".lb-figure:not(.lb-small) figcaption").inner_text()

    @property
    def alert(self) -> Locator:
        return self.here.get_by_role("alert")


READ_TO_THE_END = """([digest, about]) => {
    const tab = [...document.querySelectorAll('.lb-tab')].find(node => node.offsetParent !== null);
    const link = tab.querySelector('a[download^=reading-]');
    const whole = tab.querySelectorAll('.lb-maps figure').length === 2 && !tab.querySelector('.lb-progress');
    if (!link || !whole) return false;
    const record = JSON.parse(decodeURIComponent(link.href.slice(link.href.indexOf(',') + 1)));
    const words = tab.querySelector('.lb-words')?.innerText ?? '';
    return link.download.includes(digest) && record.label.includes(about)
        && words.includes(record.findings[0].statement) && /the SHAP map/i.test(words);
}"""


def _own_text(element: Locator) -> str:
    return str(element.evaluate("node => node.firstChild.textContent")).strip()


def _percent(element: Locator) -> float:
    return float(element.inner_text().removesuffix("%").strip())

"""What the tests of the tab Similar cases share: boxes, presses, and HTML taken apart."""

from collections.abc import Iterable
from html.parser import HTMLParser
from typing import Any

import gradio as gr

from retrieval.found import Similar
from retrieval.query import WITH
from retrieval.types import Case
from retrieval.ui.own import EMPTY
from retrieval.ui.visit import AGES, CHOSEN

HOSTILE = '"><script>alert(1)</script><img src=x onerror="alert(2)">'
BOXES = ("", 50, *([] for _ in CHOSEN), *AGES, WITH, 12, True)


class Tags(HTMLParser):
    """The elements of a piece of HTML with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def match(rank: int = 1, marks: tuple[str, ...] = (), thumbnail: str | None = None, **case: Any) -> Similar:
    """A case that was found."""
    known = {"labels": ("viral_pneumonia",), "source": "a", "licence": "CC BY 4.0", "url": "https://example.org/1"}
    facts = {"modality": "X-ray", "age": "4", "file": "secret-name.png"}
    return Similar(Case(f"a:{rank}", **{"facts": facts, **known, **case}), 0.874, rank, marks, thumbnail)


def last(outcome: Iterable[tuple[Any, ...]]) -> tuple[Any, ...]:
    """What a handler has shown in the end."""
    return list(outcome)[-1]


def ids(html: str) -> list[str | None]:
    """The cases of a list of results, by their buttons."""
    return [button["data-case"] for button in Tags(html).named("button") if button.get("data-act") == "more"]


def pressed(act: str, case: object = "") -> gr.EventData:
    """A press on a button of a piece."""
    return gr.EventData(None, {"act": act, "case": case})


def boxes(**said: str) -> tuple[Any, ...]:
    """The boxes of one's own case, filled in as said."""
    names = ("labels", "modality", "age", "sex", "others", "patient", "url", "licence")
    return tuple(said.get(name, blank) for name, blank in zip(names, EMPTY, strict=True))

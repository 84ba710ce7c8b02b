"""What left this machine: every request to a language model, word for word."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Entry:
    """One request, as it went over the wire. The key travels in a header and is never part of it.

    Attributes:
        at: when it was sent, UTC.
        to: host (and port) that it went to.
        model: name of the language model that was asked for.
        kind: what it was for: ``explain``, ``ask``.
        characters: length of the messages' text.
        pixels_sent: whether a picture went along.
        body: the body of the request, every character of it.
        tokens: tokens sent and received, as the endpoint counted them; None where it did not say.
    """

    at: datetime
    to: str
    model: str
    kind: str
    characters: int
    pixels_sent: bool
    body: str
    tokens: int | None = None

    @classmethod
    def of(cls, url: str, body: bytes, kind: str) -> "Entry":
        """The entry of a chat completion request."""
        sent = json.loads(body)
        parts = [part for message in sent["messages"] for part in _parts(message)]
        characters = sum(len(part.get("text", "")) for part in parts)
        pixels = any("image" in part["type"] for part in parts)
        host = urlsplit(url).netloc.rpartition("@")[2]  # without a name or password that an address may hold
        return cls(datetime.now(UTC), host, sent["model"], kind, characters, pixels, body.decode())


@dataclass(frozen=True)
class Usage:
    """Tokens sent and received, as the endpoint counted them, and what they cost in US dollars where that is known."""

    sent: int
    received: int
    cost: float | None = None

    @property
    def line(self) -> str:
        """Tokens and cost in words."""
        tokens = f"{self.sent} tokens sent, {self.received} received"
        return tokens if self.cost is None else f"{tokens}, about {self.cost:.2g} US dollars"


@dataclass(frozen=True)
class Ledger:
    """Entries in the order in which they were sent, to be kept with the visitor whom they concern."""

    entries: tuple[Entry, ...] = ()

    def __add__(self, other: "Ledger") -> "Ledger":
        return Ledger((*self.entries, *other.entries))

    @property
    def pixels_sent(self) -> bool:
        """Whether any picture left this machine."""
        return any(entry.pixels_sent for entry in self.entries)


def _parts(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message.get("content") or ""
    return [{"type": "text", "text": content}] if isinstance(content, str) else content

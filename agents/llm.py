"""Any OpenAI-compatible endpoint: text in, text out, one piece at a time."""

import asyncio
import threading
from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol
from urllib.parse import urlsplit

from pydantic import SecretStr

from agents.ledger import Entry, Ledger, Usage
from agents.unavailable import cut, empty, explained, no_key

if TYPE_CHECKING:
    from httpx2 import AsyncClient
    from langchain_openai import ChatOpenAI

OPENAI = "https://api.openai.com/v1"
WHOLE = 5  # an answer may take this many times as long as the endpoint may be silent
MOST = 20_000  # characters of an answer after which it is no longer listened to


class Choices(Protocol):
    """The settings that choose a language model, as ``settings.Settings`` has them."""

    @property
    def openai_api_key(self) -> SecretStr | None: ...
    @property
    def openai_base_url(self) -> str | None: ...
    @property
    def llm_model(self) -> str | None: ...
    @property
    def llm_vision(self) -> bool: ...
    @property
    def llm_timeout(self) -> float: ...
    @property
    def llm_retries(self) -> int: ...
    @property
    def llm_price_in(self) -> float | None: ...
    @property
    def llm_price_out(self) -> float | None: ...


@dataclass(frozen=True)
class Message:
    """One turn of a conversation; ``pictures`` are ``data:`` addresses."""

    role: Literal["system", "user", "assistant"]
    text: str
    pictures: tuple[str, ...] = ()

    @property
    def wire(self) -> dict[str, Any]:
        """The message as the protocol has it."""
        if not self.pictures:
            return {"role": self.role, "content": self.text}
        images = [{"type": "image_url", "image_url": {"url": picture}} for picture in self.pictures]
        return {"role": self.role, "content": [{"type": "text", "text": self.text}, *images]}


@dataclass(frozen=True)
class LanguageModel:
    """A model at an endpoint. It holds no connection and no conversation: one serves all visitors.

    Attributes:
        name: what the endpoint calls the model.
        base_url: address of the API, up to and including its ``/v1``.
        key: None for an endpoint that asks for none.
        vision: whether the model takes images, and may have them.
        timeout: seconds that the endpoint may be silent, repetitions included.
        retries: how often a request is repeated after 408, 409, 429, 5xx or a failed connection, with growing pauses
            or those that ``Retry-After`` asks for.
        price_in, price_out: US dollars for a million tokens sent and received, or None.
    """

    name: str
    base_url: str = OPENAI
    key: SecretStr | None = None
    vision: bool = False
    timeout: float = 60
    retries: int = 2
    price_in: float | None = None
    price_out: float | None = None

    @classmethod
    def of(cls, settings: Choices) -> "LanguageModel | None":
        """The model that settings name, or None where they name none."""
        if not settings.llm_model:
            return None
        return cls(
            settings.llm_model,
            settings.openai_base_url or OPENAI,
            settings.openai_api_key,
            settings.llm_vision,
            settings.llm_timeout,
            settings.llm_retries,
            settings.llm_price_in,
            settings.llm_price_out,
        )

    @property
    def host(self) -> str:
        """Host and port of the endpoint."""
        return urlsplit(self.base_url).netloc.rpartition("@")[2]

    def stream(
        self, messages: Sequence[Message], *, kind: str = "explain", cancel: threading.Event | None = None
    ) -> "Reply":
        """The answer to ``messages``. Nothing is sent before it is read. ``kind`` is for the ledger."""
        if not self.vision and any(message.pictures for message in messages):
            raise ValueError(f"{self.name} may not be sent pictures: vision is off")
        return Reply(self, tuple(messages), kind, cancel)

    def chat(self, client: "AsyncClient") -> "ChatOpenAI":
        """The model as LangChain knows it, over a client of :func:`agents.wire.recording_client`."""
        from langchain_openai import ChatOpenAI

        return ChatOpenAI(
            model=self.name,
            base_url=self.base_url,
            api_key=self.key or SecretStr("none"),
            http_async_client=client,
            timeout=self.timeout,
            stream_chunk_timeout=self.timeout,
            max_retries=self.retries,
            streaming=True,
            stream_usage=True,
            use_responses_api=False,
        )

    def usage(self, sent: int, received: int) -> Usage:
        """Tokens with what they cost, where prices are set."""
        if self.price_in is None or self.price_out is None:
            return Usage(sent, received)
        return Usage(sent, received, (sent * self.price_in + received * self.price_out) / 1e6)


class Reply:
    """The answer to one request: iterate over it once for its text, piece by piece.

    Attributes:
        usage: tokens and cost, once the text has ended, or None where the endpoint does not count.

    Raises, while it is read:
        Unavailable: there is no answer, or not the whole of it; see :mod:`agents.unavailable`.
    """

    def __init__(
        self, model: LanguageModel, messages: tuple[Message, ...], kind: str, cancel: threading.Event | None
    ) -> None:
        self.usage: Usage | None = None
        self._model, self._messages, self._kind, self._cancel = model, messages, kind, cancel
        self._sent: list[Entry] = []
        self._ended = False

    @property
    def ledger(self) -> Ledger:
        """What was sent so far, repetitions included."""
        if not self._sent or self.usage is None:
            return Ledger(tuple(self._sent))
        return Ledger((*self._sent[:-1], replace(self._sent[-1], tokens=self.usage.sent + self.usage.received)))

    def __iter__(self) -> Generator[str, None, None]:
        model, length = self._model, 0
        if model.key is None and model.base_url == OPENAI:
            raise no_key()
        from agents.wire import in_step

        try:
            with closing(in_step(self._pieces, self._cancel)) as pieces:
                for piece in without_thoughts(pieces):
                    length += len(piece)
                    yield piece
                    if length > MOST:
                        return
        except Exception as error:
            if told := explained(error, model.host, model.name, model.timeout, begun=length > 0):
                raise told from None
            raise
        if not length:
            raise empty(model.host)
        if not self._ended:
            raise cut(model.host)

    async def _pieces(self) -> AsyncIterator[str]:
        from agents.wire import connected

        model = self._model
        async with asyncio.timeout(WHOLE * model.timeout), connected(model, self._kind, self._sent) as chat:
            chunks = aiter(chat.astream([message.wire for message in self._messages]))
            while True:
                async with asyncio.timeout(model.timeout):
                    chunk = await anext(chunks, None)
                if chunk is None:
                    return
                if counted := chunk.usage_metadata:
                    self.usage = model.usage(counted["input_tokens"], counted["output_tokens"])
                self._ended |= bool(chunk.response_metadata.get("finish_reason"))
                if text := str(chunk.text):
                    yield text


def without_thoughts(pieces: Iterator[str], opening: str = "<think>", closing: str = "</think>") -> Iterator[str]:
    """The pieces without the leading block in which some models think aloud, and without blanks before the first word.

    What cannot belong to such a block is handed on at once.
    """
    held, thinking = "", True
    for piece in pieces:
        if not thinking:
            yield piece
            continue
        held = (held + piece).lstrip()
        if held.startswith(opening):
            _, found, rest = held.partition(closing)
            if not found:
                continue
            held = rest.lstrip()
        if held and not opening.startswith(held):
            thinking = False
            yield held
    if thinking and held and not held.startswith(opening):
        yield held

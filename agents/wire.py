"""The connection to an endpoint: a client that records what it sends, and an answer that can be stopped.

Imports the clients, which takes a second: import this on first use.
"""

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

import httpx2
import openai
from langsmith import tracing_context

from agents.ledger import Entry
from agents.llm import LanguageModel
from agents.unavailable import stopped

if TYPE_CHECKING:
    from langchain_openai import ChatOpenAI

T = TypeVar("T")

LOOK_UP = 0.05  # seconds between two looks at whether the answer is still wanted
PATIENCE = 2.0  # seconds for a connection to close; looking up a name cannot be hurried
TELL_TALES = "x-stainless-"  # headers by which the client would tell of this machine's system and Python


def recording_client(sent: list[Entry], kind: str, *, keyless: bool) -> httpx2.AsyncClient:
    """A client for one conversation: each request is appended to ``sent`` as it leaves; none goes on elsewhere."""

    async def record(request: httpx2.Request) -> None:
        for name in [name for name in request.headers if name.startswith(TELL_TALES)]:
            del request.headers[name]
        if keyless:
            del request.headers["authorization"]
        sent.append(Entry.of(str(request.url), request.content, kind))

    return openai.DefaultAsyncHttpxClient(event_hooks={"request": [record]}, follow_redirects=False)


@asynccontextmanager
async def connected(model: LanguageModel, kind: str, sent: list[Entry]) -> AsyncIterator["ChatOpenAI"]:
    """A language model as LangChain knows it, for one conversation within :func:`in_step`, recorded and not traced."""
    with tracing_context(enabled=False):
        async with recording_client(sent, kind, keyless=model.key is None) as client:
            yield model.chat(client)


def in_step(source: Callable[[], AsyncIterator[T]], cancel: threading.Event | None = None) -> Generator[T, None, None]:
    """An asynchronous iterator read in a thread of its own, each item handed on as it comes.

    Leaving the loop early cancels the reading at whatever it waits for, which closes its connection. So does setting
    ``cancel``, which raises Stopped here.
    """
    items: queue.SimpleQueue[tuple[T] | None] = queue.SimpleQueue()
    left = threading.Event()

    async def copy() -> None:
        async for item in source():
            items.put((item,))

    async def read() -> None:
        reading = asyncio.create_task(copy())
        while not reading.done() and not left.is_set() and not (cancel and cancel.is_set()):
            await asyncio.wait({reading}, timeout=LOOK_UP)
        if reading.done():
            reading.result()
            return
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        raise stopped()

    pool = ThreadPoolExecutor(1, thread_name_prefix="language-model")
    future = pool.submit(lambda: asyncio.run(read()))
    future.add_done_callback(lambda _: items.put(None))
    pool.shutdown(wait=False)
    try:
        while (item := items.get()) is not None:
            yield item[0]
        future.result()
    finally:
        left.set()
        wait([future], timeout=PATIENCE)

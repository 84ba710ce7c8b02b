"""One question's conversation with a language model that may use the tools."""

import asyncio
import inspect
import json
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from agents.facts import facts_json
from agents.ledger import Entry, Ledger, Usage
from agents.llm import OPENAI, WHOLE, LanguageModel
from agents.names import places
from agents.prompts import load_prompt
from agents.tools import NO_AIDS, TOOLS, Aids, arguments_of, call
from agents.turns import Step, Turn
from agents.unavailable import Unavailable, cut, empty, explained, no_key
from diagnosis.reading import Reading

if TYPE_CHECKING:
    from langchain_core.messages import AnyMessage
    from langchain_core.tools import BaseTool

ABSTENTION = "This was not measured, and the reading cannot answer it."
ASKED = 6  # requests to the language model for one question
REFUSED = "The language model used a tool in a way that it does not allow, or too often."
USED = 8  # uses of tools for one question


class Undecided(Unavailable):
    """The language model went on asking for tools and never came to an answer."""


@dataclass
class Talk:
    """The conversation as it goes.

    Attributes:
        reading: with what the tools added so far.
        language: BCP 47 code of the language to answer in.
        aids: what the tools need beside the reading.
        text: what the language model wrote last.
        sent: every request.
        usage: tokens and cost so far, or None where the endpoint does not count.
    """

    reading: Reading
    model: LanguageModel
    language: str = "en"
    aids: Aids = NO_AIDS
    text: str = ""
    sent: list[Entry] = field(default_factory=list)
    usage: Usage | None = None
    _begun: bool = False
    _ended: bool = False
    _using: asyncio.Lock = field(default_factory=asyncio.Lock)
    _clock: asyncio.Timeout = field(default_factory=lambda: asyncio.Timeout(None))

    @property
    def ledger(self) -> Ledger:
        return Ledger(tuple(self.sent))

    def steps(self, question: str, earlier: Sequence[Turn], cancel: threading.Event | None) -> Iterator[Step]:
        """Each step as it is made; afterwards ``text`` is the answer. Raises Unavailable."""
        from agents.wire import in_step

        model = self.model
        if model.key is None and model.base_url == OPENAI:
            raise no_key()
        messages = self._messages(question, earlier)
        try:
            with closing(in_step(lambda: self._steps(messages), cancel)) as steps:
                yield from steps
        except Exception as error:
            if told := _told(error, model, begun=self._begun):
                raise told from None
            raise
        if not self.text.strip():
            raise empty(model.host)
        if not self._ended:
            raise cut(model.host)

    def _messages(self, question: str, earlier: Sequence[Turn]) -> list[dict[str, str]]:
        known = json.loads(facts_json(self.reading))
        zones = self.reading.zones.zones if self.reading.zones and self.reading.zones.certain else ()
        parts = [*places(self.reading.card), *(zone.name for zone in zones)]
        data = {"question": question, **known, "parts": parts}
        said = [
            message
            for turn in earlier
            for message in (
                {"role": "user", "content": json.dumps({"question": turn.question}, ensure_ascii=False)},
                {"role": "assistant", "content": turn.text or ABSTENTION},
            )
        ]
        return [*said, {"role": "user", "content": json.dumps(data, ensure_ascii=False, indent=1)}]

    async def _steps(self, messages: list[dict[str, str]]) -> AsyncIterator[Step]:
        from langchain.agents import create_agent
        from langchain.agents.middleware import ModelCallLimitMiddleware, ToolCallLimitMiddleware

        from agents.wire import connected

        limits: list[Any] = [
            ModelCallLimitMiddleware(run_limit=ASKED, exit_behavior="error"),
            ToolCallLimitMiddleware(run_limit=USED),
        ]
        rules = load_prompt("ask", "abstention", "language").fill(abstention=ABSTENTION, language=self.language)
        async with connected(self.model, "ask", self.sent) as chat:
            agent: Any = create_agent(chat, self._tools(), system_prompt=rules, middleware=limits)
            async with asyncio.timeout(WHOLE * self.model.timeout) as self._clock:
                async for mode, update in agent.astream({"messages": messages}, stream_mode=["updates", "messages"]):
                    self._begun = True
                    for message in _new(update) if mode == "updates" else ():
                        if message.type == "tool":
                            yield _step(message)
                        elif message.type == "ai":
                            self._hear(message)

    def _hear(self, message: Any) -> None:
        """Keep what the language model wrote last, and count its tokens."""
        self.text = "" if message.tool_calls else str(message.text)
        self._ended = bool(message.response_metadata.get("finish_reason"))
        if counted := message.usage_metadata:
            one = self.model.usage(counted["input_tokens"], counted["output_tokens"])
            self.sent[-1] = replace(self.sent[-1], tokens=one.sent + one.received)
            so_far = self.usage or self.model.usage(0, 0)
            self.usage = self.model.usage(so_far.sent + one.sent, so_far.received + one.received)

    def _tools(self) -> list["BaseTool"]:
        from langchain_core.tools import StructuredTool

        return [
            StructuredTool(
                name=name,
                description=inspect.cleandoc(tool.__doc__ or ""),
                args_schema=_schema(arguments_of(tool)),
                coroutine=self._use(name),
                response_format="content_and_artifact",
            )
            for name, tool in TOOLS.items()
        ]

    def _use(self, name: str) -> Callable[..., Coroutine[Any, Any, tuple[str, Step]]]:
        async def use(**arguments: Any) -> tuple[str, Step]:
            async with self._using, paused(self._clock):  # several may be asked for at once; each adds to the reading
                self.reading, step = await asyncio.to_thread(call, self.reading, name, arguments, self.aids)
            ours = step.error is None or not arguments  # nothing that the language model wrote is in it
            return step.result, step if ours else Step(name, {}, error=REFUSED)

        return use


@asynccontextmanager
async def paused(clock: asyncio.Timeout) -> AsyncIterator[None]:
    """While a tool measures, the time that the endpoint has does not run."""
    until, begun = clock.when(), asyncio.get_running_loop().time()
    if until is None or clock.expired():
        yield
        return
    clock.reschedule(None)
    try:
        yield
    finally:
        with suppress(RuntimeError):  # the conversation ended meanwhile
            clock.reschedule(until + asyncio.get_running_loop().time() - begun)


def _schema(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """JSON schema of a tool's arguments, which are all text."""
    needed = [name for name, one in arguments.items() if one.default is one.empty]
    return {"type": "object", "properties": {name: {"type": "string"} for name in arguments}, "required": needed}


def _new(update: Mapping[str, Any]) -> list["AnyMessage"]:
    """The messages that one step of the agent added."""
    return [message for change in update.values() if change for message in change.get("messages", [])]


def _step(message: Any) -> Step:
    """The step of a tool's message; one without an artifact was refused by the agent itself.

    Nothing that the language model wrote into a call that was refused is repeated.
    """
    if isinstance(message.artifact, Step):
        return message.artifact
    return Step(message.name if message.name in TOOLS else "unknown tool", {}, error=REFUSED)


def _told(error: Exception, model: LanguageModel, *, begun: bool) -> Unavailable | None:
    from langchain.agents.middleware.model_call_limit import ModelCallLimitExceededError

    if isinstance(error, ModelCallLimitExceededError):
        return Undecided(f"{model.name} came to no answer within {ASKED} requests.", "Ask in another way.")
    return explained(error, model.host, model.name, model.timeout, begun=begun)

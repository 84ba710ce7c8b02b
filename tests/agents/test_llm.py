"""The client against an endpoint that answers well, badly, late, or not at all."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from pydantic import SecretStr

from agents.ledger import Ledger, Usage
from agents.llm import LanguageModel, Message, Reply, without_thoughts
from agents.unavailable import (
    Busy,
    Empty,
    Failing,
    Refused,
    Stopped,
    TooSlow,
    Unavailable,
    UnknownModel,
    Unreachable,
    Unreadable,
)
from settings import Settings
from tests.agents.conftest import KEY
from tests.agents.endpoint import (
    Endpoint,
    Script,
    breaks_off,
    calls,
    endpoint,
    fails,
    garbles,
    keeps_silent,
    says,
)

QUESTION = (Message("system", "Answer."), Message("user", "Why {this} and “not” that?"))
SHORT = 0.5  # seconds that an endpoint may be silent, where it will be


def fails_with(reply: Reply) -> tuple[list[str], Unavailable]:
    """What came of a reply before it failed, and the error."""
    came: list[str] = []
    with pytest.raises(Unavailable) as error:
        came.extend(reply)  # keeps what came before the error
    return came, error.value


def test_text_comes_in_the_pieces_in_which_it_was_sent(scripted: Endpoint, model: LanguageModel) -> None:
    scripted.will(says("The ", "score", " is high."))
    assert list(model.stream(QUESTION)) == ["The ", "score", " is high."]
    request = scripted.history[0]
    assert request.path == "/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.body["model"] == "scripted" and request.body["stream"] is True


def test_a_piece_is_handed_on_before_the_next_is_sent(scripted: Endpoint, model: LanguageModel) -> None:
    gate = threading.Event()
    scripted.will(says("first", "second", gate=gate, open_for=2))
    reply = iter(model.stream(QUESTION))
    assert next(reply) == "first"  # the endpoint still holds the second back
    gate.set()
    assert list(reply) == ["second"]


def test_tokens_are_counted_and_priced(scripted: Endpoint, model: LanguageModel) -> None:
    scripted.will(says("Yes.", tokens=(1000, 500)), says("Yes.", tokens=None))
    reply = model.stream(QUESTION)
    assert "".join(reply) == "Yes."
    assert reply.usage is not None and reply.usage == Usage(1000, 500, reply.usage.cost)
    assert reply.usage.cost == pytest.approx(0.003)
    assert reply.usage.line == "1000 tokens sent, 500 received, about 0.003 US dollars"
    assert Usage(1000, 500).line == "1000 tokens sent, 500 received"
    uncounted = model.stream(QUESTION)
    assert "".join(uncounted) == "Yes." and uncounted.usage is None


def test_an_endpoint_without_a_key_is_sent_none(scripted: Endpoint, model: LanguageModel) -> None:
    scripted.will(says("Yes."))
    assert list(replace(model, key=None).stream(QUESTION)) == ["Yes."]
    assert "authorization" not in scripted.history[0].headers


def test_nothing_about_this_machine_goes_along(scripted: Endpoint, model: LanguageModel) -> None:
    scripted.will(says("Yes."))
    list(model.stream(QUESTION))
    assert not [name for name in scripted.history[0].headers if name.startswith("x-stainless")]


def test_nothing_is_traced_even_where_the_environment_asks_for_it(
    scripted: Endpoint, model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    with endpoint() as collector:
        for name, value in {"TRACING": "true", "ENDPOINT": collector.url, "API_KEY": "ls-key"}.items():
            monkeypatch.setenv(f"LANGSMITH_{name}", value)
        monkeypatch.setenv("LANGCHAIN_TRACING_V2", "true")
        scripted.will(says("Yes."))
        assert list(model.stream(QUESTION)) == ["Yes."]
        assert len(scripted.history) == 1
        assert collector.history == []


def test_a_request_that_was_turned_away_is_repeated_after_the_pause_that_was_asked_for(
    scripted: Endpoint, model: LanguageModel
) -> None:
    scripted.will(fails(429, retry_after_ms="30"), fails(500, retry_after_ms="30"), says("Yes."))
    reply = model.stream(QUESTION)
    assert list(reply) == ["Yes."]
    assert [entry.tokens for entry in reply.ledger.entries] == [None, None, 120]
    assert len({request.raw for request in scripted.history}) == 1


def test_a_request_is_repeated_no_more_often_than_set(scripted: Endpoint, model: LanguageModel) -> None:
    scripted.will(*[fails(500, retry_after_ms="10")] * 3)
    fails_with(replace(model, retries=1).stream(QUESTION))
    assert len(scripted.history) == 2


@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        (fails(401), Refused, "did not accept the key (status 401). Check OPENAI_API_KEY."),
        (fails(403), Refused, "did not accept the key (status 403)"),
        (fails(404), UnknownModel, "knows no model 'scripted' at this address (status 404)"),
        (fails(400), Failing, "turned the request down (status 400)"),
        (fails(402), Busy, "takes no more requests for now (status 402)"),
        (fails(429), Busy, "takes no more requests for now (status 429)"),
        (fails(500), Failing, "fails (status 500)"),
        (fails(503), Failing, "fails (status 503)"),
        (Script(({"error": {"message": f"{KEY} is overloaded"}},)), Failing, "broke off with an error of its own"),
        (breaks_off(), Unreachable, "cannot be reached"),
        (breaks_off("The score"), Unreachable, "broke off in the middle of the answer"),
        (breaks_off("The score", polite=True), Unreachable, "broke off in the middle of the answer"),
        (garbles(), Unreadable, "answered in a way that cannot be read"),
        (garbles("The score"), Unreadable, "answered in a way that cannot be read"),
        (Script(([1, 2],)), Unreadable, "answered in a way that cannot be read"),
        (Script(({"choices": [{"delta": None}]},)), Unreadable, "answered in a way that cannot be read"),
        (Script(page="<html>Welcome to the proxy</html>"), Unavailable, "answered"),
        (Script(page='{"object": "list"}'), Unavailable, "answered"),
        (says(), Empty, "answered without a word"),
        (says(" ", "\n"), Empty, "answered without a word"),
        (says("<think>Long", " thoughts"), Empty, "answered without a word"),
    ],
)
def test_what_goes_wrong_is_told_in_words(
    scripted: Endpoint, model: LanguageModel, script: Script, kind: type[Unavailable], words: str
) -> None:
    scripted.will(script)
    came, error = fails_with(replace(model, retries=0).stream(QUESTION))
    assert isinstance(error, kind) and words in str(error) and scripted.host in str(error)
    assert KEY not in repr(error) and error.__cause__ is None and error.exit_code == 3
    assert "".join(came) in ("", "The score")


def test_a_request_is_not_sent_on_to_another_address(scripted: Endpoint, model: LanguageModel) -> None:
    with endpoint() as other:
        other.will(says("Mine."))
        scripted.will(fails(307, location=f"{other.url}/chat/completions"))
        _, error = fails_with(model.stream(QUESTION))
        assert other.history == [] and "not followed" in str(error)


def test_an_endpoint_that_is_not_there_is_told_in_words(scripted: Endpoint) -> None:
    gone = replace(LanguageModel("m", "http://127.0.0.1:9/v1"), retries=0)
    _, error = fails_with(gone.stream(QUESTION))
    assert isinstance(error, Unreachable) and "127.0.0.1:9 cannot be reached" in str(error)


def test_openai_is_not_asked_without_a_key() -> None:
    reply = LanguageModel("gpt").stream(QUESTION)
    _, error = fails_with(reply)
    assert isinstance(error, Refused) and "has no key" in str(error)
    assert reply.ledger == Ledger()


@pytest.mark.parametrize("script", [keeps_silent, lambda: keeps_silent("The score")])
def test_silence_ends_and_the_connection_is_closed(
    scripted: Endpoint, model: LanguageModel, script: Callable[[], Script]
) -> None:
    scripted.will(says("Warm."), script())
    list(model.stream(QUESTION))  # the libraries are loaded
    _, error = fails_with(replace(model, timeout=SHORT).stream(QUESTION))
    assert isinstance(error, TooSlow) and "LIGHTBOX_LLM_TIMEOUT" in str(error)
    assert scripted.history[-1].left.wait(10)


def test_an_answer_that_never_ends_is_ended(scripted: Endpoint, model: LanguageModel) -> None:
    scripted.will(says(*["word " * 1000] * 30))
    assert 20_000 < len("".join(model.stream(QUESTION))) < 30_000


@pytest.mark.parametrize("pieces", [(), ("The score",)])
def test_stopping_closes_the_connection(scripted: Endpoint, model: LanguageModel, pieces: tuple[str, ...]) -> None:
    scripted.will(keeps_silent(*pieces))
    cancel = threading.Event()
    asked = _stopping(scripted, cancel)
    _, error = fails_with(model.stream(QUESTION, cancel=cancel))
    asked.join()
    assert isinstance(error, Stopped)
    assert scripted.history[0].left.wait(10)


def test_leaving_early_closes_the_connection(scripted: Endpoint, model: LanguageModel) -> None:
    scripted.will(keeps_silent("The score"))
    reply = iter(model.stream(QUESTION))
    assert next(reply) == "The score"
    reply.close()
    assert scripted.history[0].left.wait(10)


def test_a_stopped_pause_is_over_at_once(scripted: Endpoint, model: LanguageModel) -> None:
    scripted.will(fails(429, retry_after="30"), says("Too late."))
    cancel = threading.Event()
    asked = _stopping(scripted, cancel)
    _, error = fails_with(model.stream(QUESTION, cancel=cancel))
    asked.join()
    assert isinstance(error, Stopped) and len(scripted.history) == 1


def test_a_tool_call_is_not_text(scripted: Endpoint, model: LanguageModel) -> None:
    scripted.will(calls("get_findings", {"topic": "says"}))
    came, error = fails_with(model.stream(QUESTION))
    assert came == [] and isinstance(error, Empty)


@pytest.mark.parametrize(
    ("pieces", "left"),
    [
        (["<think>so", "</think>\n\nYes."], ["Yes."]),
        (["<th", "ink>", "so</thi", "nk>", "\n", "Yes", "."], ["Yes", "."]),
        (["\n", "Yes", ". <think>"], ["Yes", ". <think>"]),
        (["<", "b>Yes"], ["<b>Yes"]),
        (["<"], ["<"]),
        ([" ", ""], []),
    ],
)
def test_thoughts_are_left_out(pieces: list[str], left: list[str]) -> None:
    assert list(without_thoughts(iter(pieces))) == left


def test_the_model_comes_from_the_settings() -> None:
    blank = Settings(_env_file=None, openai_api_key=None, openai_base_url=None, llm_model=None)
    assert LanguageModel.of(blank) is None
    chosen = {"openai_base_url": "http://localhost:11434/v1", "llm_model": "gemma3", "llm_vision": True}
    model = LanguageModel.of(blank.model_copy(update=chosen))
    assert model == LanguageModel("gemma3", "http://localhost:11434/v1", vision=True)
    assert model.host == "localhost:11434"
    keyed = LanguageModel.of(blank.model_copy(update={"llm_model": "gpt", "openai_api_key": SecretStr(KEY)}))
    assert keyed is not None and keyed.host == "api.openai.com" and KEY not in repr(keyed)


def test_a_name_in_the_address_is_not_shown() -> None:
    assert LanguageModel("m", "https://name:word@example.org/v1").host == "example.org"


def test_the_wire_is_plain_json(scripted: Endpoint, model: LanguageModel) -> None:
    scripted.will(says("Yes."))
    reply = model.stream(QUESTION)
    list(reply)
    sent = json.loads(reply.ledger.entries[0].body)
    assert set(sent) == {"model", "stream", "stream_options", "messages"}
    assert sent["messages"] == [{"role": one.role, "content": one.text} for one in QUESTION]


def _stopping(scripted: Endpoint, cancel: threading.Event) -> threading.Thread:
    """A thread that stops the answer once it was asked for."""

    def stop() -> None:
        _until(lambda: bool(scripted.history))
        cancel.set()

    thread = threading.Thread(target=stop)
    thread.start()
    return thread


def _until(condition: Callable[[], bool]) -> None:
    waiting = threading.Event()
    for _ in range(1000):
        if condition():
            return
        waiting.wait(0.01)

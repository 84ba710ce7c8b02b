"""Questions to the real client stack and a scripted endpoint: tools, limits, failures, and what is sent."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from agents.followup import LONGEST, ask
from agents.llm import LanguageModel
from agents.talk import ABSTENTION, ASKED, USED, paused
from agents.tools import TOOLS
from agents.turns import Turn
from diagnosis.errors import BadRequest
from diagnosis.reading import Reading
from tests.agents.conftest import KEY
from tests.agents.endpoint import (
    Endpoint,
    Script,
    breaks_off,
    calls,
    fails,
    garbles,
    keeps_silent,
    says,
)

LOWER_LEFT = "Grad-CAM puts 57.2 % of its weight for viral pneumonia in the lower third on the left of the image [F13]."
SCORE = "The model gives viral pneumonia a score of 47.4 %, the highest of 3 classes [F1]."


@pytest.fixture
def reading(readings: dict[str, Reading]) -> Reading:
    return readings["narrow-viral"]


@pytest.fixture
def hasty(model: LanguageModel) -> LanguageModel:
    return replace(model, retries=0, timeout=2)


def last(question: str, reading: Reading, model: LanguageModel | None, history: Sequence[Turn] = ()) -> Turn:
    *_, turn = ask(question, reading, model, history)
    assert turn.done and turn.sentences
    return turn


def test_an_answer_needs_no_tool(scripted: Endpoint, model: LanguageModel, reading: Reading) -> None:
    scripted.will(says(SCORE[:20], SCORE[20:]))
    turn = last("What is the score?", reading, model)
    assert turn.text == SCORE.replace(" [F1].", ". [F1]")
    assert turn.written_by == "scripted" and turn.note is None and not turn.steps and not turn.struck
    assert turn.usage and (turn.usage.sent, turn.usage.received) == (100, 20)


def test_a_tool_adds_findings_that_the_answer_cites(scripted: Endpoint, model: LanguageModel, reading: Reading) -> None:
    scripted.will(calls("map_share", {"place": "lower left"}), says(LOWER_LEFT))
    first, turn = ask("What about the lower left?", reading, model)
    assert not first.done and first.steps[0].tool == "map_share" and not first.sentences
    assert turn.steps[0].called == "map_share(place='lower third on the left')"
    assert [one.id for one in turn.findings] == ["F13", "F14"] and turn.cited == ("F13",)
    assert turn.reading.findings[:12] == reading.findings
    told = scripted.history[1].body["messages"][-1]
    assert told["role"] == "tool" and told["content"] == turn.steps[0].result


def test_an_answer_in_another_language_is_asked_for_and_checked(
    scripted: Endpoint, model: LanguageModel, reading: Reading
) -> None:
    scripted.will(says("Das Modell gibt viral pneumonia 47,4 % [F1]. Es sind 74,4 % [F1]."))
    *_, turn = ask("Wie sicher ist es?", reading, model, language="de")
    assert turn.language == "de" and turn.text == "Das Modell gibt viral pneumonia 47,4 %. [F1]"
    assert "74,4" in turn.struck[0].text
    assert "code de" in str(scripted.history[0].body["messages"][0]["content"])


def test_what_is_no_language_is_refused(reading: Reading) -> None:
    with pytest.raises(BadRequest, match="no language code"):
        list(ask("How sure is it?", reading, language="Klingon, please"))


def test_a_tool_that_was_used_already_is_told_once(scripted: Endpoint, hasty: LanguageModel, reading: Reading) -> None:
    scripted.will(calls("map_share", {"place": "lower left"}), fails(500))
    *_, turn = ask("What about the lower left?", reading, hasty)
    assert turn.written_by == "template" and turn.cited and turn.note
    assert len({step.called for step in turn.steps}) == len(turn.steps) >= 1


def test_two_tools_in_a_row(scripted: Endpoint, model: LanguageModel, reading: Reading) -> None:
    compared = "The model gives viral pneumonia a score of 47.4 %, 36.0 percentage points more than normal with 11.4 %"
    scripted.will(
        calls("map_share", {"place": "lower left"}, "one"),
        calls("compare_classes", {"first": "normal"}, "two"),
        says(f"{LOWER_LEFT} {compared} [F15]."),
    )
    turn = last("And normal?", reading, model)
    assert [step.tool for step in turn.steps] == ["map_share", "compare_classes"]
    assert not turn.struck and turn.cited == ("F13", "F15")
    assert len(scripted.history) == 3 and turn.usage and turn.usage.sent == 200


def test_what_a_tool_did_not_say_is_struck(scripted: Endpoint, model: LanguageModel, reading: Reading) -> None:
    wrong = LOWER_LEFT.replace("57.2", "75.2")
    scripted.will(calls("map_share", {"place": "lower left"}), says(f"{SCORE} {wrong}"))
    turn = last("What about the lower left?", reading, model)
    assert len(turn.struck) == 1 and "75.2" in turn.struck[0].text and turn.struck[0].struck
    assert "75.2" not in turn.text and turn.written_by == "scripted"


def test_a_finding_that_is_not_there_cannot_be_cited(
    scripted: Endpoint, model: LanguageModel, reading: Reading
) -> None:
    scripted.will(says(f"{SCORE} {LOWER_LEFT}"))
    assert [one.cites for one in last("Where?", reading, model).struck] == [("F13",)]


@pytest.mark.parametrize(
    "call",
    [
        calls("erase", {"place": "lower left"}),
        calls("map_share", {"where": "lower left"}),
        calls("map_share", {"place": "The patient has cancer"}),
        calls("map_share", {"place": ["lower", "left"]}),
        calls("explain_method", {"method": "tarot"}),
        calls("patient has cancer", {}),
    ],
)
def test_a_call_that_cannot_be_made_is_told_to_the_model_and_no_more(
    scripted: Endpoint, model: LanguageModel, reading: Reading, call: Script
) -> None:
    scripted.will(call, says(SCORE))
    turn = last("What about the lower left?", reading, model)
    assert turn.text.startswith("The model gives viral") and turn.reading == reading
    (step,) = turn.steps
    assert step.error and not step.findings and "cancer" not in step.called + step.result
    assert "lower" not in step.called
    told = scripted.history[1].body["messages"][-1]
    assert told["role"] == "tool" and any(name in told["content"] for name in (*TOOLS, "Use"))


def test_a_loop_of_tools_is_cut(scripted: Endpoint, model: LanguageModel, reading: Reading) -> None:
    scripted.will(*(calls("map_share", {"place": "lower left"}, f"call_{at}") for at in range(50)))
    turn = last("Where did it look?", reading, model)
    assert len(scripted.history) == ASKED
    assert turn.written_by == "template" and turn.note and "no answer" in turn.note and turn.cited
    assert len(turn.findings) == 2


def test_many_tools_at_once_are_cut(scripted: Endpoint, model: LanguageModel, reading: Reading) -> None:
    names = [place for side in ("left", "right") for place in (f"upper {side}", f"middle {side}", f"lower {side}")]
    many = [
        _call(at, name) for at, name in enumerate([*names, "left half", "right half", "upper third", "lower third"])
    ]
    scripted.will(_together(many), says(SCORE))
    turn = last("Where did it look?", reading, model)
    assert len([step for step in turn.steps if step.findings]) <= USED < len(many)
    assert turn.text.startswith("The model gives viral")


def _call(at: int, place: str) -> dict[str, Any]:
    function = {"name": "map_share", "arguments": f'{{"place": "{place}"}}'}
    return {"index": at, "id": f"call_{at}", "type": "function", "function": function}


def _together(many: list[dict[str, Any]]) -> Script:
    one = calls("map_share", {"place": "left"})
    first = {**one.events[0], "choices": [{"index": 0, "delta": {"role": "assistant", "tool_calls": many}}]}
    return Script((first, *one.events[2:]))


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (fails(500), "fails (status 500)"),
        (fails(401), "did not accept the key"),
        (fails(429), "no more requests"),
        (fails(404), "knows no model"),
        (breaks_off("The model gives"), "broke off"),
        (breaks_off("The model gives", polite=True), "broke off"),
        (garbles(), "cannot be read"),
        (says(""), "without a word"),
        (says("I think it looks fine."), "supported by the findings"),
        (keeps_silent("The model"), "sent nothing"),
    ],
)
def test_every_failure_ends_in_the_answer_of_the_intents(
    scripted: Endpoint, hasty: LanguageModel, reading: Reading, script: Script, words: str
) -> None:
    scripted.will(script)
    turn = last("Do the methods agree?", reading, hasty)
    assert turn.note and words in turn.note and KEY not in turn.note
    assert turn.written_by == "template" and "The two methods point to different places" in turn.text
    assert len(turn.sent.entries) == 1


def test_a_failure_after_a_step_keeps_the_step(scripted: Endpoint, hasty: LanguageModel, reading: Reading) -> None:
    scripted.will(calls("map_share", {"place": "lower left"}), fails(503))
    turn = last("Do the methods agree?", reading, hasty)
    assert [step.tool for step in turn.steps] == ["map_share", "get_findings"]
    assert turn.note and "503" in turn.note and "F14" in {one.id for one in turn.reading.findings}


def test_the_time_that_a_tool_takes_is_not_the_endpoints() -> None:
    async def measuring() -> bool:
        async with asyncio.timeout(0.02) as clock, paused(clock):
            await asyncio.sleep(0.2)
        return clock.expired()

    assert asyncio.run(measuring()) is False


def test_a_slow_answer_is_stopped(scripted: Endpoint, model: LanguageModel, reading: Reading) -> None:
    cancel = threading.Event()
    scripted.will(calls("map_share", {"place": "lower left"}), keeps_silent("The"))
    turns = ask("What about the lower left?", reading, model, cancel=cancel)
    assert next(turns).steps
    cancel.set()
    *_, turn = turns
    assert turn.note and "stopped" in turn.note and "57.2 %" in turn.text
    assert scripted.history[-1].left.wait(5)


def test_leaving_early_closes_the_connection(scripted: Endpoint, model: LanguageModel, reading: Reading) -> None:
    scripted.will(calls("map_share", {"place": "lower left"}), keeps_silent("The"))
    turns = ask("What about the lower left?", reading, model)
    next(turns)
    while len(scripted.history) < 2:
        threading.Event().wait(0.01)
    turns.close()
    assert scripted.history[-1].left.wait(5)


def test_the_abstention_stands(scripted: Endpoint, model: LanguageModel, reading: Reading) -> None:
    scripted.will(says("<think>Hm.</think>", ABSTENTION, " But the patient is ill."))
    turn = last("What is the weather?", reading, model)
    assert turn.text == ABSTENTION and turn.written_by == "scripted"


def test_earlier_turns_are_remembered_with_their_findings(
    scripted: Endpoint, model: LanguageModel, reading: Reading
) -> None:
    scripted.will(calls("map_share", {"place": "lower left"}), says(LOWER_LEFT))
    earlier = last("What about the lower left?", reading, model)
    scripted.will(
        calls("map_share", {"place": "right half"}), says(f"As said, {LOWER_LEFT[0].lower()}{LOWER_LEFT[1:]}")
    )
    turn = last("Say it again.", reading, model, [earlier])
    assert turn.reading.added[:2] == earlier.reading.added and [one.id for one in turn.findings] == ["F15", "F16"]
    sent = scripted.history[2].text
    assert "What about the lower left?" in sent and earlier.text in sent and '"F14"' in sent


def test_turns_about_another_class_are_left_aside(scripted: Endpoint, model: LanguageModel, reading: Reading) -> None:
    earlier = last("What about the lower left?", reading, None)
    scripted.will(says("The model gives normal a score of 11.4 %, number 3 of 3 classes [F1]."))
    turn = last("And normal?", reading.about("normal"), model, [earlier])
    assert not turn.reading.added and "lower left" not in scripted.history[0].text.partition('"parts"')[0]
    assert not turn.struck


def test_only_words_and_findings_are_sent(scripted: Endpoint, model: LanguageModel, reading: Reading) -> None:
    scripted.will(calls("model_facts", {}), says(SCORE))
    turn = last("Which model is this?", reading, model)
    assert [entry.body.encode() for entry in turn.sent.entries] == [request.raw for request in scripted.history]
    assert not turn.sent.pixels_sent and {entry.kind for entry in turn.sent.entries} == {"ask"}
    for request in scripted.history:
        assert reading.study.digest not in request.raw.decode() and KEY not in request.raw.decode()
        assert {tool["function"]["name"] for tool in request.body["tools"]} == set(TOOLS)


@pytest.mark.parametrize(("question", "words"), [("  ", "empty"), ("why " * LONGEST, "characters")])
def test_a_question_that_is_none_is_refused(reading: Reading, question: str, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        list(ask(question, reading))


def test_without_a_language_model_the_intents_answer(reading: Reading) -> None:
    (turn,) = ask("Do the methods agree?", reading)
    assert turn.done and turn.written_by == "template" and turn.note is None and not turn.sent.entries
    assert "different places" in turn.text

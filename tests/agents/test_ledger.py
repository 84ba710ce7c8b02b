"""The ledger: what was sent, to whom, word for word, for each visitor alone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from agents.ledger import Ledger
from agents.llm import LanguageModel, Message
from tests.agents.conftest import KEY
from tests.agents.endpoint import Endpoint, says

QUESTION = (Message("system", "Answer."), Message("user", "Why {this} and “not” that?"))
PIXEL = "data:image/png;base64,iVBORw0KGgo="


def test_the_ledger_holds_what_was_sent_word_for_word(scripted: Endpoint, model: LanguageModel) -> None:
    scripted.will(says("Yes.", tokens=(30, 3)))
    reply = model.stream(QUESTION, kind="ask")
    assert reply.ledger == Ledger()
    list(reply)
    (entry,) = reply.ledger.entries
    assert entry.body.encode() == scripted.history[0].raw
    assert (entry.to, entry.model, entry.kind, entry.tokens) == (scripted.host, "scripted", "ask", 33)
    assert entry.characters == sum(len(message.text) for message in QUESTION)
    assert entry.at.utcoffset() == timedelta(0)
    assert not entry.pixels_sent and KEY not in repr(reply.ledger)


def test_two_replies_have_ledgers_of_their_own(scripted: Endpoint, model: LanguageModel) -> None:
    scripted.will(says("One."), says("Two."))
    first, second = model.stream(QUESTION), model.stream(QUESTION[1:])
    assert [*first, *second] == ["One.", "Two."]
    assert len(first.ledger.entries) == len(second.ledger.entries) == 1
    assert (first.ledger + second.ledger).entries == (*first.ledger.entries, *second.ledger.entries)


def test_pictures_go_only_where_vision_is_on(scripted: Endpoint, model: LanguageModel) -> None:
    asked = [Message("user", "What is this?", (PIXEL,))]
    with pytest.raises(ValueError, match="vision is off"):
        model.stream(asked)
    scripted.will(says("A map."))
    reply = replace(model, vision=True).stream(asked)
    list(reply)
    assert scripted.history[0].parts[1] == {"type": "image_url", "image_url": {"url": PIXEL}}
    (entry,) = reply.ledger.entries
    assert entry.pixels_sent and reply.ledger.pixels_sent and entry.characters == len("What is this?")

"""Questions to the whole of the chatbot: evidence, sentences, refusals, and a language model that is scripted."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from agents.llm import LanguageModel
from chatbot.answer import ABSTENTION, LONGEST, Asked, Desk, ask
from chatbot.context import reading_evidence
from chatbot.refuse import Judge
from chatbot.search import Embedder
from chatbot.sources.local import LocalSource
from chatbot.types import Answer, Evidence, Kind, Wanted
from diagnosis.errors import BadRequest, Missing
from tests.agents.endpoint import Endpoint, breaks_off, fails, garbles, keeps_silent, says

KNOWLEDGE = Path(__file__).parents[2] / "index" / "knowledge"
QUESTION = "How is a collapsed lung treated?"
TRUE = "A small pneumothorax may disappear without treatment"


class Shop:
    """A source that finds what it was given."""

    kind: Kind = "web"
    host: str | None = "api.example.org"

    def __init__(self, *found: Evidence, error: Exception | None = None) -> None:
        self.found, self.error, self.asked = found, error, list[tuple[str, Wanted]]()

    def find(self, question: str, wanted: Wanted, limit: int = 8) -> Sequence[Evidence]:
        self.asked.append((question, wanted))
        if self.error is not None:
            raise self.error
        return self.found[:limit]


def page(text: str, url: str = "https://www.nice.org.uk/page", title: str = "Collapsed lung: treatment") -> Evidence:
    return Evidence(title, url, "nice.org.uk", text, 0, len(text), "web", score=0.9)


@pytest.fixture(scope="module")
def library() -> LocalSource:
    return LocalSource(KNOWLEDGE, Embedder())


@pytest.fixture(scope="module")
def desk(library: LocalSource) -> Desk:
    return Desk((library,), Judge.beside(library))


def last(question: str, desk: Desk, asked: Asked | None = None) -> Answer:
    *_, answer = ask(question, desk, asked)
    assert answer.done
    for said in answer.sentences:
        if said.struck is None:
            assert said.cites
            for at, quote in zip(said.cites, said.quotes, strict=True):
                assert quote in answer.evidence[at - 1].excerpt
    return answer


def test_without_a_language_model_the_sources_answer_in_their_own_words(desk: Desk) -> None:
    answer = last(QUESTION, desk)
    assert not answer.abstained and TRUE in answer.text and answer.written_by == "extracts"
    assert answer.searched == () and not answer.ledger.entries


def test_what_is_not_in_the_evidence_is_refused_and_no_language_model_is_asked(
    desk: Desk, model: LanguageModel, scripted: Endpoint
) -> None:
    for question in ("What is the best recipe for pancakes?", "How well does zelmorafenib work in glioblastoma?"):
        answer = last(question, replace(desk, model=model))
        assert answer.abstained and not answer.text
    assert scripted.history == []


def test_no_evidence_is_refused(desk: Desk) -> None:
    assert last(QUESTION, replace(desk, sources=())).abstained


@pytest.mark.parametrize(
    ("question", "note"),
    [
        ("How many mg of ibuprofen should I give my 3-year-old?", "no dose"),
        ("Does my neighbour Peter Hahn have tuberculosis?", "private people"),
    ],
)
def test_no_dose_and_nothing_about_private_people(desk: Desk, question: str, note: str) -> None:
    shop = Shop(page("Ibuprofen is a medicine."))
    answer = last(question, replace(desk, sources=(shop,)))
    assert answer.abstained and any(note in one for one in answer.notes) and shop.asked == []


def test_an_emergency_is_told_first(desk: Desk) -> None:
    first, *_ = ask("I have crushing chest pain and my left arm hurts", desk)
    assert first.urgent is not None and "112" in first.urgent


def test_identifying_details_stay_here(desk: Desk, model: LanguageModel, scripted: Endpoint) -> None:
    shop = Shop(page(f"{TRUE}."))
    scripted.will(says(f"{TRUE} [1]."))
    question = f"My name is Jane Miller, jane@example.org, born 3 May 1961. {QUESTION}"
    answer = last(question, replace(desk, sources=(shop,), model=model))
    for sent in (answer.sent, shop.asked[0][0], scripted.history[0].raw.decode()):
        assert not any(part in sent for part in ("Miller", "jane@", "1961")) and "collapsed lung" in sent
    assert answer.searched == ("api.example.org",) and answer.question == question


def test_a_visitors_document_goes_out_without_its_name_and_masked(
    desk: Desk, model: LanguageModel, scripted: Endpoint
) -> None:
    text = f"Letter about Mrs Jane Miller, born 3 May 1961, jane@example.org. {TRUE}."
    own = replace(page(text, "document:1", "Miller Jane discharge"), kind="document", site="Miller Jane discharge.pdf")
    scripted.will(says(f"{TRUE} [1]."))
    first = last(QUESTION, replace(desk, sources=(Shop(own),), model=model))
    sent = scripted.history[0].raw.decode()
    assert TRUE in sent and not any(part in sent for part in ("Miller", "jane@", "1961"))
    assert first.evidence[0].excerpt == text
    shop = Shop(page(f"{TRUE}."))
    last("And how is it found?", replace(desk, sources=(shop,)), Asked(history=(first,)))
    assert "Miller" not in shop.asked[0][0]


def test_a_language_models_sentences_are_checked_one_by_one(
    desk: Desk, model: LanguageModel, scripted: Endpoint
) -> None:
    scripted.will(
        says(f"{TRUE} [1]. A large one may need ", "a procedure to remove the air [1]. It is cured with honey [1].")
    )
    answer = last(QUESTION, replace(desk, model=model))
    assert answer.written_by == "scripted" and TRUE in answer.text
    assert [one.text for one in answer.struck] == ["It is cured with honey."]
    assert answer.usage and (answer.usage.sent, answer.usage.received) == (100, 20)


def test_numbers_of_passages_that_do_not_exist_are_dropped(
    desk: Desk, model: LanguageModel, scripted: Endpoint
) -> None:
    scripted.will(says(f"{TRUE} [1][42]."))
    assert last(QUESTION, replace(desk, model=model)).cited == (1,)


def test_a_language_model_may_abstain(desk: Desk, model: LanguageModel, scripted: Endpoint) -> None:
    scripted.will(says(ABSTENTION))
    answer = last(QUESTION, replace(desk, model=model))
    assert answer.abstained and not answer.text and answer.unused == answer.evidence


@pytest.mark.parametrize("script", [fails(401), fails(429), fails(500), breaks_off("A "), garbles("A "), says()])
def test_a_language_model_that_fails_costs_a_note_and_no_answer(
    desk: Desk, model: LanguageModel, scripted: Endpoint, script: object
) -> None:
    scripted.will(script)  # type: ignore[arg-type]
    answer = last(QUESTION, replace(desk, model=model))
    assert answer.written_by == "extracts" and TRUE in answer.text
    assert any(scripted.host in note for note in answer.notes)


def test_too_little_that_is_supported_is_replaced(desk: Desk, model: LanguageModel, scripted: Endpoint) -> None:
    scripted.will(says("Honey helps [1]. Prayer helps [1]. Magnets help [2]."))
    answer = last(QUESTION, replace(desk, model=model))
    assert TRUE in answer.text and len(answer.struck) == 3 and any("Too little" in note for note in answer.notes)


def test_a_question_that_leans_is_made_complete(desk: Desk, model: LanguageModel, scripted: Endpoint) -> None:
    first = last(QUESTION, desk)
    plain = last("What are its symptoms?", desk, Asked(history=(first,)))
    assert "Pneumothorax" in plain.sent and plain.evidence[0].title == "Pneumothorax"
    scripted.will(says("What are the symptoms of a pneumothorax?"), says("A pneumothorax hurts [1]."))
    written = last("What are its symptoms?", replace(desk, model=model), Asked(history=(first,)))
    assert written.sent == "What are the symptoms of a pneumothorax?"


def test_a_reading_is_cited_like_any_other_passage(desk: Desk) -> None:
    class Finding:
        id = "F1"
        statement = "The model gives bacterial pneumonia a score of 82.3 %, the highest of 3 classes."

    reading = reading_evidence("Bacterial pneumonia", "chest-xray@1", [Finding()])
    answer = last("What does this mean?", desk, Asked(reading=reading))
    assert any(answer.evidence[at - 1].kind == "reading" for at in answer.cited)
    assert any(answer.evidence[at - 1].kind == "library" for at in answer.cited)


def test_a_source_that_fails_costs_a_note(desk: Desk) -> None:
    broken = Shop(error=Missing("The web cannot be reached.", "Try again."))
    answer = last(QUESTION, replace(desk, sources=(broken, *desk.sources)))
    assert TRUE in answer.text and any("cannot be reached" in note for note in answer.notes)


def test_kinds_that_are_not_wanted_are_not_asked(desk: Desk) -> None:
    shop = Shop(page("Anything."))
    last(QUESTION, replace(desk, sources=(shop, *desk.sources)), Asked(wanted=Wanted(frozenset({"library"}))))
    assert shop.asked == []


def test_conflicts_are_told(desk: Desk) -> None:
    one = page("A drain for a collapsed lung stays in place for about 3 days.", "https://one.org")
    other = page("A drain for a collapsed lung stays in place for about 9 days.", "https://two.org")
    answer = last(
        "How long does a drain for a collapsed lung stay in place?", replace(desk, sources=(Shop(one, other),))
    )
    assert [one[:2] for one in answer.conflicts] == [(1, 2)]


def test_stopping_ends_in_the_sources_sentences(desk: Desk, model: LanguageModel, scripted: Endpoint) -> None:
    cancel = threading.Event()
    scripted.will(keeps_silent(f"{TRUE} [1]. And "))
    answers = ask(QUESTION, replace(desk, model=model), Asked(cancel=cancel))
    for answer in answers:
        if answer.sentences:
            cancel.set()
    assert answer.done and answer.written_by == "extracts" and TRUE in answer.text
    assert scripted.history[-1].left.wait(10)


@pytest.mark.parametrize("question", ["", "   ", "x" * (LONGEST + 1)])
def test_what_is_no_question_is_refused_in_words(desk: Desk, question: str) -> None:
    with pytest.raises(BadRequest):
        list(ask(question, desk))

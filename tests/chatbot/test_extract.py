"""Sentences of passages that answer a question."""

from pathlib import Path

import pytest

from chatbot.extract import SENTENCES, extract
from chatbot.search import Embedder
from chatbot.search.meanings import Meanings, beside
from chatbot.sources.local import LocalSource
from chatbot.types import Evidence, Mode, Wanted

KNOWLEDGE = Path(__file__).parents[2] / "index" / "knowledge"
LUNG = (
    "A pneumothorax is air in the pleural space. It can press on the lung. "
    "A small pneumothorax may disappear without treatment. A large one may need a procedure to remove the air."
)
BRAIN = "A glioma grows from glial cells. Seizures are a common first symptom."


def passage(text: str, score: float, title: str = "Pneumothorax") -> Evidence:
    return Evidence(title, f"https://example.org/{title}", "example.org", text, 0, len(text), "web", score=score)


@pytest.fixture(scope="module")
def library() -> LocalSource:
    return LocalSource(KNOWLEDGE, Embedder())


@pytest.fixture(scope="module")
def meanings(library: LocalSource) -> Meanings:
    assert library.embedder is not None
    return Meanings(library.embedder, beside(library.stored))


def test_the_best_sentence_comes_first(meanings: Meanings) -> None:
    first, *_ = extract("Does a small collapsed lung need treatment?", [passage(LUNG, 0.9)], meanings=meanings)
    assert first.text == "A small pneumothorax may disappear without treatment."
    assert first.cites == (1,) and first.quotes == (first.text,)


@pytest.mark.parametrize("mode", ["general", "plain", "professional"])
def test_every_sentence_stands_in_its_passage(library: LocalSource, meanings: Meanings, mode: Mode) -> None:
    evidence = library.find("How is lung cancer treated?", Wanted())
    for known in (meanings, None):
        said = extract("How is lung cancer treated?", evidence, mode, known)
        assert 0 < len(said) <= SENTENCES[mode]
        assert len({one.text for one in said}) == len(said)
        assert all(one.quotes[0] in evidence[one.cites[0] - 1].excerpt for one in said)


def test_a_sentence_that_leans_brings_the_one_before_it(meanings: Meanings) -> None:
    said = [one.text for one in extract("Can it press on the lung?", [passage(LUNG, 0.9)], meanings=meanings)]
    assert said.index("It can press on the lung.") == said.index("A pneumothorax is air in the pleural space.") + 1


def test_a_passage_that_is_about_something_else_is_left_out(meanings: Meanings) -> None:
    found = [passage(LUNG, 0.9), passage(BRAIN, 0.1, "Glioma")]
    said = extract("How is a small pneumothorax treated?", found, meanings=meanings)
    assert {one.cites for one in said} == {(1,)}


def test_the_same_is_not_said_twice(meanings: Meanings) -> None:
    found = [passage(LUNG, 0.9), passage(LUNG, 0.8, "Collapsed lung")]
    said = [one.text for one in extract("How is a small pneumothorax treated?", found, meanings=meanings)]
    assert len(said) == len(set(said))


def test_a_number_is_found_where_one_is_asked_for(library: LocalSource, meanings: Meanings) -> None:
    question = "how many days of background radiation is one chest film worth"
    said = extract(question, library.find(question, Wanted()), meanings=meanings)
    assert any("10 days" in one.text for one in said[:2])


def test_nothing_found_says_nothing(meanings: Meanings) -> None:
    assert extract("How is a pneumothorax treated?", (), meanings=meanings) == ()

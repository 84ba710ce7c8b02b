"""How hard a text is to read."""

import pytest

from chatbot.reading_level import TWELVE, grade

EASY = "Your lungs are like two bags. Air goes in and out of them. Smoke can hurt them."
HARD = (
    "Immunohistochemical characterisation of poorly differentiated adenocarcinoma necessitates interdisciplinary "
    "interpretation, particularly when cytomorphological criteria are insufficiently discriminating."
)


def test_a_text_for_children_is_easy_and_one_for_specialists_is_not() -> None:
    assert grade(EASY) < TWELVE < 16 < grade(HARD)


@pytest.mark.parametrize("text", ["", "12 %", "…"])
def test_a_text_without_words_asks_for_nothing(text: str) -> None:
    assert grade(text) == 0


def test_shorter_sentences_are_easier() -> None:
    assert grade("The cat sat. The dog ran. The bird sang.") < grade("The cat sat and the dog ran and the bird sang.")

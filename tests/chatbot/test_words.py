"""Sentences with their places, and the stems of words."""

import pytest

from chatbot.words import sentences, stem, terms, words

PASSAGE = (
    "Pneumothorax is air in the pleural space. [1] It may be treated, e.g. by a drain, as Dr. Smith says. [1, 2]\n\n"
    "## Signs\nA thin line is seen. [2] At 3.5 cm it is “large”? Yes.\n- one item\n- two items"
)


def test_sentences_are_found_where_they_stand_without_marks_and_headings() -> None:
    found = sentences(PASSAGE)
    assert [one.text for one in found] == [
        "Pneumothorax is air in the pleural space.",
        "It may be treated, e.g. by a drain, as Dr. Smith says.",
        "A thin line is seen.",
        "At 3.5 cm it is “large”?",
        "Yes.",
        "one item",
        "two items",
    ]
    assert all(PASSAGE[one.start : one.end] == one.text for one in found)


@pytest.mark.parametrize("text", ["", "   \n ", "## Only a heading", "...", "[1]"])
def test_there_may_be_no_sentence(text: str) -> None:
    assert sentences(text) == ()


def test_words_are_lower_case_and_plain() -> None:
    assert words("The Patient's naïve X-ray, 3.5 cm") == ("the", "patient", "naive", "x", "ray", "3.5", "cm")


def test_terms_are_what_carries_meaning() -> None:
    assert terms("What are the symptoms of a non-small-cell lung cancer?") == (
        stem("symptoms"), "non", "small", "cell", "lung", "cancer",
    )  # fmt: skip
    assert terms("biopsies") == terms("biopsy")

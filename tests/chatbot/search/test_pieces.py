"""Passages of long text: verbatim, ending where sentences do, none too long."""

import random
from itertools import pairwise

import pytest

from chatbot.search.pieces import LONGEST, pieces, sentences
from chatbot.search.terms import terms


def _said(text: str) -> list[str]:
    return [text[at.start : at.end] for at in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One is here. [1] Two is there. [1, 2]", ["One is here. [1]", "Two is there. [1, 2]"]),
        ("It is 1.5 cm. Dr. Who said so, e.g. here. Next?", ["It is 1.5 cm.", "Dr. Who said so, e.g. here.", "Next?"]),
        ("“Is it?” Yes.\n\nA heading\n\nText", ["“Is it?”", "Yes.", "A heading", "Text"]),
        ("Causes:\n- smoke\n- dust", ["Causes:", "- smoke", "- dust"]),
        ("肺癌です。次です。", ["肺癌です。", "次です。"]),
        (" \n ", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert _said(text) == expected


@pytest.mark.parametrize("seed", range(20))
def test_pieces_hold_every_word_once_and_in_order(seed: int) -> None:
    chance = random.Random(seed)
    text = " ".join(
        " ".join(["word"] * chance.randint(1, 400)) + chance.choice([".", "", ". [1]", "\n\n", "!\n- "])
        for _ in range(chance.randint(1, 12))
    )
    found = list(pieces(text))
    assert all(len(text[at.start : at.end].split()) <= LONGEST for at in found)
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert " ".join(text[at.start : at.end] for at in found).split() == text.split()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("oedema", "edema"),
        ("tumours", "tumor"),
        ("haemorrhage", "hemorrhage"),
        ("leukaemia", "leukemia"),
        ("fibres", "fiber"),
        ("centre", "center"),
        ("localised", "localized"),
        ("analyse", "analyze"),
        ("Sjögren\u2019s", "sjogren"),
        ("X-ray", "x ray"),
    ],
)
def test_spellings_that_are_one_term(one: str, other: str) -> None:
    assert terms(one) == terms(other) != []


def test_words_without_meaning_are_left_out() -> None:
    assert terms("What is the of and?") == []

"""How hard a text is to read: the Flesch–Kincaid grade."""

from functools import cache

import pyphen

from chatbot.words import sentences, words

TWELVE = 7.0  # the grade of a reader of twelve


@cache
def _hyphens() -> pyphen.Pyphen:
    return pyphen.Pyphen(lang="en_US")


def grade(text: str) -> float:
    """Years of school that an English text asks for; 7 is what a reader of twelve has. 0 for a text without words.

    Kincaid et al. 1975, Derivation of New Readability Formulas, Research Branch Report 8-75. Syllables are counted as
    the places where a word may be hyphenated, and one.
    """
    said = [word for word in words(text) if word.isalpha()]
    if not said:
        return 0.0
    syllables = sum(len(_hyphens().positions(word)) + 1 for word in said)
    return 0.39 * len(said) / max(1, len(sentences(text))) + 11.8 * syllables / len(said) - 15.59

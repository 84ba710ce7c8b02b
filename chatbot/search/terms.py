"""Text as the terms that are matched: folded, without words that carry no meaning, stemmed."""

import re
import unicodedata
from functools import lru_cache

import Stemmer

from chatbot.words import STOPWORDS

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_STEMMER = Stemmer.Stemmer("english")
_SPELLINGS = (  # British → American, on both sides of a comparison: what else it turns is turned on both
    (re.compile(r"[ao]e(?=[a-z])"), "e"),
    (re.compile(r"our(?=s|al|ed|ing|less|$)"), "or"),
    (re.compile(r"([bt])re(?=s?$)"), r"\1er"),
    (re.compile(r"is(?=(?:e|ed|es|er|ers|ing|ation|ations|able)$)"), "iz"),
    (re.compile(r"ys(?=(?:e|ed|es|ing)$)"), "yz"),
)


def terms(text: str) -> list[str]:
    """The terms of a text in order, repeated ones too."""
    plain = unicodedata.normalize("NFKD", text)
    if not plain.isascii():
        plain = "".join(letter for letter in plain if not unicodedata.combining(letter)).replace("\u2019", "'")
    found = (word.removesuffix("'s") for word in _WORD.findall(plain.casefold()))
    return [term(word) for word in found if word not in STOPWORDS]


@lru_cache(maxsize=100_000)
def term(word: str) -> str:
    """A lower-case word in American spelling, stemmed: ``oedemas`` and ``edema`` are the same."""
    for pattern, other in _SPELLINGS:
        word = pattern.sub(other, word)
    return str(_STEMMER.stemWord(word))

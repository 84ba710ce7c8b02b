"""What is known of words before any question: how rare they are in the library, and whether they are common English."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

from chatbot.lay import everyday
from chatbot.search.passages import Passage
from chatbot.search.terms import term
from chatbot.words import STOPWORDS, words

_COMPOUND = re.compile(r"\b[A-Z]\w*(?:[-\u2013]\w+)+\b")
_WHOLE = re.compile(r"\b[A-Za-z]+\d*[A-Za-z\d]*\b")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
SHORTEST = 4  # letters of a word from which it may be a slip of the keys


class Background:
    """The library's words, and common ones.

    Args:
        passages: of the library.
        common: words that an encoder has a token of its own for, which are the common ones of a language.
    """

    def __init__(self, passages: Iterable[Passage], common: Iterable[str] = ()) -> None:
        held: Counter[str] = Counter()
        self._compounds: dict[str, str] = {}
        self.words: set[str] = set()
        self.count = 0
        for one in passages:
            whole = " ".join((one.title, one.heading, one.text, *one.aliases))
            said = words(whole)
            self._compounds.update((joined(name), name) for name in _COMPOUND.findall(whole))
            held.update(set(stems(said)))
            self.words.update(said)
            self.count += 1
        self._held = held
        self._common = {*common, *everyday()}
        self._common_stems = {term(one) for one in self._common}

    def spelt(self, text: str) -> str:
        """The text with names such as ``PDL1`` spelt as the library does, ``PD-L1``."""
        return _WHOLE.sub(lambda found: self._compounds.get(joined(found.group()), found.group()), text)

    def named(self, name: str) -> bool:
        """Whether the library has a name with a hyphen or digits, however it is spelt."""
        return joined(name) in self._compounds or joined(name) in self.words

    def rarity(self, stem: str) -> float:
        """How much a stem tells, above 0; most for one that the library has not."""
        return math.log((self.count + 1) / (self._held[stem] + 0.5))

    def holds(self, stem: str) -> bool:
        """Whether the library has it."""
        return stem in self._held

    def common(self, word: str) -> bool:
        """Whether it is a word that many people use, in the library or not."""
        return word in self._common or term(word) in self._common_stems or not word.isalpha()

    def repaired(self, word: str) -> str:
        """The word with a slip of the keys mended: towards the library's words first, then towards common ones."""
        if len(word) < SHORTEST or not word.isalpha() or self.common(word) or self.holds(term(word)):
            return word
        near = _one_slip(word)
        inside = [one for one in near if one in self.words and len(one) >= SHORTEST]
        if inside:
            return max(inside, key=lambda one: (self._held[term(one)], one))
        return min((one for one in near if one in self._common), default=word)


def joined(name: str) -> str:
    """A name without hyphens, in lower case."""
    return re.sub(r"[\W_]", "", name).casefold()


def stems(said: Sequence[str]) -> list[str]:
    """The stems of the words that carry meaning."""
    return [term(one) for one in said if meaningful(one)]


def meaningful(word: str) -> bool:
    return word not in STOPWORDS and (len(word) > 1 or word.isdigit())


@lru_cache(maxsize=256)
def _one_slip(word: str) -> frozenset[str]:
    """What one missing, added, wrong or swapped letter makes of a word."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    return frozenset(
        [left + right[1:] for left, right in cuts if right]
        + [left + one + right[1:] for left, right in cuts if right for one in LETTERS]
        + [left + one + right for left, right in cuts for one in LETTERS]
        + [left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1]
    )

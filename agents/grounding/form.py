"""Whether a sentence is plain prose of its language at all: no markup, no address, no name, no other language."""

import re
from collections.abc import Iterable
from functools import lru_cache

from agents.grounding.lexicon import FULL, Lexicon, table
from agents.grounding.text import words
from diagnosis.attribution import METHODS
from diagnosis.reading import Reading

_MARKUP = re.compile(r"<\s*[/!?]?\s*[a-z]|&#?\w+;|\]\s*\(|[{}\\|]|\w+://|javascript:|(?<!\w)www\.|\w@\w")
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
_NAME = re.compile(r"(?<=[\w,)%] )[^\W\d_a-z][^\W\d_]*")  # a capital in the middle of a sentence
LONG = 6  # words of a sentence that must have one of the language's small words among them


def odd(text: str, low: str, reading: Reading, lexicon: Lexicon) -> str | None:
    """Why a sentence is not plain prose, or None. ``low`` is the normalised ``text``."""
    if found := _MARKUP.search(low):
        return f"It holds markup or an address. (“{found.group()}”)"
    if lexicon.language != FULL:
        return None
    if found := _phrases("greeting").search(low):
        return f"It speaks to somebody by name. (“{found.group()}”)"
    if name := next((one for one in _NAME.findall(text) if one.lower() not in _known(reading)), None):
        return f"It names what no finding names. (“{name}”)"
    if (polar := _phrases("polar").search(low)) and not _phrases("polar", "licence").search(low, 0, polar.start() + 1):
        return f"A negation seems to be missing. (“{polar.group()}”)"
    if len(_WORD.findall(low)) >= LONG and not _phrases("small").search(low):
        return "It is not in the language that was asked for."
    return None


def changed(low: str, written: Iterable[str]) -> str | None:
    """Why a sentence that cites texts alone makes more of them than they say, or None. All in normalised words."""
    stated = " ".join(written)
    for match in _phrases("widening").finditer(low):
        denied = low[: match.start()].endswith(("not ", "n't "))
        if not denied and not re.search(rf"(?<!\w){match.group()}(?!\w)", stated):
            return f"It says more than the cited finding. (“{match.group()}”)"
    told, left_out = _phrases("narrowing").search(low), _phrases("narrowing").search(stated)
    if left_out and not told and not _phrases("partial").search(low) and _repeats(low, stated, left_out):
        return f"It leaves out what limits the cited finding. (“{left_out.group()}”)"
    return f"The cited finding denies nothing. (“{told.group()}”)" if told and not left_out else None


def _repeats(low: str, stated: str, limit: re.Match[str]) -> bool:
    """Whether a sentence tells the part of a text that a word limits."""
    begins = max((stated.rfind(sign, 0, limit.start()) + 1 for sign in ".;"), default=0)
    ends = min((at for sign in ".;" if (at := stated.find(sign, limit.end())) >= 0), default=len(stated))
    own = set(re.findall(r"[^\W\d_]{4,}", stated[begins:ends])) - set(limit.group().split())
    told = set(re.findall(r"[^\W\d_]{4,}", low))
    return not own or bool({word[:4] for word in own} & {word[:4] for word in told})


@lru_cache
def _phrases(name: str, key: str = "words") -> re.Pattern[str]:
    return words(table("form")[name][key])


def _known(reading: Reading) -> frozenset[str]:
    """Words that may have a capital in the middle of a sentence."""
    card = reading.card
    texts = [one.statement for one in reading.findings] + [card.title, *(one.title for one in card.labels)]
    return _words_of((*texts, *(one.title for one in METHODS.values()), *table("form")["names"]["words"]))


@lru_cache(maxsize=64)
def _words_of(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(word for text in texts for word in re.findall(r"[^\W\d_]+", text.lower()))

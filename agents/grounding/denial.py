"""Whether a part of a sentence plainly denies a use: one denial, which governs a word of use and which nothing turns round."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from agents.grounding.lexicon import table
from agents.grounding.text import words

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_ENDING = re.compile(r"(?<=\w{3})(?:ings?|ments?|is|es|s|e)$")
_ITEM = re.compile(r"[,;:]|(?<!\w)(?:and|or|nor)(?!\w)")
_ASIDE = re.compile(r"(?<!\w)(?:who|whom|whose|which|because|since|as|so|if|when|where|although|though|while)(?!\w)")
_REST = re.compile(r"(?<!\w)(?:other than|besides|beyond|except|apart from|outside)(?!\w).*")
_ITSELF = re.compile(r"(?<!\w)(?:which|whom|that) (?:it|the model)(?!\w)")
_BACKWARD = frozenset({"none", "neither", "no", "nobody", "nothing"})  # "made for none of these"


class Denial(NamedTuple):
    """What stands before a denial, in the part of a sentence that it is in, and what stands after its word of use."""

    before: str
    after: str

    def beside(self, refused: frozenset[str]) -> str:
        """The first thing that is denied and none of some refused words, or nothing.

        Where nothing is named after the denial, its subject is what is denied, and must name one of them.
        """
        after = [*_things(self.after, refused)]
        if after:
            return next((one for one in after if not names(one, refused)), "")
        before = " ".join(_things(self.before, refused))
        return before if before and not names(before, refused) else ""

    def claims(self, refused: frozenset[str]) -> bool:
        """Whether a refused use is claimed before the denial of another, or after its own.

        "The model, which reads adults, is not made for CT", "it is not made for CT slices, which it reads".
        """
        after = _ITSELF.search(self.after)
        if after and phrases("use").search(self.after, after.end()):
            return True
        use = phrases("use").search(self.before)
        return any(_things(self.after, refused)) and use is not None and names(self.before[use.end() :], refused)


def denial(part: str, refused: frozenset[str]) -> Denial | None:
    """The denial of a use in a part of a normalised sentence, or None where it has none, several or no plain one."""
    found = [one for at, one in enumerate(_denials(part)) if one.group() != "nor" or not at]
    if len(found) != 1 or phrases("turning").search(part):
        return None
    [one] = found
    if phrases("refusing").fullmatch(one.group()):
        return Denial(part[: one.start()], part[one.end() :])
    for use in phrases(*(("use",) if one.group() == "no" else ("use", "noun"))).finditer(part):
        backward = use.start() < one.start()
        gap = part[use.end() : one.start()] if backward else part[one.end() : use.start()]
        if _is_small(gap, refused) and (not backward or one.group() in _BACKWARD):
            return Denial(part[: one.start()], part[one.end() if backward else use.start() :])
    after = part[one.end() :]
    short = not phrases("verb").search(part) and _opens(after, refused)  # "…, nor lateral films"
    return Denial(part[: one.start()], after) if short else None


def denies(part: str) -> bool:
    """Whether a part of a sentence has any word that denies, whatever it denies."""
    return next(_denials(part), None) is not None


def names(text: str, known: frozenset[str]) -> bool:
    """Whether a text has one of some words, in any form."""
    stems = {_stem(one) for one in known}
    return any(_stem(one) in stems for one in split(text))


def split(text: str) -> frozenset[str]:
    """The words of a text, in lower case."""
    return frozenset(re.findall(r"[^\W\d_]+", text.lower()))


def phrases(*keys: str) -> re.Pattern[str]:
    """The words of some parts of the lexicon, e.g. ``verb``."""
    return words([one for key in keys for one in table("purpose")[key]["words"]])


def _denials(part: str) -> Iterator[re.Match[str]]:
    return phrases("denying", "refusing").finditer(part)


def _is_small(gap: str, refused: frozenset[str]) -> bool:
    small = phrases("between", "noun", "head")
    return all(small.fullmatch(one) or names(one, refused) for one in _WORD.findall(gap))


def _opens(text: str, refused: frozenset[str]) -> bool:
    """Whether the first word of a text that is no small one is one of some words."""
    own = (one for one in _WORD.findall(text) if not phrases("between", "head").fullmatch(one))
    return names(next(own, ""), refused)


def _things(text: str, refused: frozenset[str]) -> Iterator[str]:
    """The items of a list that name something of their own."""
    aside, small = _ASIDE.search(text), phrases("between", "beside", "use", "noun")
    for item in _ITEM.split(_REST.sub("other", text[: aside.start()] if aside else text)):
        if names(item, refused) or not all(small.fullmatch(one) for one in _WORD.findall(item)):
            yield item.strip()


def _stem(word: str) -> str:
    return _ENDING.sub("", word)

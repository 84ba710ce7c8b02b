"""Rules that refuse a question by its words, before the evidence is weighed."""

import re
import tomllib
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from chatbot.refuse.asked import Asked, Word
from chatbot.refuse.background import Background, joined
from chatbot.types import Evidence
from chatbot.words import words

HERE = Path(__file__).parent
_MEDICAL = re.compile(
    r"(?:mab|nib|lib|limus|stat|statin|azole|asone|olone|mycin|micin|cillin|floxacin|vir|olol|pril|sartan|oxetine|azine|azepam"
    r"|idone|itis|osis|oses|iasis|oma|omas|ectomy|plasty|oscopy|emia|aemia|pathy|algia|uria|ostomy|penia|plegia|gliptin"
    r"|prazole|tinib|rafenib|amab|zumab|ximab|umab|vax|limab|inhib|trexed|platin|rubicin|taxel|quine|terol|tropium|sone)s?$"
)
_CODE = re.compile(
    r"\b(grade|stage|category|type|class|phase|rads|group|version)[\s-]+(\d{1,2}[a-z]?|[ivx]{1,4}[abc]?|[a-h])\b"
)
_DOUBLE = re.compile(r"\b[A-Z][a-zA-Z]*(?:-[A-Z][a-zA-Z]*)+\b")
_RANGE = re.compile(r"\b(\d{1,2}|[ivx]+)\s*(?:to|–|-|and|or)\s*(\d{1,2}|[ivx]+)\b")
_ALIKE = {"category": "(?:categor|rads)", "rads": "(?:categor|rads)", "stage": "(?:stag|stage)", "grade": "grad"}
SPELT = {"zero": 0, "one": 1, "two": 2, "three": 3, "four": 4}
ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5}


@cache
def _rules() -> tuple[tuple[str, re.Pattern[str]], ...]:
    table = tomllib.loads((HERE / "rules.toml").read_text("utf-8"))
    return tuple((rule["reason"], re.compile("|".join(rule["patterns"]))) for rule in table.values())


def by_words(question: str) -> str | None:
    """Why the words of a question tell that no article answers it, or None."""
    low = " ".join(question.casefold().replace("\u2019", "'").split())
    return next((reason for reason, pattern in _rules() if pattern.search(low)), None)


def by_names(asked: Asked, evidence: Sequence[Evidence], background: Background) -> str | None:
    """Why a named thing of the question that is in no passage tells it, or None."""
    if code := missing_code(asked.text, evidence):
        return f"“{code}” is in no passage."
    whole = joined(" ".join(f"{one.title} {one.excerpt}" for one in evidence))
    for name in _DOUBLE.findall(asked.text):
        if not background.named(name) and joined(name) not in whole:
            return f"“{name}” is in no passage."
    known = frozenset(words(" ".join(f"{one.title} {one.excerpt} {' '.join(one.aliases)}" for one in evidence)))
    for one in asked.words:
        if one.text not in known and _names_something(one):
            return f"“{one.written}” is in no passage."
    first = next((pair for pair in zip(asked.words, asked.words[1:], strict=False) if _full_name(*pair, known)), None)
    return f"“{first[0].written} {first[1].written}” is in no passage." if first else None


def _names_something(one: Word) -> bool:
    """Whether a word that the library has not is a name, or what a medicine or an illness is called."""
    if one.inside or one.common or len(one.text) < 5:
        return False
    return one.capital or bool(_MEDICAL.search(one.text))


def _full_name(one: Word, other: Word, known: Iterable[str]) -> bool:
    """Two words with capitals side by side of which the library has neither."""
    return (
        all(
            each.capital and not each.inside and each.text not in known and each.written[1:].islower()
            for each in (one, other)
        )
        and other.start - one.end <= 1
    )


def missing_code(question: str, evidence: Sequence[Evidence]) -> str | None:
    """A grade, stage or category of the question that no passage names, such as ``grade 6``."""
    codes = {(kind, value) for kind, value in _CODE.findall(question.casefold())}
    if not codes:
        return None
    text = " ".join(f"{one.title}. {one.heading}. {one.excerpt}" for one in evidence).casefold()
    for kind, value in sorted(codes):
        held = _values(text, kind) | set(re.findall(r"\b(?:\d{1,2}[a-z]|[ivx]{1,4}[abc])\b", text))
        same = {value, str(ROMAN.get(value, value)), *(one for one, number in ROMAN.items() if str(number) == value)}
        if not same & held:
            return f"{kind} {value}"
    return None


def _values(text: str, kind: str) -> set[str]:
    """The numbers and letters that stand near a word such as "grade"."""
    near = " ".join(re.findall(rf"(?:\S+\s+){{0,4}}\S*\b{_ALIKE.get(kind, kind)}\w*(?:\s+\S+){{0,12}}", text))
    held = set(re.findall(r"\b\d{1,2}[a-z]?\b|\b[ivx]{1,4}[abc]?\b|\b[a-h]\b", near))
    held |= {str(number) for word, number in SPELT.items() if re.search(rf"\b{word}\b", near)}
    for low, high in _RANGE.findall(near):
        first, last = (ROMAN.get(one) or (int(one) if one.isdigit() else 0) for one in (low, high))
        if 0 <= first < last <= 20:
            held |= {str(one) for one in range(first, last + 1)}
    return held

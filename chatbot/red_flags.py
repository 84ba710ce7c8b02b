"""The words of emergencies, a file a language, made into patterns."""

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

FOLDER = Path(__file__).parent / "emergencies"
LONGEST = 6000
"""Characters of a question that are looked at."""
STRETCH = 4
"""Sentences within which the words of a rule have to occur."""

_STOP = re.compile(r"[.!?;:\n…]+(?=\s|$)|[\n…]")
_COMMA = re.compile(r"\s*,(?!\d)\s*|(?= (?:but|aber|mais|pero|ma|mas|maar) )")
_CONTRACTED = re.compile(r"(?<=[a-z])'(?=(?:t|s|m|re|ve|ll|d)\b)")
_ALSO = (
    "or|nor|and|no|without|oder|und|noch|kein|keine|keinen|ou|et|ni|pas de"
    "|o|y|sin|ne|e|non|nem|sem|nao|of|en|geen|zonder"
)
_GAP = r"(?:[^\s|]+ ){0,5}?"
_NOTHING = re.compile(r"(?!)")

Texts = list[str]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Filters(_Strict):
    """What is no emergency.

    Attributes:
        opener: how a sentence begins that asks in general.
        generic: what shows anywhere in a sentence that it speaks in general.
        topic: the same, unless the sentence begins with somebody's own case.
        acute: what makes such a sentence tell of something that happens now all the same.
        own: first words of a part that tells of somebody's own case.
        history: what shows that a part of a sentence tells of the past.
        now: what shows that it goes on.
        negators, between, symptoms: "no", words that may follow it, and what is denied then.
    """

    opener: Texts
    generic: Texts
    topic: Texts
    acute: Texts
    own: str
    history: Texts
    now: Texts
    negators: str
    between: str
    symptoms: str


class Personal(_Strict):
    """How a dose, a diagnosis and a private person are asked for; ``illness`` and ``drug`` are lists for patterns."""

    dose: Texts
    not_dose: Texts
    diagnosis: Texts
    private: Texts
    illness: str
    drug: str


class Rule(_Strict):
    """Groups of words of which all (or all of one row of ``any``) must occur for a kind of emergency."""

    kind: str
    all: tuple[str, ...] = ()
    any: tuple[tuple[str, ...], ...] = ()
    unless: tuple[str, ...] = ()
    even_asked: bool = False

    def fits(self, lexicon: "Lexicon", text: str) -> bool:
        """Whether the words of a stretch, as ``Lexicon.told`` gives it, fit the rule."""
        if not any(all(lexicon.has(name, text) for name in row) for row in (self.any or (self.all,))):
            return False
        return not any(lexicon.has(name, text) for name in self.unless)


class Words(_Strict):
    """The file of a language, as it stands."""

    known: str
    before: str
    misspelt: dict[str, str] = Field(default_factory=dict)
    filters: Filters
    words: dict[str, str]
    groups: dict[str, Texts]
    personal: Personal
    advice: dict[str, Annotated[str | tuple[str, str], Field(union_mode="left_to_right")]]


@dataclass(frozen=True, eq=False)
class Lexicon:
    """The words of one language, as patterns over plain text."""

    code: str
    words: Words

    def told(self, question: str) -> tuple[list[str], list[str]]:
        """What the question tells of here and now, and the same with what it asks in general.

        Each as stretches of a few sentences, which are joined by ``|``; what is denied or past is left out of both.
        """
        here, asked = [], []
        for sentence in _sentences(question):
            parts = [self._spelt(plain(part)) for part in _COMMA.split(sentence)]
            standing = [part for part in parts if part and not self._past(part)]
            asked.append(self._affirmed(" ".join(standing)))
            here.append(self._affirmed(" ".join(self._own(parts, standing))))
        return _stretches(here), _stretches(asked)

    def has(self, group: str, text: str) -> bool:
        """Whether a text has words of a group."""
        pattern = self._groups.get(group, _NOTHING)
        return pattern.search(text) is not None

    def advice(self, kind: str) -> tuple[str, str]:
        """Two sentences for a kind of emergency."""
        said = self.words.advice[kind]
        return said if isinstance(said, tuple) else (str(self.words.advice["call"]), said)

    def personal(self, text: str) -> str | None:
        """The kind of question about a person; names are masked as ``personname``."""
        plain_text = " | ".join(self._spelt(plain(one)) for one in _sentences(text))
        dose, not_dose, diagnosis, private = self._personal
        if private.search(plain_text):
            return "private person"
        if dose.search(plain_text) and not not_dose.search(plain_text):
            return "dose"
        return "diagnosis" if diagnosis.search(plain_text) else None

    def familiar(self, words: frozenset[str]) -> int:
        """How many of the words are common in this language."""
        return len(words & self._known)

    def _own(self, parts: Texts, standing: Texts) -> Texts:
        """The parts of a sentence that tell of somebody's own case."""
        whole = self._before.sub("", " ".join(parts), 1)
        if self._acute.search(whole):
            return standing
        if self._generic.search(whole):
            return []
        topic = self._topic.search(whole) and not self._begins_own.match(whole)
        if not topic and not self._opener.match(whole):
            return standing
        return [part for part in parts[1:] if self._begins_own.match(part) and part in standing]

    def _past(self, part: str) -> bool:
        return self._history.search(part) is not None and self._now.search(part) is None

    def _affirmed(self, text: str) -> str:
        return self._negated.sub(" ", text).strip()

    def _spelt(self, text: str) -> str:
        for wrong, right in self._misspelt:
            text = wrong.sub(right, text)
        return text

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.words.known.split())

    @cached_property
    def _misspelt(self) -> list[tuple[re.Pattern[str], str]]:
        return [(_whole([wrong], {}), right) for wrong, right in self.words.misspelt.items()]

    @cached_property
    def _groups(self) -> dict[str, re.Pattern[str]]:
        return {name: _whole(patterns, self.words.words) for name, patterns in self.words.groups.items()}

    @cached_property
    def _personal(self) -> tuple[re.Pattern[str], ...]:
        said = self.words.personal
        lists = {**self.words.words, "illness": said.illness, "drug": said.drug}
        return tuple(_whole(one, lists) for one in (said.dose, said.not_dose, said.diagnosis, said.private))

    @cached_property
    def _before(self) -> re.Pattern[str]:
        return re.compile(rf"^(?:(?:{self.words.before}) )+")

    @cached_property
    def _opener(self) -> re.Pattern[str]:
        return _whole(self.words.filters.opener, self.words.words)

    @cached_property
    def _generic(self) -> re.Pattern[str]:
        return _whole(self.words.filters.generic, self.words.words)

    @cached_property
    def _topic(self) -> re.Pattern[str]:
        return _whole(self.words.filters.topic, self.words.words)

    @cached_property
    def _acute(self) -> re.Pattern[str]:
        return _whole(self.words.filters.acute, self.words.words)

    @cached_property
    def _begins_own(self) -> re.Pattern[str]:
        return re.compile(
            rf"(?:(?:and|but|because|und|et|y|e|en|{self.words.before}) )*(?:{self.words.filters.own})(?!\S)"
        )

    @cached_property
    def _history(self) -> re.Pattern[str]:
        return _whole(self.words.filters.history, self.words.words)

    @cached_property
    def _now(self) -> re.Pattern[str]:
        return _whole(self.words.filters.now, self.words.words)

    @cached_property
    def _negated(self) -> re.Pattern[str]:
        said = self.words.filters
        denied = rf"(?:(?:{said.between}) ){{0,3}}(?:{said.symptoms})"
        joined = rf"(?: (?:{_ALSO}))+ {denied}"
        return re.compile(rf"(?<!\S)(?:{said.negators}) {denied}(?:{joined})*(?!\S)")


def plain(text: str) -> str:
    """Lower-case words and numbers with one blank between, without accents, apostrophes or punctuation."""
    text = unicodedata.normalize(
        "NFKD", text.casefold().replace("\u2019", "'").replace("\u00b4", "'").replace("`", "'")
    )
    text = "".join(one for one in text if not unicodedata.combining(one))
    return " ".join(re.findall(r"[^\W_]+", _CONTRACTED.sub("", text)))


@lru_cache(maxsize=1)
def rules() -> tuple[Rule, ...]:
    """What is an emergency, the first that fits first."""
    return tuple(Rule.model_validate(one) for one in _read("rules")["rule"])


@lru_cache(maxsize=1)
def lexicons() -> tuple[Lexicon, ...]:
    """All languages, English first."""
    codes = sorted((one.stem for one in FOLDER.glob("??.toml")), key=lambda code: (code != "en", code))
    return tuple(Lexicon(code, Words.model_validate(_read(code))) for code in codes)


def spoken(question: str) -> tuple[Lexicon, ...]:
    """The languages that a question may be written in, the likeliest first; all where nothing tells."""
    words = frozenset(plain(question[:LONGEST]).split())
    ranked = sorted(((one.familiar(words), one) for one in lexicons()), key=lambda pair: -pair[0])
    best = ranked[0][0]
    return tuple(one for count, one in ranked if count == best or (best < 6 and count >= best - 1))


def _stretches(sentences: list[str]) -> list[str]:
    said = [one for one in sentences if one]
    return [" | ".join(said[at : at + STRETCH]) for at in range(max(1, len(said) - STRETCH + 1))] if said else []


def _sentences(text: str) -> list[str]:
    return [one for one in _STOP.split(text[:LONGEST]) if one.strip()]


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))


def _whole(patterns: Texts, lists: dict[str, str]) -> re.Pattern[str]:
    """One pattern of whole words: ``<name>`` is a list, ``word*`` any ending, ``..`` a gap, ``<>`` either order."""
    parts = [_translated(part, lists) for one in patterns for part in _alternatives(one)]
    return re.compile(rf"(?<!\S)(?:{'|'.join(parts)})(?!\S)") if parts else _NOTHING


def _alternatives(pattern: str) -> list[str]:
    """The pattern cut at each ``|`` that stands outside brackets."""
    parts, depth = [""], 0
    for one in pattern:
        depth += (one in "([") - (one in ")]")
        if one == "|" and depth == 0:
            parts.append("")
        else:
            parts[-1] += one
    return parts


def _translated(pattern: str, lists: dict[str, str]) -> str:
    pattern = re.sub(r"<(\w+)>", lambda name: f"(?:{lists[name.group(1)]})", pattern)
    pattern = re.sub(r"(?<=[a-z])\*\??", r"[^\\s|]*", pattern)
    first, either, second = pattern.partition(" <> ")
    if either:
        pattern = f"(?:{first}) .. (?:{second})|(?:{second}) .. (?:{first})"
    return re.sub(r"\.\. \??", lambda _: _GAP, pattern)

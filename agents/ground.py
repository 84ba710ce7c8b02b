"""The checker: does every sentence say only what the findings that it cites say?

A sentence is taken apart into numbers, classes, methods, places, claims and words that no finding can support; each is
compared with what the cited findings allow (:mod:`agents.grounding.facts`). No language model takes part.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import get_args

from agents.grounding import form
from agents.grounding.checking import Check
from agents.grounding.lexicon import FULL, Lexicon, load, table
from agents.grounding.text import LONGEST, Text, normalise
from agents.types import Reader, Sentence
from agents.wording import fixed, told
from diagnosis.findings import Finding
from diagnosis.reading import Reading

_CITES = re.compile(r"\[\s*([A-Z]\d{1,4}(?:\s*(?:,|;|&|and|–|-)?\s*[A-Z]\d{1,4}){0,40})\s*\]")
_ID = re.compile(r"[A-Z]\d{1,4}")
_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s|$)|[。！？]")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|approx|ca|cf|vs|etc|fig|dr|prof|mr|mrs|ms|st|resp|incl|max|min|z\. ?b|bzw|d\. ?h|p\. ?ex|ej)"
    r"|\b[A-Za-z])\.$",
    re.IGNORECASE,
)
_FIGURES = 40  # numbers in a sentence that can be checked
_LATIN = 0x24F  # the last letter of Latin Extended-B
_MARK = re.compile(r"^\s*(?:[-*•]|#{1,6}|\d{1,2}[.)])\s+")


def parse(text: str) -> tuple[Sentence, ...]:
    """Sentences of a model's text with the citations that stand in or after them, without list marks and emphasis.

    Citations right after a full stop belong to the sentence before; those that open a line to the one that follows.
    A question without any is one sentence with its answer.
    """
    return tuple(sentence for line in text.splitlines() for sentence in _line(line))


def _line(line: str) -> list[Sentence]:
    line = re.sub(r"\*\*|__|`", "", _MARK.sub("", line)).strip()
    found: list[tuple[str, list[str]]] = []
    waiting: list[str] = []
    opens = _CITES.match(line) is not None
    for piece in _pieces(line):
        cites = [cite for match in _CITES.finditer(piece) for cite in _ID.findall(match.group(1))]
        words = re.sub(r"\s+(?=[.,;:!?。](?:\s|$))", "", re.sub(r"\s+", " ", _CITES.sub(" ", piece))).strip()
        if re.search(r"\w", words):
            if found and found[-1][0].endswith("?") and not found[-1][1]:
                words = f"{found.pop()[0]} {words}"  # a question is told with its answer
            found.append((words, [*waiting, *cites]))
            waiting = []
        elif found and not opens:
            found[-1][1].extend(cites)
        else:
            waiting.extend(cites)
    if found:
        found[-1][1].extend(waiting)
    return [Sentence(words, tuple(dict.fromkeys(cites))) for words, cites in found]


def _pieces(line: str) -> list[str]:
    """The line cut after each full stop and before and after the citations that follow it."""
    pieces, start = [], 0
    for match in _END.finditer(line):
        if match.end() <= start or _goes_on(line, match):
            continue
        pieces.append(line[start : match.end()])
        start = match.end()
        while (cite := re.match(r"\s*" + _CITES.pattern, line[start:])) is not None:
            pieces.append(line[start : start + cite.end()])
            start += cite.end()
            if stop := re.match(r"\s*[.]", line[start:]):
                start += stop.end()
    return [*pieces, line[start:]]


def _goes_on(line: str, match: re.Match[str]) -> bool:
    """Whether a full stop ends an abbreviation or an ordinal rather than a sentence."""
    before, after = line[: match.end()], line[match.end() :].lstrip()
    if match.group() != ".":
        return bool(after) and after[0].islower()
    if re.search(r"\bNo\.$", before):
        return after[:1].isdigit()
    if _ABBREVIATION.search(before) and after[:1] != "[":
        return True
    return bool(after) and after[0].islower()


def check(sentences: Iterable[Sentence], reading: Reading, *, language: str = FULL) -> tuple[Sentence, ...]:
    """The same sentences; ``struck`` says in one line why one is not supported by the findings that it cites."""
    lexicon = load(language)
    return tuple(replace(one, struck=_reason(one, reading, lexicon)) for one in sentences)


def prepare(reading: Reading, language: str = FULL) -> None:
    """Measure the reading's findings and compile what its sentences are compared with, before the first is waited for.

    A process does this once a model and language, with the first sentence where nobody has asked for it before.
    """
    check(
        [Sentence(f"Here, {one.statement}", (one.id,)) for one in reading.findings],  # not the template's own words
        reading,
        language=language,
    )


def is_partial(language: str) -> bool:
    """Whether only ids, numbers, units, classes, methods and places can be compared in a language (BCP 47 code)."""
    return load(language).language != FULL


def _reason(sentence: Sentence, reading: Reading, lexicon: Lexicon) -> str | None:
    findings = {finding.id: finding for finding in reading.findings}
    if unknown := [cite for cite in sentence.cites if cite not in findings]:
        return f"There is no finding {unknown[0]}."
    if len(sentence.text) > LONGEST:
        return "It is too long to be checked."
    low = normalise(sentence.text)
    if len(re.findall(r"\d+", low)) > _FIGURES:
        return "It has too many numbers to be checked."
    cited = [findings[cite] for cite in sentence.cites]
    if low.rstrip(".") in _notices(lexicon) or any(low in _own_words(one) for one in cited):
        return None
    if not cited:
        return "It cites no finding."
    if mixed := _foreign(low, lexicon):
        return f"It mixes alphabets. (“{mixed}”)"
    if strange := form.odd(sentence.text, low, reading, lexicon):
        return strange
    return Check(Text(low, lexicon.breaks, lexicon.negators), cited, reading, lexicon).reason()


@lru_cache
def _notices(lexicon_of: Lexicon) -> frozenset[str]:
    own = table("limits")["notices"]["fixed"] if lexicon_of.language == FULL else lexicon_of.notices
    return frozenset(normalise(one).rstrip(".") for one in (*fixed(), *own))


def _own_words(finding: Finding) -> set[str]:
    """What the templates say of a finding, to each reader."""
    return {normalise(text) for text in (finding.statement, *(told(finding, reader) for reader in get_args(Reader)))}


def _foreign(low: str, lexicon: Lexicon) -> str | None:
    """A word with letters that the language is not written in, which could hide another word."""
    known = lexicon.language == FULL or lexicon.classes
    words = re.findall(r"[^\W\d_]+", low) if known else []
    return next((word for word in words if any(ord(letter) > _LATIN for letter in word)), None)

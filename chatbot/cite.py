"""Does each sentence of an answer say what the passages that it cites say?

A sentence is compared with its passages: numbers with their units, drugs and other named things, negations, opposites,
and how much of what it says is there at all. No language model takes part.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from chatbot.instructions import sound
from chatbot.types import Cited, Evidence, Mode
from chatbot.words import Span, sentences, stem, terms, words

COVERED = 0.6  # share of a sentence's meaningful words that its passages must hold
LONGEST = 600  # characters of a sentence that is checked
_CITE = re.compile(r"\[\s*\d{1,3}(?:\s*(?:,|;|–|-|and)?\s*\d{1,3})*\s*\]")
_NUMBER = re.compile(
    r"(?<![\w.])(\d+(?:[.,]\d+)*)\s*(%|per ?cent|percent|mg|mcg|µg|kg|g|ml|l|cm|mm|m|msv|mgy|gy|hu|tesla|t"
    r"|years?|months?|weeks?|days?|hours?|minutes?|seconds?|pack-?years?)?(?!\w)"
)
_UNITS = {"per cent": "%", "percent": "%", "percents": "%", "µg": "mcg"}
_NAME = re.compile(r"(?<![.!?] )(?<!^)\b(?:[A-Z][A-Za-z]*\d\w*|[A-Z]{2,}\w*|[A-Z][a-z]{2,}(?:-[A-Z]?[a-z]+)?)\b")


@dataclass(frozen=True)
class Lexicon:
    """The words of ``lexicon.toml`` as patterns."""

    drug: re.Pattern[str]
    negation: re.Pattern[str]
    personal: re.Pattern[str]
    regimen: re.Pattern[str]
    opposites: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]


@cache
def lexicon() -> Lexicon:
    """The lexicon, compiled once."""
    table = tomllib.loads((Path(__file__).parent / "lexicon.toml").read_text("utf-8"))
    named = table["named"]
    pairs = ((_whole([one]), _whole([other])) for one, other in table["opposites"]["pairs"])
    return Lexicon(
        _whole([*named["drug_endings"], *named["drugs"]]),
        re.compile(rf"n't|(?<!\w)(?:{'|'.join(table['negation']['words'])})(?!\w)"),
        _whole(table["personal"]["patterns"]),
        _whole(table["personal"]["regimen"]),
        tuple(pairs),
    )


def _whole(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(patterns)})(?!\w)")


def parse(text: str, count: int) -> tuple[Cited, ...]:
    """The sentences of a language model's answer with what they cite; numbers above ``count`` are dropped."""
    found = []
    spans = sentences(text)
    for span, following in zip(spans, (*(one.start for one in spans[1:]), len(text)), strict=True):
        marks = _CITE.findall(text[span.start : following])
        cites = dict.fromkeys(int(one) for mark in marks for one in re.findall(r"\d+", mark))
        bare = re.sub(r"\s+([.,;:!?])", r"\1", _CITE.sub("", span.text)).replace("**", "")
        known = tuple(one for one in cites if 1 <= one <= count)
        found.append(Cited(re.sub(r"\s+", " ", bare).strip(), known))
    return tuple(found)


def check(said: Cited, evidence: Sequence[Evidence], *, mode: Mode = "general") -> Cited:
    """The sentence with the words of each passage that support it, or struck with the reason."""
    cited = [evidence[at - 1] for at in said.cites]
    reason = _reason(said.text, cited, mode)
    if reason is not None:
        return replace(said, struck=reason)
    return replace(said, quotes=tuple(quote(said.text, one) for one in cited))


def quote(sentence: str, evidence: Evidence) -> str:
    """The sentence of a passage that says most of what ``sentence`` says, verbatim; "" where none says any of it."""
    found = _ranked(sentence, sound(evidence.excerpt))
    return found[0][1].text if found and found[0][0] > 0 else ""


def _ranked(sentence: str, passage: str) -> list[tuple[float, Span]]:
    """(share of the sentence's terms, sentence of the passage), best first."""
    wanted = set(terms(sentence))
    scored = [(len(wanted & set(terms(span.text))) / max(1, len(wanted)), span) for span in sentences(passage)]
    return sorted(scored, key=lambda one: -one[0])


def _reason(sentence: str, cited: Sequence[Evidence], mode: Mode) -> str | None:
    if not cited:
        return "It cites no source."
    if len(sentence) > LONGEST:
        return "It is too long to be checked."
    low = sentence.casefold().replace("\u2019", "'")
    if found := lexicon().personal.search(low):
        return f"It speaks of a person, which no source knows. (“{found.group()}”)"
    if mode != "professional" and (found := lexicon().regimen.search(low)):
        return f"It is a dose. (“{found.group()}”)"
    whole = "\n".join(sound(one.excerpt) for one in cited)
    source = f"{whole}\n{' '.join(f'{one.title}. {one.heading}.' for one in cited)}"
    return (
        _quoted(sentence, whole)
        or _numbers(low, source)
        or _names(sentence, low, source)
        or _covered(sentence, source)
        or _turned(sentence, cited)
    )


def _quoted(sentence: str, whole: str) -> str | None:
    """What stands between quotation marks must be in the passage."""
    for words_of in re.findall(r"[“\"]([^”\"]{8,})[”\"]", sentence):
        if _plain(words_of.rstrip(".,;")) not in _plain(whole):
            return f"The source does not say “{words_of}”."
    return None


def _plain(text: str) -> str:
    return " ".join(words(text))


def numbers(text: str) -> set[tuple[str, str]]:
    """(number, unit) of a text, in one notation."""
    spelt = re.sub(r"(?<!\w)[a-z]+(?!\w)", lambda one: _SPELT.get(one.group(), one.group()), text.casefold())
    found = set()
    for value, unit in _NUMBER.findall(spelt):
        plain = value.rstrip(".,").replace(",", "") if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", value) else value
        plain = plain.replace(",", ".").rstrip(".")
        found.add((plain.lstrip("0") or "0", _UNITS.get(unit, unit.removesuffix("s") if len(unit) > 2 else unit)))
    return found


_SPELT: Mapping[str, str] = {
    "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
    "ten": "10", "twelve": "12", "fifteen": "15", "twenty": "20", "thirty": "30", "forty": "40", "fifty": "50",
    "sixty": "60", "seventy": "70", "eighty": "80", "ninety": "90", "hundred": "100",
}  # fmt: skip


def _numbers(low: str, source: str) -> str | None:
    known = numbers(source)
    values = {value for value, _ in known}
    for value, unit in sorted(numbers(low)):
        if (value, unit) in known or (not unit and value in values):
            continue
        if unit and (value, "") in known and value not in {one for one, other in known if other}:
            continue  # "50 to 80 years": the unit stands with the last of several numbers
        return f"“{value}{f' {unit}' if unit else ''}” is not in the source."
    return None


def _names(sentence: str, low: str, source: str) -> str | None:
    """Drugs, and words with a capital inside a sentence, must be in the passages."""
    known = {stem(word) for word in words(source)}
    for found in lexicon().drug.finditer(low):
        if stem(found.group()) not in known:
            return f"“{found.group()}” is not in the source."
    for match in _NAME.finditer(sentence):
        if any(stem(word) not in known for word in words(match.group())):
            return f"“{match.group()}” is not in the source."
    return None


def _covered(sentence: str, source: str) -> str | None:
    wanted, known = terms(sentence), set(terms(source))
    if not wanted:
        return "It says nothing that could be compared."
    missing = [one for one in dict.fromkeys(wanted) if one not in known]
    if 1 - len(missing) / len(set(wanted)) >= COVERED:
        return None
    return f"The source says too little of this. (missing: {', '.join(missing[:4])})"


def _turned(sentence: str, cited: Sequence[Evidence]) -> str | None:
    """A negation or an opposite that the nearest sentences of the passages do not have."""
    ranked = sorted((one for each in cited for one in _ranked(sentence, sound(each.excerpt))), key=lambda one: -one[0])
    if not ranked:
        return None
    best = ranked[0][0]
    near = [span.text.casefold().replace("\u2019", "'") for share, span in ranked if share >= max(0.34, best - 0.15)]
    low = sentence.casefold().replace("\u2019", "'")
    if not near:
        return None
    denied = bool(lexicon().negation.search(low))
    if all(bool(lexicon().negation.search(one)) != denied for one in near):
        return "The source says it with a negation." if not denied else "The source says it without a negation."
    said = near[0]
    for one, other in lexicon().opposites:
        for this, that in ((one, other), (other, one)):
            here, there = this.search(low), that.search(said)
            if here and there and not this.search(said) and not that.search(low):
                return f"The source says the opposite. (“{here.group()}”, “{there.group()}”)"
    return None

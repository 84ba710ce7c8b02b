"""Where a text names a person."""

import re
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

_CAP = r"[A-ZÀ-ÖØ-ÞĀ-Ž][^\W\d_]{0,40}(?:['\u2019-][^\W\d_]{1,40}){0,3}"
_DISEASE = re.compile(
    r"(?:['\u2019]s?)?[ -](?:syndrom\w*|diseases?|lymphom\w*|sarcom\w*|tumou?rs?|anomaly|sign|score|scale|staging"
    r"|classification|lines?|nodes?|focus|cells?|criteria|index|test|palsy|Krankheit|Syndrom|Lymphom|Sarkom|anaemia"
    r"|Klassifikation|hospice|hospital|clinic|foundation|institute)\b",
    re.IGNORECASE,
)

Span = tuple[int, int]


@lru_cache(maxsize=1)
def lists() -> dict[str, str]:
    """The lists of ``privacy.toml``."""
    return {
        name: str(said)
        for name, said in tomllib.loads((Path(__file__).parent / "privacy.toml").read_text("utf-8")).items()
    }


def names(text: str) -> Iterator[Span]:
    """Where people are named; the same name later in the text too. Spans may overlap."""
    found = [span for span in _named(text) if span[1] > span[0]]
    yield from found
    words = {word for start, end in found for word in re.findall(rf"{_CAP}", text[start:end]) if len(word) > 2}
    for word in words - _set("kept") - _set("ordinary"):
        for match in re.finditer(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text):
            if not _DISEASE.match(text, match.end()):
                yield match.span()


def _named(text: str) -> Iterator[Span]:
    for regex in _introducing():
        for match in regex.finditer(text):
            yield _people(text, match.span("it"), introduced=True)
    for match in _small().finditer(text):
        yield _small_letters(match)
    for regex, least in _suggesting():
        for match in regex.finditer(text):
            span = _people(text, match.span("it"))
            if _likely(text, span, least):
                yield span


def _people(text: str, span: Span, *, introduced: bool = False) -> Span:
    """The part of a run of capitalised words that can be a name: up to the first word that cannot."""
    start, end = span
    last = start
    for match in re.finditer(rf"{_CAP}\.?", text[start:end]):
        word = match.group().rstrip(".").removesuffix("'s").removesuffix("\u2019s")
        if word in _set("ordinary") or (word.isupper() and 1 < len(word) <= 4 and not introduced):
            break
        surname = last > start and word in _set("common")
        if not introduced and not surname and {word, *word.split("-")} & _set("kept"):
            return start, start
        last = (
            start
            + match.end()
            - (len(match.group()) - len(word) if match.group() != f"{word}." or len(word) > 1 else 0)
        )
    return start, last if not _DISEASE.match(text, last) or introduced else start


def _likely(text: str, span: Span, least: int) -> bool:
    """Whether a name is sure enough: it has a common given name, or ``least`` words."""
    words = re.findall(_CAP, text[span[0] : span[1]])
    return bool(words) and (words[0] in _set("given") or (0 < least <= len(words)))


def _small_letters(match: re.Match[str]) -> Span:
    start, end = match.start("it"), match.start("it")
    for word in list(re.finditer(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*", match.group("it")))[:2]:
        if word.group().lower() in set(lists()["stops"].split("|")):
            break
        end = start + word.end()
    return start, end


@lru_cache(maxsize=1)
def _run() -> str:
    said = lists()
    return rf"{_CAP}\.?(?:[ \t]+(?:(?:{said['particles']})[ \t]+){{0,2}}{_CAP}\.?){{0,3}}"


@lru_cache(maxsize=1)
def _introducing() -> tuple[re.Pattern[str], ...]:
    """Where what follows is a name, whatever it looks like."""
    said, run = lists(), _run()
    title = rf"(?:(?:{said['titles']}|{said['offices']})\b\.?[ \t]+)"
    sure = rf"(?:(?:{said['titles']})\b\.?[ \t]+)"
    verb = rf"(?=,|[ \t]+(?:{said['verbs']})\b)"
    ends = r"(?=$|\n|[.,;!-]\s*(?:$|\n))"
    before = r"(?<![\w-])"
    greeted = rf"{before}(?:{said['greeting']})\s+{title}{{0,3}}(?P<it>{run})(?=\s*(?:[,!.:\n-]|$))"
    signed = rf"{before}(?i:{said['signature']})\s*[,!.\n-]\s*{title}?(?P<it>{_CAP}(?:[ \t]+{_CAP}){{0,2}})\s*{ends}"
    return (
        re.compile(rf"{before}(?i:{said['introduced']})\s+{title}{{0,3}}(?P<it>{run})"),
        re.compile(rf"{before}(?i:{said['field']})\s*:\s*{title}{{0,3}}(?P<it>{_CAP}(?:,?[ \t]+{_CAP}){{0,3}})"),
        re.compile(rf"{before}{sure}{{1,3}}(?P<it>{run})"),
        re.compile(rf"{before}(?:{said['offices']})[ \t]+(?P<it>{run}){verb}"),
        re.compile(rf"{before}M\.\s+(?P<it>(?!(?:{'|'.join(_set('kept'))})\b){run})"),
        re.compile(rf"{before}(?i:mrs|mr)\.?\s+(?P<it>(?!(?i:{said['scans']})\w*)[^\W\d_]{{3,}})"),
        re.compile(greeted),
        re.compile(signed, re.MULTILINE),
    )


@lru_cache(maxsize=1)
def _small() -> re.Pattern[str]:
    """Where somebody gives a name in small letters."""
    word = r"[^\W\d_]{0,40}(?:['\u2019-][^\W\d_]{1,40}){0,3}"
    return re.compile(rf"(?<![\w-])(?i:{lists()['introduced']})\s+(?P<it>[a-zà-ÿ]{word}(?:[ \t]+[^\W\d_]+)?)")


@lru_cache(maxsize=1)
def _suggesting() -> tuple[tuple[re.Pattern[str], int], ...]:
    """Where a name may follow, and how many words it takes to be sure without a common given name (0: never)."""
    said, run = lists(), _run()
    before = r"(?<![\w-])"
    between = rf"(?:(?:{said['particles']})[ \t]+){{0,2}}"
    pair = rf"{_CAP}[ \t]+(?:{_CAP}\.?[ \t]+)?{between}{_CAP}"
    surname = rf"(?:[A-Z]\.[ \t]+)?{between}{_CAP}(?:[ \t-]+{_CAP})?"
    presented = rf"{before}(?:{said['presented']})\s+"
    on = rf"(?=\s*(?:[,.;!(]|$|\s(?:{said['joins']})\b))"
    stands = rf"(?=\s*[,.;!(]|\s+\d|\s+(?:{said['states']})\b|\s*$)"
    return (
        (re.compile(rf"{presented}(?P<it>{pair}){on}"), 2),
        (re.compile(rf"{presented}(?P<it>{_CAP}){on}"), 0),
        (re.compile(rf"{before}(?:{said['relation']}),?\s+(?P<it>{pair}){stands}"), 2),
        (re.compile(rf"{before}(?:{said['relation']}),?\s+(?P<it>{run})"), 0),
        (re.compile(rf"{before}(?<!San )(?<!Santa )(?P<it>{_first()}[ \t]+{surname})"), 0),
    )


@lru_cache(maxsize=1)
def _first() -> str:
    return rf"(?:{'|'.join(sorted(_set('given'), key=len, reverse=True))})"


@lru_cache(maxsize=8)
def _set(name: str) -> frozenset[str]:
    return frozenset(lists()[name].split())

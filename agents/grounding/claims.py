"""Words that claim something without a number: agreement, order, distance, flatness, what was trained on."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from agents.grounding.lexicon import table
from agents.grounding.text import Span, Text, words

_HYPOTHETICAL = re.compile(
    r"(?<!\w)(?:would|if|had the|(?:1|one|1\.0+|0|zero) (?:is|means|being|stands|meaning|indicates|=)|(?:1|1\.0+|0|zero) for|scale)(?!\w)"
)


_LONG = 8  # words between a denial and a word like "differ" that it still denies
_RELATIVE = re.compile(r"(?:that|which) (?:(?:did|does|do|was|is|were|are|has|have|could) not|\w+n't) $")
_PRESUPPOSED = re.compile(r"(?<!\w)(?:the|its|their) $")  # "does not make up for the lack of …"
_PARTS = re.compile(
    r"[.;:](?:\s|$)|(?<!\w)(?:while|whereas|but|although|though|so|whilst|yet|still|where(?= (?:an?|unrelated|random) ))(?!\w)"
)
_BESIDE = re.compile(r"(?:(?<!\w)(?:not|never|cannot)|n't)(?: (?:actually|really|fully|even|ever))? $")


_WHOLLY_DENIED = re.compile(r"(?:(?<!\w)not|n't) $")  # "do not agree in part"
_REFERENCE = re.compile(
    r"(?<!\w)(?:for|of|than|in|from|by|with|against|to|like|as|at|were|on) an? (?:perfectly |completely |totally |fully )?$"
)  # "compared with 50 % for an even map"
_FIGURED = re.compile(r"(?: (?:map|spread|share))?(?:'s|(?:,|:| with| at| has| would \w+)? \d)")  # "(even map 11.2 %)"
_NEAR = 45  # characters between a claim and the number that says how far it holds


@dataclass(frozen=True)
class Claim:
    """One claim of the lexicon, compiled. ``fact`` is the name that rules of findings use for it."""

    title: str
    fact: str
    said: re.Pattern[str]
    denied: re.Pattern[str]
    partly: re.Pattern[str] | None
    when: re.Pattern[str] | None
    about: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    subject: re.Pattern[str] | None
    loose: re.Pattern[str] | None
    near: re.Pattern[str] | None
    reference: bool
    supposed: bool
    raw: bool
    unsaid: bool
    only: str
    number_stands: bool
    hypothetical: bool
    beside: bool


@lru_cache
def claims() -> tuple[Claim, ...]:
    """All claims of the lexicon."""

    def optional(data: Mapping[str, list[str]], key: str) -> re.Pattern[str] | None:
        return words(data[key]) if key in data else None

    return tuple(
        Claim(
            data["title"],
            data.get("as", name),
            words(data["for"]),
            words(data["against"]),
            optional(data, "partly"),
            optional(data, "when"),
            optional(data, "about"),
            optional(data, "unless"),
            optional(data, "subject"),
            optional(data, "loose"),
            optional(data, "near"),
            data.get("reference", False),
            data.get("supposed", False),
            data.get("raw", False),
            data.get("unsaid", False),
            data.get("only", ""),
            data.get("number_stands", False),
            data.get("hypothetical", False),
            data.get("beside", False),
        )
        for name, data in table("claims").items()
        if name != "order"
    )


def stated(text: Text) -> dict[str, set[bool | None]]:
    """What a text claims, by claim."""
    found: dict[str, set[bool | None]] = {}
    for claim in claims():
        for _, stance in _stances(text, claim):
            found.setdefault(claim.fact, set()).add(stance)
    return found


def contradicted(
    text: Text,
    known: Callable[[str, int], frozenset[bool | None]],
    numbers: Sequence[int],
    taken: Sequence[tuple[int, int]],
) -> str | None:
    """Why some claim of a sentence is not what the cited findings say, or None.

    Args:
        known: (claim, position in the text) → what the cited findings say of it; None: in part.
        numbers: where the sentence tells numbers with a unit.
        taken: parts of the text that are already explained, like places and numbers.
    """
    for claim in claims():
        if claim.when and not claim.when.search(text.low):
            continue
        for span, stance in _stances(text, claim):
            if claim.number_stands and any(abs(at - span.end) < _NEAR for at in numbers):
                continue
            if any(start <= span.start and span.end <= end for start, end in taken):
                continue
            said = known(claim.fact, span.start)
            if not said:
                if not claim.unsaid and not (claim.about and not claim.about.search(text.low)):
                    return f"No cited finding says {claim.title}. (“{span.value}”)"
            elif stance not in said and not (stance is None and claim.partly is None):
                return f"The cited finding says otherwise about {claim.title}. (“{span.value}”)"
    return None


def _stances(text: Text, claim: Claim) -> list[tuple[Span, bool | None]]:
    """What a sentence claims: true, false, or in part (None)."""
    found: list[tuple[Span, bool | None]] = []
    against = [*text.find(claim.denied)]
    for span in against:
        before = text.low[: span.start]
        affirmed = (
            claim.raw or _PRESUPPOSED.search(before) is not None or text.polarity(span.start, span.end, far=_LONG)
        )
        if affirmed is not None:
            found.append((span, not affirmed))
    for span in text.find(claim.said):
        if any(one.start <= span.start < one.end for one in against):
            continue
        supposed = claim.supposed and _PRESUPPOSED.search(text.low[: span.start]) is not None
        affirmed = claim.raw or supposed or text.polarity(span.start, span.end, inside=_until(text, span))
        if affirmed is None:
            continue
        denied = not affirmed
        if claim.beside and _RELATIVE.search(text.low[: span.start]):
            continue
        if claim.beside and not _BESIDE.search(text.low[: span.start]):
            continue
        if claim.only in ("", "denied" if denied else "affirmed"):
            found.append((span, not denied))
    return [(span, _shaded(text, claim, span, stance)) for span, stance in found if _counts(text, claim, span)]


def _until(text: Text, span: Span) -> int:
    """Where words that may deny a claim end: inside it, unless it is itself worded as a denial ("nothing to see")."""
    return span.start if text.negators.match(text.low, span.start) else span.end


def _counts(text: Text, claim: Claim, span: Span) -> bool:
    clause = text.clause_text(span.start)
    if not claim.hypothetical and hypothetical(text.low, span.start):
        return False
    if claim.reference and (_REFERENCE.search(text.low[: span.start]) or _FIGURED.match(text.low, span.end)):
        return False
    if claim.near and not claim.near.search(text.low, max(0, span.start - _NEAR), span.end + _NEAR):
        return False
    if claim.loose and claim.loose.fullmatch(span.value):
        begins, _ = _part(text.low, span.start)
        if claim.about is None or not claim.about.search(text.low, begins, span.start):
            return False
    if claim.subject and claim.subject.search(clause, 0):
        before = text.low[max(0, span.start - 60) : span.start]
        if claim.subject.search(before):
            return False
    return not (claim.unless and claim.unless.search(clause))


def hypothetical(low: str, at: int) -> bool:
    """Whether the part of a sentence around a position tells what would be, or what a scale means."""
    begins, ends = _part(low, at)
    found = list(_HYPOTHETICAL.finditer(low, begins, ends))
    if [match.group() for match in found] == ["if"]:
        comma = low.find(", ", found[0].end())
        return not found[0].end() < comma < at  # "if they differ, …" tells what is where it goes on
    return bool(found)


def _part(low: str, at: int) -> tuple[int, int]:
    """The part of a sentence around a position, between full stops and words that set something against it."""
    ends = [0, *(match.end() for match in _PARTS.finditer(low)), len(low)]
    return next((start, end) for start, end in pairwise(ends) if at < end or end == len(low))


def _shaded(text: Text, claim: Claim, span: Span, stance: bool | None) -> bool | None:
    """A claim that is made or denied only in part is neither."""
    if claim.partly is None:
        return stance
    near = text.low[max(0, span.start - 40) : span.end + 30]
    if stance is False and _WHOLLY_DENIED.search(text.low[: span.start]) and claim.partly.match(text.low, span.end + 1):
        return False
    return None if claim.partly.search(near) else stance

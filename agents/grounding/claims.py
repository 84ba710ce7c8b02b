"""Words that claim something without a number: agreement, order, distance, flatness, what was trained on."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from agents.grounding.entities import ClassMention
from agents.grounding.lexicon import table
from agents.grounding.text import Span, Text, words

_HYPOTHETICAL = re.compile(
    r"(?<!\w)(?:would|if|had the|(?:1|one|1\.0+|0|zero) (?:is|means|being|stands|meaning|for|indicates|=)|=|scale)(?!\w)"
)


_DENIED = re.compile(r"(?:(?<!\w)(?:not|never|no|nor|neither|without|hardly|barely)|n't)(?: [^\W\d]+){0,5} $")
_NEEDED = re.compile(r"(?<!\w)(?:needs?|needed|missing|lacks?|lacking|short)(?!\w)")
_BESIDES = re.compile(
    r"(?<!\w)(?:except|besides|than|over|behind|below|above|beyond|apart from|other than)(?: for)?(?: the)? $"
)
_PARTS = re.compile(r"[.;:](?:\s|$)|(?<!\w)(?:while|whereas|but|although|though|so|whilst|yet|still)(?!\w)")
_BESIDE = re.compile(r"(?:(?<!\w)(?:not|never|cannot)|n't)(?: (?:actually|really|fully|even|ever))? $")
_RIGHT_BEFORE = re.compile(r"(?:(?<!\w)(?:not|never|no|nor)|n't)(?: (?:actually|really|in fact|at all))? $")


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
    raw: bool
    unsaid: bool
    only_denied: bool
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
            data.get("raw", False),
            data.get("unsaid", False),
            data.get("only_denied", False),
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
        stance = not claim.raw and _DENIED.search(text.low[: span.start]) is not None
        found.append((span, stance))
    for span in text.find(claim.said):
        if any(one.start <= span.start < one.end for one in against):
            continue
        denied = not claim.raw and text.negated(span.start, span.end)
        if claim.beside and not _BESIDE.search(text.low[: span.start]):
            continue
        if not claim.only_denied or denied:
            found.append((span, not denied))
    return [(span, _shaded(text, claim, span, stance)) for span, stance in found if _counts(text, claim, span)]


def _counts(text: Text, claim: Claim, span: Span) -> bool:
    clause = text.clause_text(span.start)
    if not claim.hypothetical and _HYPOTHETICAL.search(_part(text.low, span.start)):
        return False
    if claim.subject and claim.subject.search(clause, 0):
        before = text.low[max(0, span.start - 60) : span.start]
        if claim.subject.search(before):
            return False
    return not (claim.unless and claim.unless.search(clause))


def _part(low: str, at: int) -> str:
    """The part of a sentence around a position, between full stops and words that set something against it."""
    ends = [0, *(match.end() for match in _PARTS.finditer(low)), len(low)]
    return next(low[start:end] for start, end in pairwise(ends) if at < end or end == len(low))


def _shaded(text: Text, claim: Claim, span: Span, stance: bool | None) -> bool | None:
    """A claim that is made or denied only in part is neither."""
    if claim.partly is None:
        return stance
    near = text.low[max(0, span.start - 40) : span.end + 30]
    return None if claim.partly.search(near) else stance


@lru_cache
def _order(name: str) -> re.Pattern[str]:
    return words(table("claims")["order"][name])


def misordered(
    text: Text,
    mentions: Sequence[ClassMention],
    ranks: Mapping[str, int],
    values: Mapping[str, float],
    label: str | None,
    count: int,
    shares: bool,
    taken: Sequence[tuple[int, int]],
    written: frozenset[str] = frozenset(),
) -> str | None:
    """Why the order that a sentence gives the classes is not the measured one, or None.

    Args:
        ranks, values: what the cited findings say of classes.
        label: the class that the cited findings are about.
        count: how many classes there are.
        shares: whether a cited finding says which place has the largest share.
        taken: parts of the text that are already explained.
        written: words of cited findings that are texts; these may stand.
    """
    own = [one for one in mentions if one.label]
    for name, rank in (("top", 1), ("next", 2), ("last", count)):
        for span in text.find(_order(name)):
            if (
                span.value in written
                or any(start <= span.start < end for start, end in taken)
                or _HYPOTHETICAL.search(_part(text.low, span.start))
            ):
                continue
            if shares and _order("share").search(text.clause_text(span.start)):
                if name == "last":
                    return f"The largest share was measured, not the smallest. (“{span.value}”)"
                continue
            if not ranks:
                if (shares and name == "top") or name == "next" or not (mentions or "score" in text.low):
                    continue
                return f"No cited finding ranks the classes. (“{span.value}”)"
            if _OBJECT.search(text.low[: span.start]):
                continue
            who = _nearest(text, own, span)
            if (name == "next" or span.value.startswith("last")) and not any(
                text.same_clause(one.start, span.start) for one in own
            ):
                continue
            if who is None:
                right = rank in ranks.values() and (label is None or ranks.get(label) in (rank, None) or len(ranks) > 1)
            else:
                right = ranks.get(who) == rank or who not in ranks
            if right == text.negated(span.start):
                return f"The order of the scores is another. (“{span.value}”)"
    return _miscompared(text, own, values, label, taken)


def _miscompared(
    text: Text,
    own: Sequence[ClassMention],
    values: Mapping[str, float],
    label: str | None,
    taken: Sequence[tuple[int, int]],
) -> str | None:
    if len(values) < 2:
        return None
    for name in ("up", "down"):
        for span in text.find(_order(name)):
            if any(start <= span.start < end for start, end in taken):
                continue
            if span.value in _LOOSE and not _measuring(text.low, span):
                continue
            if _NEEDED.search(text.low, max(0, span.start - 30), span.start):
                continue
            after = next((one for one in own if one.start >= span.end), None)
            linked = after and re.fullmatch(
                r"[\s\-]*(?:(?:than|of|over|to|the|that|for|on|its|rival|runner[ \-]up|next|best|second|class|second placed|,|those|what|it|gives|given)(?!\w)[\s,]*)*",
                text.low[span.end : after.start],
            )
            up = (name == "up") != bool(_RIGHT_BEFORE.search(text.low[: span.start]))
            if after and linked:
                who, up = after.label, not up
            elif re.match(r"[\s\-]*(?:it|that|this|them)(?!\w)", text.low[span.end :]):
                continue
            elif rival := _RIVAL.match(text.low, span.end):
                who = (max if rival.group("first") else min)(values, key=lambda one: values[one])
                up = not up
            else:
                before = [one for one in own if one.end <= span.start and not _BESIDES.search(text.low[: one.start])]
                runner = _order("runner").search(text.low, 0, span.start)
                if before:
                    who = before[-1].label
                elif runner:
                    who = min(values, key=lambda one: values[one])
                elif _order("leader").search(text.low, 0, span.start):
                    who = max(values, key=lambda one: values[one])
                else:
                    continue
            if who is None or who not in values:
                continue
            others = [value for one, value in values.items() if one != who]
            if up != (values[who] > min(others)):
                return f"The scores compare the other way round. (“{span.value}”)"
    return None


_OBJECT = re.compile(r"(?<!\w)(?:behind|below|from|than|after|against|beneath|two|three|both|of)(?: the| its)? $")
_RIVAL = re.compile(
    r" (?:of |than |over )?(?:the |its )?(?:nearest |closest )?(?:(?P<first>top|leader|leading|first|highest|winner|favourite)"
    r"|next|second|runner|rival|other|rest)(?!\w)"
)
_LOOSE = frozenset(
    {"more", "less", "under", "better", "worse", "above", "below", "bigger", "smaller", "larger", "greater"}
)


def _measuring(low: str, span: Span) -> bool:
    """Whether "more" and the like compare amounts: "more than", "6 points less", "scores better"."""
    before, after = low[max(0, span.start - 16) : span.start], low[span.end : span.end + 12]
    return bool(
        re.search(r"(?:points?|%|much|far|scor\w+|well|lies|is|sits|stands|ranks?) $", before)
        or re.match(r" (?:than|points)", after)
    )


def _nearest(text: Text, mentions: Sequence[ClassMention], span: Span) -> str | None:
    """The class that a word about order belongs to: the nearest in its clause, else the last before it."""
    inside = [one for one in mentions if text.same_clause(one.start, span.start)]
    if inside:
        return min(inside, key=lambda one: max(one.start - span.end, span.start - one.end)).label
    before = [one for one in mentions if one.end <= span.start]
    beside = [one for one in mentions if 0 <= one.start - span.end <= 3]  # "the winner, viral pneumonia"
    return beside[0].label if beside else before[-1].label if before else None

"""Words that claim something without a number: agreement, order, distance, flatness, what was trained on."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from agents.grounding.entities import ClassMention
from agents.grounding.lexicon import table
from agents.grounding.text import Span, Text, words

_HYPOTHETICAL = re.compile(
    r"(?<!\w)(?:would|if|(?:1|one|1\.0+|0|zero) (?:is|means|being|stands|meaning|for|indicates|=)|=|scale)(?!\w)"
)


_RIGHT_BEFORE = re.compile(r"(?:(?<!\w)(?:not|never|no|nor)|n't)(?: (?:actually|really|in fact|at all))? $")


@dataclass(frozen=True)
class Claim:
    """One claim of the lexicon, compiled. ``fact`` is the name that rules of findings use for it."""

    title: str
    fact: str
    said: re.Pattern[str]
    denied: re.Pattern[str]
    partly: re.Pattern[str] | None
    when: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    subject: re.Pattern[str] | None
    raw: bool
    unsaid: bool
    only_denied: bool
    number_stands: bool


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
            optional(data, "unless"),
            optional(data, "subject"),
            data.get("raw", False),
            data.get("unsaid", False),
            data.get("only_denied", False),
            data.get("number_stands", False),
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
    text: Text, known: Mapping[str, frozenset[bool | None]], numbers: Sequence[int], taken: Sequence[tuple[int, int]]
) -> str | None:
    """Why some claim of a sentence is not what the cited findings say, or None.

    Args:
        known: claim → what the cited findings say of it; None: in part.
        numbers: where the sentence tells numbers with a unit.
        taken: parts of the text that are already explained, like places and numbers.
    """
    for claim in claims():
        if claim.when and not claim.when.search(text.low):
            continue
        for span, stance in _stances(text, claim):
            if claim.number_stands and any(text.same_clause(at, span.start) for at in numbers):
                continue
            if any(start <= span.start and span.end <= end for start, end in taken):
                continue
            said = known.get(claim.fact)
            if said is None:
                if not claim.unsaid:
                    return f"No cited finding says {claim.title}. (“{span.value}”)"
            elif stance not in said and not (stance is None and claim.partly is None):
                return f"The cited finding says otherwise about {claim.title}. (“{span.value}”)"
    return None


def _stances(text: Text, claim: Claim) -> list[tuple[Span, bool | None]]:
    """What a sentence claims: true, false, or in part (None)."""
    found: list[tuple[Span, bool | None]] = []
    against = [*text.find(claim.denied)]
    for span in against:
        stance = not (not claim.raw and text.negated(span.start)) ^ True
        found.append((span, stance))
    for span in text.find(claim.said):
        if any(one.start <= span.start < one.end for one in against):
            continue
        denied = not claim.raw and text.negated(span.end - 1)
        if not claim.only_denied or denied:
            found.append((span, not denied))
    return [(span, _shaded(text, claim, span, stance)) for span, stance in found if _counts(text, claim, span)]


def _counts(text: Text, claim: Claim, span: Span) -> bool:
    clause = text.clause_text(span.start)
    if _HYPOTHETICAL.search(clause):
        return False
    if claim.subject and claim.subject.search(clause, 0):
        before = text.low[max(0, span.start - 60) : span.start]
        if claim.subject.search(before):
            return False
    return not (claim.unless and claim.unless.search(clause))


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
            if span.value in written or any(start <= span.start < end for start, end in taken) or _HYPOTHETICAL.search(text.clause_text(span.start)):
                continue
            if shares and _order("share").search(text.clause_text(span.start)):
                if name == "last":
                    return f"The largest share was measured, not the smallest. (“{span.value}”)"
                continue
            if not ranks:
                if shares and name == "top":
                    continue
                return f"No cited finding ranks the classes. (“{span.value}”)" if name != "next" else None
            who = _nearest(text, own, span)
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
            after = next((one for one in own if one.start >= span.end), None)
            linked = after and re.fullmatch(r"[\s\-]*(?:(?:than|of|over|to|the|that|for|on|its|rival|runner up|class|second placed|,|those|what|it|gives|given)(?!\w)[\s,]*)*", text.low[span.end : after.start])
            up = (name == "up") != bool(_RIGHT_BEFORE.search(text.low[: span.start]))
            if after and linked:
                who, up = after.label, not up
            elif re.match(r"[\s\-]*(?:it|that|this|them)(?!\w)", text.low[span.end :]):
                continue
            else:
                before = [one for one in own if one.end <= span.start]
                runner = _order("runner").search(text.low, 0, span.start)
                if before:
                    who = before[-1].label
                elif runner:
                    who = min(values, key=lambda one: values[one])
                elif _order("leader").search(text.low, 0, span.start):
                    who = max(values, key=lambda one: values[one])
                else:
                    continue
            if who not in values:
                continue
            others = [value for one, value in values.items() if one != who]
            if up != (values[who] > min(others)):
                return f"The scores compare the other way round. (“{span.value}”)"
    return None


def _nearest(text: Text, mentions: Sequence[ClassMention], span: Span) -> str | None:
    """The class that a word about order belongs to: the nearest in its clause, else the last before it."""
    inside = [one for one in mentions if text.same_clause(one.start, span.start)]
    if inside:
        return min(inside, key=lambda one: max(one.start - span.end, span.start - one.end)).label
    before = [one for one in mentions if one.end <= span.start]
    beside = [one for one in mentions if 0 <= one.start - span.end <= 3]  # "the winner, viral pneumonia"
    return beside[0].label if beside else before[-1].label if before else None

"""Who is said to be first, next or last among the classes, and whose score is said to be higher."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from agents.grounding.claims import hypothetical
from agents.grounding.entities import ClassMention
from agents.grounding.lexicon import table
from agents.grounding.text import Span, Text, words

_OBJECT = re.compile(
    r"(?<!\w)(?:behind|below|from|than|after|against|beneath|two|three|both|of|for|trail\w*|follow\w*|lags?|to|vs\.?|versus)(?: the| its)? $|between [^.;,]{1,40} and the $"
)
_NEEDED = re.compile(r"(?<!\w)(?:needs?|needed|missing|lacks?|lacking|short)(?!\w)")
_BESIDES = re.compile(
    r"(?<!\w)(?:except|besides|than|over|behind|below|above|beyond|apart from|other than)(?: for)?(?: the)? $"
)
_RIGHT_BEFORE = re.compile(r"(?:(?<!\w)(?:not|never|no|nor)|n't)(?: (?:actually|really|in fact|at all))? $")
_RIVAL = re.compile(
    r" (?:of |than |over )?(?:the |its )?(?:nearest |closest )?"
    r"(?:(?P<first>top|leader|leading|first|highest|winner|favourite)|next|second|runner|rival|other|rest)(?!\w)"
)
_LINK = re.compile(
    r"[\s\-]*(?:(?:than|of|over|to|the|that|for|on|its|rival|runner[ \-]up|next|best|second|class|second placed|,|those|"
    r"what|it|gives|given)(?!\w)[\s,]*)*"
)
_REST = re.compile(r"[,;:–(] .*(?<!\w)(?:else|rest|others?|next|second|runner|remaining)(?!\w)")
_MENTIONED = re.compile(
    r"(?<!\w)(?:such|this|that|any|how|what|neither|no)(?: an?)?(?: \w+)? $"
)  # "such a lead" tells no order
_CONDITION = re.compile(
    r"(?:highest|top|best) scores?(?: (?:was|is|of|that was))? (?:under|below|over|above|from|between|at least|of \d[\d.]* ?% or|\d[\d.]* (?:to|-) \d)"
)  # "a highest score under 90 %" names a figure
_LAST = re.compile(r"lowest|smallest|weakest")
_FAR = 3
_PASSIVE = re.compile(r"(?<!\w)(?:is|was|are|were|be|been|being|gets?|got)(?: \w+)? $")
_OTHERS = re.compile(
    r"(?<!\w)(?:the|all|both) (?:others?|rest)(?: (?:classes|class|answers?|options?|two|ones?|choices?))*(?: \w+)? $"
)
_LOOSE = frozenset(
    {"more", "less", "under", "better", "worse", "above", "below", "bigger", "smaller", "larger", "greater", "higher"}
)
_OPEN = re.compile(
    r"(?:(?<!\w)(?:no|without(?: an?| any)?|hardly an?|not an?|never an?)|n't(?: an?| any)?|not have an?)"
    r"(?: \w+)? (?:clear|obvious|real|single|outright|definite|decisive|runaway|clear cut|undisputed|meaningful|true)[ \-]"
    r"(?:\w+[ \-])?$"
)  # "no clear favourite" speaks of the distance, not of the order
_APPOSED = re.compile(
    r"(?: (?:class|score|answer|choice|candidate|option|label|spot|place|position|contender|one|result|value|figure|"
    r"category|scorer|scoring|ranked|placed|overall))*"
    r"(?:,|:| –| \(|\)|,? \(?(?:of |at |with )?\d[\d.]* ?%| is| was| being| remains| namely| goes to| went to| belongs to| for| of| with| by)*"
    r"(?: the| an?)? ?"
)
_PREDICATED = re.compile(
    r"(?:'s)?(?:,| \(| –| is| was| are| being| comes?| came| ranks?| ranked| finish\w*| ends?| ended| takes?| took| gets?|"
    r" got| has| had| holds?| held| receiv\w+| as| in| at| with| scor\w+| the| an?| its| clear(?:ly)?| easily| again|"
    r" out| up| to be| by| here| also| still| \(?\d[\d.]* ?%\)?| reach\w*| which| stands?| sits?| lies?)*[ \-]?"
)
_VERB = re.compile(r"(?:leads?|wins?|tops|scores?|scored|scoring|comes?|came|is|placed|ranks?|ranked|at|on)(?!\w)")


_ANY_OTHER = re.compile(r" (?:than |of )?(?:any|all|every|the) (?:other|rest)")
_CHOSEN = re.compile(
    r"(?:the|its|model's|network's) (?:answer|choice|verdict|decision|pick|favou?rite)s? (?:is|was)(?! not)|"
    r"what (?:the model|the network|it) (?:favou?rs|prefers|chose|chooses|picks|picked|settles on|decided on)"
)
_TO = re.compile(r"(?: the| an?| class| label| answer| option)*[ \"'“]+")
_WAS = re.compile(r"[\"'”]? (?:is|was|were|has been|isn't|wasn't)(?: not| never| \w+ly)? ")
_OVER = re.compile(r"[\"'”]?,? (?:over|to|above|rather|more|less)(?!\w)")


@dataclass(frozen=True)
class Standing:
    """What the cited findings say of the classes' order.

    Attributes:
        ranks, values: class → rank and score.
        label: the class that the cited findings are about.
        count: how many classes there are.
        shares: whether a cited finding says which place has the largest share.
        written: words of cited findings that are texts; these may stand.
        voted: the class that most of the similar cases have, or None where no cited finding says so.
        independent: whether the classes do not exclude each other, so that they have no order at all.
    """

    ranks: Mapping[str, int]
    values: Mapping[str, float]
    label: str | None
    count: int
    shares: bool
    written: frozenset[str]
    voted: str | None = None
    independent: bool = False

    def ranked(self, text: Text, at: int) -> Mapping[str, int]:
        """Class → place in the order that the clause around a position speaks of: that of the votes, or of the scores."""
        clause = text.clause_text(at)
        if self.voted and _order("voters").search(clause) and not _order("scored").search(clause):
            return {self.voted: 1}
        return self.ranks


def misordered(
    text: Text, mentions: Sequence[ClassMention], standing: Standing, taken: Sequence[tuple[int, int]]
) -> str | None:
    """Why the order that a sentence gives the classes is not the measured one, or None.

    Args:
        taken: parts of the text that are already explained.
    """
    own = [one for one in mentions if one.label]
    for name, rank in (("top", 1), ("next", 2), ("last", standing.count)):
        for span in text.find(_order(name)):
            if span.value in standing.written or _inside(span, taken) or hypothetical(text.low, span.start):
                continue
            if _OPEN.search(text.low[: span.start]):
                continue
            if reason := _misplaced(text, mentions, own, standing, span, name, rank):
                return reason
    if standing.independent:
        return _likened(text, own)
    return _mispicked(text, own, standing) or _miscompared(text, own, standing, taken)


def _likened(text: Text, own: Sequence[ClassMention]) -> str | None:
    """Why independent findings are set in an order or chosen among, or None."""
    for name in ("up", "down"):
        for span in text.find(_order(name)):
            after = next((one for one in own if one.start >= span.end), None)
            linked = after and _LINK.fullmatch(text.low[span.end : after.start])
            if linked or _ANY_OTHER.match(text.low, span.end):
                return f"Independent findings are not compared with each other. (“{span.value}”)"
    for one in own:
        before = (span for span in text.find(_order("picks")) if _TO.fullmatch(text.low, span.end, one.start))
        after_it = (span for span in text.find(_order("picked")) if _WAS.fullmatch(text.low, one.end, span.start))
        for span in (*before, *after_it):
            return f"The model does not choose among independent findings. (“{span.value}”)"
    if own and (chosen := _CHOSEN.search(text.low)):
        return f"The model does not choose among independent findings. (“{chosen.group().strip()}”)"
    return None


def _mispicked(text: Text, own: Sequence[ClassMention], standing: Standing) -> str | None:
    """Why the class that the model is said to favour or to have chosen is not that with the highest score, or None."""
    for one in own:
        if one.label is None or (one.label not in standing.ranks and 1 not in standing.ranks.values()):
            continue
        before = [span for span in text.find(_order("picks")) if _TO.fullmatch(text.low, span.end, one.start)]
        after = [span for span in text.find(_order("picked")) if _WAS.fullmatch(text.low, one.end, span.start)]
        if any(_OVER.match(text.low, one.end) for _ in before) or not (before or after):
            continue
        span = [*before, *after][-1]
        if text.polarity(span.start, span.end) is (standing.ranked(text, span.start).get(one.label) != 1):
            return f"The order of the scores is another. (“{span.value}”)"
    return None


def _misplaced(
    text: Text,
    mentions: Sequence[ClassMention],
    own: Sequence[ClassMention],
    standing: Standing,
    span: Span,
    name: str,
    rank: int,
) -> str | None:
    """Why the class that a word about order belongs to has another place, or None."""
    ranks, label = standing.ranked(text, span.start), standing.label
    if standing.shares and _order("share").search(text.clause_text(span.start)):
        return f"The largest share was measured, not the smallest. (“{span.value}”)" if name == "last" else None
    if not ranks:
        unordered = name == "next" and not standing.independent
        if (standing.shares and name == "top") or unordered or not (mentions or "score" in text.low):
            return None
        return f"No cited finding ranks the classes. (“{span.value}”)"
    if name == "top" and _CONDITION.match(text.low, span.start):
        return None
    if name == "last" and _unknown(text, span, ranks, rank):
        return f"The order of the scores is another, or no cited finding says which is the lowest. (“{span.value}”)"
    if _OBJECT.search(text.low[: span.start]) or _MENTIONED.search(text.low[: span.start]):
        return None
    if (name == "next" or span.value.startswith("last")) and not any(
        text.same_clause(one.start, span.start) or 0 <= one.start - span.end <= 3 for one in own
    ):
        return None
    who = _owner(text, own, span)
    if who is None:
        right = rank in ranks.values() and (label is None or ranks.get(label) in (rank, None) or len(ranks) > 1)
    else:
        right = ranks.get(who) == rank or (who not in ranks and rank not in ranks.values())
    said = text.polarity(span.start, span.end, far=_FAR)
    return f"The order of the scores is another. (“{span.value}”)" if said is (not right) else None


def _unknown(text: Text, span: Span, ranks: Mapping[str, int], rank: int) -> bool:
    """Whether a score is called the lowest although the cited findings do not go down so far."""
    known = rank in ranks.values() or len(set(ranks.values())) >= rank - 1
    return not known and _LAST.match(span.value) is not None and "scor" in text.clause_text(span.start)


def _owner(text: Text, mentions: Sequence[ClassMention], span: Span) -> str | None:
    """The class that a word about order belongs to: joined to it, else the nearest in its clause, else the last before."""
    after = next((one for one in mentions if one.start >= span.end), None)
    verb = _VERB.match(span.value) is not None
    if after and not verb and _APPOSED.fullmatch(text.low, span.end, after.start):
        return after.label
    before = [one for one in mentions if one.end <= span.start]
    if before and _PREDICATED.fullmatch(text.low, before[-1].end, span.start):
        return before[-1].label
    inside = [one for one in mentions if text.same_clause(one.start, span.start)]
    if inside:
        return min(inside, key=lambda one: max(one.start - span.end, span.start - one.end)).label
    return before[-1].label if before else None


def _miscompared(
    text: Text, own: Sequence[ClassMention], standing: Standing, taken: Sequence[tuple[int, int]]
) -> str | None:
    values = standing.values
    if len(values) < 2:
        return None
    for name in ("up", "down"):
        for span in text.find(_order(name)):
            if _inside(span, taken) or (span.value in _LOOSE and not _measuring(text.low, span)):
                continue
            if standing.shares and span.value in _LOOSE and _order("share").search(text.clause_text(span.start)):
                continue
            if _NEEDED.search(text.low, max(0, span.start - 30), span.start):
                continue
            if _OPEN.search(text.low[: span.start]):
                continue
            up = (name == "up") != bool(_RIGHT_BEFORE.search(text.low[: span.start]))
            if span.value.endswith("ed") and _PASSIVE.search(text.low[: span.start]):
                up = not up
            who, up = _higher(text, own, values, span, up)
            if who is not None and who in values:
                others = [value for one, value in values.items() if one != who]
                if up != (values[who] > min(others)):
                    return f"The scores compare the other way round. (“{span.value}”)"
    return None


def _higher(
    text: Text, own: Sequence[ClassMention], values: Mapping[str, float], span: Span, up: bool
) -> tuple[str | None, bool]:
    """The class that a comparing word speaks of, and whether it is said to be the higher one."""
    after = next((one for one in own if one.start >= span.end), None)
    if after and _LINK.fullmatch(text.low[span.end : after.start]):
        return after.label, not up
    if re.match(r"[\s\-]*(?:it|that|this|them)(?!\w)", text.low[span.end :]):
        return None, up
    if rival := _RIVAL.match(text.low, span.end):
        return (max if rival.group("first") else min)(values, key=lambda one: values[one]), not up
    earlier = next((one.label for one in reversed(own) if one.end <= span.start), None)
    if earlier in values and len(values) == 2 and _OTHERS.search(text.low[: span.start]):
        return next(one for one in values if one != earlier), up
    before = [one for one in own if one.end <= span.start and not _BESIDES.search(text.low[: one.start])]
    if before and not _REST.search(text.low, before[-1].end, span.start):
        return before[-1].label, up
    if _order("runner").search(text.low, 0, span.start):
        return min(values, key=lambda one: values[one]), up
    if _order("leader").search(text.low, 0, span.start):
        return max(values, key=lambda one: values[one]), up
    return None, up


def _measuring(low: str, span: Span) -> bool:
    """Whether "more" and the like compare amounts: "more than", "6 points less", "scores better"."""
    before, after = low[max(0, span.start - 16) : span.start], low[span.end : span.end + 12]
    if span.value in ("better", "worse"):
        return bool(re.search(r"(?:scor\w+|do|does|did|far(?:es?|ed)|well|rank\w*) $", before) or after[:5] == " than")
    return bool(
        re.search(r"(?:points?|%|much|far|scor\w+|well|lies|is|sits|stands|ranks?) $", before)
        or re.match(r" (?:than|points)", after)
    )


def _inside(span: Span, taken: Sequence[tuple[int, int]]) -> bool:
    return any(start <= span.start < end for start, end in taken)


@lru_cache
def _order(name: str) -> re.Pattern[str]:
    return words(table("claims")["order"][name])

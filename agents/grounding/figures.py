"""Numbers of a sentence against the numbers of the findings that it cites."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from agents.grounding.compare import reversed_pair
from agents.grounding.entities import ClassMention
from agents.grounding.facts import Fact
from agents.grounding.fitting import fits
from agents.grounding.lexicon import Lexicon
from agents.grounding.numbers import Quantity
from agents.grounding.text import Span, Text

_CONFUSED = (
    frozenset({"accuracy", "recall"}),
    frozenset({"area", "share"}),
    frozenset({"recall", "missed"}),
    frozenset({"accuracy", "majority"}),
    frozenset({"caught", "false"}),
)  # roles told apart by the words beside them
_AROUND = {
    "chance": 40,
    "half": 40,
    "confidence": 40,
    "sum": 60,
    "rest": 90,
    "rest loosely": 90,
    "sum loosely": 60,
    "missed": 90,
    "ratio": 90,
    "difference": 60,
    "interval": 120,
    "majority": 60,
    "patch": 60,
    "random": 60,
}
_BEFORE = {"even": 25, "floor": 25, "bound": 25, "false": 25}  # the same, before the number only
# characters around a number in which words outside of its clause may explain it
_NEEDED = re.compile(r",? (?:is|was|would be|being|are) (?:needed|required|necessary)(?!\w)")
_NEEDS = re.compile(r"(?<!\w)(?:needed|required|necessary|needs|requires)(?: (?:a |the )?cosine)?(?: of| is|:)? $")
_OF_CASES = frozenset({"votes", "patches", "voters", "total", "rank", "images"})
_CALLED = re.compile(r"(?: of (?:them|these|those))? (?:\w+ )?(?:are |were |is |was )?(?:called|voted)(?!\w)")
_NONE_OF = re.compile(
    r"(?<!\w)(?:none|all|each|any) (?:of )?(?:the |these |those )?$"
    r"|(?<!\w)of (?:the )?\d+ (?:\w+ )?(?:patches|cases|neighbours)[^.;,]{0,50}, (?:the |only )?$"
)
_LIMITS = frozenset({"bound", "confidence"})  # numbers that nobody rounds to "one of five"
_CONDITION = re.compile(
    r"(?<!\w)(?:an?|whose|their) (?:highest|top|best) scores?(?: (?:was|is|were|of|that was|which was))? ?$"
)
_OTHERS = re.compile(r"(?:other|remaining) $")
_OTHERS_AFTER = re.compile(r" (?:other|remaining) ")
_OF_IMAGE = re.compile(
    r" of (?:the|its|their|all)(?: \w+)? (?:image|picture|weight|area|film|tile|map|attention)(?!\w)"
)
_PAGES = re.compile(
    r"pages?(?!\w).*(?<!\w)(?:not|[a-z]+n't|un(?:read|seen|used|touched)|never|left out|ignored|skipped|more)(?!\w)"
)
_NAMED = frozenset({"methods", "pages", "parts", "images", "classes", "groups", "slides"})
_ARITHMETIC = re.compile(r"(?<!\w)(?:subtract\w*|minus|divid\w+|ratio|quotient|take|deduct\w*|difference)(?!\w)")
_SET_AGAINST = re.compile(r"(?:against|versus|vs\.?|compared (?:with|to)) (?:the )?$")
_OF_ANOTHER = re.compile(
    r" (?:of|for) (?:the |its )?(?:nearest |closest )?(?:runner|second|next|other|rival|winner|leader|first|top|favourite)"
)
_JOINS = ("for", "to", "goes to", "went to", "in favour of", "on", "from", "by")


def unsupported(
    text: Text,
    told: Sequence[Quantity],
    facts: Sequence[Fact],
    lexicon: Lexicon,
    classes: Sequence[ClassMention],
    methods: Sequence[Span],
) -> str | None:
    """Why some number of a sentence is not one of the cited findings, or belongs to something else, or None."""
    matched: list[tuple[Quantity, list[Fact]]] = []
    rounded: list[Quantity] = []
    ranged = any(fact.role == "low" for fact in facts)
    voters = {fact.value for fact in facts if fact.role == "voters"}
    slides = any(fact.role == "slides" for fact in facts)
    for one in told:
        if one.role in ("low", "high") and not ranged:
            one = replace(one, role="")
        if one.role == "slides" and not slides:
            one = replace(one, role="images")
        if _idle(one, text):
            continue
        if one.unit == "points" and _OF_IMAGE.match(text.low, one.end):
            return f"“{_shown(text, one)}” of something is a share, not a difference."
        cues = roles(text, one, lexicon)
        found = [fact for more in _wholes(one, text, facts) for fact in facts if fits(more, fact, cues=cues)]
        counted = bool(voters) and _of_cases(text, one, cues)
        if one.whole in voters:  # "7 of 10" cases is no score that happens to be near
            found = [fact for fact in found if fact.role in ("votes", "rest", "members")]
        else:
            found = [fact for fact in found if fact.role not in (_LIMITS if one.whole else {"members"})]
            found = [fact for fact in found if not counted or fact.role in _OF_CASES]
        if _unfit(text, one, facts, found):
            return f"“{_shown(text, one)}” is not the limit that the cited finding names."
        if not found and one.unit == "%" and one.mode != "exact" and one.whole not in voters and not counted:
            rounded.append(one)
        elif not found:
            return f"“{_shown(text, one)}” is not a number of the cited findings."
        for pair in _CONFUSED:
            meant = roles(text, one, lexicon, near=False) & pair
            if len(meant) == 1 and cues & pair == meant and {fact.role for fact in found} <= pair - meant:
                return f"“{_shown(text, one)}” is not the {next(iter(meant))} that was measured."
        if found:
            matched.append((one, found))
    exact = [
        Fact(one.value, "%", "told")
        for one, found in matched
        if one.unit == "%" and one.mode == "exact" and {fact.role for fact in found} - _LIMITS
    ]
    if loose := next((one for one in rounded if not any(fits(one, fact) for fact in exact)), None):
        return f"“{_shown(text, loose)}” is not a number of the cited findings."
    if wrong_way := reversed_pair(text, [one for one, _ in matched], facts):
        return wrong_way
    titles = {label: label for label in (one.label for one in classes) if label}
    by_class = [(one.start, one.end, one.label) for one in classes if one.label]
    by_method = [(one.start, one.end, one.value) for one in methods if one.value not in ("other", "plural")]
    own = [
        (one, {fact.label for fact in found})
        for one, found in matched
        if all(f.role in ("score", "recall", "votes") for f in found)
    ]
    if (wrong := _misbound(text, own, by_class)) and titles:
        return f"“{_shown(text, wrong)}” belongs to another class."
    own = [(one, {fact.method for fact in found}) for one, found in matched if all(f.method for f in found)]
    if wrong := _misbound(text, own, by_method):
        return f"“{_shown(text, wrong)}” belongs to another method."
    if any(one.value == "plural" and one.end - one.start > 3 for one in methods) and not by_method:
        shares = [one for one, found in matched if one.unit == "%" and found[0].role == "share"]
        for one in shares if len(shares) == 1 else ():
            if not _all_methods(one, facts):
                return f"“{_shown(text, one)}” is not the share of both methods."
    return None


def _unfit(text: Text, one: Quantity, facts: Sequence[Fact], found: Sequence[Fact]) -> bool:
    """Whether a number that is named as a limit ("a highest score under 90 %", "0.547 is needed") is another."""
    roles_of = {fact.role for fact in found}
    if roles_of == {"cosine"}:
        return bool(_NEEDED.match(text.low, one.end) or _NEEDS.search(text.low, 0, one.start))
    if one.mode not in ("over", "under") or not _CONDITION.search(text.low, 0, one.start):
        return False
    bounds = {fact.value for fact in facts if fact.role == "bound"}
    return bool(bounds) and not (one.unit == "%" and one.value in bounds)


def _of_cases(text: Text, one: Quantity, cues: frozenset[str]) -> bool:
    """Whether a bare number, or a part of a whole, counts the cases, classes or patches that were asked."""
    if one.whole:
        return _CALLED.match(text.low, one.end) is not None
    bare = not one.unit and not one.role and one.step >= 1
    return bare and ("voters" in cues or _NONE_OF.search(text.low, 0, one.start) is not None)


def _idle(one: Quantity, text: Text) -> bool:
    """Whether a number word counts nothing that is measured: "one of them", "the two"."""
    if one.spelt and not one.unit and not one.role and one.value <= 10 and one.mode in ("exact", "about"):
        return True
    return (one.spelt and one.role in _NAMED and one.value <= 2) or (one.spelt and one.value == 1 and not one.unit)


def _wholes(one: Quantity, text: Text, facts: Sequence[Fact]) -> list[Quantity]:
    """A count as it is, or the whole that it is a part of: "the other four classes" of five."""
    others = _OTHERS.search(text.low[: one.start]) or _OTHERS_AFTER.match(text.low, one.end)
    if one.role in ("classes", "parts", "total", "pages") and others:
        named = len({fact.label for fact in facts if fact.role == "score"}) if one.role == "classes" else 1
        return [replace(one, value=one.value + more) for more in {1, max(named, 1)}]
    if one.role in ("pages", "rank") and _PAGES.search(text.clause_text(one.start)):
        return [one, replace(one, value=one.value + 1)]  # "two pages were not read" of three
    return [one]


def _shown(text: Text, one: Quantity) -> str:
    return text.low[one.start : one.end].strip()


def roles(text: Text, one: Quantity, lexicon: Lexicon, *, near: bool = True) -> frozenset[str]:
    """What the words around a number say that it measures, in its clause alone or also near it."""
    clause = text.clause(one.start)
    found = {
        "missed" if role == "recall" and text.negated(span.start) else role
        for role, pattern in lexicon.cues.items()
        for span in text.find(pattern)
        if text.clause(span.start) == clause
        or (near and abs(span.start - one.end) < _AROUND.get(role, 0))
        or (near and 0 <= one.start - span.end < _BEFORE.get(role, 0))
    }
    follows = lexicon.cues.get("relative")
    if "relative" in found and not (follows and follows.match(text.low, one.end + 1)):
        found.discard("relative")  # "an eighth of the 50 %"
    return frozenset(found)


def _all_methods(one: Quantity, facts: Sequence[Fact]) -> bool:
    return all(fits(one, fact) for fact in facts if fact.role == "share")


def _misbound(
    text: Text, numbers: Sequence[tuple[Quantity, set[str | None]]], named: Sequence[tuple[int, int, str | None]]
) -> Quantity | None:
    """The first number that stands with a name that is not its own."""
    if not numbers or not named:
        return None
    distinct = list(dict.fromkeys(name for _, _, name in named))
    listed = len(numbers) == len(named) == len(distinct) > 1 and max(end for _, end, _ in named) <= min(
        one.start for one, _ in numbers
    )
    if listed:  # "A beats B, 47 % to 41 %"
        return next((one for (one, owners), name in zip(numbers, distinct, strict=True) if name not in owners), None)
    loose, given = [], set()
    for one, owners in numbers:
        bound = _beside(text, one, named)
        given.add(bound)
        if bound is None:
            loose.append((one, owners))
        elif bound not in owners:
            return one
    if loose and _ARITHMETIC.search(text.low):
        return None
    if len(loose) == len(numbers) == len(named) == len(distinct) > 1:
        return next((one for (one, owners), name in zip(loose, distinct, strict=True) if name not in owners), None)
    for one, owners in loose:
        if _SET_AGAINST.search(text.low[: one.start]):
            continue
        before = [name for start, _, name in named if start < one.start and text.same_clause(start, one.start)]
        after = [name for start, _, name in named if start > one.start and text.same_clause(start, one.start)]
        near = {*before[-1:], *after[:1]} - given
        if near and not near & owners:
            return one
    return None


def _beside(text: Text, one: Quantity, named: Sequence[tuple[int, int, str | None]]) -> str | None:
    """The name right before a number ("SHAP, with 57 %"), or joined to it from behind ("57 % for SHAP")."""
    if _OF_ANOTHER.match(text.low, one.end):
        return None
    for start, _, name in named:
        if start >= one.end:
            joint = text.low[one.end : start]
            if joint.strip(" ,(") in _JOINS and not (joint.startswith(",") and joint.endswith("from ")):
                return name
            break
    for start, end, name in reversed(named):
        if end <= one.start:
            between = text.low[end : one.start].replace("'s", " ").split()
            compared = re.search(r"(?:than|over|behind|above|below|from|to|of|and|for) (?:the )?$", text.low[:start])
            if compared and re.search(r"[,:;]", text.low[end : one.start]):
                return None
            if len(between) <= 2 and not set(between) & {
                "and",
                "or",
                "versus",
                "vs",
                "than",
                "behind",
                "over",
                "against",
                "compared",
                "to",
                "next",
                "second",
                "other",
            }:
                return name
            break
    return None


def known_measures(
    text: Text, facts: Sequence[Fact], statement_words: frozenset[str], lexicon: Lexicon, excused: frozenset[str]
) -> str | None:
    """Why a figure of merit is named that no cited finding states, or None."""
    stated: Mapping[str, bool] = {fact.role: True for fact in facts}
    for role, pattern in lexicon.measures.items():
        for span in text.find(pattern):
            if role in excused or (role == "none" and text.negated(span.start)):
                continue
            if role not in stated and not set(span.value.split()) <= statement_words:
                return f"No cited finding states “{span.value}”."
    return None

"""What no finding can support: advice, urgency, history, diseases and anatomy from nowhere, certainty, diagnoses."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from agents.grounding.lexicon import table
from agents.grounding.text import Text, words

_STOP = re.compile(
    r"(?<!\w)(?:but|yet|although|though|while|so|meaning|therefore|thus|hence|because)(?!\w)|[.;:]\s|,(?! (?:n?or|not) )"
)
_SEEMS = re.compile(
    r"(?P<though>(?<!\w)(?:although|though|while|however|even if|as much as)(?!\w)[^,;.]*?)?"
    r"(?<!\w)(?:sound|look|seem|appear|feel)(?:s|ed|ing)?(?: to be| like| as if)?(?: \w+){0,2} $"
)
_AGAINST = re.compile(r"(?<!\w)(?:but|yet|although|though|however|still|nevertheless)(?!\w)")
_UTTERLY = re.compile(
    r"(?P<denied>(?<!\w)(?:cannot|can not|nothing|nobody|none|[a-z]+n't)(?: [\w']+){0,3} )?"
    r"(?<!\w)with (?:absolute|complete|total|full|utter|great) $"
)  # an earlier "not" does not deny "with absolute certainty"
_OUTER_REACH = 90


@dataclass(frozen=True)
class Limit:
    """Words that may not stand (``banned``), or only where they are denied."""

    name: str
    reason: str
    pattern: re.Pattern[str]
    denied: bool
    unless: re.Pattern[str] | None
    after: re.Pattern[str] | None
    before: re.Pattern[str] | None
    seeming: bool


def broken(
    text: Text, known: frozenset[str], class_words: frozenset[str], written: frozenset[str] = frozenset()
) -> str | None:
    """Why a sentence says what no finding can support, or None.

    Args:
        written: words of cited findings that are texts; these may stand undenied.
        known: words of the cited findings and of the classes that they name; these may stand.
        class_words: words that name classes of the model.
    """
    low = _without(text.low, _phrases("ok"))
    if may_discuss(low):
        low = _without(_without(low, _phrases("discuss")), _phrases("discuss", "who"))
    if reason := _modal(low):
        return reason
    for limit in _limits(class_words):
        for match in limit.pattern.finditer(low):
            if limit.denied:
                if limit.before and limit.before.search(low, max(0, match.start() - 30), match.start()):
                    continue
                if limit.unless and limit.unless.search(text.clause_text(match.start())):
                    continue
                if limit.seeming and _only_seems(low, match):
                    continue
                if limit.after and limit.after.search(low, match.end(), match.end() + 60):
                    continue
                if not _is_denied(text, match.start()) and not _words_of(match.group()) <= written:
                    return f"{limit.reason} (“{match.group().strip()}”)"
            elif not {word if word in known else word.removesuffix("s") for word in _words_of(match.group())} <= known:
                return f"{limit.reason} (“{match.group().strip()}”)"
    return None


def may_discuss(low: str) -> bool:
    """Whether a sentence sends the reader to a clinician to talk, the only advice that may be given."""
    return bool(_phrases("discuss").search(low) and _phrases("discuss", "who").search(low))


def disclaims(low: str) -> bool:
    """Whether a sentence says what the reading does not tell."""
    return _phrases("outer").search(low) is not None


def _only_seems(low: str, match: re.Match[str]) -> bool:
    """Whether it is said how something looks only to set something against it: "sounds certain, but …"."""
    seems = _SEEMS.search(low[: match.start()])
    return seems is not None and (seems["though"] is not None or _AGAINST.search(low, match.end()) is not None)


def _is_denied(text: Text, at: int) -> bool:
    if utterly := _UTTERLY.search(text.low, 0, at):
        return utterly["denied"] is not None
    if text.negated(at):
        return True
    start = max(0, at - _OUTER_REACH)
    stops = [match.end() for match in _STOP.finditer(text.low, start, at)]
    return _phrases("outer").search(text.low, stops[-1] if stops else start, at) is not None


def _modal(low: str) -> str | None:
    """Why somebody is told to do what only a clinician may advise, or None."""
    for match in _phrases("modal").finditer(low):
        filled = _fillers().match(low, match.end())
        if _phrases("modal", "acts").match(low, filled.end() if filled else match.end()):
            return f"It tells someone what to do; nothing may be advised beyond a talk with a clinician. (“{match.group()}”)"
    return None


@lru_cache
def _fillers() -> re.Pattern[str]:
    """Words that may stand between a modal verb and the act that it is about."""
    return re.compile(r"(?:(?:n't|[ ,]+(?:" + "|".join(table("limits")["modal"]["filler"]) + r")(?!\w))*)[ ,]*")


def _words_of(phrase: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W\d_]+", phrase))


def _without(low: str, pattern: re.Pattern[str]) -> str:
    """The text with the matches blanked, every other character in its place."""
    return pattern.sub(lambda match: " " * len(match.group()), low)


@lru_cache
def _phrases(name: str, key: str = "words") -> re.Pattern[str]:
    return words(table("limits")[name][key])


@lru_cache
def _limits(class_words: frozenset[str]) -> tuple[Limit, ...]:
    return tuple(_compiled(class_words))


def _compiled(class_words: frozenset[str]) -> Iterator[Limit]:
    names = "(?:" + "|".join(sorted(map(re.escape, class_words), key=len, reverse=True)) + ")"
    for group in ("banned", "denied"):
        for name, data in table("limits")[group].items():
            unless = words(data["unless"]) if "unless" in data else None
            pattern = words([one.replace("(?=CLASS)", names) for one in data["words"]])
            yield Limit(
                name,
                data["reason"],
                pattern,
                group == "denied",
                unless,
                words(data["after"]) if "after" in data else None,
                words(data["before"]) if "before" in data else None,
                data.get("seeming", False),
            )

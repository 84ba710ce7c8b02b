"""What a model is not made for, as its card says, against what a sentence says that it is for."""

import re
from collections.abc import Iterator, Sequence

from agents.grounding.lexicon import table
from agents.grounding.text import Span, Text, words
from diagnosis.findings import Finding

_FOR = re.compile(
    r"(?<!\w)(?:made|meant|built|intended|designed|developed|suited|suitable|fit|usable|used|serves?|works?)"
    r"(?: (?:only|just|mainly|also|both))? (?:for|to)(?!\w)"
)
_UNLIKE = re.compile(
    r"(?<!\w)(?:than|unlike|outside|beyond|images?|films?|tiles?|kinds?|sorts?|types?|those|ones?)(?: (?:of )?(?:that|which|what))?"
    r"(?: (?:it|they|(?:the|this) model|[\w-]+))? (?:is|was|were|are)(?: \w+)? $"
)  # "of another kind than the model was made for" says nothing of a use
_THEN = re.compile(r"(?<!\w)(?:so|therefore|thus|hence|meaning|which means|which is why)(?! (?:far|that))(?!\w)")
_ALSO = re.compile(r"(?:,|(?<!\w)and|(?<!\w)or) (?:and |or )?(?:also |even )?(?:for|to) [^,.;:]*")
_JOINT = re.compile(
    r"[.;:](?:\s|$)|,(?= (?:it|they|the model|the network|not|nor)(?!\w))|\s–\s|[()]|(?<!\w)(?:but|yet|although|though|while|whereas|however|so"
    r"|and(?= (?:it|they|the model|the network|not|(?:\w+ )?(?:is|are|can|may|could))(?!\w)))(?!\w)"
)
_LIMITED = re.compile(r" other than [^;,.]*")  # "any finding other than the three classes" refuses no class


def mistaken(text: Text, cited: Sequence[Finding]) -> str | None:
    """Why the model is said to be for what its card says that it is not made for, or None."""
    if not any(_refuses(one) for one in cited):
        return None
    own = refused(cited)
    for span in text.find(_FOR):
        affirmed = text.polarity(span.start, span.end) and not _UNLIKE.search(text.low[: span.start])
        if affirmed and _names(_scope(text, span), own):
            return _reason(span.value)
    if all(map(_refuses, cited)) and not _phrases("denying").search(text.low):
        return _reason(text.low.rstrip("."))
    undenied = all("aspect" in one.facts for one in cited) and _undenied(text.low, own)
    return _reason(undenied) if undenied else None


def _scope(text: Text, span: Span) -> str:
    """What a sentence says that something is made for: its clause, or the next after a colon, and "… and for …"."""
    denied = _phrases("denying").search(text.low, span.end)
    also = _ALSO.findall(text.low, span.end, denied.start() if denied else len(text.low))
    return " ".join((text.clause_text(span.start), text.clause_text(span.end), *also))


def _undenied(low: str, own: frozenset[str]) -> str:
    """The first part of a sentence that says something of a refused use and does not deny it, or nothing.

    A part without a verb of its own ("…; adults; CT slices") goes with the denial before or after it.
    """
    parts = (part.strip(" ,;.") for part in _JOINT.split(low))
    return next((one for one in parts if _names(one, own) and _tells(one)), "")


def _tells(part: str) -> bool:
    """Whether a part of a sentence says something, and neither supposes nor denies it."""
    if _phrases("supposing").match(part) or _phrases("denying").search(part):
        return False
    return _phrases("verb").search(part) is not None


def refused(cited: Sequence[Finding]) -> frozenset[str]:
    """Words of what a model is not made for, which no other cited finding has but the gate's warning."""
    own = (_LIMITED.sub("", str(one.facts["text"])) for one in cited if _refuses(one))
    others = (one.statement for one in cited if not _refuses(one) and one.kind != "gate")
    return _words(" ".join(own)) - _words(" ".join(others)) - frozenset(table("purpose")["small"]["words"])


def conclusions(text: Text) -> Iterator[Text]:
    """What a sentence goes on to conclude ("…, so no treatment is needed"), where it no longer tells of a use."""
    for match in _THEN.finditer(text.low):
        rest = text.low[match.end() :]
        if not _FOR.search(rest):
            yield Text(rest, text.breaks, text.negators)


def _refuses(finding: Finding) -> bool:
    return finding.facts.get("aspect") == "Not made for"


def _names(text: str, own: frozenset[str]) -> bool:
    """Whether a text has one of some words, in the singular or the plural."""
    singular = {word.removesuffix("s") for word in own}
    return any(word.removesuffix("s") in singular for word in _words(text))


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W\d_]+", text.lower()))


def _reason(said: str) -> str:
    return f"The cited finding says what the model is not made for. (“{said}”)"


def _phrases(name: str) -> re.Pattern[str]:
    return words(table("purpose")[name]["words"])

"""What a model is not made for, as its card says, against what a sentence says that it is for."""

import re
from collections.abc import Iterator, Sequence

from agents.grounding.text import Text
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


def mistaken(text: Text, cited: Sequence[Finding]) -> str | None:
    """Why the model is said to be for what its card says that it is not made for, or None."""
    if not any(_refuses(one) for one in cited):
        return None
    for span in text.find(_FOR):
        if not _UNLIKE.search(text.low[: span.start]) and text.polarity(span.start, span.end):
            return f"The cited finding says what the model is not made for. (“{span.value}”)"
    return None


def refused(cited: Sequence[Finding]) -> frozenset[str]:
    """Words of what a model is not made for, which no other cited finding has."""
    own, others = (_words(one for one in cited if _refuses(one) is refuses) for refuses in (True, False))
    return own - others


def conclusions(text: Text) -> Iterator[Text]:
    """What a sentence goes on to conclude ("…, so no treatment is needed"), where it no longer tells of a use."""
    for match in _THEN.finditer(text.low):
        rest = text.low[match.end() :]
        if not _FOR.search(rest):
            yield Text(rest, text.breaks, text.negators)


def _refuses(finding: Finding) -> bool:
    return finding.facts.get("aspect") == "Not made for"


def _words(findings: Iterator[Finding]) -> frozenset[str]:
    return frozenset(word for one in findings for word in re.findall(r"[^\W\d_]+", one.statement.lower()))

"""What a model is not made for, as its card says, against what a sentence says that it is for."""

import re
from collections.abc import Iterator, Sequence

from agents.grounding.denial import denial, denies, names, phrases, split
from agents.grounding.lexicon import table
from agents.grounding.text import Span, Text
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
_VERB = table("purpose")["verb"]["words"]
_JOINT = re.compile(
    r"[.;:](?:\s|$)|,(?= (?:it|they|the model|the network|not|nor|never|only)(?!\w))|\s–\s|[()]|(?<!\w)(?:(?<!nothing )(?<!anything )but|yet|although|though|while"
    rf"|whereas|however|so(?! (?:do|does|is|are|was|were)(?!\w))|and(?= (?:it|they|the model|the network|not|never|no|(?:\w+ )?(?:{'|'.join(_VERB)}|has|have|should|must))(?!\w)))(?!\w)"
)
_THEM = re.compile(
    r"(?<!\w)(?<!of )(?:them|(?:both|these|those)(?! \w+s(?!\w))|that(?= (?:well|fine|too|anyway|without)(?!\w)|$))(?!\w)"
)
_LINKS = frozenset(table("purpose")["small"]["words"]) - {"other"}
_LIMITED = re.compile(r" other than [^;,.]*")  # "any finding other than the three classes" refuses no class


def mistaken(text: Text, cited: Sequence[Finding], intended: str) -> str | None:
    """Why the model is said to be for what its card says that it is not made for, or None.

    Args:
        intended: what the model is made for, its classes included; these words are none of a use that is refused.
    """
    if not any(map(_refuses, cited)):
        return None
    own = refused(cited) - split(intended)
    for span in text.find(_FOR):
        affirmed = text.polarity(span.start, span.end) and not _UNLIKE.search(text.low[: span.start])
        if affirmed and names(_scope(text, span), own):
            return _reason(span.value)
    if not all("aspect" in one.facts for one in cited):
        return None
    parts = [part.strip(" ,;.") for part in _JOINT.split(text.low)]
    every = split(" ".join(_LIMITED.sub(" other", str(one.facts["text"])) for one in cited if _refuses(one)))
    every -= split(intended) | _LINKS
    if all(map(_refuses, cited)) and not any(denial(one, every) for one in parts):
        return _reason(text.low.rstrip("."))
    astray = next((found for one in parts if (found := _astray(one, own, every))), None)
    return _reason(astray) if astray else None


def _scope(text: Text, span: Span) -> str:
    """What a sentence says that something is made for: its clause, or the next after a colon, and "… and for …"."""
    denied = phrases("denying", "refusing").search(text.low, span.end)
    also = _ALSO.findall(text.low, span.end, denied.start() if denied else len(text.low))
    return " ".join((text.clause_text(span.start), text.clause_text(span.end), *also))


def _astray(part: str, own: frozenset[str], every: frozenset[str]) -> str:
    """What a part of a sentence says of a refused use and does not deny, or denies though no finding does, or nothing.

    A part without a verb of its own ("…; adults; CT slices") goes with the denial before or after it.
    """
    if phrases("supposing").match(part):
        return ""
    if found := denial(part, every):
        return part if found.claims(own) else found.beside(every)
    told = phrases("verb").search(part) is not None or denies(part)
    return part if told and _speaks_of(part, own) else ""


def _speaks_of(part: str, own: frozenset[str]) -> bool:
    """Whether a part names a refused use, or says "them" of what is used."""
    return names(part, own) or (_THEM.search(part) is not None and phrases("use").search(part) is not None)


def refused(cited: Sequence[Finding]) -> frozenset[str]:
    """Words of what a model is not made for, which no other cited finding has but the gate's warning."""
    own = (_LIMITED.sub("", str(one.facts["text"])) for one in cited if _refuses(one))
    others = (one.statement for one in cited if not _refuses(one) and one.kind != "gate")
    return split(" ".join(own)) - split(" ".join(others)) - frozenset(table("purpose")["small"]["words"])


def conclusions(text: Text) -> Iterator[Text]:
    """What a sentence goes on to conclude ("…, so no treatment is needed"), where it no longer tells of a use."""
    for match in _THEN.finditer(text.low):
        rest = text.low[match.end() :]
        if not _FOR.search(rest):
            yield Text(rest, text.breaks, text.negators)


def _refuses(finding: Finding) -> bool:
    return finding.facts.get("aspect") == "Not made for"


def _reason(said: str) -> str:
    return f"The cited finding says what the model is not made for. (“{said}”)"

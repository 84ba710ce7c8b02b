"""The measured limits that stand in every explanation, and whether words tell them."""

import re
from collections.abc import Iterable, Iterator

from agents.types import Sentence
from diagnosis.findings import Finding
from diagnosis.reading import Reading

# Kind → what it limits: one finding of each must be told. Kinds of one name tell the same in two ways; the one that
# comes last in a reading is the one that is added.
LIMITS: dict[str, str] = {
    "gate": "gate",
    "shortcut": "shortcut",
    "zones_uncertain": "zones",
    "badge": "badge",
    "methods_overlap": "several",
    "turned": "turned",
    "crossed": "turned",
    "reached": "reached",
    "none_reached": "reached",
    "independent": "independent",
    "confidence_tier": "confidence",
    "confidence_unmeasured": "confidence",
    "conformal_empty": "conformal",
    "margin": "margin",
    "narrow_margin": "margin",
    "behind": "margin",
    "flat": "flat",
    "agreement": "agreement",
    "overlap": "agreement",
    "performance": "performance",
    "unmeasured": "performance",
    "modality": "modality",
    "colourless": "colourless",
    "caution": "caution",
    "performance_mixed": "mixed",
    "vote_conflict": "vote",
    "vote_missed": "vote",
    "no_vote": "vote",
}
FAITHFUL = "faithful"  # how the badge of such a map begins
SURE = "high"  # the tier that limits nothing
BY_NUMBER = frozenset({"margin", "performance"})  # limits that are not told without a figure
EACH = frozenset({"flat", "caution", "zones", "badge", "turned", "shortcut"})  # there may be several, and each is told
NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


def untold(reading: Reading, sentences: Iterable[Sentence]) -> list[Finding]:
    """The findings to be added so that every limit is told, in their order.

    A standing sentence tells a limit when it cites findings of that topic alone and, where the limit is a figure,
    contains one of the finding's.
    """
    standing = [sentence for sentence in sentences if sentence.struck is None]
    done = {_limit(one) for one in _limiting(reading) if any(_tells(sentence, one, reading) for sentence in standing)}
    missing = {_limit(one): one for one in _limiting(reading) if _limit(one) not in done}
    return list(missing.values())


def _limiting(reading: Reading) -> Iterator[Finding]:
    """The findings that limit; a map that stood its tests is no limit, and neither is high confidence."""
    return (one for one in reading.findings if one.kind in LIMITS and not _is_good(one))


def _is_good(finding: Finding) -> bool:
    return str(finding.facts.get("badge")).startswith(FAITHFUL) or finding.facts.get("tier") == SURE


def _limit(finding: Finding) -> str:
    name = LIMITS[finding.kind]
    return finding.id if name in EACH else name


def _tells(sentence: Sentence, finding: Finding, reading: Reading) -> bool:
    topics = {one.topic for one in reading.findings if one.id in sentence.cites}
    if finding.id not in sentence.cites or topics != {finding.topic}:
        return False
    figures = {finding.value, finding.facts.get("other_value")}
    if LIMITS[finding.kind] not in BY_NUMBER or figures == {None}:
        return True
    found = [float(number.replace(",", ".")) for number in NUMBER.findall(sentence.text)]
    return any(abs(number - figure) <= 0.5 for number in found for figure in figures if isinstance(figure, float))

"""Findings of a report that a second reading does not measure again, made anew by their templates.

What a record says is then what its template says of numbers and of words that the program knows, and no more: nobody
can put a sentence of their own into one.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from agents.names import places
from agents.report.measured import FindingRecord
from diagnosis.attribution import METHODS
from diagnosis.checks import REASONS
from diagnosis.findings import Finding, draft
from diagnosis.reading import Reading
from diagnosis.trusted import BADGE_WORDS, FILLINGS, REPEATED, VERDICTS

NOT = " and not "


def tests_as_recorded(recorded: Iterable[FindingRecord], reading: Reading) -> Iterator[Finding]:
    """The tests of a report's maps; those with a class, a method, a place or words that do not exist are left out."""
    for one in recorded:
        known = one.label in reading.card.label_names and (one.method is None or one.method in METHODS)
        if not known or (one.region and one.region not in places(reading.card)) or not _are_ours(one, reading):
            continue
        facts: dict[str, Any] = dict(one.facts)
        with suppress(KeyError, TypeError, ValueError):  # facts that are not those of its template
            yield draft(
                one.kind,
                one.topic,
                one.value,
                one.unit,
                label=one.label,
                method=one.method,
                region=one.region,
                interval=one.interval,
                **facts,
            )


def _are_ours(one: FindingRecord, reading: Reading) -> bool:
    """Whether every word of the facts is one that the program writes there."""
    titles = {label.title.lower() for label in reading.card.labels}
    methods = {method.title for method in METHODS.values()}
    written = {
        "badge": set(BADGE_WORDS.values()),
        "verdict": {*VERDICTS.values(), *REPEATED},
        "judged": set(VERDICTS),
        "filling": set(FILLINGS.values()),
        "other": titles | methods,
    }
    for name, value in one.facts.items():
        if not isinstance(value, str):
            continue
        if name == "title":
            fine = set(value.split(NOT)) <= titles
        elif name == "reasons":
            fine = not value or set(value.removeprefix(": ").split(", ")) <= set(REASONS)
        elif name == "what":
            fine = _is_place(value, reading)
        else:
            fine = value in written.get(name, set())
        if not fine:
            return False
    return True


def _is_place(what: str, reading: Reading) -> bool:
    """Whether words name what can be erased: a map's mark, a part of the image, a zone or a painted region."""
    if marked := re.fullmatch(r"what (.+) marks", what):
        return marked[1] in {method.title for method in METHODS.values()}
    if re.fullmatch(r"the painted region \d{1,3} % from the left and \d{1,3} % from the top", what):
        return True
    zones = reading.zones.zones if reading.zones else ()
    named = {f"the {place} of the image" for place in places(reading.card)} | {f"the {zone.name}" for zone in zones}
    return what in named

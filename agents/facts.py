"""The findings of a reading as JSON: what a language model is given, and all that it is given."""

import json
from typing import Any

from diagnosis.findings import Finding
from diagnosis.reading import Reading

DIGITS = {
    "%": 1,
    "percentage points": 1,
    "times": 1,
    "rank correlation": 2,
    "cases": 0,
    "findings": 0,
    "classes": 0,
    "cosine": 2,
}  # decimals of a value, as statements have them

INTERNAL = frozenset({"library"})  # facts of findings that no sentence tells


def facts_json(reading: Reading) -> str:
    """The classes and the ordered findings. No pixel, no digest, nothing about the file but what a finding says."""
    return json.dumps(
        {
            "task": reading.card.task,
            "classes": [label.title.lower() for label in reading.card.labels],
            "explained_class": reading.card.title_of(reading.label).lower(),
            "findings": [_fact(finding) for finding in reading.findings],
        },
        ensure_ascii=False,
        indent=1,
    )


def _fact(finding: Finding) -> dict[str, Any]:
    digits = DIGITS.get(finding.unit)
    known = {
        "id": finding.id,
        "kind": finding.kind,
        "topic": finding.topic,
        "statement": finding.statement,
        "value": _rounded(finding.value, digits),
        "unit": finding.unit,
        "interval": finding.interval and [_rounded(end, digits) for end in finding.interval],
        "method": finding.method,
        "region": finding.region,
        "facts": {name: _rounded(fact, 1) for name, fact in finding.facts.items() if name not in INTERNAL},
    }
    return {name: value for name, value in known.items() if value not in (None, "", {})}


def _rounded(value: Any, digits: int | None) -> Any:
    """A float as a statement prints it; ``digits`` None for one significant figure."""
    if not isinstance(value, float):
        return value
    return float(f"{value:.1g}") if digits is None else round(value, digits)

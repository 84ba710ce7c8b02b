"""A reading as JSON: the one record that the page, the command line and later readers share."""

import json
from dataclasses import asdict
from typing import Any

from diagnosis.attribution import AttributionMap
from diagnosis.cards import ModelCard
from diagnosis.findings import Finding
from diagnosis.notices import NOTICE
from diagnosis.places import shares
from diagnosis.reading import Reading
from diagnosis.study import Study

SCHEMA = "lightbox-reading/1"


def as_record(reading: Reading) -> dict[str, Any]:
    """A reading as plain values. Maps are told by their checks and shares, in percent; pixels are left out."""
    prediction, card = reading.prediction, reading.card
    return {
        "schema": SCHEMA,
        "notice": NOTICE,
        "model": prediction.model,
        "weights_sha256": card.weights.sha256 if card.weights else None,
        "study": _study(reading.study),
        "gate": reading.gate and asdict(reading.gate),
        "task": card.task,
        "labels": list(prediction.labels),
        "scores": [round(float(score), 6) for score in prediction.scores],
        "logits": [round(float(logit), 6) for logit in prediction.logits],
        "thresholds": None if (marks := prediction.thresholds) is None else [round(float(one), 6) for one in marks],
        "conformal": None if prediction.conformal is None else list(prediction.conformal),
        "tier": prediction.tier,
        "score_kind": prediction.score_kind,
        "temperature": card.temperature,
        "label": reading.label,
        "findings": [finding_record(finding) for finding in reading.findings],
        "maps": [_map(one, card) for one in reading.maps],
    }


def as_json(reading: Reading) -> str:
    return json.dumps(as_record(reading), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _study(study: Study) -> dict[str, Any]:
    return {
        "digest": study.digest,
        "height": study.size[0],
        "width": study.size[1],
        "channels": study.pixels.shape[2],
        "modality": study.modality,
        "view": study.view,
        "window": study.window,
        "spacing_mm": study.spacing_mm,
        "spacing_kind": study.spacing_kind,
        "cautions": list(study.cautions),
    }


def finding_record(finding: Finding) -> dict[str, Any]:
    """A finding as plain values."""
    return {
        "id": finding.id,
        "kind": finding.kind,
        "topic": finding.topic,
        "value": None if finding.value is None else round(float(finding.value), 6),
        "unit": finding.unit,
        "interval": finding.interval,
        "class": finding.label,
        "method": finding.method,
        "region": finding.region,
        "facts": dict(finding.facts),
        "statement": finding.statement,
    }


def _map(attribution: AttributionMap, card: ModelCard) -> dict[str, Any]:
    return {
        "method": attribution.method,
        "class": attribution.label,
        "unit": attribution.unit,
        "flat": attribution.is_flat,
        "checks": {name: float(value) for name, value in attribution.checks.items()},
        "shares": {name: round(share, 3) for name, share in shares(attribution, card.places).items()},
        "params": dict(attribution.params),
        "digest": attribution.digest,
        "seconds": round(attribution.seconds, 3),
    }

"""Readings of a model of independent findings, for tests of words: nothing, one and several above their thresholds."""

from dataclasses import replace
from typing import Any

import numpy as np

from diagnosis.cards import ModelCard, load_card
from diagnosis.classifier import Prediction
from diagnosis.findings import Finding, draft
from diagnosis.reading import Reading
from retrieval.opinion import opinion_findings
from retrieval.vote import SecondOpinion
from tests.agents.readings import LIBRARY, WEIGHTS, made_up_reading

FINDINGS = {
    "effusion": ("Effusion", "Fluid between the lung and the chest wall."),
    "edema": ("Edema", "Fluid in the lung itself."),
    "pneumothorax": ("Pneumothorax", "Air between the lung and the chest wall."),
    "fracture": ("Fracture", "A broken bone."),
    "lung_opacity": ("Lung opacity", "An area of the lung that lets less of the beam through."),
}
THRESHOLDS = (0.057, 0.024, 0.010, 0.054, 0.202)


def findings_card() -> ModelCard:
    """The card of the chest model, with findings instead of classes."""
    known = load_card(WEIGHTS / "chest-xray.toml").model_dump()
    labels = [
        {"name": name, "title": title, "description": told, "threshold": threshold}
        for (name, (title, told)), threshold in zip(FINDINGS.items(), THRESHOLDS, strict=True)
    ]
    changes = {
        "name": "findings",
        "title": "Chest findings",
        "task": "multi-label",
        "score_kind": "operating-point score",
        "temperature": 1.0,
        "labels": labels,
        "contrasts": (),
        "weights": None,
        "confidence": None,
    }
    return ModelCard.model_validate(known | changes)


def findings_reading(*scores: float, label: str | None = None) -> Reading:
    """A complete reading with these operating-point scores; see :func:`made_up_reading`."""
    values = np.array(scores, dtype=np.float32)
    card, marks = findings_card(), np.full(len(scores), 0.5, dtype=np.float32)
    model = made_up_reading("chest-xray", {"normal": 0.2, "bacterial_pneumonia": 0.5, "viral_pneumonia": 0.3})
    prediction = Prediction(
        model.study.digest, card.reference, card.label_names, np.log(values), values, card.score_kind, 0.02, marks
    )
    label = label or prediction.top
    maps = tuple(replace(one, label=label) for one in model.maps)
    return Reading(model.study, card, prediction, label, maps)


def erased(what: str) -> tuple[Finding, ...]:
    """A finding of an erasure that carried the score of an effusion below its threshold."""
    own: dict[str, Any] = {"label": "effusion", "what": what}
    return (
        draft("erased_area", "trust", 9.4, "%", filling="blurred", **own),
        draft("crossed", "says", 50.0, "%", title="effusion", falls="falls below", **own),
    )


def voted(reading: Reading, votes: dict[str, int]) -> Reading:
    cases = tuple(f"a:{number}" for number in range(sum(votes.values())))
    opinion = SecondOpinion(next(iter(votes)), votes, cases, "a", None, False, LIBRARY)
    return reading.beside(opinion_findings(opinion, reading))


def independent_readings() -> dict[str, Reading]:
    """By name."""
    several = findings_reading(0.712, 0.557, 0.041, 0.263, 0.604)
    return {
        "findings-none": findings_reading(0.112, 0.253, 0.041, 0.263, 0.404),
        "findings-one": findings_reading(0.112, 0.253, 0.041, 0.638, 0.404),
        "findings-several": several,
        "findings-below": findings_reading(0.712, 0.557, 0.041, 0.263, 0.604, label="fracture"),
        "findings-erased": several.tested(erased("what Grad-CAM marks")),
        "findings-vote-reached": voted(several, {"edema": 7, "effusion": 3}),
        "findings-vote-missed": voted(several, {"fracture": 6, "effusion": 4}),
    }

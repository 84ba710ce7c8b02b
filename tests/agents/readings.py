"""Readings for tests of words: real cards and templates, with scores and maps that are made up but measured as ever."""

from pathlib import Path

import numpy as np

from diagnosis.attribution import AttributionMap
from diagnosis.cards import ModelCard, load_card
from diagnosis.classifier import Prediction
from diagnosis.findings import Figure, Performance
from diagnosis.reading import Reading
from diagnosis.study import Study
from retrieval.library import VoteScore
from retrieval.opinion import no_vote, opinion_findings
from retrieval.vote import NothingSimilar, SecondOpinion

WEIGHTS = Path(__file__).parents[2] / "weights"
CELLS = 28
LIBRARY = "0123456789abcdef"


def made_up_reading(
    model: str,
    scores: dict[str, float],
    *,
    label: str | None = None,
    grad_cam: tuple[float, float] | None = (0.7, 0.3),
    shap: tuple[float, float] | None = (0.7, 0.3),
    size: tuple[int, int] = (512, 512),
    modality: str | None = None,
    cautions: tuple[str, ...] = (),
    measured: bool = True,
) -> Reading:
    """A complete reading.

    Args:
        scores: label → score, adding up to 1, for every label of the card.
        grad_cam, shap: centre of the map of the explained class, as fractions of height and width; None: flat.
        size: (H, W) of the study.
        measured: whether there are test figures.
    """
    card = load_card(WEIGHTS / f"{model}.toml")
    channels = card.input.channels
    pixels = np.random.default_rng(0).random((*size, channels))
    study = Study(pixels, modality=modality, cautions=cautions)
    values = np.array([scores[name] for name in card.label_names], dtype=np.float32)
    prediction = Prediction(
        study.digest, card.reference, card.label_names, np.log(values), values, "calibrated probability", 0.02
    )
    label = label or prediction.top
    maps = (
        _map(card, study, label, "grad-cam", grad_cam, {"negative_share": 0.1}),
        _map(card, study, label, "shap", shap, {"additivity_gap": 2e-7, "baseline_logit": -0.4}),
    )
    return Reading(study, card, prediction, label, maps, _performance(card) if measured else None)


def _map(
    card: ModelCard, study: Study, label: str, method: str, centre: tuple[float, float] | None, checks: dict[str, float]
) -> AttributionMap:
    rows, columns = (np.indices((CELLS, CELLS)) + 0.5) / CELLS
    cells = np.full((CELLS, CELLS), 0.01)
    if centre is not None:
        cells = 0.02 * np.exp(-((rows - centre[0]) ** 2 + (columns - centre[1]) ** 2) / 0.03)
    return AttributionMap(
        label, method, cells, "logit per cell", study.size, card.input, checks, {"cells": "28×28"}, 0.5
    )


def _performance(card: ModelCard) -> Performance:
    recall = {
        name: Figure(78.3 + 3 * at, (71.2 + 3 * at, 84.9 + 2 * at), 612) for at, name in enumerate(card.label_names)
    }
    return Performance(861, 612, Figure(81.4, (78.2, 84.1), 612), recall)


def example_readings() -> dict[str, Reading]:
    """Readings of many kinds, by name."""
    chest = ("normal", "bacterial_pneumonia", "viral_pneumonia")
    tissue = (
        "lung_adenocarcinoma",
        "lung_squamous_cell_carcinoma",
        "lung_benign",
        "colon_adenocarcinoma",
        "colon_benign",
    )

    def of(names: tuple[str, ...], *values: float) -> dict[str, float]:
        return dict(zip(names, values, strict=True))

    return {
        "clear-bacterial": made_up_reading("chest-xray", of(chest, 0.062, 0.823, 0.115)),
        "narrow-viral": made_up_reading("chest-xray", of(chest, 0.114, 0.412, 0.474), shap=(0.2, 0.8)),
        "why-not-normal": made_up_reading("chest-xray", of(chest, 0.031, 0.618, 0.351), label="normal", grad_cam=None),
        "wrong-modality": made_up_reading(
            "chest-xray", of(chest, 0.207, 0.396, 0.397), modality="CT", size=(1024, 700), shap=(0.7, 0.38)
        ),
        "clear-colon": made_up_reading("lung-colon", of(tissue, 0.012, 0.021, 0.008, 0.913, 0.046), size=(224, 224)),
        "lung-close": made_up_reading(
            "lung-colon", of(tissue, 0.447, 0.401, 0.052, 0.061, 0.039), grad_cam=(0.25, 0.25), shap=(0.25, 0.75)
        ),
        "unmeasured-benign": made_up_reading(
            "lung-colon",
            of(tissue, 0.027, 0.018, 0.884, 0.04, 0.031),
            measured=False,
            cautions=("Only the first of 3 pages was read.",),
        ),
    }


def voted(reading: Reading, votes: dict[str, int], *, tested: bool = True, accuracy: float = 0.782) -> Reading:
    """A reading with a vote beside it, of which the first label has the most; its quality is made up."""
    names = reading.card.label_names
    score = VoteScore(
        k=10,
        queries=624,
        accuracy=accuracy,
        balanced=0.743,
        majority=0.485,
        recall=dict.fromkeys(names, 0.743),
        groups=402,
    )
    cases = tuple(f"a:{number}" for number in range(sum(votes.values())))
    opinion = SecondOpinion(next(iter(votes)), votes, cases, "a", score, tested, LIBRARY)
    return reading.beside(opinion_findings(opinion, reading))


def voted_readings() -> dict[str, Reading]:
    """Readings that similar cases agree with, contradict, and are not there for, by name."""
    plain = example_readings()
    return {
        "voted-agree": voted(plain["clear-bacterial"], {"bacterial_pneumonia": 7, "viral_pneumonia": 3}),
        "voted-conflict": voted(plain["narrow-viral"], {"bacterial_pneumonia": 6, "viral_pneumonia": 4}, tested=False),
        "voted-colon": voted(plain["clear-colon"], {"colon_benign": 9, "lung_benign": 1}, accuracy=0.934),
        "voted-unlike": plain["lung-close"].beside((no_vote(NothingSimilar(0.312, 0.547, LIBRARY)),)),
    }

"""The tab Synthetic images without a browser: which figures it shows, and what it costs to open the page."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from diagnosis import records
from diagnosis.cards import ModelCard
from diagnosis.gate.card import GateCard, load_gate_card
from diagnosis.gating.record import Verdicts
from diagnosis.models import Models
from diagnosis.synthesis.generator import Generator
from diagnosis.synthesis.judging.record import (
    UNSEEN,
    Detection,
    Distances,
    JudgingRecord,
    Plausible,
    Share,
    SpaceRecord,
)
from diagnosis.ui import synthetic_pieces
from diagnosis.ui.synthetic import Studio
from settings import ROOT
from tests.diagnosis.findings_model import write_model
from tests.diagnosis.synthesis.discs import GENERATOR

HALF = Share(count=20, images=40, low=0.352, high=0.648)
FEW = Share(count=2, images=40, low=0.014, high=0.165)
UNSEEN_FILMS = Detection(what=UNSEEN, rejected=Share(count=6, images=40), by_space={})  # too few patients
FAR = Distances(images=40, percentiles=(1, 2, 3, 4, 5, 6), bins=(1.0,))


MADE = "f" * 64


def record(card: ModelCard, gate: GateCard, **changes: object) -> JudgingRecord:
    whole = Plausible(
        label=None, agreed=HALF, passed=FEW, verdicts=Verdicts(images=40, passed=2, cautioned=0, refused=38), score=0.5
    )
    space = SpaceRecord(space="pixels", limit=1, limits={}, edges=(0, 1), made=FAR, real=FAR, rejected=FEW)
    found = JudgingRecord(
        model="findings@1", weights_sha256=card.weights.sha256, encoder_sha256=gate.encoder_sha256,
        gate_sha256=gate.weights.sha256, autoencoder_sha256=None, dataset="films", manifests={"findings": "d" * 64},
        made_sha256="e" * 64, generators=(MADE,), images=40, train_images=9, yardstick_images=9, spaces=(space,),
        detections=(UNSEEN_FILMS,), chosen={}, thrown={}, before=(whole,), after=(), apart=(), command="measure",
        libraries={}, seconds=1,
    )  # fmt: skip
    return found.model_copy(update=changes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Weights of a model and the shipped gate, and the card of a generator with weights that nobody loads."""
    write_model(tmp_path)
    (tmp_path / "gate").symlink_to(ROOT / "weights" / "gate")
    (tmp_path / "synthesis" / "judged").mkdir(parents=True)
    weights = f'\n[weights]\nfile = "made.safetensors"\nsource = "here"\nsha256 = "{MADE}"\nbytes = 1\n'
    text = GENERATOR.replace('"discs"', '"findings"') + weights
    (tmp_path / "synthesis" / "tiny-discs.toml").write_text(text, encoding="utf-8")
    return tmp_path


def test_figures_are_those_of_records_about_the_very_weights(folder: Path) -> None:
    models, judged = Models(folder), folder / "synthesis" / "judged"
    card, gate = models.card("findings"), load_gate_card(folder / "gate")
    studio = Studio(models, Generator(folder), ())
    assert [*studio.measured()] == [] and synthetic_pieces.figures([], models.cards) == ""
    records.write(record(card, gate), judged / "findings.json")
    shown = synthetic_pieces.figures([*studio.measured()], models.cards)
    assert "Chest findings" in shown and "50.0 % (35.2–64.8 %)" in shown and "pixels: 5.0 % (1.4–16.5 %)" in shown
    assert "Of real images that the generator never saw, 15.0 % are so near." in shown
    (judged / "findings.json").write_text(json.dumps({"model": "findings@1"}), encoding="utf-8")
    assert "Not shown: findings.json is not a record" in synthetic_pieces.figures([*studio.measured()], models.cards)


@pytest.mark.parametrize(
    ("field", "what"),
    [
        ("weights_sha256", "model"),
        ("generators", "generator"),
        ("gate_sha256", "gate"),
        ("encoder_sha256", "encoder"),
    ],
)
def test_figures_of_other_weights_are_not_shown_and_that_is_said(folder: Path, field: str, what: str) -> None:
    models = Models(folder)
    stale = ("0" * 64, MADE) if field == "generators" else "0" * 64
    found = record(models.card("findings"), load_gate_card(folder / "gate"), **{field: stale})
    records.write(found, folder / "synthesis" / "judged" / "findings.json")
    shown = synthetic_pieces.figures([*Studio(models, Generator(folder), ()).measured()], models.cards)
    assert (
        f"Not shown: What was measured of images for findings@1 is of another {what}." in shown
        and "50.0 %" not in shown
    )


def test_what_the_examples_are_not_is_said_where_there_are_some() -> None:
    assert synthetic_pieces.LIMITS in synthetic_pieces.story(shipped=True)
    assert synthetic_pieces.LIMITS not in synthetic_pieces.story(shipped=False)


def test_the_page_opens_without_the_library_that_makes_images() -> None:
    told = "import sys, diagnosis.ui.synthetic; print('diffusers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout == "False\n"

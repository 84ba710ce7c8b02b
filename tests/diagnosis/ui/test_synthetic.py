"""The tab Synthetic images without a browser: which figures it shows, and what it costs to open the page."""

import json
import subprocess
import sys
from pathlib import Path

from diagnosis import records
from diagnosis.gating.record import Verdicts
from diagnosis.models import Models
from diagnosis.synthesis.generator import Generator
from diagnosis.synthesis.judging.record import Distances, JudgingRecord, Plausible, Share, SpaceRecord
from diagnosis.ui import synthetic_pieces
from diagnosis.ui.synthetic import Studio
from tests.diagnosis.findings_model import write_model

HALF = Share(count=20, images=40, low=0.352, high=0.648)
FEW = Share(count=2, images=40, low=0.014, high=0.165)
FAR = Distances(images=40, percentiles=(1, 2, 3, 4, 5, 6), bins=(1.0,))


def record(weights: str) -> JudgingRecord:
    whole = Plausible(
        label=None, agreed=HALF, passed=FEW, verdicts=Verdicts(images=40, passed=2, cautioned=0, refused=38), score=0.5
    )
    space = SpaceRecord(space="pixels", limit=1, limits={}, edges=(0, 1), made=FAR, real=FAR, rejected=FEW)
    return JudgingRecord(
        model="findings@1", weights_sha256=weights, encoder_sha256="b" * 64, gate_sha256="c" * 64, dataset="films",
        manifest_sha256="d" * 64, made_sha256="e" * 64, generators=("f" * 64,), images=40, train_images=9,
        yardstick_images=9, spaces=(space,), detections=(), chosen={}, thrown={}, before=(whole,), after=(), apart=(),
        command="measure", libraries={}, seconds=1,
    )  # fmt: skip


def test_figures_are_those_of_records_about_the_very_weights(tmp_path: Path) -> None:
    card = write_model(tmp_path)
    models = Models(tmp_path)
    studio = Studio(models, Generator(tmp_path), ())
    assert studio.measured() == [] and synthetic_pieces.figures([], models.cards) == ""
    judged = tmp_path / "synthesis" / "judged"
    judged.mkdir(parents=True)
    records.write(record("0" * 64), judged / "other.json")
    (judged / "broken.json").write_text(json.dumps({"model": "findings@1"}), encoding="utf-8")
    assert studio.measured() == []
    records.write(record(card.weights.sha256), judged / "findings.json")
    shown = synthetic_pieces.figures(studio.measured(), models.cards)
    assert "Chest findings" in shown and "50.0 % (35.2–64.8 %)" in shown and "pixels: 5.0 % (1.4–16.5 %)" in shown


def test_the_page_opens_without_the_library_that_makes_images() -> None:
    told = "import sys, diagnosis.ui.synthetic; print('diffusers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout == "False\n"

"""Findings that do not exclude each other, from the card to what is said of them."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from diagnosis import asked
from diagnosis.__main__ import main
from diagnosis.attribution import METHODS, Target
from diagnosis.cards import load_card
from diagnosis.classifier import Classifier
from diagnosis.errors import BadRequest
from diagnosis.mapping import Wanted, explain
from diagnosis.preprocess import preprocess, seen_by
from diagnosis.reading import Reading, read
from diagnosis.study import Study
from diagnosis.training.dataset import rows_of
from diagnosis.trusted import retested
from diagnosis.whatif import erase_and_read
from tests.diagnosis.findings_model import (
    SIDE,
    THRESHOLDS,
    UNTRAINED,
    quadrant_card,
    quadrant_classifier,
    write_card,
    write_model,
)

LABELS = tuple(THRESHOLDS)
ORDERED = {"score", "margin", "narrow_margin", "behind", "compared", "turned", "vote", "vote_conflict"}
HALF = SIDE // 2


def lit(*quadrants: int, light: float = 0.9) -> Study:
    """A dark image with some quadrants lit, counted left to right and down."""
    pixels = np.full((SIDE, SIDE, 1), 0.02)
    for at in quadrants:
        row, column = divmod(at, 2)
        pixels[row * HALF : (row + 1) * HALF, column * HALF : (column + 1) * HALF] = light
    return Study(pixels)


@pytest.fixture
def classifier(tmp_path: Path) -> Classifier:
    return quadrant_classifier(tmp_path)


def reading_of(classifier: Classifier, study: Study, label: str | None = None, *methods: str) -> Reading:
    *_, reading = read(study, classifier, label=label, methods=methods, shap_evaluations=50)
    return reading


def edited(folder: Path, old: str, new: str) -> Path:
    path = write_card(folder)
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("threshold = 0.5\n", "", "needs a threshold for each label: lung_opacity has none"),
        ("threshold = 0.5\n", "threshold = 1.0\n", r"labels\.3\.threshold: "),
        ('task = "multi-label"', 'task = "single-label"', "are for multi-label models"),
        ("untrained_outputs = [1]", "untrained_outputs = [5]", "beyond the 5 outputs"),
        ("untrained_outputs = [1]", "temperature = 2.0", "at temperature 1"),
    ],
)
def test_a_card_that_does_not_fit_its_task_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        load_card(edited(tmp_path, old, new))


def test_operating_points_are_for_independent_findings(tmp_path: Path) -> None:
    path = edited(tmp_path, 'task = "multi-label"', 'task = "single-label"')
    text = "".join(line for line in path.read_text("utf-8").splitlines(True) if not line.startswith("threshold"))
    path.write_text(text.replace("untrained_outputs = [1]\n", ""), encoding="utf-8")
    with pytest.raises(BadRequest, match="operating-point scores are for multi-label models"):
        load_card(path)


def test_none_one_or_many_are_present(classifier: Classifier) -> None:
    assert classifier.predict(Study(np.zeros((SIDE, SIDE, 1)))).present == ()
    assert classifier.predict(lit(3)).present[0] == "lung_opacity"
    both = classifier.predict(lit(2, 3))
    assert {"fracture", "lung_opacity"} <= set(both.present)
    assert both.scores.sum() > 1 and both.score_kind == "operating-point score"


def test_the_output_that_learned_nothing_is_nowhere(tmp_path: Path) -> None:
    card = write_model(tmp_path)
    classifier = Classifier.load(card, tmp_path)
    study = Study(np.random.default_rng(0).random((70, 64, 1)))
    square = preprocess(study, card.input)[None]
    *_, reading = read(study, classifier, methods=("grad-cam",))
    assert reading.prediction.labels == LABELS and classifier.logits(square).shape == (1, 4)
    assert set(reading.prediction.present) == {"effusion", "edema"}  # the output of 9 is not there
    kept = [at for at in range(5) if at != UNTRAINED]
    with torch.no_grad():
        whole = torch.nn.functional.linear(_features(classifier, square), *_head(classifier))
    np.testing.assert_allclose(classifier.logits(square).numpy(), whole[:, kept].numpy(), atol=1e-4)
    assert {one.label for one in reading.maps} <= set(LABELS)


def _features(classifier: Classifier, square: torch.Tensor) -> torch.Tensor:
    layers = list(classifier.network.children())[:-1]
    return torch.nn.Sequential(*layers)(square).flatten(1)


def _head(classifier: Classifier) -> tuple[torch.Tensor, torch.Tensor]:
    return classifier.network.fc.weight, classifier.network.fc.bias


def test_weights_with_another_number_of_outputs_are_refused(tmp_path: Path) -> None:
    write_model(tmp_path)
    path = tmp_path / "findings.toml"
    path.write_text(path.read_text("utf-8").replace("untrained_outputs = [1]\n", ""), encoding="utf-8")
    with pytest.raises(BadRequest, match="do not fit"):
        Classifier.load(load_card(path), tmp_path)


def test_the_input_of_torchxrayvision_can_be_said(tmp_path: Path) -> None:
    """Pixels 0..1 become −1024..1024, and what is not in the central square is not seen."""
    spec = load_card(write_card(tmp_path)).input
    pixels = np.zeros((64, 96, 1))
    pixels[:, 48:] = 1
    square = preprocess(Study(pixels), spec)
    assert square.shape == (1, 64, 64)
    assert (square.min(), square.max()) == (-1024, 1024)
    assert seen_by((64, 96), spec)[0].tolist() == [False] * 16 + [True] * 64 + [False] * 16


@pytest.mark.parametrize("method", sorted(METHODS))
def test_maps_explain_a_raw_logit_and_never_the_bent_score(method: str, tmp_path: Path) -> None:
    """Other operating points change scores and no map; a finding's map lies in its own quadrant."""
    bent, plain = quadrant_classifier(tmp_path), quadrant_classifier(tmp_path, score_kind="uncalibrated score")
    study = lit(1, 2, light=0.7)
    ours, theirs = (
        METHODS[method].maps(one, study, targets=(Target("edema"),), **METHODS[method].quick)[0]
        for one in (bent, plain)
    )
    assert bent.predict(study).scores.tolist() != plain.predict(study).scores.tolist()
    np.testing.assert_array_equal(ours.cells, theirs.cells)
    if method not in ("eigen-cam", "score-cam", "grad-cam", "grad-cam++"):  # these know no place of their own
        rows, columns = ours.cells.shape
        own = np.abs(ours.cells[: rows // 2, columns // 2 :]).sum()
        assert own > 0.8 * np.abs(ours.cells).sum()


def test_each_score_is_told_beside_its_own_threshold(classifier: Classifier) -> None:
    reading = reading_of(classifier, lit(2, 3), "fracture")
    found = {one.kind: one for one in reading.findings}
    assert not ORDERED & set(found)
    score, threshold = 100 * float(reading.prediction.scores[2]), 50.0
    assert found["above_threshold"].value == pytest.approx(score)
    assert f"{score - threshold:.1f} percentage points above its operating threshold of 50.0 %" in (
        found["above_threshold"].statement
    )
    assert found["reached"].value == len(reading.prediction.present)
    assert "fracture" in found["reached"].statement and "lung opacity" in found["reached"].statement
    assert "do not add up to 100 %" in found["independent"].statement
    other = {one.kind for one in reading.about("effusion").findings}
    assert ("below_threshold" in other) == ("effusion" not in reading.prediction.present)


def test_no_finding_at_all_is_said(classifier: Classifier) -> None:
    reading = reading_of(classifier, Study(np.zeros((SIDE, SIDE, 1))))
    assert {"below_threshold", "none_reached", "independent"} <= {one.kind for one in reading.findings}
    assert reading.label == reading.prediction.top


def test_two_findings_are_not_compared(classifier: Classifier) -> None:
    reading = reading_of(classifier, lit(2, 3), None, "saliency")
    found = [*asked.compared(reading, "fracture", "lung_opacity")]
    assert [one.kind for one in found if one.topic == "says"] == ["above_threshold"] * 2
    assert not ORDERED & {one.kind for one in found}
    [kind] = [one for one in asked.card(reading.card) if one.kind == "score_kind"]
    assert "operating-point scores" in kind.statement and "no probabilities" in kind.statement


def test_erasing_what_a_finding_rests_on_carries_it_across_its_threshold(classifier: Classifier) -> None:
    study, region = lit(1, 2), np.zeros((SIDE, SIDE), bool)
    region[HALF:, :HALF] = True
    found = erase_and_read(classifier, study, region, filling="inpaint")
    said = {one.kind: one for one in retested(classifier.card, "fracture", found, "the lower left quarter")}
    assert "fracture" in found.before.present and "fracture" not in found.after.present
    assert said["crossed"].statement == (
        "Without the lower left quarter the score for fracture falls below its operating threshold of 50.0 %."
    )
    kept = {one.kind for one in retested(classifier.card, "edema", found, "the lower left quarter")}
    assert "crossed" not in kept and "turned" not in kept


def test_maps_are_tested_compared_and_set_against_each_other(classifier: Classifier) -> None:
    wanted = Wanted(("grad-cam", "hirescam", "occlusion"), label="fracture", against="edema", checks=True)
    *_, maps = explain(lit(1, 2), classifier, wanted)
    assert all(one.badge for one in maps.trusts)
    logits = maps.prediction.logits
    [difference] = [one for one in maps.findings if one.kind == "contrast"]
    assert difference.value == pytest.approx(float(logits[2] - logits[1]))


def test_a_manifest_of_one_class_an_image_is_not_for_independent_findings(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="a manifest names one class an image"):
        rows_of(tmp_path, "test", quadrant_card(tmp_path))


def test_the_command_line_reads_with_such_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_model(tmp_path)
    image = tmp_path / "film.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (70, 64), dtype=np.uint8)).save(image)
    given = ["read", str(image), "--model", "findings", "--weights", str(tmp_path), "--evaluations", "50"]
    assert main([*given, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["task"] == "multi-label" and record["labels"] == list(LABELS)
    assert record["thresholds"] == [0.5] * 4 and record["score_kind"] == "operating-point score"
    assert {"reached", "independent", "unmeasured"} <= {one["kind"] for one in record["findings"]}
    assert main(given) == 0
    text = capsys.readouterr().out
    assert text.count("(above its threshold, 50.0%)") == 2 and text.count("(below its threshold, 50.0%)") == 2

"""Findings of readings whose measures are known."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from diagnosis.attribution import AttributionMap
from diagnosis.classifier import Prediction
from diagnosis.comparison import overlap, rank_correlation
from diagnosis.findings import TEMPLATES, Figure, Finding, Performance
from diagnosis.intervals import called
from diagnosis.measured import measure
from diagnosis.study import Study
from tests.diagnosis.toys import toy_card

LABELS = ("normal", "bacterial", "viral")
RECORD = Performance(
    861,
    600,
    Figure(81.2, (78.5, 83.9), 600),
    {label: Figure(70.0 + i, (60.0, 90.0), 600) for i, label in enumerate(LABELS)},
)


def a_prediction(scores: Sequence[float]) -> Prediction:
    array = np.array(scores, dtype=np.float32)
    return Prediction("d" * 16, "toy@1", LABELS, np.log(array), array, "uncalibrated score", 0.1)


def a_map(method: str, cells: np.ndarray, label: str = "bacterial", **checks: float) -> AttributionMap:
    return AttributionMap(label, method, cells, "logit", (96, 96), toy_card(LABELS).input, checks, {}, 0.1)


def spot(row: int, column: int, side: int = 24) -> np.ndarray:
    rows, columns = np.indices((side, side))
    return np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 20)


def measured(
    scores: Sequence[float] = (0.1, 0.7, 0.2),
    label: str = "bacterial",
    maps: Sequence[AttributionMap] = (),
    study: Study | None = None,
    record: Performance | None = RECORD,
) -> dict[str, Finding]:
    study = study or Study(np.full((32, 32, 1), 0.5))
    found = measure(study, toy_card(LABELS), a_prediction(scores), label, tuple(maps), record)
    assert [one.id for one in found] == [f"F{n}" for n in range(1, len(found) + 1)]
    return {one.kind: one for one in found}


def test_score_and_margin() -> None:
    found = measured()
    assert found["score"].value == pytest.approx(70)
    assert found["score"].statement == "The model gives bacterial a score of 70.0 %, the highest of 3 classes."
    assert found["margin"].value == pytest.approx(50)
    assert "viral with 20.0 %, 50.0 percentage points lower" in found["margin"].statement


def test_a_narrow_margin_says_so() -> None:
    found = measured((0.05, 0.5, 0.45))
    assert "margin" not in found
    assert "only 5.0 percentage points lower: the model hardly separates the two" in found["narrow_margin"].statement


def test_another_class_is_told_from_its_own_side() -> None:
    found = measured(label="viral")
    assert "20.0 %, number 2 of 3 classes" in found["score"].statement
    assert "bacterial with 70.0 %, 50.0 percentage points higher" in found["behind"].statement


def test_place_and_concentration_of_a_spot() -> None:
    found = measured(maps=[a_map("grad-cam", spot(18, 18))])
    assert found["place"].region == "lower right quarter"
    assert found["place"].value > 95
    assert found["concentration"].value < 10


def test_only_maps_of_the_class_are_told() -> None:
    found = measured(maps=[a_map("grad-cam", spot(18, 18), label="viral")])
    assert "place" not in found


def test_a_flat_map_is_called_flat() -> None:
    found = measured(maps=[a_map("grad-cam", np.ones((8, 8))), a_map("shap", spot(3, 3))])
    assert "flat" in found["flat"].statement and found["flat"].method == "grad-cam"
    assert "agreement" not in found


@pytest.mark.parametrize(
    ("second", "verdict"),
    [(spot(18, 18), "agree on where"), (spot(3, 3), "different places"), (spot(18, 12), "in part")],
)
def test_agreement_is_judged_by_measurement(second: np.ndarray, verdict: str) -> None:
    found = measured(maps=[a_map("grad-cam", spot(18, 18)), a_map("shap", second)])
    assert verdict in found["overlap"].statement
    assert found["agreement"].unit == "rank correlation" and -1 <= found["agreement"].value <= 1


def test_agreement_at_its_ends() -> None:
    one, far = a_map("grad-cam", spot(18, 18)), a_map("shap", spot(3, 3))
    assert rank_correlation(one, one) == pytest.approx(1)
    assert overlap(one, one) == pytest.approx(100)
    assert overlap(one, far) == 0
    assert rank_correlation(one, far) < 0


def test_independent_maps_overlap_by_chance() -> None:
    """Ten per cent of unrelated top tenths, which is what the sentence calls chance."""
    random = np.random.default_rng(0)
    shared = [
        overlap(a_map("grad-cam", random.random((24, 24))), a_map("shap", random.random((24, 24)))) for _ in range(20)
    ]
    assert np.mean(shared) == pytest.approx(10, abs=2.5)


def test_additivity_gap_is_told() -> None:
    found = measured(maps=[a_map("shap", spot(3, 3), additivity_gap=0.02)])
    assert found["additivity"].value == 0.02 and "0.02 logits" in found["additivity"].statement


def test_limits_are_told() -> None:
    study = Study(np.full((96, 320, 1), 0.5), modality="CT", cautions=("Only the first page was read.",))
    found = measured(study=study)
    assert "modality CT" in found["modality"].statement
    assert found["caution"].statement == "Only the first page was read."
    assert found["resolution"].value == pytest.approx(10)


def test_performance_comes_from_the_record() -> None:
    found = measured()
    assert found["performance"].interval == (78.5, 83.9)
    assert "861 test images of 600 groups" in found["performance"].statement
    assert found["recall"].value == 71.0
    assert "not been measured" in measured(record=None)["unmeasured"].statement


def test_a_figure_without_an_interval_says_why() -> None:
    few = Performance(899, 2, Figure(77.0, None, 2), {"bacterial": Figure(72.0, None, 2)})
    found = measured(record=few)
    assert found["performance"].interval is None and found["recall"].interval is None
    assert found["performance"].statement == (
        "On 899 test images of 2 groups that it was not trained on, the model's balanced accuracy was 77.0 % "
        "(no interval: 2 groups are too few)."
    )
    assert found["recall"].statement.endswith("it recognised 72.0 % (no interval: 2 groups are too few).")
    perfect = measured(record=replace(few, groups=95, recall={"bacterial": Figure(100.0, None, 40)}))
    assert perfect["recall"].statement.endswith("100.0 % (no interval: draws from 40 groups tell none).")
    assert "of 95 groups" in perfect["performance"].statement
    assert perfect["performance"].statement.endswith(
        "(no interval: 2 of the 95 groups have the rarest class, too few)."
    )


@pytest.mark.parametrize(
    ("groups", "plural", "name"),
    [
        (1, "patients", "patient"),
        (2, "patients", "patients"),
        (1, "groups of near-duplicate images", "group of near-duplicate images"),
        (3, "groups of near-duplicate images", "groups of near-duplicate images"),
    ],
)
def test_one_group_is_called_in_the_singular(groups: int, plural: str, name: str) -> None:
    assert called(groups, plural) == name


def test_every_statement_contains_its_value() -> None:
    maps = [a_map("grad-cam", spot(18, 18)), a_map("shap", spot(18, 16), additivity_gap=0.003)]
    study = Study(np.full((300, 200, 1), 0.5), modality="MR")
    for scores, label in (
        ((0.1, 0.7, 0.2), "bacterial"),
        ((0.3, 0.36, 0.34), "viral"),
        ((0.05, 0.5, 0.45), "bacterial"),
    ):
        for finding in measured(scores, label, maps, study).values():
            assert finding.kind in TEMPLATES
            if finding.value is not None:
                numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", finding.statement)]
                assert any(number == pytest.approx(finding.value, abs=0.051, rel=0.1) for number in numbers), finding


def test_maps_without_an_order_are_not_compared() -> None:
    """Negative everywhere but in one cell: on the coarser grid nothing of it speaks for the class."""
    against = np.full((56, 56), -0.01)
    against[3, 3] = 0.02
    found = measured(maps=[a_map("grad-cam", spot(3, 3, 7)), a_map("shap", against, additivity_gap=0.1)])
    assert "agreement" not in found and "overlap" not in found
    assert all(one.value is None or np.isfinite(one.value) for one in found.values())

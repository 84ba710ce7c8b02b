"""The shipped figures come out again on the same images, and differences are told."""

from pathlib import Path

import pytest

from diagnosis.errors import BadRequest
from diagnosis.training.evaluate import Evaluation
from diagnosis.training.remeasure import EXACT, Progress, compared, remeasure, same_images, verdict
from tests.diagnosis.measured import Measured, measured_model


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    return measured_model(tmp_path_factory.mktemp("again"))


def again(made: Measured, split: str) -> Evaluation:
    *_, last = remeasure(made.classifier, made.data, split)
    assert isinstance(last, Evaluation)
    return last


def test_the_same_images_give_the_same_figures(made: Measured) -> None:
    found = again(made, "test")
    assert same_images(made.evaluation, found) and found.confusion.counts == made.evaluation.confusion.counts
    rows = compared(made.evaluation, found, made.card)
    assert [row.name for row in rows][-3:] == ["Recall, Red", "Recall, Green", "Recall, Blue"]
    assert all(row.difference is not None and abs(row.difference) <= EXACT for row in rows)
    assert (
        verdict(made.evaluation, found, made.card)
        == f"The same images, and the same figures: all {len(rows)} agree to 0.0001."
    )


def test_other_images_and_other_figures_are_told(made: Measured) -> None:
    other = again(made, "val")
    assert verdict(made.evaluation, other, made.card).startswith("These are other images")
    shifted = made.evaluation.accuracy.model_copy(update={"value": (made.evaluation.accuracy.value or 0) + 0.25})
    found = verdict(made.evaluation, made.evaluation.model_copy(update={"accuracy": shifted}), made.card)
    assert "1 of 7 figures differ, accuracy the most: by +0.2500" in found


def test_progress_counts_images_and_stopping_leaves_nothing(made: Measured) -> None:
    steps = list(remeasure(made.classifier, made.data, "test"))
    assert steps[:-1] == [Progress(0, 18), Progress(16, 18), Progress(18, 18)]
    work = remeasure(made.classifier, made.data, "test")
    assert next(work) == Progress(0, 18)
    work.close()
    with pytest.raises(StopIteration):
        next(work)


def test_an_unknown_split_is_refused_before_anything_is_read(made: Measured) -> None:
    with pytest.raises(BadRequest, match="no rows with split"):
        next(remeasure(made.classifier, made.data, "later"))


def test_a_class_that_is_not_there_has_no_difference(made: Measured, tmp_path: Path) -> None:
    lines = (made.data / "manifest.csv").read_text("utf-8").splitlines()
    rows = [line for line in lines[1:] if line.endswith(",test") and ",blue," not in line]
    absolute = [f"{made.data / row}" for row in rows]
    (tmp_path / "manifest.csv").write_text("\n".join([lines[0], *absolute]) + "\n", encoding="utf-8")
    *_, found = remeasure(made.classifier, tmp_path, "test")
    assert isinstance(found, Evaluation)
    by_name = {row.name: row.difference for row in compared(made.evaluation, found, made.card)}
    assert by_name["Recall, Blue"] is None and by_name["Recall, Red"] is not None

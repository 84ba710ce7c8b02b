"""What is told of a model: its card, its weights' digest, and only figures that were measured of these very weights."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from diagnosis.errors import BadRequest, Missing
from diagnosis.model_facts import ModelFacts, bare, how_good, model_facts, percent, plain, sections, technical
from diagnosis.training.metrics import Interval, MixedGroups
from tests.diagnosis.measured import Measured, measured_model


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    return measured_model(tmp_path_factory.mktemp("facts"))


def copied(made: Measured, folder: Path) -> Path:
    return Path(shutil.copytree(made.weights, folder / "weights"))


def figures(facts: ModelFacts) -> list[str]:
    return re.findall(r"\d+\.\d+", " ".join(how_good(facts)))


def test_figures_are_those_of_the_metrics_file(made: Measured) -> None:
    facts = model_facts(made.card, made.weights)
    assert facts.unusable is None and facts.unmeasured is None and facts.measured == made.evaluation
    value = made.evaluation.balanced_accuracy.value
    assert value is not None and how_good(facts)[0].startswith(f"Balanced accuracy {100 * value:.1f} % on ")
    assert "18 images of 9 groups" in how_good(facts)[0]
    told = dict(sections(facts))
    assert [name for name, _ in sections(facts)] == [
        "What it is", "For", "Not for", "Learned from", "How good", "When not to trust it",
    ]  # fmt: skip
    assert told["Not for"] == (made.card.out_of_scope,) and "3 classes" in told["What it is"][0]
    rows = dict(technical(facts))
    assert made.card.weights is not None and rows["sha256"] == made.card.weights.sha256
    assert rows["How they came about"] == "Drawn at random." and rows["Measured by"] == made.evaluation.command


def test_without_a_metrics_file_no_figure_is_told(made: Measured, tmp_path: Path) -> None:
    weights = copied(made, tmp_path)
    (weights / "squares.metrics.json").unlink()
    facts = model_facts(made.card, weights)
    assert facts.measured is None and isinstance(facts.unmeasured, Missing) and facts.unusable is None
    assert "squares.metrics.json" in how_good(facts)[0] and not figures(facts)
    assert str(tmp_path) not in how_good(facts)[0]
    assert "Measured by" not in dict(technical(facts))


def test_figures_of_other_weights_are_refused(made: Measured, tmp_path: Path) -> None:
    path = copied(made, tmp_path) / "squares.metrics.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "weights_sha256": "0" * 64}), encoding="utf-8")
    facts = model_facts(made.card, path.parent)
    assert facts.measured is None and isinstance(facts.unmeasured, BadRequest)
    assert "measured on other weights" in how_good(facts)[0] and not figures(facts)


def test_weights_that_the_card_does_not_describe_have_no_figures(made: Measured, tmp_path: Path) -> None:
    weights = copied(made, tmp_path)
    with (weights / "squares.safetensors").open("ab") as stream:
        stream.write(b"\0")
    facts = model_facts(made.card, weights)
    assert isinstance(facts.unusable, BadRequest) and facts.measured is None and not figures(facts)
    (weights / "squares.safetensors").unlink()
    gone = model_facts(made.card, weights)
    assert isinstance(gone.unusable, Missing)
    assert str(tmp_path) not in " ".join((*how_good(gone), str(gone.unusable)))  # every visitor may read it


def test_too_few_slides_have_no_interval_and_the_label_says_why(made: Measured) -> None:
    overall = Interval(value=0.77, low=None, high=None)
    one = MixedGroups(images=5, groups=1, balanced_accuracy=overall)
    few = made.evaluation.model_copy(update={"groups": 2, "balanced_accuracy": overall, "mixed_groups": one})
    told = how_good(replace(model_facts(made.card, made.weights), measured=few))
    assert told[0] == "Balanced accuracy 77.0 % on 18 images of 2 groups, which it did not learn from."
    assert told[1] == "On the 5 images of the 1 group with every class: 77.0 %."
    assert told[-1] == "No interval: 2 groups are too few."
    assert bare(made.evaluation, "slides") == ""


def test_an_undefined_figure_is_told_as_such() -> None:
    assert plain(Interval(value=None, low=None, high=None)) == "not defined"
    assert plain(Interval(value=0.5, low=None, high=None)) == "0.500"
    assert percent(Interval(value=0.5, low=0.25, high=0.755)) == "50.0 % (25.0 to 75.5)"

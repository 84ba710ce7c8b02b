"""A reading that grows, ends early, and is told as JSON."""

import json
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch

from diagnosis.errors import BadRequest
from diagnosis.export import as_json, as_record
from diagnosis.findings import draft
from diagnosis.reading import Reading, read
from diagnosis.study import Study
from tests.diagnosis.toys import SIDE, PooledSum, toy_classifier


@pytest.fixture
def study() -> Study:
    return Study(np.random.default_rng(0).random((SIDE, SIDE, 1)))


@pytest.fixture
def complete(study: Study) -> Reading:
    return list(read(study, toy_classifier(), shap_evaluations=100))[-1]


def test_stages_come_in_order(study: Study) -> None:
    stages = list(read(study, toy_classifier(), shap_evaluations=200))
    assert stages[0].prediction.top and not stages[0].maps and stages[0].pending.method == "grad-cam"
    counts = [len(stage.maps) for stage in stages]
    assert counts == sorted(counts) and counts[-1] == 4  # two methods, two classes
    done = [stage.pending.done for stage in stages if stage.pending and stage.pending.method == "shap"]
    assert len(done) > 3 and done == sorted(done)
    assert stages[-1].pending is None


def test_findings_are_about_the_chosen_class(complete: Reading) -> None:
    other = next(label for label in complete.prediction.labels if label != complete.label)
    assert complete.about(other).findings[0].label == other
    assert complete.about(other).map("shap").label == other
    with pytest.raises(BadRequest, match="no class 'cat'"):
        complete.about("cat")


def test_unknown_names_are_refused(study: Study) -> None:
    with pytest.raises(BadRequest, match="lime"):
        next(read(study, toy_classifier(), methods=("lime",)))
    with pytest.raises(BadRequest, match="cat"):
        next(read(study, toy_classifier(), label="cat"))


def test_closing_the_iterator_stops_the_work(study: Study) -> None:
    class Counting(PooledSum):
        passes = 0

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            type(self).passes += len(x)
            return super().forward(x)

    stages = read(study, toy_classifier(Counting()), methods=("shap",), shap_evaluations=5000)
    next(stages)
    next(stages)
    before = threading.active_count()
    stages.close()
    for thread in threading.enumerate():
        if thread.name.startswith("ThreadPoolExecutor"):
            thread.join(timeout=30)
    assert Counting.passes < 2000
    assert threading.active_count() <= before


def test_a_failing_method_fails_the_reading(study: Study) -> None:
    class Failing(PooledSum):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if len(x) > 1:
                raise RuntimeError("out of order")
            return super().forward(x)

    with pytest.raises(RuntimeError, match="out of order"):
        list(read(study, toy_classifier(Failing()), methods=("shap",)))


def test_same_image_same_reading(study: Study, complete: Reading) -> None:
    again = list(read(Study(study.pixels), toy_classifier(), shap_evaluations=100))[-1]
    assert again == complete and hash(again) == hash(complete)
    assert as_record(again)["findings"] == as_record(complete)["findings"]
    assert replace(again, label="dark" if again.label == "bright" else "bright") != complete


def test_opinions_stay_whichever_class_is_explained(complete: Reading) -> None:
    opinion, answer = draft("vote_balanced", "trust", 74.3, "%"), draft("vote_unmeasured", "trust")
    beside, whole = complete.beside([opinion]), len(complete.findings)
    other = next(label for label in complete.prediction.labels if label != complete.label)
    asked, entered = beside.enter([answer, opinion])
    known = whole - len(complete.model_facts)
    assert [one.id for one in entered] == [f"F{whole + 2}", f"F{known + 1}"]
    assert [one.id for one in asked.findings] == [f"F{at + 1}" for at in range(whole + 2)]
    statements = [one.statement for one in asked.about(other).findings]
    assert opinion.statement in statements and answer.statement not in statements
    kinds = [one["kind"] for one in as_record(asked.about(other))["findings"]]
    assert kinds.count("vote_balanced") == 1 and "vote_unmeasured" not in kinds


def test_opinions_make_another_reading(complete: Reading) -> None:
    first, second = (complete.beside([draft("vote_balanced", "trust", value, "%")]) for value in (74.3, 61.0))
    assert len({complete, first, second, first.beside(second.opinions)}) == 3
    assert first.beside(()) == complete and second.beside(first.opinions) == first
    assert complete.enter(first.opinions)[0] != first
    assert complete.enter([draft("vote_unmeasured", "trust")])[0].beside(first.opinions) == first


def test_tests_of_maps_stand_before_opinions_and_follow_the_class(complete: Reading) -> None:
    own = draft("gap", "trust", 1.5, "%", label=complete.label, method="shap", title=complete.label)
    other = next(label for label in complete.prediction.labels if label != complete.label)
    foreign = draft("gap", "trust", 2.5, "%", label=other, method="shap", title=other)
    spoken = draft("contrast", "says", 1.2, "logits", label=complete.label, title=complete.label, other=other)
    tested = complete.beside([draft("vote_unmeasured", "trust")]).tested([own, foreign, spoken])
    kinds = [one.kind for one in tested.findings]
    assert kinds.count("gap") == 1 and kinds.index("gap") < kinds.index("vote_unmeasured") < kinds.index("model_fact")
    assert kinds.index("contrast") < next(at for at, one in enumerate(tested.findings) if one.topic == "looked")
    assert [one.id for one in tested.findings] == [f"F{at + 1}" for at in range(len(kinds))]
    assert foreign.statement in [one.statement for one in tested.about(other).findings]
    assert tested.tested([own]) == tested != complete.beside(tested.opinions)
    assert not tested.enter([draft("vote_balanced", "trust", 74.3, "%")])[0].tested([own]).added


def test_record_is_json_and_holds_no_pixels(complete: Reading) -> None:
    text = as_json(complete)
    record = json.loads(text)
    assert {"model", "labels", "scores", "logits", "findings", "maps", "notice"} <= set(record)
    assert sum(record["scores"]) == pytest.approx(1, abs=1e-5)
    assert len(text) < 20_000
    for one in record["maps"]:
        assert {"method", "class", "checks", "shares"} <= set(one)
        assert one["flat"] or sum(one["shares"].values()) == pytest.approx(100, abs=0.1)

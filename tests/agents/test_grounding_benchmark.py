"""The benchmark of the checker: its errors are errors, and the checker keeps to its thresholds."""

import json
import random

import pytest

from benchmarks.grounding import Result, main, measured, sources, table
from benchmarks.planting import PLANTERS, plant


@pytest.mark.parametrize("name", ["templates", "development"])
def test_errors_are_caught_and_true_sentences_stand(name: str) -> None:
    result = measured(sources(name))
    assert result.caught_share >= 98, result.missed
    assert result.struck_share <= 2, result.struck
    assert result.planted.total() >= 1000


def test_all_sentences_together_give_over_a_thousand_errors_of_every_kind() -> None:
    rng = random.Random(0)
    found = [one for name in ("templates", "development") for source in sources(name) for one in plant(source, rng)]
    assert len(found) >= 1000 and {one.kind for one in found} == set(PLANTERS)


def test_an_error_differs_from_what_it_was_made_of() -> None:
    rng = random.Random(1)
    for source in sources("development"):
        assert all(one.sentence != source.sentence for one in plant(source, rng))


def test_the_same_seed_plants_the_same_errors() -> None:
    [first, second] = [
        [one for source in sources("templates") for one in plant(source, random.Random(3))] for _ in "ab"
    ]
    assert first == second


def test_it_prints_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["grounding", "--sets", "templates", "--json"])
    assert main() == 0
    printed = json.loads(capsys.readouterr().out)["templates"]
    assert set(printed["planted"]) == set(PLANTERS) and printed["struck"] == []


def test_the_table_has_a_row_a_kind() -> None:
    empty = Result(true=4, struck=["one"])
    lines = table({"templates": empty}).splitlines()
    assert len(lines) == len(PLANTERS) + 5
    assert "| **true sentences struck** | 1 of 4 (25.0 %) |" in lines

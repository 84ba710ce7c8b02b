"""The page of runs says in words what each network started from."""

import json
from pathlib import Path

import pytest

from diagnosis.training.recipe import Recipe, Start, load_recipe
from diagnosis.training.runs import runs_table
from diagnosis.training.tracking import describe
from tests.diagnosis.training.squares import write_card, write_recipe

ROW = {"epoch": 1, "seconds": 90, "val_balanced_accuracy": 0.75, "val_loss": 0.5}
ENCODER = Path("weights/encoder/open_clip_model.safetensors")


@pytest.mark.parametrize(
    ("start", "told"),
    [
        (None, "random weights"),
        (Start(file=ENCODER, prefix="visual.trunk."), "the encoder's image tower"),
        (Start(file=ENCODER, prefix="visual.trunk.", fit_head=True), "the encoder's image tower, head fitted"),
        (Start(file=Path("mine/other.safetensors")), "other.safetensors"),
    ],
)
def test_a_start_is_told_in_words(start: Start | None, told: str, tmp_path: Path) -> None:
    recipe = load_recipe("squares", write_recipe(tmp_path / "recipes"))
    describe(write_card(tmp_path / "weights"), _from(recipe, start), tmp_path / "runs" / "one")
    (tmp_path / "runs" / "one" / "log.jsonl").write_text(json.dumps(ROW) + "\n", encoding="utf-8")
    line = f"| one | squares@1 | {told} | 1 of 3 | 2 | 0.750 (1) | 0.750 | 0.500 |"
    assert runs_table(tmp_path / "runs").splitlines()[-1] == line


def _from(recipe: Recipe, start: Start | None) -> Recipe:
    return recipe.model_copy(update={"start": start})


def test_a_log_without_a_description_is_told_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "log.jsonl").write_text(json.dumps(ROW) + "\n", encoding="utf-8")
    assert runs_table(tmp_path).splitlines()[-1].startswith("| bare | – | – | 1 | 2 |")

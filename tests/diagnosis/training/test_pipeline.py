"""The pipeline as others know it: dvc.yaml, MLflow's store, and the table of runs."""

import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from diagnosis.training.__main__ import _parser, main
from diagnosis.training.recipe import RECIPES, load_recipe
from tests.conftest import ROOT
from tests.diagnosis.training.squares import write_card, write_data, write_recipe

MODELS = ("brain-mri", "breast-idc", "chest-ct", "chest-xray", "colorectal", "lung-colon")


def stages() -> dict[str, tuple[str, dict[str, Any]]]:
    """Every stage of dvc.yaml by its name: its model, and its fields filled in as DVC fills them in."""
    document = yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))
    variables = document["vars"][0]
    found = {}
    for name, stage in document["stages"].items():
        models = variables["models"] if stage["foreach"] == "${models}" else stage["foreach"]
        for key, item in models.items():
            values = {"key": key, "item": item, **variables}
            text = re.sub(r"\$\{(\w+)\}", lambda match, own=values: own[match[1]], json.dumps(stage["do"]))
            found[f"{name}@{key}"] = (key, json.loads(text))
    return found


def names_of(entries: list[Any]) -> set[str]:
    return {next(iter(one)) if isinstance(one, dict) else one for one in entries}


def test_every_model_has_its_four_stages() -> None:
    kinds = {name.split("@")[0].removesuffix("-from-random") + "@" + name.split("@")[1] for name in stages()}
    assert kinds == {f"{kind}@{model}" for kind in ("prepare", "train", "calibrate", "evaluate") for model in MODELS}


def test_the_stages_are_commands_that_exist() -> None:
    for model, stage in stages().values():
        command = stage["cmd"].split("&&")[-1].split(">")[0]
        words = shlex.split(command)
        assert words[:3] == ["python", "-m", "diagnosis.training"]
        assert _parser().parse_args(words[3:]).model == model


def test_a_stage_depends_on_what_its_command_reads() -> None:
    for name, (model, stage) in stages().items():
        recipe = load_recipe(model, RECIPES)
        deps = names_of(stage["deps"])
        assert f"../shared/data/{recipe.dataset}" in deps, name
        if name.startswith("train"):
            assert f"diagnosis/training/recipes/{model}.toml" in deps
            starts = {dep for dep in deps if dep.endswith(".safetensors")}
            assert starts == ({recipe.start.file.as_posix()} if recipe.start else set()), name


def test_stages_form_a_chain_by_their_files() -> None:
    outs = {
        out: name
        for name, (_, stage) in stages().items()
        for out in names_of([*stage.get("outs", []), *stage.get("metrics", [])])
    }
    for model in MODELS:
        evaluate = next(stage for name, (_, stage) in stages().items() if name == f"evaluate@{model}")
        before = {outs[dep].split("@")[0] for dep in evaluate["deps"] if dep in outs}
        assert {kind.removesuffix("-from-random") for kind in before} == {"train", "calibrate"}
        assert outs[f"runs/{model}/prepared.txt"] == f"prepare@{model}"
        assert outs[f"weights/{model}.metrics.json"] == f"evaluate@{model}"


def test_parameters_are_fields_of_the_cards() -> None:
    for model, stage in stages().values():
        for entry in stage.get("params", []):
            for path, fields in entry.items():
                if (ROOT / path).is_file():
                    assert {*fields} <= {*tomllib.loads((ROOT / path).read_text("utf-8"))}, model


@pytest.mark.parametrize("model", MODELS)
def test_plain_recipes_are_plain_and_of_the_same_data(model: str) -> None:
    plain, ours = load_recipe(model, RECIPES / "plain"), load_recipe(model, RECIPES)
    assert plain.dataset == ours.dataset
    assert (plain.start, plain.balance_classes, plain.balance_groups, plain.average_decay) == (None, False, False, 0)
    changes = plain.augmentation.model_dump(exclude_defaults=True)
    assert {*changes} <= {"horizontal_flip", "vertical_flip"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the run ``runs/squares``, trained for three epochs."""
    root = tmp_path_factory.mktemp("pipeline")
    write_card(root / "weights")
    folders = ["--data", str(write_data(root / "squares")), "--weights", str(root / "weights")]
    folders += ["--recipes", str(write_recipe(root / "recipes")), "--run", str(root / "runs" / "squares")]
    assert main(["train", "squares", *folders]) == 0
    return root


def test_the_table_of_runs_has_the_figures_of_the_logs(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = place / "runs" / "lungs"
    other.mkdir(exist_ok=True)
    (other / "log.jsonl").write_text('{"epoch": 1, "val_dice": 0.9, "seconds": 1}\n', encoding="utf-8")
    page = place / "runs.md"
    assert main(["runs", "--folder", str(place / "runs"), "--write", str(page)]) == 0
    lines = [line for line in page.read_text("utf-8").splitlines() if line.startswith("| squares")]
    rows = [json.loads(line) for line in (place / "runs/squares/log.jsonl").read_text("utf-8").splitlines()]
    best = max(rows, key=lambda row: row["val_balanced_accuracy"])
    assert len(lines) == 1
    cells = [cell.strip() for cell in lines[0].strip("|").split("|")]
    assert cells[:4] == ["squares", "squares@1", "random weights", "3 of 3"]
    assert cells[5] == f"{best['val_balanced_accuracy']:.3f} ({best['epoch']})"
    assert cells[7] == f"{rows[-1]['val_loss']:.3f}"
    assert "lungs" not in page.read_text("utf-8")


def test_mlflow_has_the_figures_of_the_log(place: Path) -> None:
    mlflow = pytest.importorskip("mlflow", reason="MLflow is optional: requirements-training.txt brings it")
    client = mlflow.MlflowClient((place / "runs" / "mlruns").as_uri())
    run = client.get_run((place / "runs/squares/mlflow-run").read_text("utf-8"))
    assert run.info.status == "FINISHED"
    assert run.data.params["learning_rate"] == "0.001"
    rows = [json.loads(line) for line in (place / "runs/squares/log.jsonl").read_text("utf-8").splitlines()]
    history = client.get_metric_history(run.info.run_id, "val_loss")
    assert [(one.step, one.value) for one in history] == [(row["epoch"], row["val_loss"]) for row in rows]

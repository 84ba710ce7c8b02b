import logging
import shutil
from pathlib import Path

import numpy as np
import pytest

from diagnosis.errors import BadRequest
from diagnosis.training.__main__ import main
from diagnosis.training.crossvalidate import crossvalidate, split_groups
from diagnosis.training.dataset import rows_of
from diagnosis.training.recipe import load_recipe
from tests.diagnosis.training.squares import LABELS, write_card, write_data, write_recipe


def uneven(count: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    groups = np.repeat([f"g{i}" for i in range(count)], random.integers(3, 30, count))
    return random.integers(0, 3, len(groups)), groups


@pytest.mark.parametrize(("count", "folds"), [(30, 5), (7, 7), (9, 3)])
def test_a_group_lies_in_one_fold_and_every_image_in_one(count: int, folds: int) -> None:
    targets, groups = uneven(count)
    parts = split_groups(targets, groups, folds, seed=1)
    assert len(parts) == folds
    assert sorted(np.concatenate(parts)) == list(range(len(targets)))
    assert sum(len({*groups[part]}) for part in parts) == count


def test_classes_are_spread_evenly() -> None:
    targets, groups = uneven(60)
    shares = [np.bincount(targets[part], minlength=3) / len(part) for part in split_groups(targets, groups, 4, seed=1)]
    assert np.ptp(shares, axis=0).max() < 0.1


@pytest.mark.parametrize("folds", [1, 8])
def test_more_folds_than_groups_are_refused(folds: int) -> None:
    with pytest.raises(BadRequest, match=rf"7 groups do not make {folds} folds"):
        split_groups(*uneven(7), folds, seed=1)


def test_every_image_is_scored_by_a_network_that_never_saw_its_group(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    card, data, recipes = write_card(tmp_path / "weights"), write_data(tmp_path / "squares"), write_recipe(tmp_path)
    run = tmp_path / "run"
    folders = ["--data", str(data), "--weights", str(tmp_path / "weights"), "--recipes", str(recipes)]
    command = ["crossvalidate", "squares", *folders, "--run", str(run), "--folds", "3", "--epochs-share", "0.4"]
    assert main(command) == 0
    printed = capsys.readouterr().out
    stored = np.load(run / "folds.npz")
    rows = {f"images/{row.path.name}": row for split in ("train", "val") for row in rows_of(data, split, card)}
    assert sorted(stored["paths"]) == sorted(rows)
    assert stored["logits"].shape == (len(rows), 3) and stored["logits"].dtype == np.float32
    assert [LABELS[target] for target in stored["targets"]] == [rows[path].label for path in stored["paths"]]
    assert stored["groups"].tolist() == [rows[path].group for path in stored["paths"]]
    folds_of_groups = {group: {*stored["folds"][stored["groups"] == group]} for group in stored["groups"]}
    assert {len(own) for own in folds_of_groups.values()} == {1}
    recall = [(stored["logits"].argmax(1) == at)[stored["targets"] == at].mean() for at in range(3)]
    assert f"pooled: balanced accuracy {np.mean(recall):.3f}, 72 images" in printed
    assert not list(run.rglob("last.pt"))  # 80 MB a fold, of no more use

    shutil.rmtree(run / "folds" / "2")  # as if cut off in the second fold
    (run / "folds.npz").unlink()
    caplog.clear()
    with caplog.at_level(logging.INFO, "diagnosis.training.train"):
        assert main(command) == 0
    assert sum("epoch=" in line for line in caplog.messages) == 1
    assert np.array_equal(np.load(run / "folds.npz")["logits"], stored["logits"])
    with pytest.raises(BadRequest, match="holds folds of another recipe"):
        crossvalidate(card, load_recipe("squares", recipes), data, run, 3)


def test_images_of_a_class_that_no_other_fold_has_are_left_out(tmp_path: Path) -> None:
    card, data, recipes = write_card(tmp_path / "weights"), write_data(tmp_path / "squares"), write_recipe(tmp_path)
    manifest = data / "manifest.csv"
    lines = manifest.read_text("utf-8").splitlines()
    kept = [line for line in lines if ",blue," not in line or line.endswith((",train-2,train", ",test"))]
    manifest.write_text("\n".join(kept) + "\n", encoding="utf-8")
    recipe = load_recipe("squares", recipes).shortened(0.1)
    found = crossvalidate(card, recipe, data, tmp_path / "run", 2)
    assert {LABELS[target] for target in found.targets} == {"red", "green"}
    assert len(found.targets) == sum(not line.endswith("test") for line in kept[1:]) - 2

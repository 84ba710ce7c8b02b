"""``benchmarks.helping`` on squares of one colour: what its networks learn from, and what it finds and keeps."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks.helping.__main__ import main
from benchmarks.helping.bench import EPOCHS, Arm, Bench, cut, figures
from benchmarks.helping.record import FIGURES, keep, load_record
from diagnosis.training.dataset import Dataset, load_split
from diagnosis.training.recipe import load_recipe
from diagnosis.training.train import Trainer
from tests.diagnosis.training.squares import LABELS, write_card, write_data, write_recipe

RED = 0


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data, card and recipe of the squares, and ten red and two green synthetic ones."""
    folder = tmp_path_factory.mktemp("helping")
    write_data(folder / "data")
    write_card(folder / "weights")
    write_recipe(folder / "recipes")
    random = np.random.default_rng(9)
    for label, count in (("red", 10), ("green", 2)):
        (folder / "made" / "squares" / label).mkdir(parents=True)
        for number in range(count):
            pixels = random.integers(0, 120, (24, 24, 3))
            pixels[..., LABELS.index(label)] += 100
            Image.fromarray(pixels.astype(np.uint8)).save(folder / "made" / "squares" / label / f"{number}.png")
    return folder


def load(root: Path, made: bool = True) -> Bench:
    card, recipe = write_card(root / "weights"), load_recipe("squares", root / "recipes")
    return Bench.load(card, recipe, "red", root / "data", root / "made" if made else None, root / "runs", 32, 8)


def command(root: Path, *more: str) -> list[str]:
    folders = {"data": "data", "weights": "weights", "recipes": "recipes", "runs": "runs", "out": "records"}
    named = [word for option, name in folders.items() for word in (f"--{option}", str(root / name))]
    schedule = ["--size", "32", "--updates", "8", "--seeds", "1", "--shares", "25"]
    return ["--model", "squares", "--class", "red", *named, *schedule, *more]


def test_a_share_is_of_whole_groups_and_smaller_ones_lie_in_larger_ones() -> None:
    groups = np.repeat(np.arange(40), np.tile([1, 2, 5, 8], 10))
    kept = {share: cut(groups, share, 3) for share in (1, 10, 25, 60, 100)}
    for share, positions in kept.items():
        assert share / 100 * len(groups) <= len(positions) < share / 100 * len(groups) + 8
        assert set(groups[positions]).isdisjoint(np.delete(groups, positions))
    for small, large in ((1, 10), (10, 25), (25, 60), (60, 100)):
        assert set(kept[small]) <= set(kept[large])
    assert not np.array_equal(kept[25], cut(groups, 25, 4)) and len(kept[100]) == len(groups)


def test_the_class_is_cut_and_filled_up_and_the_others_stay_whole(root: Path) -> None:
    bench = load(root)
    for share, made, real, added in ((25, False, 4, 0), (25, True, 4, 10), (50, True, 8, 8), (100, True, 16, 10)):
        learned = bench.learned(Arm(share, made, 1))
        assert (learned.real, learned.made, learned.groups) == (real, added, real // 2)
        assert torch.bincount(learned.images.targets).tolist() == [real + added, 16, 16]
        names = learned.images.groups.astype(str)
        assert sum(name.startswith("synthetic") for name in names) == added
        assert all(int(bench.at) == RED == int(learned.images.targets[at])
                   for at, name in enumerate(names) if name.startswith("synthetic"))  # fmt: skip
    one, other = (bench.learned(Arm(25, made, 1)).images for made in (False, True))
    assert torch.equal(one.squares, other.squares[: len(one)])


def test_networks_start_from_random_weights_at_a_small_size(root: Path) -> None:
    bench = load(root)
    assert bench.recipe.start is None and bench.recipe.epochs == EPOCHS and bench.card.input.size == 32
    assert bench.recipe.balance_classes and not bench.recipe.balance_groups
    arms = [Arm(25, False, 1), Arm(25, True, 1), Arm(50, False, 1), Arm(25, False, 2)]
    assert len({bench.stamp(arm) for arm in arms}) == 4
    without = load(root, made=False)
    assert [bench.stamp(arm) == without.stamp(arm) for arm in arms] == [True, False, True, True]


@pytest.mark.parametrize("count", [48, 9])
def test_every_network_takes_the_same_number_of_updates(root: Path, tmp_path: Path, count: int) -> None:
    card, recipe = write_card(root / "weights"), load_recipe("squares", root / "recipes")
    images, val = (load_split(root / "data", split, card) for split in ("train", "val"))
    trainer = Trainer(card, recipe, images.take(np.arange(count)), val, tmp_path, updates=3)
    trainer._train_epoch(32)
    assert trainer.schedule.last_epoch == 3
    order = trainer._order()
    assert len(order) >= 3 * recipe.batch_size and np.bincount(order.numpy()).min() >= len(order) // count


def test_the_figures_are_those_by_hand() -> None:
    scores = np.array([[0.7, 0.3], [0.4, 0.6], [0.2, 0.8], [0.6, 0.4]])
    targets, weights = np.array([0, 0, 1, 1]), np.array([[1.0, 1, 1, 1], [2, 0, 1, 1]])
    assert figures(scores, targets, 0, weights) == pytest.approx(np.array([[0.5, 1], [0.75, 1], [0.5, 0.75]]))


def test_what_is_found_is_kept_and_goes_on_where_it_was_cut_off(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("benchmarks.helping.bench.EPOCHS", 1)
    runs, record = root / "runs" / "squares-red", root / "records" / "squares.json"

    def arms() -> dict[bool, str]:
        return {json.loads(path.read_bytes())["made"]: path.read_text("utf-8") for path in runs.glob("*.json")}

    assert main(command(root)) == 0 and not record.exists()
    assert {*arms()} == {False}
    assert "with" in capsys.readouterr().out
    made = command(root, "--synthetic", str(root / "made"))
    assert main(made) == 0
    done, shown = arms(), capsys.readouterr().out
    assert {*done} == {False, True}
    assert not list(runs.glob("*/last.pt")) and not list(runs.glob("*.partial"))
    assert main(made) == 0 and arms() == done and capsys.readouterr().out == shown
    (share,) = load_record(record)["red"].shares
    assert (share.real, share.made, share.groups) == ((4,), (10,), (2,))
    assert share.with_made is not None and share.difference is not None
    for at, name in enumerate(FIGURES):
        without, joined, gain = (getattr(one, name) for one in (share.without, share.with_made, share.difference))
        assert gain.value == pytest.approx(joined.value - without.value, abs=1e-5)
        assert gain.value == pytest.approx(share.seeds[0][at], abs=1e-4) and without.value is not None
        assert f"{without.value:.3f}" in shown and f"{gain.value:+.3f}" in shown
    told = load_record(record)["red"]
    keep(record, "green", told)
    assert load_record(record) == {"red": told, "green": told}


def test_a_difference_is_by_seed_and_by_the_same_draws(root: Path, tmp_path: Path) -> None:
    loaded = load(root)
    alone = Dataset(loaded.test.squares, loaded.test.targets, np.arange(len(loaded.test)).astype(str))
    bench, targets, random = replace(loaded, run=tmp_path, test=alone), alone.targets, np.random.default_rng(4)
    told = {made: [random.normal(size=(len(targets), 3)).round(5) for _ in (1, 2)] for made in (False, True)}
    told[True][0] = told[False][0]
    told[True][1][:, RED] += 1
    for made, seed in ((False, 1), (False, 2), (True, 1), (True, 2)):
        kept = tmp_path / f"{bench.stamp(Arm(25, made, seed))}.json"
        kept.write_text(json.dumps({"logits": told[made][seed - 1].tolist()}), encoding="utf-8")

    def recall(logits: np.ndarray) -> float:
        return float(np.mean(logits[targets == RED].argmax(1) == RED))

    gains = [recall(joined) - recall(without) for without, joined in zip(told[False], told[True], strict=True)]
    (both,) = bench.measure([25], [1, 2]).shares
    (same,) = bench.measure([25], [1]).shares
    assert gains[1] != 0
    assert both.difference is not None and both.difference.recall.value == pytest.approx(np.mean(gains), abs=1e-5)
    assert [seed[0] for seed in both.seeds] == pytest.approx(gains, abs=1e-4)
    low, high = both.difference.recall.low, both.difference.recall.high
    assert low is not None and high is not None and low < both.difference.recall.value < high
    assert same.difference is not None and same.difference.recall.low is None  # no draw differs
    assert same.without.recall.low is not None and same.without.recall.low < recall(told[False][0])


def test_what_is_not_there_is_told(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(root, "--synthetic", str(tmp_path))) == 3
    assert main([*command(root)[:3], "pink", *command(root)[4:]]) == 2
    blue = [*command(root, "--synthetic", str(root / "made"))]
    assert main([*blue[:3], "blue", *blue[4:]]) == 2 and "holds no images of blue" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(command(root, "--shares", "0"))

"""What the gate is fitted on, how it is fitted, and how it is measured."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from diagnosis import records
from diagnosis.cards import file_digest
from diagnosis.errors import BadRequest, Missing
from diagnosis.gate.card import GateCard, Limit, Source
from diagnosis.gate.look import Look
from diagnosis.gating.changes import CHANGES
from diagnosis.gating.fit import fit_limits, fit_space
from diagnosis.gating.record import Against, GateRecord, ModelRecord, Verdicts, load_record, table
from diagnosis.gating.samples import Rows, Samples, part_of, source_specs
from diagnosis.gating.strangers import LEARNED, MEDICAL, TESTED, drawn, photographs, strangers_of
from settings import ROOT

WIDTH = 12  # features of a made-up image


def clusters(seed: int, count: int = 200) -> dict[str, np.ndarray]:
    """Three kinds of made-up images that lie apart; the third has another scatter."""
    chance = np.random.default_rng(seed)
    return {
        name: chance.normal(middle, spread, (count, WIDTH))
        for name, middle, spread in (("a", 0, 1), ("b", 3, 1), ("c", -3, 0.5))
    }


def test_a_fitted_space_tells_kinds_apart_and_knows_what_lies_far_from_all() -> None:
    space, fresh = fit_space(clusters(1)), clusters(2)
    for at, own in enumerate(fresh.values()):
        weights = space.weights_of(own)
        assert weights.sum(axis=1) == pytest.approx(1)
        assert (weights.argmax(axis=1) == at).mean() > 0.99
        assert (space.distances_of(own).argmin(axis=1) == at).mean() > 0.99
    typical = space.distances_of(fresh["a"])[:, 0]
    assert 0.5 < np.median(typical) < 2
    stranger = space.distances_of(np.full((1, WIDTH), 30.0))
    assert stranger.min() > 5 * typical.max()


def test_limits_are_what_nearly_all_images_of_val_keep_to() -> None:
    space, val = fit_space(clusters(1)), clusters(3, 1000)
    limits = fit_limits(space, val)
    for at, (name, own) in enumerate(val.items()):
        assert (space.distances_of(own)[:, at] <= limits[name].far).mean() == pytest.approx(0.995, abs=0.002)
        assert limits[name].surprise >= round(float(np.log(2)), 4)


def test_a_distance_is_one_where_the_limits_are() -> None:
    sources = (Source(name="a", title="an a"), Source(name="b", title="a b"), Source(name="c", title="a c"))
    space = fit_space(clusters(1))
    limits = fit_limits(space, clusters(3, 1000))
    card = GateCard.model_construct(sources=sources, limits=limits)
    for at, own in enumerate(clusters(4, 1000).values()):
        distances = np.array([look.distance([at]) for look in Look.all_of(card, space, own)])
        assert 0 < (distances > 1).mean() < 0.03
    strict = {name: Limit(surprise=limit.surprise / 2, far=limit.far / 2) for name, limit in limits.items()}
    halved = GateCard.model_construct(sources=sources, limits=strict)
    rows = clusters(4, 5)["a"]
    pairs = zip(Look.all_of(card, space, rows), Look.all_of(halved, space, rows), strict=True)
    assert all(second.distance([0]) == pytest.approx(2 * first.distance([0])) for first, second in pairs)


def test_changes_do_what_they_say() -> None:
    squares = torch.randint(0, 256, (6, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    names = [f"image-{number}" for number in range(6)]
    assert torch.equal(CHANGES["invert"](CHANGES["invert"](squares, names), names), squares)
    grey = CHANGES["grey"](squares, names)
    assert torch.equal(grey[:, 0], grey[:, 1]) and torch.equal(grey[:, 1], grey[:, 2])
    assert torch.equal(CHANGES["grey"](grey, names), grey)
    for square, turned in zip(squares, CHANGES["turn"](squares, names), strict=True):
        assert any(torch.equal(square.rot90(count, (1, 2)), turned) for count in (1, 2, 3))
    left = torch.zeros((2, 3, 8, 8), dtype=torch.uint8)
    left[..., :4] = 200
    assert {
        int(half.float().mean()) for half in CHANGES["halve"](left.repeat(8, 1, 1, 1), list("abcdefghijklmnop"))
    } == {0, 200}
    for change in CHANGES.values():
        assert torch.equal(change(squares, names)[2:4], change(squares[2:4], names[2:4]))


def test_strangers_are_the_same_every_time_and_those_of_test_show_other_things() -> None:
    first, second = (list(drawn(16, seed=5)) for _ in range(2))
    assert [one.study for one in first] == [one.study for one in second]
    assert {one.kind for one in first} == {"blank", "noise", "document", "drawing"}
    named = [{(package, name) for package, own in some.items() for name in own} for some in (LEARNED, TESTED, MEDICAL)]
    assert not named[0] & named[1] and not (named[0] | named[1]) & named[2]
    whole = {one.study for one in photographs(TESTED, 0, seed=1)}
    assert len(whole) == len(named[1])
    assert not whole & {one.study for one in photographs(LEARNED, 0, seed=1)}
    assert "medical" in {one.kind for one in strangers_of("test")}
    assert "medical" not in {one.kind for one in strangers_of("train")}


def test_a_set_without_val_lends_it_whole_groups_of_train(tmp_path: Path) -> None:
    with (tmp_path / "manifest.csv").open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(("path", "label", "group", "split"))
        rows.writerows(
            (f"{number}.png", "a", f"g{number // 3}", "test" if number < 30 else "train") for number in range(300)
        )
    parts = {part: part_of(tmp_path, part) for part in ("train", "val", "test")}
    groups = {part: {row["group"] for row in rows} for part, rows in parts.items()}
    assert sum(map(len, parts.values())) == 300
    assert not groups["train"] & groups["val"] and not groups["train"] & groups["test"]
    assert 0.1 < len(parts["val"]) / 270 < 0.4
    with pytest.raises(Missing, match=r"manifest\.csv"):
        part_of(tmp_path / "nowhere", "train")


def test_features_are_kept_and_the_choice_of_images_is_the_same_every_time(data_folder: Path, tmp_path: Path) -> None:
    first = Samples(data_folder, ROOT / "weights", tmp_path, most=6)
    rows = Rows(set="chest_ct", where={"label": ("normal",)})
    found = first.rows(rows, "train")
    assert found.shape == (6, 896)
    again = Samples(data_folder, ROOT / "weights", tmp_path, most=8).rows(rows, "train")
    assert again.shape == (8, 896) and np.array_equal(again[:6], found)
    inverted = first.rows(rows, "train", "invert")
    assert len(inverted) == 1 and not np.allclose(inverted[0], found[0])


def test_every_source_says_where_its_images_come_from() -> None:
    specs = source_specs()
    assert len({spec.name for spec in specs}) == len(specs)
    for spec in specs:
        assert bool(spec.sets) != bool(spec.strangers)
        assert spec.change is None or spec.change in CHANGES
    owners = [spec.model for spec in specs if spec.model]
    assert len(owners) == len(set(owners)) == 6


def test_a_record_is_kept_and_told_as_a_table(tmp_path: Path) -> None:
    others = Against(
        others="photo", verdicts=Verdicts(images=8, passed=0, cautioned=2, refused=6), auroc=0.9876, unseen_auroc=None
    )
    own = Verdicts(images=200, passed=197, cautioned=2, refused=1)
    record = GateRecord(
        card_sha256="c" * 64,
        gate_sha256="a" * 64,
        encoder_sha256="b" * 64,
        manifests={},
        split="test",
        most=None,
        command="evaluate",
        models=(ModelRecord(model="films", own=own, against=(others,)),),
    )
    records.write(record, tmp_path / "metrics.json")
    assert load_record(tmp_path / "metrics.json") == record
    lines = table(record).splitlines()
    assert lines[2] == "| films | its own | 200 | 98.5 % | 1.0 % | 0.5 % |  |  |"
    assert lines[3] == "| films | photo | 8 | 0.0 % | 25.0 % | 75.0 % | 0.9876 |  |"
    (tmp_path / "metrics.json").write_text("{}", encoding="utf-8")
    with pytest.raises(BadRequest, match="not a record of the gate"):
        load_record(tmp_path / "metrics.json")


def test_the_record_beside_the_gate_is_of_this_gate() -> None:
    folder = ROOT / "weights" / "gate"
    record = load_record(folder / "metrics.json")
    assert record.card_sha256 == file_digest(folder / "gate.toml")
    assert record.gate_sha256 == file_digest(folder / "gate.safetensors")
    assert record.split == "test"


def test_the_figures_of_the_documentation_are_those_of_the_record() -> None:
    record = load_record(ROOT / "weights" / "gate" / "metrics.json")
    assert table(record) in (ROOT / "docs" / "gate.md").read_text("utf-8")

import shutil
from pathlib import Path

import pytest

from diagnosis.cards import ModelCard
from diagnosis.training.__main__ import main
from diagnosis.training.prepare import prepare
from tests.diagnosis.training.squares import write_card, write_data


@pytest.fixture
def card(tmp_path: Path) -> ModelCard:
    return write_card(tmp_path / "weights")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_data(tmp_path / "squares")


def change(data: Path, old: str, new: str) -> None:
    manifest = data / "manifest.csv"
    assert old in manifest.read_text("utf-8")
    manifest.write_text(manifest.read_text("utf-8").replace(old, new), encoding="utf-8")


def test_a_sound_folder_is_counted_and_has_no_faults(data: Path, card: ModelCard) -> None:
    found = prepare(data, card)
    assert (found.faults, found.remarks) == ((), ())
    assert found.groups == {"train": 24, "val": 12, "test": 9}
    assert found.images.columns.tolist() == ["train", "val", "test"]
    assert found.images.index.tolist() == ["red", "green", "blue"]
    assert found.images["train"].tolist() == [16, 16, 16]


def test_a_group_on_both_sides_of_a_split_is_a_fault(data: Path, card: ModelCard) -> None:
    change(data, ",test-3,test", ",train-1,test")
    assert prepare(data, card).faults == ("group train-1 lies in test, train",)


def test_the_same_pixels_on_both_sides_of_a_split_are_a_fault(data: Path, card: ModelCard) -> None:
    """Whatever the files are called and however they are stored."""
    from PIL import Image

    Image.open(data / "images/train0.png").save(data / "images/test17.png", compress_level=1)
    shutil.copy(data / "images/train5.png", data / "images/train6.png")
    found = prepare(data, card)
    assert found.faults == ("train0.png and test17.png are the same image, in more than one split",)
    assert found.remarks == ("1 images repeat another one of their split", "2 images occur under two labels")


def test_what_cannot_be_read_and_what_the_card_does_not_know(data: Path, card: ModelCard) -> None:
    (data / "images/train7.png").write_bytes(b"no image")
    change(data, "images/val1.png,red", "images/val1.png,purple")
    first, second = prepare(data, card).faults
    assert first.startswith("1 images cannot be read, the first is ") and first.endswith("train7.png")
    assert second == "squares has no class 'purple'"


def test_the_command_prints_a_table_and_stops_at_faults(
    data: Path, card: ModelCard, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["prepare", "squares", "--data", str(data), "--weights", str(data.parent / "weights")]
    assert main(command) == 0
    assert "groups: train 24, val 12, test 9" in capsys.readouterr().out
    change(data, ",test-3,test", ",train-1,test")
    assert main(command) == 2
    out, err = capsys.readouterr()
    assert "FAULT: group train-1 lies in test, train" in out
    assert "squares: group train-1 lies in test, train" in err


@pytest.mark.parametrize("dataset", ["brain_mri", "breast_idc", "chest_ct", "chest_xray", "colorectal", "lung_colon"])
def test_no_group_crosses_a_split_in_the_sets_that_are_trained_on(data_folder: Path, dataset: str) -> None:
    from diagnosis.training.dataset import read_manifest

    splits: dict[str, set[str]] = {}
    for row in read_manifest(data_folder / dataset):
        splits.setdefault(row.group, set()).add(row.split)
    assert {len(own) for own in splits.values()} == {1}

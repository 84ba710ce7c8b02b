from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from diagnosis.cards import ModelCard
from diagnosis.errors import BadRequest, Missing
from diagnosis.preprocess import normalise, preprocess, to_square
from diagnosis.readers import read_study
from diagnosis.training.dataset import load_split, read_manifest, rows_of
from tests.diagnosis.training.squares import write_card, write_data


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> ModelCard:
    return write_card(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tmp_path_factory.mktemp("data") / "squares")


def test_training_and_serving_share_one_preprocessing(data: Path, card: ModelCard) -> None:
    """The squares that are trained on are the served ones to half a grey level, which is all that uint8 loses."""
    squares, rows = load_split(data, "val", card).squares, rows_of(data, "val", card)
    assert squares.dtype == torch.uint8
    assert len(squares) == len(rows) == 24
    for square, row in zip(squares, rows, strict=True):
        study = read_study(row.path)
        assert torch.equal(square, (to_square(study, card.input) * 255).round().to(torch.uint8))
        gap = (normalise(square.float() / 255, card.input) - preprocess(study, card.input)).abs().max()
        assert gap <= 0.5 / 255 / min(card.input.std) + 1e-5


def test_targets_and_groups_follow_the_manifest(data: Path, card: ModelCard) -> None:
    loaded = load_split(data, "test", card)
    rows = [row for row in read_manifest(data) if row.split == "test"]
    assert [card.label_names[target] for target in loaded.targets] == [row.label for row in rows]
    assert loaded.groups.tolist() == [row.group for row in rows]
    assert not {*loaded.groups} & {*load_split(data, "train", card).groups}


def test_a_folder_without_a_manifest_is_missing(tmp_path: Path, card: ModelCard) -> None:
    with pytest.raises(Missing, match=r"no manifest\.csv in"):
        rows_of(tmp_path, "train", card)


def test_a_split_without_rows_names_those_that_have_some(data: Path, card: ModelCard) -> None:
    with pytest.raises(BadRequest, match=r"no rows with split 'final'\. It has: test, train, val"):
        rows_of(data, "final", card)


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ("path,label,group,split\nimages/a.png,purple,1,test\n", "squares has no class 'purple'"),
        ("path,label,split\nimages/a.png,red,test\n", "no column 'group'"),
        ("", "no column 'path'"),
    ],
)
def test_a_manifest_that_cannot_be_used(tmp_path: Path, card: ModelCard, manifest: str, message: str) -> None:
    (tmp_path / "manifest.csv").write_text(manifest, encoding="utf-8")
    with pytest.raises(BadRequest, match=message):
        rows_of(tmp_path, "test", card)


def test_a_grey_image_fills_all_channels(card: ModelCard, tmp_path: Path) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (20, 30), dtype=np.uint8)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    (tmp_path / "manifest.csv").write_text("path,label,group,split\ngrey.png,red,1,test\n", encoding="utf-8")
    squares = load_split(tmp_path, "test", card).squares
    assert squares.shape == (1, 3, 32, 32)
    assert torch.equal(squares[0, 0], squares[0, 2])

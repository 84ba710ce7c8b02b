"""MedMNIST's files become a labelled folder that the other commands read."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diagnosis.cards import load_card
from diagnosis.errors import BadRequest, Missing
from diagnosis.training.__main__ import main
from diagnosis.training.dataset import load_split, read_manifest
from diagnosis.training.medmnist import unpack
from diagnosis.training.recipe import load_recipe
from settings import ROOT

CARDS = ROOT / "weights" / "ready"
CARD = load_card(CARDS / "pathmnist.toml")


def npz(path: Path, **changed: np.ndarray) -> Path:
    """Nine images a split, of nine classes, as MedMNIST lays them out."""
    draw = np.random.default_rng(0)
    arrays = {}
    for split in ("train", "val", "test"):
        arrays[f"{split}_images"] = draw.integers(0, 256, (9, 28, 28, 3), dtype=np.uint8)
        arrays[f"{split}_labels"] = np.arange(9, dtype=np.uint8)[:, None]
    np.savez(path, **(arrays | changed))
    return path


def test_images_keep_their_pixels_labels_and_splits(tmp_path: Path) -> None:
    file, folder = npz(tmp_path / "pathmnist.npz"), tmp_path / "pathmnist"
    assert unpack(file, folder, CARD) == 27
    rows = read_manifest(folder)
    assert [row.label for row in rows] == 3 * list(CARD.label_names)
    assert [row.split for row in rows] == ["train"] * 9 + ["val"] * 9 + ["test"] * 9
    assert len({row.group for row in rows}) == 27
    with np.load(file) as arrays, Image.open(rows[12].path) as image:
        assert (np.asarray(image) == arrays["val_images"][3]).all()
    split = load_split(folder, "val", CARD)
    assert split.squares.shape == (9, 3, 28, 28) and split.targets.tolist() == list(range(9))
    with pytest.raises(BadRequest, match=r"has a manifest\.csv already"):
        unpack(file, folder, CARD)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"val_labels": np.full((9, 1), 9)}, "val_labels go up to 9, and pathmnist has 9 labels"),
        ({"train_labels": np.zeros((9, 14))}, "one label an image is read here"),
        ({"train_images": np.zeros((9, 28, 28, 3))}, "float64"),
        ({"test_labels": np.array([{"a": 1}] * 9, dtype=object)}, "allow_pickle=False"),
    ],
)
def test_what_does_not_fit_is_told_and_leaves_no_manifest(
    tmp_path: Path, changed: dict[str, np.ndarray], words: str
) -> None:
    with pytest.raises(BadRequest, match=words):
        unpack(npz(tmp_path / "x.npz", **changed), tmp_path / "out", CARD)
    assert not list((tmp_path / "out").glob("manifest*"))


def test_what_is_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(Missing, match=r"There is no .*nothing\.npz"):
        unpack(tmp_path / "nothing.npz", tmp_path / "out", CARD)
    (tmp_path / "text.npz").write_text("text")
    with pytest.raises(BadRequest, match=r"text\.npz is not an npz file"):
        unpack(tmp_path / "text.npz", tmp_path / "out", CARD)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, folder = npz(tmp_path / "pathmnist.npz"), tmp_path / "pathmnist"
    words = ["unpack", "pathmnist", "--npz", str(file), "--data", str(folder), "--weights", str(CARDS)]
    assert main(words) == 0
    assert "27 images" in capsys.readouterr().out and len(read_manifest(folder)) == 27
    assert load_recipe("pathmnist").dataset == "pathmnist"

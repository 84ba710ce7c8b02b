"""Labelled images as people have them: with a manifest or class folders, in a folder or an archive."""

import shutil
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image

from diagnosis.cards import ModelCard
from diagnosis.errors import BadRequest, Missing
from diagnosis.training.dataset import rows_of
from diagnosis.training.labelled import EVERY, MOST_FILES, labelled_images
from tests.diagnosis.training.squares import write_card, write_data


@pytest.fixture
def card(tmp_path: Path) -> ModelCard:
    return write_card(tmp_path / "weights")


def paint(path: Path, shade: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((20, 20, 3), shade, dtype=np.uint8)).save(path)
    return path


def class_folders(folder: Path) -> Path:
    """Two images of Red, one of blue, and what systems leave behind."""
    for at, name in enumerate(("Red/a.png", "Red/deeper/b.png", "blue/c.png")):
        paint(folder / name, 50 * at)
    (folder / "blue" / ".DS_Store").write_text("x")
    (folder / "__MACOSX").mkdir()
    return folder


def zipped(folder: Path, target: Path, top: str = "") -> Path:
    with ZipFile(target, "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, f"{top}{path.relative_to(folder).as_posix()}")
    return target


def labels_in(place: Path, card: ModelCard, split: str = "test") -> list[str]:
    with labelled_images(place, split, card) as (data, rows_wanted):
        rows = rows_of(data, rows_wanted, card)
        assert all(row.path.is_file() for row in rows)
        return [row.label for row in rows]


def test_class_folders_are_known_by_name_or_title(tmp_path: Path, card: ModelCard) -> None:
    folder = class_folders(tmp_path / "mine")
    before = sorted(folder.rglob("*"))
    assert labels_in(folder, card) == ["red", "red", "blue"]
    assert sorted(folder.rglob("*")) == before  # nothing is written among the images
    with labelled_images(folder, "test", card) as (data, split):
        assert (data.name, split) == ("mine", EVERY) and len({row.group for row in rows_of(data, split, card)}) == 3
    assert not data.exists()


@pytest.mark.parametrize("top", ["", "mine/"])
def test_an_archive_is_unpacked_and_goes_afterwards(tmp_path: Path, card: ModelCard, top: str) -> None:
    place = zipped(class_folders(tmp_path / "mine"), tmp_path / "upload.zip", top)
    assert labels_in(place, card) == ["red", "red", "blue"]
    with labelled_images(place, "test", card) as (data, split):
        kept = [row.path for row in rows_of(data, split, card)]
    assert kept and not any(path.exists() for path in kept)


def test_a_manifest_tells_split_and_groups(tmp_path: Path, card: ModelCard) -> None:
    data = write_data(tmp_path / "squares")
    assert len(labels_in(data, card)) == 18
    place = zipped(data, tmp_path / "squares.zip", "squares/")
    assert len(labels_in(place, card, "val")) == 24
    with pytest.raises(BadRequest, match="no rows with split 'later'"):
        labels_in(place, card, "later")


def test_an_archive_cannot_name_files_outside_it(tmp_path: Path, card: ModelCard) -> None:
    secret = paint(tmp_path / "secret.png", 3)
    for name in (str(secret), "../../../secret.png"):
        folder = tmp_path / "hostile"
        folder.mkdir()
        (folder / "manifest.csv").write_text(f"path,label,group,split\n{name},red,a,test\n", encoding="utf-8")
        place = zipped(folder, tmp_path / "hostile.zip")
        shutil.rmtree(folder)
        with pytest.raises(BadRequest, match="outside the archive"):
            labels_in(place, card)


def test_what_cannot_be_measured_is_named(tmp_path: Path, card: ModelCard) -> None:
    (tmp_path / "text.zip").write_text("no archive", encoding="utf-8")
    with pytest.raises(BadRequest, match=r"text\.zip is no zip archive"):
        labels_in(tmp_path / "text.zip", card)
    with pytest.raises(Missing, match="no folder or archive"):
        labels_in(tmp_path / "nowhere", card)
    paint(tmp_path / "odd" / "yellow" / "a.png", 1)
    with pytest.raises(BadRequest, match="squares has no class 'yellow'"):
        labels_in(tmp_path / "odd", card)
    (tmp_path / "bare" / "red").mkdir(parents=True)
    with pytest.raises(Missing, match="neither a manifest"):
        labels_in(tmp_path / "bare", card)


def test_an_archive_of_too_many_files_is_not_unpacked(tmp_path: Path, card: ModelCard) -> None:
    with ZipFile(tmp_path / "many.zip", "w") as archive:
        for at in range(MOST_FILES + 1):
            archive.writestr(f"red/{at}.png", b"")
    with pytest.raises(BadRequest, match="unpacks to more than 20000 files"):
        labels_in(tmp_path / "many.zip", card)

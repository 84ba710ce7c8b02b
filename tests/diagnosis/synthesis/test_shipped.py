"""The list of shipped synthetic images: what was written is read, and what is wrong is refused by name."""

import json
from pathlib import Path

import pytest

from diagnosis.errors import BadRequest
from diagnosis.synthesis.shipped import FILE, Near, Nearest, Shipped, load_shipped, save_shipped

NEAREST = Nearest(
    pixels=Near(distance=0.2, limit=0.1),
    structure=Near(distance=0.5, limit=0.3),
    encoder=Near(distance=0.03, limit=0.02),
)


def shipped(file: str = "x-ray/synthetic-chest-xray-viral_pneumonia-1.jpg") -> Shipped:
    return Shipped(
        file=file,
        sha256="ab" * 32,
        picture_sha256=None if file.endswith((".jpg", ".png")) else "ef" * 32,
        model="chest-xray",
        label="viral_pneumonia",
        title="Viral pneumonia",
        seed=7,
        steps=25,
        guidance=2.5,
        generator="cd" * 32,
        score=0.75,
        verdict="pass",
        nearest=NEAREST,
    )


def test_what_was_written_is_read(tmp_path: Path) -> None:
    both = shipped(), shipped("x-ray/synthetic-chest-xray-normal-1.dcm")
    assert save_shipped(tmp_path, both) == tmp_path / FILE
    assert load_shipped(tmp_path) == both
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_without_the_file_there_are_none(tmp_path: Path) -> None:
    assert load_shipped(tmp_path) == ()


@pytest.mark.parametrize(
    ("name", "shown"), [("a.jpg", "a.jpg"), ("a.png", "a.png"), ("a.dcm", "a.jpg"), ("a.tiff", "a.jpg")]
)
def test_a_browser_is_shown_a_jpeg_for_what_it_cannot_read(name: str, shown: str) -> None:
    assert shipped(f"x-ray/synthetic-{name}").picture == f"x-ray/synthetic-{shown}"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("file", "../synthetic-a.jpg"),
        ("file", "x-ray/phantom.jpg"),
        ("sha256", "ab"),
        ("picture_sha256", "ab"),
        ("verdict", "refuse"),
        ("score", 1.5),
        ("patient", "Nobody"),
    ],
)
def test_a_wrong_entry_is_refused_by_its_field(tmp_path: Path, field: str, value: object) -> None:
    (tmp_path / FILE).write_text(json.dumps([shipped().model_dump() | {field: value}]), encoding="utf-8")
    with pytest.raises(BadRequest, match=rf"{FILE}: 0\.{field}: .* Run `python -m diagnosis"):
        load_shipped(tmp_path)


@pytest.mark.parametrize(("file", "digest"), [("x-ray/synthetic-a.dcm", None), ("x-ray/synthetic-a.jpg", "ef" * 32)])
def test_what_browsers_cannot_show_has_the_digest_of_its_picture(tmp_path: Path, file: str, digest: str | None) -> None:
    entry = shipped().model_dump() | {"file": file, "picture_sha256": digest}
    (tmp_path / FILE).write_text(json.dumps([entry]), encoding="utf-8")
    with pytest.raises(BadRequest, match="picture_sha256 belongs to a DICOM or TIFF file"):
        load_shipped(tmp_path)


@pytest.mark.parametrize("text", ["[", "{}", ""])
def test_what_is_no_list_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(BadRequest, match=FILE):
        load_shipped(tmp_path)


def test_a_file_stands_there_once(tmp_path: Path) -> None:
    save_shipped(tmp_path, [shipped(), shipped()])
    with pytest.raises(BadRequest, match="twice"):
        load_shipped(tmp_path)

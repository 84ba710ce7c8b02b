"""What a newcomer may click: phantoms, and the synthetic images that the list knows."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diagnosis.cards import file_digest
from diagnosis.examples import Example, find_examples
from diagnosis.synthesis.shipped import FILE, Near, Nearest, Shipped, save_shipped

NEAR = Near(distance=0.2, limit=0.1)
PIXELS = np.zeros((8, 8), dtype=np.uint8)


def draw(folder: Path, name: str) -> Path:
    Image.fromarray(PIXELS).save(folder / name)
    return folder / name


def listed(path: Path, model: str, title: str) -> Shipped:
    return Shipped(
        file=f"{path.parent.name}/{path.name}",
        sha256=file_digest(path),
        picture_sha256=file_digest(path.with_suffix(".jpg")) if path.suffix == ".dcm" else None,
        model=model,
        label=title.lower(),
        title=title,
        seed=1,
        steps=25,
        guidance=2,
        generator="a" * 64,
        score=0.9,
        verdict="pass",
        nearest=Nearest(pixels=NEAR, structure=NEAR, encoder=NEAR),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two synthetic images of two models, one that no list knows, a phantom, and a DICOM film with its picture."""
    place = tmp_path / "histology"
    place.mkdir()
    for name in ("phantom-cell-sheet.jpg", "synthetic-unknown-1.png", "synthetic-colon-gland-1.jpg"):
        draw(place, name)
    (place / "synthetic-lung-sheet-1.dcm").write_bytes(b"a film")
    draw(place, "synthetic-lung-sheet-1.jpg")
    film, tile = place / "synthetic-lung-sheet-1.dcm", place / "synthetic-colon-gland-1.jpg"
    save_shipped(tmp_path, [listed(film, "lung", "Sheet"), listed(tile, "colon", "Gland")])
    return place


def test_synthetic_images_come_first_by_class_and_phantoms_last(folder: Path) -> None:
    found = find_examples(folder)
    assert [one.caption for one in found] == ["Sheet, synthetic", "Gland, synthetic", "phantom cell sheet"]
    assert [one.model for one in found] == ["lung", "colon", None]
    assert found[0].file.suffix == ".dcm" and found[0].picture.name == "synthetic-lung-sheet-1.jpg"


def test_an_example_is_for_the_model_whose_class_it_was_made_for(folder: Path) -> None:
    fits = {model: [one.name for one in find_examples(folder) if one.fits(model)] for model in ("lung", "colon", "x")}
    drawn = "phantom-cell-sheet.jpg"
    assert fits == {
        "lung": ["synthetic-lung-sheet-1.dcm", drawn],
        "colon": ["synthetic-colon-gland-1.jpg", drawn],
        "x": [drawn],
    }


def test_a_file_that_is_not_the_one_of_the_list_is_no_example(folder: Path) -> None:
    Image.fromarray(PIXELS + 9).save(folder / "synthetic-colon-gland-1.jpg")
    assert [one.model for one in find_examples(folder)] == ["lung", None]


def test_a_film_beside_another_picture_is_no_example(folder: Path) -> None:
    Image.fromarray(PIXELS + 9).save(folder / "synthetic-lung-sheet-1.jpg")
    assert [one.model for one in find_examples(folder)] == ["colon", None]


def test_the_picture_of_a_film_is_the_one_of_the_list(folder: Path) -> None:
    Image.fromarray(PIXELS + 9).save(folder / "synthetic-lung-sheet-1.jpeg")
    assert find_examples(folder)[0].picture.name == "synthetic-lung-sheet-1.jpg"


def test_a_list_that_cannot_be_read_leaves_the_phantoms(folder: Path) -> None:
    (folder.parent / FILE).write_text("[{}]", encoding="utf-8")
    drawn = folder / "phantom-cell-sheet.jpg"
    assert find_examples(folder) == (Example(drawn, drawn, "phantom cell sheet"),)
    assert find_examples(folder / "nowhere") == ()

"""Cards and recipes: read strictly, and amended without a loss of what people wrote."""

from pathlib import Path

import pytest

from diagnosis.errors import BadRequest, Missing
from diagnosis.written import Strict, amend_toml, read_toml


class Cake(Strict):
    eggs: int
    sugar: float = 0.5


def read(path: Path) -> Cake:
    return read_toml(path, Cake.model_validate, "recipe", "Bake something else.")


def test_a_file_becomes_its_value(tmp_path: Path) -> None:
    (tmp_path / "cake.toml").write_text("eggs = 3", "utf-8")
    assert read(tmp_path / "cake.toml") == Cake(eggs=3)


def test_a_missing_file_is_told_by_its_name_and_not_by_its_place(tmp_path: Path) -> None:
    folder = tmp_path / "cakes"
    with pytest.raises(Missing, match=r"no recipe cake\.toml in the folder cakes\. Bake something else") as missing:
        read(folder / "cake.toml")
    assert str(tmp_path) not in str(missing.value)


@pytest.mark.parametrize("text", ["eggs = ", "eggs = 'three'", "eggs = 3\nflour = 1", "sugar = 1.0"])
def test_a_file_that_says_something_else_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "cake.toml").write_text(text, "utf-8")
    with pytest.raises(BadRequest, match=r"(?s)cake\.toml is not a recipe: .*Mend the file"):
        read(tmp_path / "cake.toml")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cake.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadRequest, match="not a recipe"):
        read(tmp_path / "cake.toml")


def test_tables_are_written_and_the_rest_of_the_text_stays(tmp_path: Path) -> None:
    path = tmp_path / "cake.toml"
    path.write_text('# of my aunt\neggs = 3  # large\n\n[weights]\nfile = "old"\nmore = 1\n', "utf-8")
    amend_toml(path, {"weights": {"file": "new"}, "baked": {"minutes": 40}})
    text = path.read_text("utf-8")
    assert text.startswith("# of my aunt\neggs = 3  # large\n")
    assert '[weights]\nfile = "new"\n' in text and "more" not in text and "[baked]\nminutes = 40\n" in text
    assert [one.name for one in tmp_path.iterdir()] == ["cake.toml"]

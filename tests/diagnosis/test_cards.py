"""A card says what a model is, and nothing that does not fit."""

import shutil
from pathlib import Path

import pytest

from diagnosis.cards import load_card, load_cards, load_weights
from diagnosis.errors import BadRequest, Missing
from settings import ROOT
from tests.diagnosis.training.squares import write_card


@pytest.fixture
def card(tmp_path: Path) -> Path:
    write_card(tmp_path)
    return tmp_path / "squares.toml"


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('version = "1"', 'version = "1"\ncolour = "red"', "colour: Extra inputs are not permitted"),
        ("size = 32", "size = 32\nflip = true", r"input\.flip: Extra inputs are not permitted"),
        ('name = "red"', 'name = "red"\nshape = "round"', r"labels\.0\.shape: Extra inputs are not permitted"),
        ('title = "Squares"\n', "", "title: Field required"),
        ('name = "squares"', 'name = "../squares"', "name: String should match pattern"),
        ('resize = "squash"', 'resize = "stretch"', r"input\.resize: Input should be 'squash', 'pad' or 'crop'"),
        ("channels = 3", "channels = 4", r"input\.channels: "),
        ("size = 32", "size = 4", r"input\.size: "),
        ("mean = [0.4, 0.4, 0.4]", "mean = [0.4]", r"input: .*need 3 value\(s\), one a channel"),
        ("std = [0.25, 0.25, 0.25]", "std = [0.25, 0.25, 0]", r"input\.std\.2: "),
        ('name = "green"', 'name = "red"', "two labels have the same name"),
        ('positive = ["red"]', 'positive = ["pink"]', r"names unknown labels: \['pink'\]"),
        ('version = "1"', 'version = "1"\ntemperature = 0', "temperature: "),
        ('version = "1"', 'version = "1', "is not valid TOML"),
    ],
)
def test_what_does_not_fit_is_named(card: Path, old: str, new: str, words: str) -> None:
    edit(card, old, new)
    with pytest.raises(BadRequest, match=rf"squares\.toml.*{words}"):
        load_card(card)


def test_a_digest_that_is_none_is_refused(card: Path) -> None:
    with card.open("a", encoding="utf-8") as stream:
        stream.write('\n[weights]\nfile = "w"\nsource = "s"\nsha256 = "cafe"\nbytes = 1\n')
    with pytest.raises(BadRequest, match=r"weights\.sha256"):
        load_card(card)


def test_a_card_or_weights_that_are_not_there(card: Path, tmp_path: Path) -> None:
    with pytest.raises(Missing, match=r"no model card round\.toml"):
        load_card(tmp_path / "round.toml")
    with pytest.raises(Missing, match="squares has no weights yet"):
        load_weights(load_card(card), tmp_path)
    named = load_card(ROOT / "weights" / "lung-colon.toml")
    with pytest.raises(Missing, match=r"lung-colon\.safetensors is not in .* Run `python -m diagnosis\.training train"):
        load_weights(named, tmp_path)


def test_a_file_with_another_digest_is_not_loaded(tmp_path: Path) -> None:
    named = load_card(ROOT / "weights" / "lung-colon.toml")
    (tmp_path / "lung-colon.safetensors").write_bytes(b"other")
    with pytest.raises(BadRequest, match="is not the file that its card describes"):
        load_weights(named, tmp_path)


def test_every_bundled_card_is_read_under_its_own_name(tmp_path: Path) -> None:
    assert list(load_cards(ROOT / "weights")) == [
        "brain-mri",
        "breast-idc",
        "chest-ct",
        "chest-xray",
        "colorectal",
        "lung-colon",
    ]
    assert load_cards(tmp_path) == {}
    for name, card in load_cards(ROOT / "weights").items():
        assert card.name == name and card.reference == f"{name}@{card.version}"
        assert [card.index(label) for label in card.label_names] == list(range(len(card.labels)))
    shutil.copy(ROOT / "weights" / "lung-colon.toml", tmp_path)
    assert list(load_cards(tmp_path)) == ["lung-colon"]

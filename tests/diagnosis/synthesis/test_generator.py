"""Synthetic images on request, and what is refused."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from diagnosis.errors import BadRequest, Missing
from diagnosis.synthesis.generator import Generator
from diagnosis.synthesis.images import SyntheticImage
from tests.diagnosis.synthesis.discs import SIDE, Place


def leaning(image: SyntheticImage) -> float:
    """How much brighter the left half is than the right, in grey levels."""
    left, right = np.array_split(image.pixels.astype(float), 2, axis=1)
    return float(left.mean() - right.mean())


def test_a_class_looks_like_itself_though_mirror_images_were_learned_from(generator: Generator) -> None:
    assert all(leaning(image) > 8 for image in generator.stream("discs", "on_left", 4, 0))
    assert all(leaning(image) < -8 for image in generator.stream("discs", "on_right", 4, 0))


def test_an_image_is_a_value_with_all_it_takes_to_make_it_again(generator: Generator) -> None:
    first, second = generator.stream("discs", "on_left", 2, 7)
    assert first.pixels.dtype == np.uint8 and first.pixels.shape == (SIDE, SIDE * 3 // 2)
    assert (first.seed, second.seed) == (7, 8) and first != second
    again = next(generator.stream(first.model, first.label, 1, first.seed, steps=first.steps, guidance=first.guidance))
    assert again == first and hash(again) == hash(first)
    assert list(generator.stream("discs", "on_left", 1, 8)) == [second]
    with pytest.raises(ValueError, match="read-only"):
        first.pixels[0, 0] = 0
    assert first.study.pixels.shape == (*first.pixels.shape, 1)


def test_guidance_and_steps_change_what_is_made(generator: Generator) -> None:
    plain = next(generator.stream("discs", "on_left", 1, 1, guidance=1))
    assert plain.digest != next(generator.stream("discs", "on_left", 1, 1, guidance=3)).digest
    assert plain.digest != next(generator.stream("discs", "on_left", 1, 1, guidance=1, steps=4)).digest


@pytest.mark.parametrize("name", ["on_left", "On-Left", "Disc on the left", "disc on the LEFT"])
def test_a_class_goes_by_its_label_and_its_title(generator: Generator, name: str) -> None:
    assert next(generator.stream("discs", name, 1, 0, steps=2)).label == "on_left"


def test_it_tells_what_it_can_make(generator: Generator) -> None:
    assert generator.ready == ("discs",)
    assert [one.title for one in generator.classes("discs")] == ["Disc on the left", "Disc on the right"]


def test_unknown_names_are_answered_with_the_known_ones(generator: Generator) -> None:
    with pytest.raises(BadRequest, match=r"no class 'above'.*disc on the left, disc on the right"):
        generator.stream("discs", "above", 1, 0)
    with pytest.raises(BadRequest, match=r"'squares'.*discs"):
        generator.stream("squares", "on_left", 1, 0)


@pytest.mark.parametrize(
    ("count", "seed", "more"),
    [(0, 0, {}), (1, -1, {}), (1, 2**31, {}), (1, 0, {"steps": 1}), (1, 0, {"guidance": 0.5})],
)
def test_numbers_out_of_range_are_refused(generator: Generator, count: int, seed: int, more: dict) -> None:
    with pytest.raises(BadRequest, match="Give "):
        generator.stream("discs", "on_left", count, seed, **more)


def test_files_that_are_not_those_of_the_cards_are_refused(place: Place, tmp_path: Path) -> None:
    for name in ("tiny", "tiny-discs"):
        weights = tmp_path / name
        shutil.copytree(place.weights, weights)
        with (weights / f"synthesis/{name}.safetensors").open("r+b") as stream:
            stream.seek(-1, 2)
            stream.write(b"\x7f")
        with pytest.raises(BadRequest, match=f"{name}.safetensors is not the file that its card describes"):
            Generator(weights).stream("discs", "on_left", 1, 0)


def test_a_generator_does_not_speak_with_another_autoencoder(place: Place, tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    shutil.copytree(place.weights, weights)
    card = weights / "synthesis/tiny-discs.toml"
    lines = card.read_text("utf-8").splitlines()
    other = [f'autoencoder_sha256 = "{"0" * 64}"' if line.startswith("autoencoder_sha256") else line for line in lines]
    card.write_text("\n".join(other), "utf-8")
    with pytest.raises(BadRequest, match="was not trained with the autoencoder tiny"):
        Generator(weights).stream("discs", "on_left", 1, 0)


def test_without_weights_it_says_what_to_do(place: Place, discs: Path, tmp_path: Path) -> None:
    with pytest.raises(Missing, match="no cards of generators") as nowhere:
        Generator(tmp_path / "nowhere").stream("discs", "on_left", 1, 0)
    untrained = Generator(Place.make(tmp_path, discs).weights)
    assert untrained.ready == ()
    with pytest.raises(Missing, match=r"no tiny-discs\.safetensors.*diagnosis\.synthesis train tiny-discs`") as never:
        untrained.stream("discs", "on_left", 1, 0)
    assert not any(tmp_path.name in str(one.value) for one in (nowhere, never))  # visitors see no folder of the server

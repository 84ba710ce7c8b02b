"""``evaluate``: how well an autoencoder restores, and how well a generator tells the way to images it never saw."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio

from diagnosis.errors import BadRequest, Missing
from diagnosis.synthesis.autoencoder import Autoencoder
from diagnosis.synthesis.cards import load_any
from diagnosis.synthesis.generator import Family
from diagnosis.synthesis.training.evaluate import Metrics, told
from diagnosis.synthesis.training.images import Images, read_images
from diagnosis.synthesis.training.recipe import load_generator_recipe
from tests.diagnosis.synthesis.discs import SIDE, Place


def images(place: Place, split: str) -> Images:
    return read_images(
        load_generator_recipe("tiny-discs", place.recipes).datasets, split, SIDE, 1, place.data, place.weights
    )


def test_an_autoencoder_s_record_says_what_scikit_image_measures(
    copied: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert copied.run("evaluate", "tiny", "--split", "val", "--write") == 0
    written = (copied.weights / "synthesis/tiny.metrics.json").read_text("utf-8")
    record = Metrics.model_validate_json(written)
    assert json.loads(capsys.readouterr().out) == {key: one for key, one in json.loads(written).items() if one}
    squares = images(copied, "val").squares.float() / 255
    autoencoder = Autoencoder.load(copied.weights / "synthesis", "tiny")
    again = autoencoder.decode(autoencoder.encode(squares))
    measured = [
        peak_signal_noise_ratio(*pair, data_range=1) for pair in zip(squares.numpy(), again.numpy(), strict=True)
    ]
    found = record.restored["discs"]
    assert (found.images, record.told) == (16, None)
    assert found.psnr == pytest.approx(np.mean(measured), abs=0.02)
    assert found.worst == pytest.approx(np.percentile(measured, 5), abs=0.02)
    assert record.weights == load_any(copied.weights / "synthesis/tiny.toml").weights.sha256


def test_a_generator_is_better_at_what_it_learned_than_at_anything_else(copied: Place) -> None:
    assert copied.run("evaluate", "tiny-discs", "--split", "val", "--write") == 0
    path = copied.weights / "synthesis/tiny-discs.metrics.json"
    record = Metrics.model_validate_json(path.read_bytes())
    assert {split: one.images for split, one in record.told.items()} == {"train": 60, "val": 16}
    family, val = Family.load(copied.weights / "synthesis", "tiny-discs"), images(copied, "val")
    assert told(family, val) == record.told["val"]
    swapped = {"on_left": "on_right", "on_right": "on_left"}
    others = replace(val, names=tuple((model, swapped[label]) for model, label in val.names))
    noise = replace(val, squares=torch.randint(256, val.squares.shape, dtype=torch.uint8))
    assert told(family, val).loss < told(family, others).loss
    assert 2 * told(family, val).loss < told(family, noise).loss


def test_a_split_that_is_not_there_is_named(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("tiny", "tiny-discs"):
        assert place.run("evaluate", name, "--split", "tset") in (BadRequest.exit_code, Missing.exit_code)
        assert "tset" in capsys.readouterr().err

"""The bundled segmenter: its file, its record, and the lungs that it finds."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from diagnosis.anatomy.alarm import load_alarm
from diagnosis.anatomy.cards import FOLDER, load_segmenter_card
from diagnosis.anatomy.plausible import problems
from diagnosis.anatomy.pspnet import FILE, LEFT_LUNG, RIGHT_LUNG, SIDE, TARGETS, PSPNetLungs, available
from diagnosis.anatomy.segmenter import Segmenter
from diagnosis.anatomy.service import Anatomy
from diagnosis.anatomy.training.evaluate import evaluation_path, found_lungs, load_evaluation
from diagnosis.anatomy.training.films import drawn_lungs, films_of, unlabelled_paths
from diagnosis.cards import Kind
from diagnosis.errors import BadRequest, Missing
from diagnosis.phantoms import draw_chest
from diagnosis.readers import read_study
from diagnosis.study import Study

WEIGHTS = Path(__file__).resolve().parents[3] / "weights"
BUNDLED = WEIGHTS / FOLDER


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter.load(BUNDLED)


def dice(found: np.ndarray, truth: np.ndarray) -> float:
    return float(2 * (found & truth).sum() / (found.sum() + truth.sum()))


def test_the_file_is_small_and_its_record_good_enough() -> None:
    card = load_segmenter_card(BUNDLED / "lungs.toml")
    assert card.weights is not None and card.weights.bytes <= 10_000_000
    evaluation = load_evaluation(evaluation_path(BUNDLED, "lungs"), card)
    assert evaluation.split == "test"
    assert evaluation.drawn.both.value >= 0.93
    assert evaluation.boxed is not None and evaluation.bare is not None


def test_the_alarm_was_measured_with_these_weights() -> None:
    alarm = load_alarm(BUNDLED, load_segmenter_card(BUNDLED / "lungs.toml"))
    assert alarm.caught.percent >= 95 and alarm.false_alarms.percent <= 5
    assert alarm.command.startswith("python -m diagnosis.anatomy alarm")


@pytest.mark.parametrize("seed", [1, 5])
def test_drawn_lungs_are_found_on_their_sides(segmenter: Segmenter, seed: int) -> None:
    phantom = draw_chest(seed=seed, size=256)
    found = found_lungs(segmenter, Study(phantom.pixels))
    assert problems(found) == ()
    assert (
        dice(found[0], phantom.right_lung) > 0.85
    )  # drawn lungs end at the heart, those that it learned lie behind it
    assert dice(found[1], phantom.left_lung) > 0.7


def test_a_mirrored_film_has_mirrored_lungs(segmenter: Segmenter) -> None:
    pixels = draw_chest(seed=2, size=192).pixels
    straight = segmenter.lungs(Study(pixels))
    mirrored = segmenter.lungs(Study(pixels[:, ::-1].copy()))
    np.testing.assert_allclose(mirrored[::-1, :, ::-1], straight, atol=1e-3)


def test_an_empty_picture_has_no_sure_zones() -> None:
    zones = Anatomy(WEIGHTS).zones(Study(np.full((200, 160, 1), 0.5)), "chest-film")
    assert not zones.certain


@pytest.mark.parametrize("kind", ["chest-film", "chest-ct", "brain", "histology"])
def test_every_kind_has_zones_of_the_studys_size(kind: Kind) -> None:
    channels = 3 if kind == "histology" else 1
    noise = np.random.default_rng(0).random((90, 120, channels))
    zones = Anatomy(WEIGHTS).zones(Study(noise), kind)
    assert all(zone.mask.shape == (90, 120) for zone in zones.zones)


def test_a_large_film_has_the_zones_of_a_small_one() -> None:
    small = draw_chest(seed=1, size=300).pixels
    large = np.kron(small[..., 0], np.ones((4, 5)))[..., None]
    zones, coarse = (Anatomy(WEIGHTS).zones(Study(pixels), "chest-film") for pixels in (large, small))
    assert [zone.name for zone in zones.zones] == [zone.name for zone in coarse.zones]
    for one, other in zip(zones.zones, coarse.zones, strict=True):
        assert one.mask.shape == (1200, 1500)
        assert one.mask.mean() == pytest.approx(other.mask.mean(), abs=0.03)


def test_without_weights_the_doubt_says_so(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    folder.mkdir()
    anatomy = Anatomy(tmp_path)
    assert "no segmenter card lungs.toml" in anatomy.zones(Study(np.ones((32, 32, 1))), "chest-film").doubts[0]
    shutil.copy(BUNDLED / "lungs.toml", folder)
    assert "weights of lungs are not in" in anatomy.zones(Study(np.ones((32, 32, 1))), "chest-film").doubts[0]
    assert anatomy.alarm() is None
    assert anatomy.zones(Study(np.ones((32, 32, 3))), "histology").zones  # the rest works


def test_a_foreign_weights_file_is_refused(tmp_path: Path) -> None:
    shutil.copy(BUNDLED / "lungs.toml", tmp_path)
    (tmp_path / "lungs.safetensors").write_bytes(b"not these")
    with pytest.raises(BadRequest, match="not the file that its card describes"):
        Segmenter.load(tmp_path)
    with pytest.raises(Missing, match="no segmenter card"):
        Segmenter.load(tmp_path, "kidneys")


class ReadsCorners(nn.Module):
    """PSPNet's interface, answered from the picture: the right lung where it is dark, the left where it is bright."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: tuple[int, ...] = ()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen = tuple(x.shape)
        logits = torch.full((1, TARGETS, SIDE, SIDE), -9.0)
        logits[:, RIGHT_LUNG] = torch.where(x[:, 0] < 0, 9.0, -9.0)
        logits[:, LEFT_LUNG] = torch.where(x[:, 0] > 0, 9.0, -9.0)
        return logits


def test_pspnets_channels_come_back_on_the_films_grid() -> None:
    pixels = np.zeros((120, 200, 1))
    pixels[:, 100:] = 1
    network = ReadsCorners()
    right, left = PSPNetLungs(network).lungs(Study(pixels)) > 0.5
    assert network.seen == (1, 3, SIDE, SIDE)
    assert right[:, :98].all() and not right[:, 102:].any()
    assert left[:, 102:].all() and not left[:, :98].any()


def test_pspnet_needs_its_package_and_its_weights(tmp_path: Path) -> None:
    assert not available(tmp_path)
    (tmp_path / FILE).touch()
    from importlib.util import find_spec

    assert available(tmp_path) is (find_spec("torchxrayvision") is not None)


def test_real_films(segmenter: Segmenter, data_folder: Path) -> None:
    films = [one for one in films_of(data_folder / "covid_cases", "test", 0.15) if one.mask and one.right][:8]
    scores = [
        dice(found_lungs(segmenter, read_study(one.path)).any(axis=0), drawn_lungs(one).any(axis=0)) for one in films
    ]
    assert np.mean(scores) > 0.92
    children = unlabelled_paths(data_folder / "chest_xray", "test")[:10]
    plausible = [not problems(segmenter.lungs(read_study(path)) > 0.5) for path in children]
    assert sum(plausible) >= 9

"""Erasing a region of an image whose score rests on a known place."""

from typing import cast

import numpy as np
import pytest
import torch
from torch import nn

from diagnosis.attribution import METHODS, Target
from diagnosis.classifier import Classifier
from diagnosis.errors import BadRequest
from diagnosis.painting import Stroke, painted
from diagnosis.study import Study
from diagnosis.whatif import PATCHES, Filling, erase_and_read, fill, marked, moved
from tests.diagnosis.toys import SIDE, toy_card

PLACE = (slice(8, 16), slice(20, 28))


class Spot(nn.Module):
    """Logit of ``bright``: ten times the mean light of one place. Everything else has no say."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.AvgPool2d(4), nn.ReLU())
        self.where = nn.Parameter(torch.zeros(1, 1, SIDE // 4, SIDE // 4))
        self.where.data[..., 2:4, 5:7] = 10 / 4

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        total = (self.features(x) * self.where).sum(dim=(1, 2, 3))
        return torch.stack([total, torch.full_like(total, 3.0)], dim=1)


@pytest.fixture
def classifier() -> Classifier:
    return Classifier(toy_card(), Spot())


@pytest.fixture
def study() -> Study:
    pixels = np.random.default_rng(0).random((SIDE, SIDE, 1)) * 0.3
    pixels[PLACE] = 1
    return Study(pixels)


@pytest.fixture
def place() -> np.ndarray:
    region = np.zeros((SIDE, SIDE), bool)
    region[PLACE] = True
    return region


@pytest.mark.parametrize("filling", ["blur", "inpaint"])
def test_erasing_the_cause_changes_the_answer(
    classifier: Classifier, study: Study, place: np.ndarray, filling: Filling
) -> None:
    retest = erase_and_read(classifier, study, place, filling=filling)
    assert retest.before.top == "bright" and retest.changes[0] < -20
    assert retest.share == pytest.approx(64 / SIDE**2)
    assert retest.changes.sum() == pytest.approx(0, abs=1e-3)
    apart = retest.patches[:, 0]
    assert len(apart) == PATCHES and np.median(apart) > -1
    assert retest.beaten(0) >= PATCHES - 2 and retest.beaten(1) == retest.beaten(0)
    low, high = retest.patch_range(0)
    assert low <= np.median(apart) <= high
    assert classifier.predict(retest.study).scores.tolist() == retest.after.scores.tolist()


def test_erasing_elsewhere_changes_nothing(classifier: Classifier, study: Study, place: np.ndarray) -> None:
    retest = erase_and_read(classifier, study, np.roll(place, (14, -16), axis=(0, 1)))
    assert abs(retest.changes[0]) < 0.01 and retest.beaten(0) <= PATCHES // 2


def test_what_a_map_marks_is_the_cause(classifier: Classifier, study: Study, place: np.ndarray) -> None:
    one = METHODS["occlusion"].maps(classifier, study, targets=(Target("bright"),))[0]
    region = marked(one)
    assert region.shape == study.size and 0.05 < region.mean() < 0.2
    assert (region & place).sum() > 0.5 * place.sum()
    assert erase_and_read(classifier, study, region).changes[0] < -5


def test_a_flat_map_marks_nothing(classifier: Classifier) -> None:
    one = METHODS["grad-cam"].maps(classifier, Study(np.zeros((SIDE, SIDE, 1))))[0]
    with pytest.raises(BadRequest, match="marks no place"):
        marked(one)


def test_a_filling_leaves_the_rest_alone(study: Study, place: np.ndarray) -> None:
    for filling in ("blur", "inpaint"):
        filled = fill(study, place, filling)
        far = ~painted(study.size, (Stroke(tool="brush", points=((12 / SIDE, 24 / SIDE),), radius=0.4),))
        np.testing.assert_array_equal(filled.pixels[far], study.pixels[far])
        assert filled.pixels[PLACE].std() < 0.2 and filled.pixels[PLACE].mean() < 0.8
    with pytest.raises(BadRequest, match="no filling 'black'"):
        fill(study, place, cast(Filling, "black"))


def test_moved_patches_keep_size_and_stay_inside() -> None:
    region, seen = np.zeros((40, 60), bool), np.zeros((40, 60), bool)
    seen[:, 10:50] = True
    region[5:15, 12:22] = True
    places = list(moved(region, seen, np.random.default_rng(0), 30))
    assert all(one.sum() == 100 and not (one & ~seen).any() for one in places)
    assert len({one.tobytes() for one in places}) > 20


@pytest.mark.parametrize("share", [0.0, 0.9])
def test_regions_that_cannot_be_judged_are_refused(classifier: Classifier, study: Study, share: float) -> None:
    region = np.zeros(study.size, bool)
    region.ravel()[: int(share * region.size)] = True
    with pytest.raises(BadRequest, match="covers"):
        erase_and_read(classifier, study, region)


def test_a_region_of_another_size_is_refused(classifier: Classifier, study: Study) -> None:
    with pytest.raises(BadRequest, match="Paint on the image itself"):
        erase_and_read(classifier, study, np.ones((8, 8), bool))

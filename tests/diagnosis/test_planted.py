"""A model that was taught to use a planted cue: the methods, their tests and the erasure must find it."""

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks.pointing import accuracy, card_of, planted, points_at, taught, weight_on
from diagnosis.attribution import METHODS, AttributionMap, Target
from diagnosis.checks import Yardstick, check
from diagnosis.classifier import Classifier
from diagnosis.study import Study
from diagnosis.whatif import erase_and_read

SIDE, CUE, IMAGES = 32, 10, 8
AGAINST_DIRECTION = "saliency"  # knows how strongly a pixel counts, not whether it speaks for the class


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for channels, wider in ((1, 8), (8, 16), (16, 24)):
            layers += [nn.Conv2d(channels, wider, 3, padding=1), nn.BatchNorm2d(wider), nn.ReLU(), nn.MaxPool2d(2)]
        self.features = nn.Sequential(*layers[:-1])
        self.head = nn.Linear(24, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(x).mean(dim=(2, 3)))


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        found = taught(Small(), card_of("resnet18", "features", SIDE), CUE, steps=60)
    assert accuracy(found, CUE, 40) == 1
    return found


def images() -> list:
    rng = np.random.default_rng(5)
    return [planted(rng, SIDE, CUE) for _ in range(IMAGES)]


@pytest.mark.parametrize("method", METHODS)
def test_the_map_points_at_the_cue(method: str, classifier: Classifier) -> None:
    """A map that knows nothing would hit about every sixth time, and put a fifth of its weight there."""
    known = METHODS[method]
    pairs = [
        (known.maps(classifier, Study(one.pixels), targets=(Target("cue"),), **known.quick)[0], one) for one in images()
    ]
    hits = sum(points_at(*pair) for pair in pairs)
    weight = np.mean([weight_on(*pair) for pair in pairs])
    if method == AGAINST_DIRECTION:
        assert weight > 0.2
    else:
        assert hits >= IMAGES - 1
        assert weight > 0.22


def test_badges_tell_true_maps_from_those_of_another_image(classifier: Classifier) -> None:
    found = {"own": [], "other": []}
    for one in images()[:4]:
        study = Study(one.pixels)
        yardstick = Yardstick(classifier, study)
        away = np.roll(one.near(), (SIDE // 2, SIDE // 2), axis=(0, 1))
        for name, region in (("own", one.near()), ("other", away)):
            cells = region.astype(np.float32)
            drawn = AttributionMap("cue", "grad-cam", cells, "logit", study.size, classifier.card.input, {}, {}, 0.0)
            *_, trust = check(drawn, yardstick)
            found[name].append(trust)
    assert all(trust.beaten == 100 for trust in found["own"])
    assert all(trust.badge == "no better than chance" for trust in found["other"])


def test_erasing_the_cue_takes_the_answer_away(classifier: Classifier) -> None:
    for one in images()[:3]:
        retest = erase_and_read(classifier, Study(one.pixels), one.near(1))
        assert retest.before.top == "cue" and retest.after.top == "none"
        assert retest.beaten(0) >= 18

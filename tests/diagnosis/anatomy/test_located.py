"""Findings of where on the anatomy a map puts its weight, and the caution of a shortcut."""

import numpy as np
import pytest
import torch
from torch import nn

from diagnosis.anatomy.alarm import Alarm, Rate
from diagnosis.anatomy.chest_film import chest_film_zones
from diagnosis.anatomy.training.measure_alarm import choose, rate
from diagnosis.anatomy.zones import Zones
from diagnosis.attribution import AttributionMap
from diagnosis.attribution.grad_cam import grad_cam
from diagnosis.classifier import Classifier
from diagnosis.findings import TEMPLATES, Finding
from diagnosis.located import located
from diagnosis.phantoms import ChestPhantom, draw_chest
from diagnosis.reading import Reading
from diagnosis.study import Study
from tests.diagnosis.toys import toy_card

SIZE = 224


class Bright(nn.Module):
    """logit(bright) = 400 · the mean over the image of what is whiter than ``white``: it answers by white marks alone.

    The feature map has cells of 8 × 8 pixels, each the mean of its pixels, so the Grad-CAM of the class is that mean
    times a constant: where it looks is known exactly.
    """

    def __init__(self, white: float) -> None:
        super().__init__()
        self.white = white
        self.features = nn.Sequential(nn.AvgPool2d(8), nn.ReLU())
        self.head = _head()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.features((x - self.white).clamp(min=0)).mean(dim=(2, 3)))


class Dark(nn.Module):
    """logit(bright) = the mean darkness inside a box of the image: it looks at the lung that lies there."""

    def __init__(self, box: tuple[int, int, int, int]) -> None:
        super().__init__()
        self.register_buffer("inside", torch.zeros(1, 1, SIZE, SIZE))
        top, left, bottom, right = box
        self.inside[..., top:bottom, left:right] = 1
        self.features = nn.Sequential(nn.AvgPool2d(8), nn.ReLU())
        self.head = _head()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.features((1 - x) * self.inside).mean(dim=(2, 3)))


def _head() -> nn.Linear:
    head = nn.Linear(1, 2, bias=False)
    head.weight.data = torch.tensor([[400.0], [0.0]])
    return head


A_RATE = Rate(count=97, films=100, percent=97.0, low=91.5, high=99.0)
FEW = Rate(count=2, films=100, percent=2.0, low=0.6, high=7.0)
ALARM = Alarm(
    kind="chest-film",
    method="grad-cam",
    threshold=12.0,
    segmenter_sha256="0" * 64,
    reader="toy@1",
    dataset="drawn",
    caught=A_RATE,
    caught_all=A_RATE,
    false_alarms=FEW,
    false_any=FEW,
    unused=FEW,
    command="drawn",
)


@pytest.fixture(scope="module")
def phantom() -> ChestPhantom:
    return draw_chest(seed=2, size=SIZE)


def zones_of(phantom: ChestPhantom) -> Zones:
    return chest_film_zones(Study(phantom.pixels), np.stack([phantom.right_lung, phantom.left_lung]), "drawn")


def told(
    network: nn.Module, phantom: ChestPhantom, zones: Zones | None, alarm: Alarm | None = ALARM, answer: str = "bright"
) -> list[Finding]:
    card = toy_card(size=SIZE)
    maps = grad_cam(Classifier(card, network), Study(phantom.pixels))
    return list(located(card, "bright", tuple(maps), zones, alarm, answers=(answer,)))


def by_kind(found: list[Finding]) -> dict[str, Finding]:
    assert {one.kind for one in found} <= set(TEMPLATES)
    return {one.kind: one for one in found}


def test_a_network_that_answers_by_the_letter_rings_the_alarm(phantom: ChestPhantom) -> None:
    white = float(phantom.pixels[~phantom.marker_mask].max())
    found = by_kind(told(Bright(white), phantom, zones_of(phantom)))
    caution = found["shortcut"]
    assert caution.value is not None and caution.value > 80
    assert caution.topic == "trust"
    assert f"{caution.value:.1f} percentage points" in caution.statement
    assert found["off_anatomy"].value == pytest.approx(100, abs=1)
    record = found["shortcut_record"]
    assert "97.0 % of 100" in record.statement and "2.0 % of 100" in record.statement


def test_a_network_that_looks_at_a_lung_does_not(phantom: ChestPhantom) -> None:
    rows, columns = np.nonzero(phantom.left_lung)
    low, high = np.quantile(rows, (0.0, 0.3)).astype(int)
    box = (
        int(low),
        int(np.quantile(columns[rows < high], 0.2)),
        int(high),
        int(np.quantile(columns[rows < high], 0.8)),
    )
    found = by_kind(told(Dark(box), phantom, zones_of(phantom)))
    assert "shortcut" not in found and "shortcut_record" not in found
    assert found["zone"].region == "patient's left upper zone"
    assert "on the patient's left upper zone, where an even map would put" in found["zone"].statement
    assert found["off_anatomy"].value is not None and found["off_anatomy"].value < 10


def test_the_map_of_a_class_that_is_not_the_answer_rings_no_alarm(phantom: ChestPhantom) -> None:
    found = by_kind(told(Bright(0.9), phantom, zones_of(phantom), answer="dark"))
    assert "off_anatomy" in found and "shortcut" not in found and "shortcut_record" not in found


def test_no_alarm_rings_where_none_was_measured(phantom: ChestPhantom) -> None:
    found = by_kind(told(Bright(0.9), phantom, zones_of(phantom), None))
    assert "shortcut" not in found and "off_anatomy" in found


def test_an_alarm_judges_only_what_it_was_measured_on(phantom: ChestPhantom) -> None:
    zones = zones_of(phantom)
    cells = np.zeros((28, 28))
    cells[1:3, 2:4] = 1
    other = AttributionMap("bright", "shap", cells, "logit", (SIZE, SIZE), toy_card(size=SIZE).input, {}, {}, 0.1)
    assert ALARM.excess(other, zones) is None
    assert ALARM.excess(other, Zones("brain", zones.zones)) is None
    kinds = {one.kind for one in located(toy_card(), "bright", (other,), zones, ALARM, answers=("bright",))}
    assert "off_anatomy" in kinds and "shortcut" not in kinds


def test_doubted_zones_are_told_instead_of_shares(phantom: ChestPhantom) -> None:
    swapped = chest_film_zones(Study(phantom.pixels), np.stack([phantom.left_lung, phantom.right_lung]), "drawn")
    found = told(Bright(0.9), phantom, swapped)
    assert {one.kind for one in found} == {"zones_uncertain"}
    assert found[0].statement == "Zones uncertain: the patient's right lung would lie on the image's right."
    assert told(Bright(0.9), phantom, None) == []


def test_a_reading_numbers_them_in_their_topic(phantom: ChestPhantom) -> None:
    classifier = Classifier(toy_card(size=SIZE), Bright(0.9))
    study = Study(phantom.pixels)
    reading = Reading(
        study,
        classifier.card,
        classifier.predict(study),
        "bright",
        tuple(grad_cam(classifier, study)),
        zones=zones_of(phantom),
        alarm=ALARM,
    )
    assert [one.id for one in reading.findings] == [f"F{n}" for n in range(1, len(reading.findings) + 1)]
    topics = [one.topic for one in reading.findings]
    assert topics == sorted(topics, key=("says", "looked", "trust").index)
    assert {"place", "zone", "off_anatomy"} <= {one.kind for one in reading.findings}


def test_a_rate_has_wilsons_interval() -> None:
    found = rate(np.array([True] * 8 + [False] * 2))
    assert (found.count, found.films, found.percent) == (8, 10, 80)
    assert (found.low, found.high) == (pytest.approx(49.0, abs=0.1), pytest.approx(94.3, abs=0.1))  # Wilson 1927
    assert rate(np.array([True] * 5)).high == pytest.approx(100)
    with pytest.raises(ValueError, match="no films"):
        rate(np.array([], dtype=bool))


def test_the_threshold_lies_midway_between_the_two_sides() -> None:
    clean, planted = np.linspace(-10, 0, 101), np.linspace(20, 30, 101)
    assert choose(clean, planted) == pytest.approx((-0.2 + 20.2) / 2)

"""The side-by-side view: what a stream of maps looks like, and what it says without colour."""

import re

import numpy as np
import pytest

from diagnosis.mapping import Maps, Wanted, explain
from diagnosis.models import Models
from diagnosis.study import Study
from diagnosis.ui import map_pieces
from diagnosis.ui.workbench import NO_READING, Workbench
from settings import ROOT
from tests.diagnosis.toys import SIDE, toy_classifier


@pytest.fixture(scope="module")
def stages() -> list[Maps]:
    pixels = np.random.default_rng(0).random((SIDE, SIDE, 1)) * 0.2
    pixels[8:16, 20:28] = 1
    methods = ("grad-cam", "occlusion", "saliency")
    wanted = Wanted(methods, label="bright", against="dark", checks=True, erase="grad-cam")
    return list(explain(Study(pixels), toy_classifier(), wanted))


def test_every_step_can_be_shown(stages: list[Maps]) -> None:
    pages = [map_pieces.side_by_side(one) for one in stages]
    assert pages[0].count("<figure") == 0 and "Grad-CAM" in pages[0] and "lb-progress" in pages[0]
    assert all("lb-progress" in page for page in pages[:-1]) and "lb-progress" not in pages[-1]
    assert any("testing" in page for page in pages) and "testing" not in pages[-1]


def test_badges_are_words_and_pictures_have_texts(stages: list[Maps]) -> None:
    page = map_pieces.side_by_side(stages[-1])
    for trust in stages[-1].trusts:
        assert trust.badge is None or f"</b> {trust.badge}</span>" in page
    alts = re.findall(r'<img[^>]* alt="([^"]*)"', page)
    assert len(alts) == page.count("<img") and all(len(alt) > 10 for alt in alts)
    assert "Disagreement" in page and "Consensus" in page and "Without what Grad-CAM marks" in page
    assert "nan" not in page.replace("data:image", "")[:2000]


def test_the_matrix_has_a_cell_for_each_pair(stages: list[Maps]) -> None:
    compared = stages[-1].compared
    count = len(compared.methods)
    table = map_pieces.matrix(compared)
    assert table.count('<th scope="row">') == count and table.count("<td style") == count * (count - 1)
    assert f"{compared.ranks[0, 1]:.2f}" in table and f"{compared.overlaps[1, 0]:.0f} %" in table


def test_curves_stay_in_their_picture_and_are_told(stages: list[Maps]) -> None:
    trust = next(one for one in stages[-1].trusts if one.curves)
    drawn = map_pieces.curves(trust.curves, trust.low, trust.high)
    numbers = [float(x) for points in re.findall(r'points="([^"]*)"', drawn) for x in re.split("[ ,]", points)]
    assert min(numbers) >= 0 and max(numbers) <= map_pieces.WIDTH
    assert f"{trust.curves.full:.2f}" in drawn and drawn.count("<polygon") == drawn.count("<polyline") == 2


def test_what_is_missing_is_said() -> None:
    bench = Workbench(Models(ROOT / "weights"), 50)
    assert NO_READING.problem in next(bench.run(None, ["grad-cam"], "nothing", False))

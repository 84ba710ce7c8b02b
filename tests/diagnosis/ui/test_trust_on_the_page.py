"""What stands on the page about trust: zones, the caution, what may be erased, and what enters a reading."""

from dataclasses import replace

import numpy as np
import pytest

from diagnosis.anatomy.alarm import Alarm, Rate
from diagnosis.anatomy.zones import Zone, Zones
from diagnosis.checks import Yardstick, check
from diagnosis.errors import BadRequest
from diagnosis.reading import Progress, Reading, read
from diagnosis.study import Study
from diagnosis.ui import erasing, pieces, testing, zone_pieces
from diagnosis.ui.tray import Tray
from tests.diagnosis.toys import SIDE, toy_classifier

RATE = Rate(count=9, films=10, percent=90, low=60, high=98)


@pytest.fixture(scope="module")
def study() -> Study:
    pixels = np.full((SIDE, SIDE, 1), 0.1)
    pixels[: SIDE // 2, : SIDE // 2] = 1
    return Study(pixels)


@pytest.fixture(scope="module")
def reading(study: Study) -> Reading:
    """Bright where the zones say that there is no body: a shortcut."""
    quarter = np.zeros((SIDE, SIDE), dtype=bool)
    quarter[: SIDE // 2, : SIDE // 2] = True
    bottom = np.zeros_like(quarter)
    bottom[SIDE // 2 :, : SIDE // 2] = True
    zones = Zones(
        "chest-film",
        (
            Zone("area outside the body", quarter, "drawn", off=True),
            Zone("patient's right upper zone", bottom, "drawn", organ=True),
            Zone("patient's left upper zone", bottom[:, ::-1], "drawn", organ=True),
            Zone("heart", ~quarter, "drawn", part=False),
        ),
    )
    alarm = Alarm(
        kind="chest-film",
        method="grad-cam",
        threshold=5,
        segmenter_sha256="",
        reader="toy",
        dataset="toy",
        caught=RATE,
        caught_all=RATE,
        false_alarms=RATE,
        false_any=RATE,
        unused=RATE,
        command="",
    )
    *_, found = read(study, toy_classifier(), methods=("grad-cam",))
    return replace(found.about("bright"), zones=zones, alarm=alarm)


def test_the_caution_tells_what_was_measured(reading: Reading) -> None:
    told = {one.kind: one.statement for one in reading.findings}
    assert told["shortcut"] in zone_pieces.caution(reading)
    assert told["shortcut_record"] in zone_pieces.caution(reading)
    assert zone_pieces.caution(replace(reading, alarm=None)) == ""


def test_zones_are_outlined_named_and_told(reading: Reading) -> None:
    own = reading.map("grad-cam")
    drawn, table = zone_pieces.outlines(reading, own), zone_pieces.table(reading, own)
    assert drawn.count("<path") == 4 and "Patient's right upper zone: " in drawn.replace("&#x27;", "'")
    assert drawn.index(">R<") < drawn.index(">L<")
    assert table.count("<tr>") == 5 and "area outside the body" in table
    assert reading.zones is not None
    unsure = replace(reading, zones=replace(reading.zones, doubts=("no lungs were found",)))
    assert "Zones uncertain: no lungs were found." in zone_pieces.table(unsure, own)
    assert "<path" not in zone_pieces.outlines(unsure, own)


def test_only_parts_of_a_fair_size_can_be_erased(reading: Reading) -> None:
    values = [value for _, value in erasing.choices(reading)]
    assert values[0] == "map:grad-cam" and "zone:patient's left upper zone" in values
    assert "zone:heart" not in values  # three quarters of the image
    outside = erasing.region_of(reading, "zone:area outside the body")
    assert outside.what == "the area outside the body" and outside.mask.sum() == SIDE**2 // 4
    assert erasing.region_of(reading, values[0]).what == "what Grad-CAM marks"
    for unknown in ("", "zone:spleen", "map:shap"):
        with pytest.raises(BadRequest, match="No part"):
            erasing.region_of(reading, unknown)


def test_tests_enter_the_reading_of_the_image_that_lies_there(reading: Reading) -> None:
    tray = Tray()
    tray.put(reading.study)
    own = reading.map("grad-cam")
    assert own is not None and testing.untested(reading, tray.trusts) == [own]
    *_, trust = check(own, Yardstick(toy_classifier(), reading.study))
    tray.trusts["bright", "grad-cam"] = trust
    assert testing.untested(reading, tray.trusts) == []
    entered = testing.entered(reading, tray)
    assert {"badge", "gain"} <= {one.kind for one in entered.findings}
    assert not isinstance(testing.entered(entered, tray), Reading)  # nothing new, nothing is redrawn
    assert f"</b> {trust.badge}</span>" in testing.badge(tray.trusts, "bright", "grad-cam")
    assert "lb-curves" in testing.panel(reading, tray.trusts)
    tray.put(Study(np.zeros((SIDE, SIDE, 1))))
    assert not isinstance(testing.entered(reading, tray), Reading) and tray.trusts == {}


def test_another_image_or_class_clears_what_was_erased_and_ends_what_runs(reading: Reading) -> None:
    tray = Tray()
    tray.put(reading.study)
    tray.erasing = (reading.study.digest, "bright")
    run = tray.begin(erasing.WORK)
    panel, _, button = erasing.follow(reading, tray, None)
    assert panel != "" and button.interactive and tray.wants(erasing.WORK, run)
    panel, box, _ = erasing.follow(reading.about("dark"), tray, "zone:patient's left upper zone")
    assert panel == "" and not tray.wants(erasing.WORK, run) and box.value == "zone:patient's left upper zone"
    pending = replace(reading, pending=Progress("shap"))
    _, box, button = erasing.follow(pending, tray, None)
    assert box.value is None and not button.interactive  # a map may still come before the zones
    assert "data-growing" in pieces.stage(pending, "grad-cam") and "data-growing" not in pieces.stage(reading, "shap")

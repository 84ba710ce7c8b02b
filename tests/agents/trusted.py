"""Readings whose zones were named and whose maps were tested: real templates over made-up zones and tests."""

from dataclasses import replace
from typing import Any

import numpy as np

from diagnosis.anatomy.alarm import Alarm, Rate
from diagnosis.anatomy.zones import Zone, Zones
from diagnosis.checks import Trust, badge_of
from diagnosis.checks.curves import Curves
from diagnosis.comparison import compare
from diagnosis.findings import Finding
from diagnosis.reading import Reading
from diagnosis.trusted import contrasted, retested, side_by_side, tested
from diagnosis.whatif import Retest
from tests.agents.readings import made_up_reading

CHEST = ("normal", "bacterial_pneumonia", "viral_pneumonia")
TISSUE = ("lung_adenocarcinoma", "lung_squamous_cell_carcinoma", "lung_benign", "colon_adenocarcinoma", "colon_benign")


def _box(size: tuple[int, int], top: float, left: float, bottom: float, right: float) -> np.ndarray:
    mask = np.zeros(size, dtype=bool)
    height, width = size
    mask[round(top * height) : round(bottom * height), round(left * width) : round(right * width)] = True
    return mask


def chest_zones(size: tuple[int, int], doubts: tuple[str, ...] = ()) -> Zones:
    """Boxes where the zones of a frontal film would be: the patient's right on the image's left."""
    rows = {"upper": (0.1, 0.37), "middle": (0.37, 0.63), "lower": (0.63, 0.9)}
    columns = {"right": (0.1, 0.42), "left": (0.58, 0.9)}
    lungs = tuple(
        Zone(f"patient's {side} {level} zone", _box(size, top, left, bottom, right), "drawn", organ=True)
        for side, (left, right) in columns.items()
        for level, (top, bottom) in rows.items()
    )
    middle = _box(size, 0.1, 0.42, 0.9, 0.58)
    marks = _box(size, 0, 0.8, 0.1, 1)
    covered = np.logical_or.reduce([*(zone.mask for zone in lungs), middle, marks])
    others = (
        Zone("mediastinum", middle, "drawn", organ=True),
        Zone("letters and markers", marks, "drawn", off=True),
        Zone("area outside the body", ~covered, "drawn", off=True),
        Zone("heart", _box(size, 0.5, 0.42, 0.9, 0.7), "drawn", part=False),
        Zone("patient's right costophrenic angle", _box(size, 0.8, 0.1, 0.9, 0.25), "drawn", part=False),
    )
    return Zones("chest-film", (*lungs, *others), doubts)


def tissue_zones(size: tuple[int, int]) -> Zones:
    glass, nuclei = _box(size, 0, 0, 0.2, 1), _box(size, 0.5, 0, 1, 0.6)
    return Zones(
        "histology",
        (
            Zone("glass", glass, "drawn", off=True),
            Zone("nuclei-rich tissue", nuclei, "drawn", organ=True),
            Zone("stroma", ~(glass | nuclei), "drawn", organ=True),
        ),
    )


def alarm() -> Alarm:
    rate: dict[str, Any] = {"count": 19, "films": 20, "percent": 95.0, "low": 76.4, "high": 99.1}
    clean = Rate(count=3, films=104, percent=2.9, low=1.0, high=8.1)
    return Alarm(
        kind="chest-film",
        method="grad-cam",
        threshold=12.5,
        segmenter_sha256="0" * 64,
        reader="chest-xray",
        dataset="made up",
        caught=Rate(**rate),
        caught_all=Rate(**rate),
        false_alarms=clean,
        false_any=clean,
        unused=clean,
        command="none",
    )


def trust_of(
    reading: Reading, method: str, *, beaten: float, centred: float = 80.0, shuffled: float = 0.2, steady: float = 0.9
) -> tuple[Finding, ...]:
    """The findings of tests with these results."""
    curves = Curves((3.1, 2.4, 1.2, 0.7), (0.9, 1.8, 2.9, 3.2), 3.4, 0.2)
    trust = Trust(
        reading.label,
        None,
        method,
        curves=curves,
        chance_gain=(-0.41, 0.43),
        beaten=beaten,
        interval=(max(0.0, beaten - 15.4), min(100.0, beaten + 0.3)),
        references=20,
        centred=centred,
        shuffled=shuffled,
        steady=steady,
        gap=0.003 if method == "shap" else None,
    )
    return tuple(tested(reading.card, replace(trust, badge=badge_of(trust))))


def erased(
    reading: Reading, what: str, after: dict[str, float], patch: tuple[float, float], *, patches: int = 20
) -> tuple[Finding, ...]:
    """The findings of an erasure that left these scores; every patch changes each score by between ``patch`` points."""
    values = np.array([after[name] for name in reading.card.label_names], dtype=np.float32)
    again = replace(reading.prediction, scores=values)
    changes = np.linspace(*patch, patches)[:, None].repeat(len(values), axis=1)
    region = _box(reading.study.size, 0.6, 0.1, 0.9, 0.4)
    retest = Retest(region, 0.093, "blur", reading.study, reading.prediction, again, changes, 0.1)
    return tuple(retested(reading.card, reading.label, retest, what))


def _compared(reading: Reading) -> tuple[Finding, ...]:
    """The methods side by side, with a third map that is the second one turned round."""
    first, second = reading.maps
    third = replace(second, method="layercam", cells=second.cells[::-1].copy())
    if (compared := compare((first, second, third))) is None:
        raise ValueError("the maps are flat")
    return tuple(side_by_side(reading.card, reading.label, compared))


def _of(names: tuple[str, ...], *values: float) -> dict[str, float]:
    return dict(zip(names, values, strict=True))


def trusted_readings() -> dict[str, Reading]:
    """Readings with zones that are sure, a shortcut, zones that are not, and tissue; each with tests of its maps."""
    plain = made_up_reading("chest-xray", _of(CHEST, 0.062, 0.823, 0.115))
    zoned = replace(plain, zones=chest_zones(plain.study.size), alarm=alarm())
    cue = made_up_reading("chest-xray", _of(CHEST, 0.062, 0.823, 0.115), grad_cam=(0.05, 0.93))
    cue = replace(cue, zones=chest_zones(cue.study.size), alarm=alarm())
    doubt = made_up_reading("chest-xray", _of(CHEST, 0.114, 0.412, 0.474), shap=(0.2, 0.8))
    doubt = replace(doubt, zones=chest_zones(doubt.study.size, ("one lung is much larger than the other",)))
    colon = made_up_reading("lung-colon", _of(TISSUE, 0.012, 0.021, 0.008, 0.913, 0.046), size=(224, 224))
    colon = replace(colon, zones=tissue_zones(colon.study.size))
    against = replace(colon.maps[0], against="colon_benign")
    return {
        "trusted-zones": zoned.tested(
            (
                *trust_of(zoned, "grad-cam", beaten=100.0),
                *trust_of(zoned, "shap", beaten=95.0, steady=0.31),
                *_compared(zoned),
                *erased(zoned, "what Grad-CAM marks", _of(CHEST, 0.171, 0.601, 0.228), (-4.2, 1.3)),
            )
        ),
        "trusted-shortcut": cue.tested(
            (
                *trust_of(cue, "grad-cam", beaten=55.0, shuffled=0.83),
                *trust_of(cue, "shap", beaten=100.0),
                *_compared(cue),
                *erased(cue, "the letters and markers", _of(CHEST, 0.512, 0.301, 0.187), (-2.1, 2.6)),
            )
        ),
        "trusted-doubt": doubt.tested(
            (
                *trust_of(doubt, "grad-cam", beaten=90.0, centred=33.0),
                *erased(doubt, "the lower third on the left of the image", _of(CHEST, 0.1, 0.398, 0.502), (-3.1, 4.4)),
            )
        ),
        "trusted-colon": colon.tested(
            (
                *trust_of(colon, "grad-cam", beaten=100.0),
                *contrasted(colon.card, against, 2.99),
                *erased(colon, "the stroma", _of(TISSUE, 0.02, 0.03, 0.01, 0.871, 0.069), (-6.2, 0.7)),
            )
        ),
    }

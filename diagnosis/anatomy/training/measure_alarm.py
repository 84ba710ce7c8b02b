"""The shortcut alarm's threshold, chosen on ``val``, and how often it rings rightly and falsely on ``test``."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from diagnosis.anatomy.alarm import Alarm, Rate
from diagnosis.anatomy.chest_film import chest_film_zones
from diagnosis.anatomy.segmenter import Segmenter
from diagnosis.anatomy.shares import off_share
from diagnosis.anatomy.training.films import unlabelled_paths
from diagnosis.anatomy.training.planted import plant
from diagnosis.anatomy.training.taught import MARKED
from diagnosis.anatomy.zones import Zones
from diagnosis.attribution.grad_cam import grad_cam
from diagnosis.classifier import Classifier
from diagnosis.readers import read_study
from diagnosis.study import Study

SEED = 7  # of the marks; other than those that the model was taught with
TAIL = 0.02  # share of either side that may lie beyond the edges that the threshold is put midway between


@dataclass(frozen=True)
class Excesses:
    """Percentage points off the anatomy above an even map's, one a film; −100 where nothing could be judged.

    ``answered`` tells for which planted films the taught model answered by the mark.
    """

    planted: np.ndarray
    answered: np.ndarray
    clean: np.ndarray
    clean_any: np.ndarray
    unused: np.ndarray


def measure_alarm(
    taught: Classifier, reader: Classifier, segmenter: Segmenter, folder: Path, films: int, command: str
) -> Alarm:
    """Choose on ``val``, measure on ``test``: up to ``films`` of each, in the order of a digest of their names."""
    val = excesses(taught, reader, segmenter, unlabelled_paths(folder, "val")[:films])
    threshold = choose(val.clean, val.planted[val.answered])
    test = excesses(taught, reader, segmenter, unlabelled_paths(folder, "test")[:films])
    weights = segmenter.card.weights
    return Alarm(
        kind="chest-film",
        method="grad-cam",
        threshold=threshold,
        segmenter_sha256=weights.sha256 if weights else "",
        reader=reader.card.reference,
        dataset=folder.name,
        caught=rate(test.planted[test.answered] >= threshold),
        caught_all=rate(test.planted >= threshold),
        false_alarms=rate(test.clean >= threshold),
        false_any=rate(test.clean_any >= threshold),
        unused=rate(test.unused >= threshold),
        command=command,
    )


def choose(clean: np.ndarray, planted: np.ndarray) -> float:
    """Midway between what nearly all clean films stay below and nearly all planted ones exceed, to a tenth."""
    return round(float(np.quantile(clean, 1 - TAIL) + np.quantile(planted, TAIL)) / 2, 1)


def excesses(taught: Classifier, reader: Classifier, segmenter: Segmenter, paths: list[Path]) -> Excesses:
    """Each film as it is and with a mark planted on it."""
    rows = list(_rows(taught, reader, segmenter, paths))
    planted, answered, clean, clean_any, unused = (np.array(column) for column in zip(*rows, strict=True))
    return Excesses(planted, answered.astype(bool), clean, clean_any, unused)


def _rows(
    taught: Classifier, reader: Classifier, segmenter: Segmenter, paths: list[Path]
) -> Iterator[tuple[float, bool, float, float, float]]:
    for path in paths:
        study = read_study(path)
        marked, _ = plant(study, SEED)
        zones, marked_zones = _zones(segmenter, study), _zones(segmenter, marked)
        by_class = _by_class(reader, study, zones)
        yield (
            _by_class(taught, marked, marked_zones)[MARKED],
            taught.predict(marked).top == MARKED,
            by_class[reader.predict(study).top],
            max(by_class.values()),
            _by_class(reader, marked, marked_zones)[reader.predict(marked).top],
        )


def _zones(segmenter: Segmenter, study: Study) -> Zones:
    return chest_film_zones(study, segmenter.lungs(study), "segmenter", segmenter.card.threshold)


def _by_class(classifier: Classifier, study: Study, zones: Zones) -> dict[str, float]:
    excess = {}
    for one in grad_cam(classifier, study):
        share = off_share(one, zones) if zones.certain else None
        excess[one.label] = share.percent - share.even if share else -100.0
    return excess


def rate(rang: np.ndarray) -> Rate:
    """Share of True with Wilson's 95 % interval; raises ValueError for none."""
    films, count = len(rang), int(rang.sum())
    if not films:
        raise ValueError("there are no films to measure on")
    z = 1.959964
    share = count / films
    middle = (share + z * z / (2 * films)) / (1 + z * z / films)
    half = z * math.sqrt(share * (1 - share) / films + z * z / (4 * films**2)) / (1 + z * z / films)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return Rate(count=count, films=films, percent=100 * share, low=100 * low, high=100 * high)

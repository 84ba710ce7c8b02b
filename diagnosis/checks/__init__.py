"""How far to trust a map: tests of it on the very image, and the badge that follows from them."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from diagnosis.attribution import METHODS, AttributionMap, Target
from diagnosis.checks.curves import Curves, Yardstick
from diagnosis.checks.repeats import noisy_likeness, on_square, quick_map, shuffled_likeness

__all__ = ["Badge", "Curves", "Trust", "Yardstick", "badge_of", "check"]

Badge = Literal["faithful here", "weak", "no better than chance"]

CHANCE = 80.0  # percent of random maps; a map that beats fewer is called no better than chance
FAITHFUL = 100.0  # percent of random maps that a faithful one beats; one that knows nothing does so in 1 of 22 images
CENTRED = 50.0  # percent of the maps that favour the middle which a faithful one beats
SHUFFLED = 0.5  # rank correlation with the shuffled network's map, above which the map is not the model's
STEADY = 0.5  # rank correlation under faint noise, below which the map is not the image's
GAP = 0.25  # of the map's absolute sum that its own sum rule may miss
REASONS = (
    "it hardly beats random maps",
    "some random maps do as well",
    "a map of the middle of the image does as well",
    "it hardly changes when the model is shuffled",
    "faint noise on the image changes it",
    "its parts do not add up to the output",
)


@dataclass(frozen=True)
class Trust:
    """What was measured of one map so far; None is what was not, or cannot be, measured.

    Attributes:
        curves: deletion and insertion of the map.
        low, high: the central 95 % of the random maps' curves, as :class:`Curves`.
        chance_gain: the central 95 % of the random maps' gains, in logits.
        beaten: random maps, in percent, whose gain is smaller than the map's; ``interval`` is its 95 % interval.
        references: random maps that it was held against, reverses included.
        centred: maps that favour the middle, in percent, whose gain is smaller.
        shuffled: rank correlation with the map of the network with shuffled top layers.
        steady: rank correlation with maps of the image with faint noise.
        gap: how much of the map's absolute sum its own sum rule misses, 0..1.
        badge: None until all tests are done.
        passes: images read for the curves of this map; ``seconds``: time all its tests took.
    """

    label: str
    against: str | None
    method: str
    curves: Curves | None = None
    low: Curves | None = None
    high: Curves | None = None
    chance_gain: tuple[float, float] | None = None
    beaten: float | None = None
    interval: tuple[float, float] | None = None
    references: int = 0
    centred: float | None = None
    shuffled: float | None = None
    steady: float | None = None
    gap: float | None = None
    badge: Badge | None = None
    passes: int = 0
    seconds: float = 0.0

    @property
    def reasons(self) -> tuple[str, ...]:
        """What keeps the map from being faithful here, in words; empty where nothing does."""
        fails = (
            self.beaten is not None and self.beaten < CHANCE,
            self.beaten is not None and CHANCE <= self.beaten < FAITHFUL,
            self.centred is not None and self.centred < CENTRED,
            self.shuffled is not None and self.shuffled > SHUFFLED,
            self.steady is not None and self.steady < STEADY,
            self.gap is not None and self.gap > GAP,
        )
        return tuple(text for failed, text in zip(fails, REASONS, strict=True) if failed)


def check(one: AttributionMap, yardstick: Yardstick) -> Iterator[Trust]:
    """Test a map, the cheap tests first; yields what is known after each. The last one has the badge.

    A flat map is not tested: it says nothing that could be wrong.
    """
    started = time.perf_counter()
    trust = Trust(one.label, one.against, one.method, gap=gap_share(one))
    if one.is_flat:
        yield trust
        return
    classifier = yardstick.classifier
    weights = np.array(Target(one.label, one.against).weights(classifier.card))

    def timed(**found: Any) -> Trust:
        return replace(trust, seconds=time.perf_counter() - started, **found)

    before = yardstick.passes
    trust = timed(curves=yardstick.curves(one, weights))
    yield trust
    square = on_square(classifier, yardstick.study)
    again = quick_map(classifier, square, one) if METHODS[one.method].repeats else one
    trust = timed(shuffled=shuffled_likeness(classifier, square, again))
    yield trust
    trust = timed(steady=noisy_likeness(classifier, square, again))
    yield trust
    for _ in yardstick.complete():
        trust = timed(**_beside(trust.curves, yardstick, weights), passes=yardstick.passes - before)
        yield trust
    trust = timed(**_beside(trust.curves, yardstick, weights), passes=yardstick.passes - before)
    yield replace(trust, badge=badge_of(trust))


def badge_of(trust: Trust) -> Badge:
    """The badge that the tests add up to."""
    if trust.beaten is not None and trust.beaten < CHANCE:
        return "no better than chance"
    return "weak" if trust.reasons else "faithful here"


def gap_share(one: AttributionMap) -> float | None:
    """The error of a map's own sum rule as a share of its absolute sum, 0..; None for a method without such a rule."""
    gap = one.checks.get("additivity_gap", one.checks.get("completeness_gap"))
    whole = float(np.abs(one.cells).sum(dtype=np.float64))
    return None if gap is None else float(gap) / whole if whole else 0.0


def _beside(own: Curves | None, yardstick: Yardstick, weights: np.ndarray) -> dict[str, Any]:
    """The fields that tell how a map stands beside those that know nothing."""
    random, centred = yardstick.random(weights), yardstick.centred(weights)
    if own is None or not random:
        return {}
    gains = np.array([one.gain for one in random])
    beaten, interval = percent_beaten(own.gain, gains)
    edge = float(np.quantile(np.concatenate([gains, -gains]), 0.975))
    low, high = (_edge(random, share) for share in (0.025, 0.975))
    middle = 100 * float(np.mean([one.gain < own.gain for one in centred])) if centred else None
    return {
        "beaten": beaten,
        "interval": interval,
        "references": 2 * len(random),
        "chance_gain": (-edge, edge),
        "low": low,
        "high": high,
        "centred": middle,
    }


def percent_beaten(gain: float, gains: np.ndarray) -> tuple[float, tuple[float, float]]:
    """Percent of random maps and their reverses (gains ± each) that a gain beats, and the exact 95 % interval.

    With reverses it is half of all, and of the other half those whose gain is smaller without its sign; the interval is
    Clopper and Pearson's for that second share.
    """
    from scipy.stats import binomtest

    size, sign = abs(gain), 1 if gain > 0 else -1
    smaller = int((np.abs(gains) < size).sum())
    found = binomtest(smaller, len(gains)).proportion_ci(0.95, method="exact")
    ends = sorted(50 + sign * 50 * edge for edge in (found.low, found.high))
    return 50 + sign * 50 * smaller / len(gains), (float(ends[0]), float(ends[1]))


def _edge(random: list[Curves], share: float) -> Curves:
    """A quantile of the random maps' curves, reverses included, at each fraction."""
    deletion = np.array([one.deletion for one in random])
    insertion = np.array([one.insertion for one in random])
    both_deletion = np.quantile(np.concatenate([deletion, insertion[:, ::-1]]), share, axis=0)
    both_insertion = np.quantile(np.concatenate([insertion, deletion[:, ::-1]]), share, axis=0)
    deleted, inserted = (tuple(float(x) for x in values) for values in (both_deletion, both_insertion))
    return Curves(deleted, inserted, random[0].full, random[0].blank)

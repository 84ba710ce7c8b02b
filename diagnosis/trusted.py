"""Tests of maps, methods side by side, contrasts and erasures → findings that wait for their ids.

:meth:`diagnosis.reading.Reading.enter` gives them. Each kind has its one template in ``findings.TEMPLATES``.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from diagnosis.attribution import METHODS, AttributionMap
from diagnosis.cards import ModelCard
from diagnosis.checks import SHUFFLED, STEADY, Trust
from diagnosis.comparison import Comparison
from diagnosis.findings import AGREE_OVERLAP, AGREE_RANK, CHANCE_OVERLAP, DIFFER_OVERLAP, DIFFER_RANK, Finding, draft
from diagnosis.independent import percent_of
from diagnosis.places import shares
from diagnosis.whatif import Retest

BADGE_WORDS = {
    "faithful here": "faithful here",
    "weak": "weak here",
    "no better than chance": "no better than chance here",
}
VERDICTS = {
    "agree": "The methods agree on where the model looked.",
    "partly": "The methods agree in part.",
    "differ": "The methods disagree: they point to different places, and no map should be relied on alone.",
}
LEARNED = {True: "it hangs on what the model learned", False: "it hardly hangs on the model"}
STILL = {True: "it is steady", False: "it is not steady"}
REPEATED = (*LEARNED.values(), *STILL.values())
FILLINGS = {"blur": "blurred", "inpaint": "painted over from around"}


def tested(card: ModelCard, trust: Trust) -> Iterator[Finding]:
    """The badge of a map, and each test that it follows from; nothing for a map that was not tested."""
    about: dict[str, Any] = {
        "label": trust.label,
        "method": trust.method,
        "title": subject(card, trust.label, trust.against),
    }
    if trust.badge and trust.beaten is not None and trust.interval is not None:
        low, high = trust.interval
        reasons = f": {', '.join(trust.reasons)}" if trust.reasons else ""
        yield draft(
            "badge",
            "trust",
            trust.beaten,
            "%",
            interval=trust.interval,
            low=low,
            high=high,
            badge=BADGE_WORDS[trust.badge],
            reasons=reasons,
            count=trust.references,
            **about,
        )
    if trust.curves and trust.chance_gain:
        low, high = trust.chance_gain
        yield draft("gain", "trust", trust.curves.gain, "logits", low=low, high=high, **about)
    if trust.centred is not None:
        yield draft("centred", "trust", trust.centred, "%", **about)
    if trust.shuffled is not None:
        verdict = LEARNED[trust.shuffled <= SHUFFLED]
        yield draft("shuffled", "trust", trust.shuffled, "rank correlation", verdict=verdict, **about)
    if trust.steady is not None:
        verdict = STILL[trust.steady >= STEADY]
        yield draft("steady", "trust", trust.steady, "rank correlation", verdict=verdict, **about)
    if trust.gap is not None:
        yield draft("gap", "trust", 100 * trust.gap, "%", **about)


def side_by_side(card: ModelCard, label: str, compared: Comparison) -> Iterator[Finding]:
    """How far several methods agree on one class, and which two are furthest apart."""
    title, count = card.title_of(label).lower(), len(compared.methods)
    judged = verdict_of(compared.mean_rank, compared.mean_overlap)
    if np.isfinite(compared.mean_rank):
        yield draft(
            "methods_rank", "trust", compared.mean_rank, "rank correlation", label=label, title=title, count=count
        )
    yield draft(
        "methods_overlap",
        "trust",
        compared.mean_overlap,
        "%",
        label=label,
        title=title,
        count=count,
        chance=CHANCE_OVERLAP,
        judged=judged,
        verdict=VERDICTS[judged],
    )
    if count > 2:
        first, second, shared = compared.furthest
        yield draft("furthest", "trust", shared, "%", label=label, method=first, other=METHODS[second].title)


def verdict_of(rank: float, shared: float) -> str:
    """``agree``, ``partly`` or ``differ``, by the thresholds that hold for two methods; NaN ranks say nothing."""
    if rank >= AGREE_RANK and shared >= AGREE_OVERLAP:
        return "agree"
    return "differ" if rank < DIFFER_RANK or shared < DIFFER_OVERLAP else "partly"


def contrasted(card: ModelCard, one: AttributionMap, difference: float) -> Iterator[Finding]:
    """What a map of why one class and not another shows: the difference of the two logits, and its main place."""
    if one.against is None:
        return
    title, other = (card.title_of(name).lower() for name in (one.label, one.against))
    yield draft("contrast", "says", difference, "logits", label=one.label, title=title, other=other)
    if parts := shares(one, card.places):
        region = max(parts, key=lambda name: parts[name])
        names: dict[str, Any] = {"title": title, "other": other, "count": len(parts)}
        yield draft(
            "contrast_place",
            "looked",
            parts[region],
            "%",
            label=one.label,
            method=one.method,
            region=region,
            **names,
        )


def retested(card: ModelCard, label: str, retest: Retest, what: str) -> Iterator[Finding]:
    """What erasing a region did to a class's score, beside patches of the same shape, and what it did to the answer.

    Args:
        what: the region in words, e.g. ``what Grad-CAM marks``.
    """
    at = card.index(label)
    title, low, high = card.title_of(label).lower(), *retest.patch_range(at)
    change, after = float(retest.changes[at]), 100 * float(retest.after.scores[at])
    yield draft(
        "erased_area", "trust", 100 * retest.share, "%", label=label, what=what, filling=FILLINGS[retest.filling]
    )
    yield draft(
        "erased",
        "trust",
        change,
        "percentage points",
        label=label,
        interval=(low, high),
        title=title,
        what=what,
        after=after,
        low=low,
        high=high,
        beaten=retest.beaten(at),
        count=len(retest.patches),
    )
    yield from _crossed(card, label, retest, what) if card.independent else _turned(card, label, retest, what)


def _turned(card: ModelCard, label: str, retest: Retest, what: str) -> Iterator[Finding]:
    """That another class has the highest score now."""
    if retest.after.top != retest.before.top:
        new = retest.after.top
        percent = 100 * float(retest.after.scores[card.index(new)])
        yield draft("turned", "says", percent, "%", label=label, other=card.title_of(new).lower(), what=what)


def _crossed(card: ModelCard, label: str, retest: Retest, what: str) -> Iterator[Finding]:
    """That an independent finding's score went across its threshold."""
    before, after = (label in one.present for one in (retest.before, retest.after))
    if before != after:
        _, threshold = percent_of(card, retest.after, label)
        title, falls = card.title_of(label).lower(), "rises above" if after else "falls below"
        yield draft("crossed", "says", threshold, "%", label=label, title=title, what=what, falls=falls)


def subject(card: ModelCard, label: str, against: str | None) -> str:
    """What a map explains, in words."""
    title = card.title_of(label).lower()
    return title if against is None else f"{title} and not {card.title_of(against).lower()}"

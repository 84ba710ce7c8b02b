"""Errors about one kind of finding: votes of similar cases, zones, badges, the alarm, tiers, sets and refused uses."""

import random
import re
from collections.abc import Iterator

from agents.types import Sentence
from benchmarks.planting.source import SWAPS, Source, about, data, embedded

VOTES = re.compile(
    r"(?<![\w.])(\d+|[a-z]+)(?= (?:(?:out )?of|in) (?:the )?(?:10|ten)(?!\w))|(?<=got )\d+(?= of the votes)", re.I
)
COUNTS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
PERCENT = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?= %)")
SIDED = re.compile(r"\b(right|left)(?= (?:(?:upper|middle|lower) )?(?:lung|zone|costophrenic))")
LEVEL = re.compile(r"\b(upper|middle|lower)(?= (?:lung )?zone)")
UNSIDED = ("heart", "mediastinum", "letters and markers", "nuclei-rich tissue", "stroma", "midline")
ON_ANATOMY = ("zone", "zone_across", "erased", "erased_area", "turned")
TIER = re.compile(r"\b(high|moderate|low)\b")


def wrong_count(source: Source, rng: random.Random) -> Iterator[Sentence]:
    """Another number of similar cases."""
    if not (vote := about(source, "vote", "vote_conflict")):
        return
    text = source.sentence.text
    true = {round(float(vote.value or 0)), int(vote.facts.get("other_votes", -1))}
    for match in VOTES.finditer(text):
        told = match.group().lower()
        if told.isdigit() or told in COUNTS:
            other = rng.choice([count for count in range(1, 10) if count not in true])
            shown = str(other) if told.isdigit() else COUNTS[other]
            yield source.said(text[: match.start()] + shown + text[match.end() :])


def wrong_vote(source: Source, rng: random.Random) -> Iterator[Sentence]:
    """A class that the similar cases are not called, or the two classes of a conflict exchanged."""
    vote, text = about(source, "vote", "vote_conflict"), source.sentence.text
    if not vote:
        return
    own, top = str(vote.facts["title"]), str(vote.facts.get("other", ""))
    if top and own in text and top in text:
        yield source.said(text.replace(own, "~").replace(top, own).replace("~", top))
    for label in source.reading.card.labels:
        if (other := label.title.lower()) not in (own, top) and own in text:
            yield source.said(text.replace(own, other))


def wrong_accuracy(source: Source, rng: random.Random) -> Iterator[Sentence]:
    """Another accuracy of the vote, or that of the commonest class in its place."""
    if not (quality := about(source, "vote_tested", "vote_left_out", "vote_balanced")):
        return
    text, own = source.sentence.text, f"{quality.value:.1f}"
    for match in PERCENT.finditer(text):
        if match.group() == own:
            far = (rng.uniform(0.4, 0.7) if rng.random() < 0.5 else 1.06) * float(own)
            yield source.said(text[: match.start()] + f"{far:.1f}" + text[match.end() :])
    majority = f"{quality.facts.get('majority', 0):.1f}"
    if own in text and majority in text:
        yield source.said(text.replace(own, "~").replace(majority, own).replace("~", majority))


def turned_vote(source: Source, rng: random.Random) -> Iterator[Sentence]:
    """Agreement for conflict, and the other way round; something similar for nothing."""
    if not about(source, "vote", "vote_conflict", "no_vote"):
        return
    text = source.sentence.text
    for one, other in data()["votes"]:
        for first, second in ((one, other), (other, one)):
            if match := re.search(rf"\b{first}", text):
                yield source.said(text[: match.start()] + second + text[match.end() :])
                return


def wrong_zone(source: Source, rng: random.Random) -> Iterator[Sentence]:
    """Another zone: the other side, another level, another organ, or the side of the image for that of the patient."""
    text = source.sentence.text
    if not about(source, *ON_ANATOMY):
        return
    for pattern in (SIDED, LEVEL):
        for match in pattern.finditer(text):
            yield source.said(text[: match.start()] + SWAPS[match.group(1)] + text[match.end() :])
    if "patient's right lower zone" in text:
        yield source.said(text.replace("patient's right lower zone", "lower third on the right of the image"))
    known = " ".join(one.statement for one in source.cited)
    for name in UNSIDED:
        if re.search(rf"\b{name}\b", text, re.IGNORECASE):
            for other in UNSIDED:
                if other not in known:
                    yield source.said(re.sub(rf"\b{name}\b", other, text, flags=re.IGNORECASE))


def wrong_badge(source: Source, rng: random.Random) -> Iterator[Sentence]:
    """Another badge than the map's."""
    badge, text = about(source, "badge"), source.sentence.text
    if not badge:
        return
    own = str(badge.facts["badge"]).removesuffix(" here")
    for other in ("faithful", "weak", "no better than chance"):
        if own in text and other != own:
            yield source.said(text.replace(own, other))


def wrong_alarm(source: Source, rng: random.Random) -> Iterator[Sentence]:
    """How often the alarm rang rightly told for how often it rang falsely, and the other way round."""
    record, text = about(source, "shortcut_record"), source.sentence.text
    if not record:
        return
    own, false = f"{record.value:.1f} %", f"{record.facts['false']:.1f} %"
    for first, second in ((own, false), (false, own)):
        if first in text and second not in text:
            yield source.said(text.replace(first, second))
    if own in text and false in text:
        yield source.said(text.replace(own, "~").replace(false, own).replace("~", false))


def wrong_tier(source: Source, rng: random.Random) -> Iterator[Sentence]:
    """Another tier than that of the highest score."""
    finding, text = about(source, "confidence_tier", "confidence_unmeasured"), source.sentence.text
    if not finding:
        return
    for match in TIER.finditer(text):
        for other in ("high", "moderate", "low"):
            if match.group() == finding.facts["tier"] != other:
                yield source.said(text[: match.start()] + other + text[match.end() :])


def wrong_set(source: Source, rng: random.Random) -> Iterator[Sentence]:
    """A class that is not in the conformal set in the place of one that is."""
    finding, text = about(source, "conformal_set"), source.sentence.text
    if not finding:
        return
    titles = {label.name: label.title.lower() for label in source.reading.card.labels}
    held = [titles.pop(name) for name in source.reading.prediction.conformal or ()]
    for own in held:
        if own in text:
            yield from (source.said(text.replace(own, other)) for other in titles.values() if other not in text)


def called_one(source: Source, rng: random.Random) -> Iterator[Sentence]:
    """A conformal set of several classes that is said to hold one."""
    finding = about(source, "conformal_set")
    if finding and (finding.value or 0) > 1:
        yield from embedded("alone")(source, rng)


def false_interval(source: Source, rng: random.Random) -> Iterator[Sentence]:
    """An interval for a test figure that has none."""
    several = any("95 % interval" in one.statement for one in source.cited)
    if not several and any("no interval" in one.statement for one in source.cited):
        yield from embedded("intervals")(source, rng)


def allowed_use(source: Source, rng: random.Random) -> Iterator[Sentence]:
    """A use that the card refuses, granted in words that deny; or one that it grants, denied."""
    if {one.facts.get("aspect") for one in source.cited} != {"Not made for"}:
        return
    [text] = {str(one.facts["text"]) for one in source.cited}
    uses = [one for one in re.split(r", |; | or |\.", text) if one and not re.search(r"other|any", one)]
    made = re.split(r"[,(]| aged", source.reading.card.intended_use.partition(": ")[2])[0].strip()
    for pattern in data()["uses"]:
        use = re.sub(r"^[A-Z](?=[a-z])", lambda first: first.group().lower(), rng.choice(uses))
        yield source.said(pattern.replace("{use}", use).replace("{made}", made) + ".")

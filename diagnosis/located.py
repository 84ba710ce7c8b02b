"""Zones and maps → findings: where on the anatomy a map puts its weight, and whether it looks like a shortcut."""

from collections.abc import Generator, Iterator

from diagnosis.anatomy.alarm import Alarm
from diagnosis.anatomy.shares import ZoneShare, off_share, zone_shares
from diagnosis.anatomy.zones import Zones
from diagnosis.attribution import AttributionMap
from diagnosis.cards import ModelCard
from diagnosis.findings import Finding, draft

OFF = {
    "chest-film": "on or near letters, markers or the area outside the body",
    "chest-ct": "on or near letters, markers or the area outside the body",
    "brain": "on or near letters, markers or the area outside the head",
    "histology": "on or near pen marks or bare glass",
}


def located(
    card: ModelCard,
    label: str,
    maps: tuple[AttributionMap, ...],
    zones: Zones | None,
    alarm: Alarm | None,
    *,
    answers: tuple[str, ...],
) -> Iterator[Finding]:
    """Findings of one class; they wait for their numbers. Nothing where the model's images have no named zones.

    Where the zones are not sure their doubts are told instead of shares. The alarm judges the maps of the model's
    ``answers`` alone, the class with the highest score or the findings that reach their thresholds: what speaks for
    another class often lies anywhere.
    """
    if zones is None:
        return
    if not zones.certain:
        for doubt in zones.doubts:
            yield draft("zones_uncertain", "trust", text=doubt)
        return
    title = card.title_of(label).lower()
    rang = False
    for one in maps:
        if one.label != label or not (shares := zone_shares(one, zones)):
            continue
        yield from _shares(one, title, zones, shares)
        rang = (yield from _off(one, title, zones, alarm if label in answers else None)) or rang
    if rang and alarm:
        yield draft(
            "shortcut_record",
            "trust",
            alarm.caught.percent,
            "%",
            interval=(alarm.caught.low, alarm.caught.high),
            films=alarm.caught.films,
            false=alarm.false_alarms.percent,
            clean=alarm.false_alarms.films,
        )


def _shares(one: AttributionMap, title: str, zones: Zones, shares: tuple[ZoneShare, ...]) -> Iterator[Finding]:
    """The part that stands out most above an even map, and of the zones across the parts the same, if any does."""
    parts = {zone.name for zone in zones.parts}
    own = [share for share in shares if share.zone in parts]
    across = [share for share in shares if share.zone not in parts and share.percent > share.even]
    most = [("zone", max(own, key=_excess))]
    if across and zones.kind != "histology":  # quarters of the image are told as its places already
        most.append(("zone_across", max(across, key=_excess)))
    for kind, share in most:
        yield draft(
            kind,
            "looked",
            share.percent,
            "%",
            label=one.label,
            method=one.method,
            region=share.zone,
            title=title,
            even=share.even,
            count=len(own),
        )


def _excess(share: ZoneShare) -> float:
    return share.percent - share.even


def _off(one: AttributionMap, title: str, zones: Zones, alarm: Alarm | None) -> Generator[Finding, None, bool]:
    """What lies off the anatomy, and the caution where the alarm rings. Returns whether it rang."""
    share = off_share(one, zones)
    if share is None or not share.even:
        return False
    yield draft(
        "off_anatomy",
        "looked",
        share.percent,
        "%",
        label=one.label,
        method=one.method,
        title=title,
        even=share.even,
        where=OFF[zones.kind],
    )
    judged = alarm.excess(one, zones) if alarm else None
    if alarm is None or judged is None or not alarm.rings(judged):
        return False
    yield draft(
        "shortcut",
        "trust",
        judged.percent - judged.even,
        "percentage points",
        label=one.label,
        method=one.method,
        threshold=alarm.threshold,
        title=title,
    )
    return True

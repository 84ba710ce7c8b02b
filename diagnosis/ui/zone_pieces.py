"""The named parts of an image as HTML: outlines to point at, a table that says the same in words, and the caution."""

from html import escape

import cv2
import numpy as np

from diagnosis.anatomy.shares import ZoneShare, zone_shares
from diagnosis.anatomy.zones import Zone, Zones
from diagnosis.attribution import AttributionMap
from diagnosis.places import PLACES, shares
from diagnosis.reading import Reading

FINE = 320  # pixels of the longer side of the grid that outlines are drawn on
SPECK = 0.0004  # of the image: smaller pieces of a zone are not outlined
RIGHT, LEFT = "patient's right", "patient's left"


def outlines(reading: Reading, attribution: AttributionMap | None) -> str:
    """What lies over the picture and tells the name of a part, and its share of the map, when it is pointed at."""
    zones = reading.zones
    if zones is None or not zones.certain or not zones.zones:
        return _places(reading, attribution) if attribution else ""
    told = {one.zone: one for one in zone_shares(attribution, zones)} if attribution else {}
    shown = sorted(drawn(zones), key=lambda zone: -float(zone.mask.mean()))
    paths = "".join(_path(zone, told.get(zone.name)) for zone in shown)
    height, width = grid_of(zones)
    return (
        f'<svg class="lb-zones" viewBox="0 0 {width} {height}" preserveAspectRatio="none" aria-hidden="true">{paths}'
        f'</svg><span class="lb-zone-name" aria-hidden="true"></span>{_sides(zones)}'
    )


def table(reading: Reading, attribution: AttributionMap | None) -> str:
    """The zones and their shares in words, for those who do not point or do not see; why there are none."""
    zones = reading.zones
    if zones is None:
        return ""
    if not zones.certain:
        return f'<p class="lb-note">Zones uncertain: {escape("; ".join(zones.doubts))}.</p>'
    told = {one.zone: one for one in zone_shares(attribution, zones)} if attribution else {}
    rows = "".join(_row(zone, told.get(zone.name)) for zone in drawn(zones) if zone.mask.any())
    if not rows:
        return ""
    hint = "Point at the picture to see a zone. A share is compared with that of an even map."
    return (
        '<details class="lb-zone-table"><summary>Zones of the image</summary><div class="lb-scroll">'
        '<table class="lb-figures"><thead><tr>'
        '<td></td><th scope="col">Of the image</th><th scope="col">Of the map\'s weight</th>'
        f'<th scope="col">Even map</th></tr></thead><tbody>{rows}</tbody></table></div>'
        f'<p class="lb-note">{hint}</p></details>'
    )


def caution(reading: Reading) -> str:
    """The shortcut alarm where it rang for the class explained, with what was measured of it; nothing otherwise."""
    rang = [one.statement for one in reading.findings if one.kind == "shortcut"]
    if not rang:
        return ""
    record = [one.statement for one in reading.findings if one.kind == "shortcut_record"]
    return (
        f'<div class="lb-caution" role="note"><strong>Possible shortcut</strong><p>{escape(" ".join(rang))}</p>'
        f'<p class="lb-note">{escape(" ".join(record))}</p></div>'
    )


def drawn(zones: Zones) -> tuple[Zone, ...]:
    """The zones worth pointing at: those of tissue without the quarters, which would lie over all of them."""
    return zones.parts if zones.kind == "histology" else zones.zones


def grid_of(zones: Zones) -> tuple[int, int]:
    """(H, W) of the grid that outlines are drawn on."""
    height, width = zones.zones[0].mask.shape
    factor = FINE / max(height, width)
    return max(1, round(height * factor)), max(1, round(width * factor))


def _path(zone: Zone, told: ZoneShare | None) -> str:
    height, width = zone.mask.shape
    factor = FINE / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    mask = (cv2.resize(zone.mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5).astype(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    kept = [cv2.approxPolyDP(one, 0.8, True)[:, 0] for one in contours if cv2.contourArea(one) > SPECK * mask.size]
    if not kept:
        return ""
    line = "".join("M" + "L".join(f"{x} {y}" for x, y in one.tolist()) + "Z" for one in kept)
    share = f": {told.percent:.1f} % of the map's weight, {told.even:.1f} % of an even map's" if told else ""
    name = escape(zone.name[:1].upper() + zone.name[1:] + share, quote=True)
    return f'<path data-zone="{name}" fill-rule="evenodd" d="{line}"/>'


def _sides(zones: Zones) -> str:
    """Letters for the patient's right and left, where zones are named by them."""
    middles = {
        side: np.mean([np.nonzero(zone.mask)[1].mean() / zone.mask.shape[1] for zone in zones.zones if _on(zone, side)])
        for side in (RIGHT, LEFT)
        if any(_on(zone, side) for zone in zones.zones)
    }
    if len(middles) < 2:
        return ""
    first, last = ("R", "L") if middles[RIGHT] < middles[LEFT] else ("L", "R")
    full = {"R": "The patient's right", "L": "The patient's left"}
    return "".join(
        f'<abbr class="lb-side lb-side-{edge}" title="{full[letter]}">{letter}</abbr>'
        for edge, letter in (("start", first), ("end", last))
    )


def _on(zone: Zone, side: str) -> bool:
    return zone.name.startswith(side) and bool(zone.mask.any())


def _row(zone: Zone, told: ZoneShare | None) -> str:
    share, even = (f"{told.percent:.1f} %", f"{told.even:.1f} %") if told else ("–", "–")
    return (
        f'<tr><th scope="row" title="Found by: {escape(zone.found, quote=True)}">{escape(zone.name)}</th>'
        f"<td>{100 * float(zone.mask.mean()):.1f} %</td><td>{share}</td><td>{even}</td></tr>"
    )


def _places(reading: Reading, attribution: AttributionMap) -> str:
    """Boxes of the image that tell their share when pointed at, where no zone has a name."""
    parts = shares(attribution, reading.card.places)
    return "".join(
        f'<div class="lb-zone" style="top:{place.top:.2%};left:{place.left:.2%};height:{place.bottom - place.top:.2%};'
        f'width:{place.right - place.left:.2%}"><span>{escape(place.name)}: {parts[place.name]:.1f} %</span></div>'
        for place in PLACES[reading.card.places]
        if place.name in parts
    )

"""How a map's evidence is shared out among zones."""

from dataclasses import dataclass

import cv2
import numpy as np

from diagnosis.anatomy.zones import Zone, Zones
from diagnosis.attribution.maps import AttributionMap
from diagnosis.places import GRID, evidence

SIZE = (GRID, GRID)


@dataclass(frozen=True)
class ZoneShare:
    """A zone's share of a map's positive weight, and what an even map would put there, both in percent."""

    zone: str
    percent: float
    even: float


def zone_shares(attribution: AttributionMap, zones: Zones) -> tuple[ZoneShare, ...]:
    """The share of every zone, in their order; those of the parts add up to 100. Nothing for a flat map."""
    weight = evidence(attribution)
    if attribution.is_flat or not weight.any():
        return ()
    return tuple(_share(weight, _seen(attribution), zone.on(SIZE), zone.name) for zone in zones.zones)


def share_in(attribution: AttributionMap, zone: Zone) -> ZoneShare:
    """One zone's share; 0 for a map without positive weight."""
    return _share(evidence(attribution), _seen(attribution), zone.on(SIZE), zone.name)


def off_share(attribution: AttributionMap, zones: Zones) -> ZoneShare | None:
    """The share off the anatomy, or None where the zones do not tell or the map is flat.

    A mark is often smaller than a cell of the map, so half a cell around whatever is off counts too, as far as it is
    not lung, brain or tissue of its own.
    """
    off = zones.off
    weight = evidence(attribution)
    if off is None or attribution.is_flat or not weight.any():
        return None
    return _share(weight, _seen(attribution), _reach(off, zones, attribution.cells.shape), "off the anatomy")


def _reach(off: np.ndarray, zones: Zones, cells: tuple[int, int]) -> np.ndarray:
    """float32 (GRID, GRID): what is off, widened by half a cell where no named organ lies."""
    exact = cv2.resize(off.astype(np.float32), SIZE[::-1], interpolation=cv2.INTER_AREA)
    rows, columns = (max(1, 2 * round(GRID / count / 2) + 1) for count in cells)
    wide = cv2.dilate(exact, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (columns, rows)))
    for zone in zones.zones:
        if zone.part and not zone.off and zone.organ:
            wide = np.minimum(wide, 1 - zone.on(SIZE))
    return np.maximum(exact, wide)


def _seen(attribution: AttributionMap) -> np.ndarray:
    return np.isfinite(attribution.at(SIZE))


def _share(weight: np.ndarray, seen: np.ndarray, inside: np.ndarray, name: str) -> ZoneShare:
    whole = float(weight.sum())
    percent = 100 * float((weight * inside).sum()) / whole if whole else 0.0
    return ZoneShare(name, percent, 100 * float(inside[seen].mean()))

"""The shortcut alarm: does a map put clearly more of its evidence off the anatomy than an even map would?"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from diagnosis import records
from diagnosis.anatomy.cards import SegmenterCard
from diagnosis.anatomy.shares import ZoneShare, off_share
from diagnosis.anatomy.zones import Zones
from diagnosis.attribution.maps import AttributionMap
from diagnosis.errors import BadRequest

FILE = "shortcut-alarm.json"


class Rate(BaseModel):
    """``count`` of ``films``, in percent with a 95 % interval after Wilson 1927."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: int
    films: int
    percent: float
    low: float
    high: float


class Alarm(BaseModel):
    """The alarm and what was measured of it; written by ``python -m diagnosis.anatomy alarm``.

    Attributes:
        kind, method: the zones and the attribution method that it was measured on, and is sounded for.
        threshold: percentage points by which the share off the anatomy exceeds an even map's; chosen on ``val``.
        segmenter_sha256: of the weights that found the lungs.
        caught: of films with a planted mark that a model answered by, as it was taught to, the alarm rang.
        caught_all: the same of every film with a planted mark, answered by it or not.
        false_alarms: of films as they are, read by the model named ``reader``, the alarm rang for the answer's map.
        false_any: the same for any of the maps of all its classes, which is why the others are not judged.
        unused: of films with a planted mark that ``reader`` was never taught to use, the alarm rang.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    method: str
    threshold: float
    segmenter_sha256: str
    reader: str
    dataset: str
    caught: Rate
    caught_all: Rate
    false_alarms: Rate
    false_any: Rate
    unused: Rate
    command: str

    def excess(self, attribution: AttributionMap, zones: Zones) -> ZoneShare | None:
        """The share off the anatomy where this alarm may judge it: its kind and method, zones that are sure."""
        if attribution.method != self.method or zones.kind != self.kind or not zones.certain:
            return None
        return off_share(attribution, zones)

    def rings(self, share: ZoneShare) -> bool:
        return share.percent - share.even >= self.threshold


def load_alarm(folder: Path, card: SegmenterCard) -> Alarm:
    """The alarm measured with the segmenter's very weights. Raises Missing or BadRequest."""
    remedy = "Run `python -m diagnosis.anatomy alarm --write`."
    alarm = records.load(Alarm, folder / FILE, "an alarm's record", remedy)
    if card.weights is None or alarm.segmenter_sha256 != card.weights.sha256:
        raise BadRequest(f"{FILE} was measured with other weights of the segmenter.", remedy)
    return alarm

"""Tests made for a visitor's conversation, which the panels of the page show as if a button had made them."""

from collections.abc import Callable
from dataclasses import dataclass

from diagnosis.attribution import AttributionMap
from diagnosis.checks import Yardstick, check
from diagnosis.classifier import Classifier
from diagnosis.findings import Finding
from diagnosis.laboratory import erase
from diagnosis.reading import Reading
from diagnosis.regions import Region
from diagnosis.trusted import tested
from diagnosis.ui.tray import Tray


@dataclass(frozen=True)
class Bench:
    """Makes tests of what one visitor put in; what comes of them lies in the visitor's tray while the image does.

    Attributes:
        classifier: name of a model → the model; raises UserError.
    """

    classifier: Callable[[str], Classifier]
    tray: Tray

    def erase(self, reading: Reading, region: Region) -> tuple[Finding, ...]:
        """What erasing a region did, without ids. Raises UserError."""
        found = erase(self.classifier(reading.card.name), reading, region)
        if self.tray.holds(reading):
            self.tray.keep(found)
        return found.findings

    def test(self, reading: Reading, one: AttributionMap) -> tuple[Finding, ...]:
        """A map's badge and the tests that it follows from, without ids; a test that was made is not made again.

        Raises UserError.
        """
        own = self.tray.holds(reading)
        kept, key = self.tray.trusts if own else {}, (one.label, one.method)
        if key not in kept:
            waiting = self.tray.take_yardstick() if own else None
            yardstick = waiting or Yardstick(self.classifier(reading.card.name), reading.study)
            *_, kept[key] = check(one, yardstick)
            if self.tray.trusts is kept:
                self.tray.yardstick = yardstick
        return tuple(tested(reading.card, kept[key]))

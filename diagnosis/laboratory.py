"""New tests of a reading by the model that made it: a region erased and read again, a map tested."""

from collections.abc import Callable
from dataclasses import dataclass

from diagnosis.attribution import METHODS, AttributionMap, Target
from diagnosis.checks import Yardstick, check
from diagnosis.classifier import Classifier
from diagnosis.findings import Finding
from diagnosis.reading import Reading
from diagnosis.regions import Region
from diagnosis.trusted import retested, tested
from diagnosis.whatif import Retest, erase_and_read

METHOD = "grad-cam"  # of the map of what is left: the one that takes a fraction of a second


@dataclass(frozen=True, eq=False)
class Erasure:
    """A region erased from a study that was read for one class.

    Attributes:
        study: digest of the whole study.
        what: the region in words.
        after: the map of ``label`` on the study without the region.
        findings: what came of it, without ids.
    """

    study: str
    label: str
    what: str
    retest: Retest
    after: AttributionMap
    findings: tuple[Finding, ...]


def erase(classifier: Classifier, reading: Reading, region: Region) -> Erasure:
    """Erase a region and read again. Raises BadRequest for a region that is too small or too large."""
    retest = erase_and_read(classifier, reading.study, region.mask)
    after = METHODS[METHOD].maps(classifier, retest.study, targets=[Target(reading.label)])[0]
    told = tuple(retested(reading.card, reading.label, retest, region.what))
    return Erasure(reading.study.digest, reading.label, region.what, retest, after, told)


@dataclass(frozen=True)
class Laboratory:
    """Makes tests, and keeps nothing of them.

    Attributes:
        classifier: name of a model → the model; raises UserError.
    """

    classifier: Callable[[str], Classifier]

    def erase(self, reading: Reading, region: Region) -> tuple[Finding, ...]:
        """What erasing a region did, without ids. Raises UserError."""
        return erase(self.classifier(reading.card.name), reading, region).findings

    def test(self, reading: Reading, one: AttributionMap) -> tuple[Finding, ...]:
        """A map's badge and the tests that it follows from, without ids. Raises UserError."""
        *_, trust = check(one, Yardstick(self.classifier(reading.card.name), reading.study))
        return tuple(tested(reading.card, trust))

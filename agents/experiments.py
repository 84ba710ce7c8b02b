"""Tools that make a new test with the model: erase a part of the image and read again, test a map against chance."""

from dataclasses import dataclass
from typing import Protocol

from agents.names import is_of_map, method_of, methods_in, place_of, places, zones_in
from diagnosis.attribution import DEFAULTS, METHODS, AttributionMap
from diagnosis.errors import BadRequest, Missing
from diagnosis.findings import Finding
from diagnosis.reading import Reading
from diagnosis.regions import Region, marked_by, of_place, of_zone, what_marked

ERASED = ("erased_area", "erased", "turned", "crossed")
TESTED = ("badge", "gain", "centred", "shuffled", "steady", "gap")
NO_MODEL = Missing("There is no model at hand to make a new test.", "Open the image on its tab, and ask there.")


class Laboratory(Protocol):
    """What makes the tests: findings without ids. Both raise UserError."""

    def erase(self, reading: Reading, region: Region) -> tuple[Finding, ...]: ...
    def test(self, reading: Reading, one: AttributionMap) -> tuple[Finding, ...]: ...


@dataclass(frozen=True)
class NoLaboratory:
    """Where there is no model to make tests with. Both raise Missing."""

    def erase(self, reading: Reading, region: Region) -> tuple[Finding, ...]:
        raise NO_MODEL

    def test(self, reading: Reading, one: AttributionMap) -> tuple[Finding, ...]:
        raise NO_MODEL


def erase_and_retest(reading: Reading, region: str, *, laboratory: Laboratory) -> tuple[Finding, ...]:
    """Erase one region, have the model read the image again, and tell how far its score changes, beside patches of the
    same shape elsewhere. It takes seconds: use it only when the question asks what erasing or hiding a part would do.

    Args:
        region: a zone of the patient, e.g. patient's right lower zone, heart; a part of the image as it is shown, e.g.
            lower left, right half; or what a map marks, e.g. what Grad-CAM marks.
    """
    what = region_called(reading, region)
    known = tuple(one for one in reading.findings if one.kind in ERASED and one.facts.get("what") == what)
    return known or laboratory.erase(reading, region_named(reading, region))


def test_map(reading: Reading, method: str, *, laboratory: Laboratory) -> tuple[Finding, ...]:
    """Test the map of the explained class on this very image, against random maps, a shuffled model and faint noise. It
    takes seconds: use it only when the question asks how far a map is to be trusted and no finding says it.

    Args:
        method: grad-cam or shap.
    """
    name = method_of(method)
    title, one = METHODS[name].title, reading.map(name)
    about = f"{title} map for {reading.card.title_of(reading.label).lower()}"
    if one is None:
        raise Missing(f"There is no {about} in this reading.", "Wait until it is ready, and ask again.")
    if one.is_flat:
        raise BadRequest(f"The {about} is flat: it prefers no place that could be tested.", "Ask about another map.")
    own = tuple(found for found in reading.findings if found.kind in TESTED and found.method == name)
    return own if any(found.kind == "badge" for found in own) else laboratory.test(reading, one)


EXPERIMENTS = {
    erase_and_retest.__name__: "Erasing a part of the image, and reading it again",
    test_map.__name__: "Testing a map against random maps",
}  # what is being done while such a tool runs


def erasable(reading: Reading) -> list[str]:
    """The names of all that can be erased: what the maps mark, the zones, the parts of the image."""
    marks = [what_marked(one.method) for one in reading.maps if one.label == reading.label and not one.is_flat]
    zones = reading.zones.zones if reading.zones and reading.zones.certain else ()
    return [*marks, *(zone.name for zone in zones if zone.mask.any()), *places(reading.card)]


def region_called(reading: Reading, text: str) -> str:
    """What the one region that a text names is called. Raises as :func:`region_named` does."""
    return what_marked(_method_marking(reading, text)) if is_of_map(text) else region_named(reading, text).what


def region_named(reading: Reading, text: str) -> Region:
    """The one region that a text names.

    Raises:
        BadRequest: the text names none or several, or a map that is flat; the remedy lists the names that there are.
        Missing: the map that it speaks of is not there.
    """
    if is_of_map(text):
        return marked_by(reading, _method_marking(reading, text))
    zones = zones_in(reading.zones, text)
    if len(zones) == 1:
        return of_zone(zones[0])
    if zones:
        known = ", ".join(zone.name for zone in zones)
        raise BadRequest(f"{text!r} names several zones.", f"Use one of: {known}.")
    try:
        return of_place(reading, place_of(reading.card, text))
    except BadRequest as error:
        raise BadRequest(error.problem, f"Use one of: {', '.join(erasable(reading))}.") from None


def _method_marking(reading: Reading, text: str) -> str:
    """The method whose map a text speaks of: the one that it names, or else the first that prefers a place."""
    named = methods_in(text)
    if len(named) > 1:
        raise BadRequest(f"{text!r} names several maps.", f"Use one of: {', '.join(named)}.")
    drawn = [name for name in DEFAULTS if (one := reading.map(name)) and not one.is_flat]
    return (*named, *drawn, *DEFAULTS)[0]

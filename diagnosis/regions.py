"""Parts of a study that can be erased, and what they are called."""

from dataclasses import dataclass

import numpy as np

from diagnosis.anatomy.zones import Zone
from diagnosis.attribution import METHODS
from diagnosis.errors import Missing
from diagnosis.painting import Stroke, middle_of, painted
from diagnosis.places import Place
from diagnosis.reading import Reading
from diagnosis.whatif import marked


@dataclass(frozen=True, eq=False)
class Region:
    """A part of a study.

    Attributes:
        mask: bool (H, W).
        what: its name as it stands in a sentence after "without".
    """

    mask: np.ndarray
    what: str


def what_marked(method: str) -> str:
    """What the top tenth of a method's map is called."""
    return f"what {METHODS[method].title} marks"


def marked_by(reading: Reading, method: str) -> Region:
    """What a map of the explained class marks, its top tenth.

    Raises:
        Missing: there is no such map yet.
        BadRequest: the map is flat.
    """
    one = reading.map(method)
    if one is None:
        title = reading.card.title_of(reading.label).lower()
        raise Missing(
            f"There is no {METHODS[method].title} map for {title} in this reading.", "Wait for it, or name a place."
        )
    return Region(marked(one), what_marked(method))


def of_zone(zone: Zone) -> Region:
    """A named zone of the patient or the tissue."""
    return Region(zone.mask, f"the {zone.name}")


def of_place(reading: Reading, place: Place) -> Region:
    """A part of the image as it is shown."""
    mask = np.zeros(reading.study.size, dtype=bool)
    place.of(mask)[:] = True
    return Region(mask, f"the {place.name} of the image")


def of_strokes(reading: Reading, strokes: tuple[Stroke, ...]) -> Region:
    """What was painted, named by its centre of mass. Raises BadRequest where nothing of it is on the image."""
    mask = painted(reading.study.size, strokes)
    row, column = middle_of(mask)
    return Region(mask, f"the painted region {100 * column:.0f} % from the left and {100 * row:.0f} % from the top")

"""The pictures of a report: the image, and each method's map of the explained class over it."""

from typing import NamedTuple, Self

from PIL import Image

from diagnosis.reading import Reading
from diagnosis.render import film, overlaid, scale_of

SHARPEST, COARSEST = 900, 600  # pixels of the longer side: enough for print at the size that they are shown


class Overlay(NamedTuple):
    """A map over the image. ``low`` and ``high``: what the ends of the colour bar stand for, empty for a flat map."""

    method: str
    image: Image.Image
    low: str
    high: str


class Pictures(NamedTuple):
    film: Image.Image
    overlays: tuple[Overlay, ...]

    @classmethod
    def of(cls, reading: Reading) -> Self:
        """Small images are enlarged, so that a map's outline is as fine as on a large one."""
        height, width = reading.study.size
        factor = max(COARSEST, min(SHARPEST, max(height, width))) / max(height, width)
        size = max(1, round(height * factor)), max(1, round(width * factor))
        overlays = []
        for one in (own for own in reading.maps if own.label == reading.label):
            scale = scale_of(one)
            ends = ("", "") if one.is_flat else (f"{scale.low:g}", f"{scale.high:.3g} {scale.unit}")
            overlays.append(Overlay(one.method, overlaid(reading.study, one, size), *ends))
        shown = film(reading.study, SHARPEST)
        return cls(shown.resize((size[1], size[0]), Image.Resampling.LANCZOS), tuple(overlays))

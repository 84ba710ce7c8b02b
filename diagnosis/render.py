"""Studies and maps → pictures. The only place where values are scaled and coloured."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from diagnosis.attribution import AttributionMap
from diagnosis.notices import SYNTHETIC_NOTICE
from diagnosis.places import top_tenth
from diagnosis.study import Study

COLOURS = matplotlib.colormaps["inferno"]  # perceptually even, readable without colour vision and in grey
LONGEST = 1024  # pixels of the longer side of a picture on the page


@dataclass(frozen=True)
class Scale:
    """How a map's values become colours: ``low`` is drawn clear, ``high`` in the last colour, in the map's unit."""

    low: float
    high: float
    unit: str


def scale_of(attribution: AttributionMap) -> Scale:
    """From 0 to the map's largest value: evidence against the class stays clear, and so does every flat map."""
    high = float(attribution.cells.max())
    return Scale(0.0, high, attribution.unit)


def picture_size(study: Study, longest: int = LONGEST) -> tuple[int, int]:
    """(H, W) of a study's picture: its own size, reduced where it is larger than ``longest``."""
    factor = min(1.0, longest / max(study.size))
    height, width = study.size
    return max(1, round(height * factor)), max(1, round(width * factor))


def film(study: Study, longest: int = LONGEST) -> Image.Image:
    """The study itself, 8 bits a channel."""
    height, width = picture_size(study, longest)
    pixels = study.pixels
    if study.size != (height, width):
        pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA).reshape(height, width, -1)
    levels = np.round(pixels * 255).astype(np.uint8)
    return Image.fromarray(levels[..., 0] if levels.shape[2] == 1 else levels)


def overlay(attribution: AttributionMap, size: tuple[int, int]) -> Image.Image:
    """RGBA picture of shape ``size`` to lay over the film: the higher the value, the brighter and the less clear.

    A flat map is drawn flat: nothing of it shows.
    """
    values = np.nan_to_num(attribution.at(size))
    scale = scale_of(attribution)
    if attribution.is_flat or scale.high <= scale.low:
        return Image.new("RGBA", (size[1], size[0]))
    share = np.clip((values - scale.low) / (scale.high - scale.low), 0, 1)
    rgba = COLOURS(share)
    rgba[..., 3] = np.minimum(1, share * 1.6)
    return Image.fromarray(np.round(rgba * 255).astype(np.uint8))


def outline(attribution: AttributionMap, size: tuple[int, int]) -> list[np.ndarray]:
    """Contours of the map's top tenth: a list of (n, 2) arrays of x, y in pixels of ``size``. None for a flat map."""
    region = top_tenth(attribution, size).astype(np.uint8)
    contours, _ = cv2.findContours(region, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return [contour[:, 0, :] for contour in contours if len(contour) > 2]


def composite(study: Study, attribution: AttributionMap, opacity: float = 0.6, longest: int = LONGEST) -> Image.Image:
    """Film, map and outline in one RGB picture, with the colour bar below."""
    size = picture_size(study, longest)
    drawn = np.array(overlaid(study, attribution, size, opacity))
    return Image.fromarray(np.vstack([drawn, _bar(attribution, size[1])]))


def overlaid(study: Study, attribution: AttributionMap, size: tuple[int, int], opacity: float = 0.6) -> Image.Image:
    """Film, map and outline in one RGB picture of ``size`` (H, W), which may be larger than the study."""
    base = film(study, max(size)).convert("RGBA")
    if base.size != (size[1], size[0]):
        base = base.resize((size[1], size[0]), Image.Resampling.LANCZOS)
    layer = overlay(attribution, size)
    layer.putalpha(layer.getchannel("A").point(lambda alpha: round(alpha * opacity)))
    base.alpha_composite(layer)
    drawn = np.array(base.convert("RGB"))
    cv2.polylines(
        drawn, [c.astype(np.int32) for c in outline(attribution, size)], True, (255, 255, 255), 1, cv2.LINE_AA
    )
    return Image.fromarray(drawn)


def _bar(attribution: AttributionMap, width: int, height: int = 40) -> np.ndarray:
    """uint8 (height, width, 3): the colour bar with the values of its ends."""
    bar = np.zeros((height, width, 3), dtype=np.uint8)
    ramp = COLOURS(np.linspace(0, 1, max(1, width - 16)))[None, :, :3]
    bar[6:14, 8 : 8 + ramp.shape[1]] = np.round(ramp * 255)
    scale = scale_of(attribution)
    ends = (
        ("flat: no place preferred", "")
        if attribution.is_flat
        else (f"{scale.low:g}", f"{scale.high:.3g} {scale.unit}")
    )
    for text, right in zip(ends, (False, True), strict=True):
        (text_width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.4, 1)
        x = width - 8 - text_width if right else 8
        cv2.putText(bar, text, (x, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (220, 220, 220), 1, cv2.LINE_AA)
    return bar


def colour_ramp(steps: int = 12) -> list[str]:
    """The colours from low to high as ``#rrggbb``."""
    return [matplotlib.colors.to_hex(COLOURS(x)) for x in np.linspace(0, 1, steps)]


def data_uri(image: Image.Image) -> str:
    """A picture as a ``data:`` address, so that no file is written."""
    stream = io.BytesIO()
    image.save(stream, "PNG", compress_level=3)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def save_png(image: Image.Image, path: Path, study: Study) -> None:
    """Write a picture of a study; one of a synthetic image says so."""
    text = PngInfo()
    if study.synthetic:
        text.add_text("Description", SYNTHETIC_NOTICE)
    image.save(path, "PNG", pnginfo=text)

"""Maps as pictures to keep: each with its legend, and several side by side on one scale."""

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from diagnosis.attribution import METHODS, AttributionMap
from diagnosis.comparison import Comparison, place_ranks
from diagnosis.render import COLOURS, composite, film
from diagnosis.study import Study

LINE = 18  # pixels from one line of text to the next
INK, FAINT = (235, 235, 235), (170, 170, 170)
TILE = 288  # pixels of the longer side of a picture in a sheet
GAP = 12


def plate(study: Study, attribution: AttributionMap, title: str, notes: tuple[str, ...]) -> Image.Image:
    """Film, map, outline and colour bar, with a title and notes below, wrapped to the picture's width."""
    drawn = composite(study, attribution, longest=1024)
    drawn = drawn if drawn.width >= 480 else _wider(study, attribution)
    text = _written((title, *notes), drawn.width)
    whole = Image.new("RGB", (drawn.width, drawn.height + text.height))
    whole.paste(drawn, (0, 0))
    whole.paste(text, (0, drawn.height))
    return whole


def sheet(study: Study, maps: tuple[AttributionMap, ...], compared: Comparison, notes: dict[str, str]) -> Image.Image:
    """The maps that were compared, their consensus and where they disagree, all as ranks of places on one scale.

    Ranks, because the methods' own units cannot be compared. ``notes`` is a line under a method's name.
    """
    by_method = {one.method: one for one in maps}
    tiles = [(METHODS[name].title, notes.get(name, ""), place_ranks(by_method[name]), 1.0) for name in compared.methods]
    tiles.append(("Consensus", "mean rank over the methods", compared.consensus, 1.0))
    tiles.append(("Disagreement", "spread of the rank, 0 to 0.5", compared.disagreement, 0.5))
    pictures = [_tile(study, *one) for one in tiles]
    across = min(4, len(pictures))
    down = -(-len(pictures) // across)
    width, height = pictures[0].size
    whole = Image.new("RGB", (across * (width + GAP) + GAP, down * (height + GAP) + GAP + 3 * LINE))
    for at, picture in enumerate(pictures):
        whole.paste(picture, (GAP + at % across * (width + GAP), GAP + at // across * (height + GAP)))
    legend = _written(
        ("Rank of a place in its map: dark, lowest; bright, highest. The same scale throughout.",), whole.width
    )
    whole.paste(_ramp(whole.width - 2 * GAP), (GAP, whole.height - 3 * LINE))
    whole.paste(legend, (0, whole.height - 2 * LINE))
    return whole


def ranked(study: Study, grid: np.ndarray, high: float, longest: int = TILE) -> Image.Image:
    """The film with values from 0 to ``high`` of any grid over the whole study in colour; NaN stays clear."""
    base = film(study, longest).convert("RGB")
    values = cv2.resize(np.nan_to_num(grid).astype(np.float32), base.size, interpolation=cv2.INTER_LINEAR) / high
    known = cv2.resize(np.isfinite(grid).astype(np.float32), base.size, interpolation=cv2.INTER_NEAREST)[..., None]
    colours = 255 * COLOURS(np.clip(values, 0, 1))[..., :3]
    strength = 0.65 * known
    mixed = np.array(base, dtype=np.float32) * (1 - strength) + colours * strength
    return Image.fromarray(np.round(mixed).astype(np.uint8))


def _tile(study: Study, title: str, note: str, grid: np.ndarray, high: float) -> Image.Image:
    picture = ranked(study, grid, high)
    factor = TILE / max(picture.size)
    picture = picture.resize((max(1, round(picture.width * factor)), max(1, round(picture.height * factor))))
    whole = Image.new("RGB", (TILE, TILE + 2 * LINE + 6))
    whole.paste(picture, ((TILE - picture.width) // 2, TILE - picture.height))
    pen = ImageDraw.Draw(whole)
    pen.text((0, TILE + 4), title, INK, _font())
    pen.text((0, TILE + 4 + LINE), note, FAINT, _font())
    return whole


def _wider(study: Study, attribution: AttributionMap) -> Image.Image:
    """The composite of a small study, enlarged so that its legend can be read."""
    factor = -(-480 // study.size[1])
    pixels = np.repeat(np.repeat(study.pixels, factor, axis=0), factor, axis=1)
    return composite(Study(pixels), attribution)


def _written(lines: tuple[str, ...], width: int) -> Image.Image:
    """Lines of text on black, wrapped to ``width`` pixels; the first is brighter."""
    font = _font()
    wrapped = [(part, INK if at == 0 else FAINT) for at, line in enumerate(lines) for part in _wrap(line, width, font)]
    image = Image.new("RGB", (width, LINE * len(wrapped) + 8))
    pen = ImageDraw.Draw(image)
    for row, (text, colour) in enumerate(wrapped):
        pen.text((8, 2 + row * LINE), text, colour, font)
    return image


def _wrap(line: str, width: int, font: ImageFont.FreeTypeFont) -> list[str]:
    rows = [""]
    for word in line.split():
        longer = f"{rows[-1]} {word}".strip()
        if font.getlength(longer) <= width - 16 or not rows[-1]:
            rows[-1] = longer
        else:
            rows.append(word)
    return rows


def _ramp(width: int) -> Image.Image:
    colours = np.round(255 * COLOURS(np.linspace(0, 1, width))[None, :, :3]).astype(np.uint8)
    return Image.fromarray(np.repeat(colours, 8, axis=0))


def _font() -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(13)
    if not isinstance(font, ImageFont.FreeTypeFont):  # a Pillow without FreeType
        raise TypeError("Pillow was built without FreeType")
    return font

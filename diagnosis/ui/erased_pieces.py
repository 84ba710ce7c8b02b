"""What erasing a part did, as HTML: the image without it, the new map, and each score beside random patches."""

from html import escape

import cv2
import numpy as np
from PIL import Image

from diagnosis.attribution import METHODS
from diagnosis.laboratory import Erasure
from diagnosis.reading import Reading
from diagnosis.render import data_uri, film, overlaid, picture_size
from diagnosis.whatif import Retest

TILE = 480  # pixels of the longer side of a picture


def result(reading: Reading, erasure: Erasure) -> str:
    """Everything that was measured."""
    found, after, what = erasure.retest, erasure.after, erasure.what
    height, width = size = picture_size(found.study, TILE)
    without = _outlined(film(found.study, TILE).convert("RGB"), found.region)
    method, title = METHODS[after.method].title, reading.card.title_of(reading.label).lower()
    anew = overlaid(found.study, after, size)
    flat = " It is flat: no place is preferred." if after.is_flat else ""
    pictures = (
        (without, f"The image without {what}", f"Without {what}; white line: what was erased."),
        (anew, f"{method} of the image without {what}", f"{method} for {title}, of what is left.{flat}"),
    )
    shown = "".join(
        f'<figure class="lb-figure"><div class="lb-stage"><div class="lb-picture" style="--w:{width};--h:{height}">'
        f'<img class="lb-film" alt="{escape(told, quote=True)}" src="{data_uri(image)}"></div></div>'
        f'<figcaption><p class="lb-note">{escape(caption)}</p></figcaption></figure>'
        for image, told, caption in pictures
    )
    said = "".join(f"<li>{escape(one.statement)}</li>" for one in erasure.findings)
    return (
        f'<section class="lb-erased"><h3>Erased, and read again</h3><div class="lb-two">{shown}</div>'
        f'{_table(reading, found)}<ul class="lb-said">{said}</ul></section>'
    )


def _table(reading: Reading, found: Retest) -> str:
    rows = "".join(_row(reading, found, at) for at in found.before.ranking)
    note = (
        "Scores in percent; changes in percentage points. Chance: the central 95 % of "
        f"{len(found.patches)} patches of the same shape at random places."
    )
    columns = ("before", "after", "change", "chance", *(("threshold",) if reading.card.independent else ()))
    head = "".join(f'<th scope="col">{name}</th>' for name in columns)
    return (
        f'<p class="lb-note">{note}</p><div class="lb-scroll"><table class="lb-figures lb-changes">'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(reading: Reading, found: Retest, at: int) -> str:
    low, high = found.patch_range(at)
    label, change = reading.card.labels[at], found.changes[at]
    chosen = ' class="lb-marked"' if label.name == reading.label else ""
    marks = found.before.thresholds
    threshold = "" if marks is None else f"<td>{_percent(marks[at])}</td>"
    return (
        f'<tr{chosen}><th scope="row">{escape(label.title)}</th><td>{_percent(found.before.scores[at])}</td>'
        f"<td>{_percent(found.after.scores[at])}</td><td>{_signed(change)}</td>"
        f"<td>{_signed(low)} to {_signed(high)}</td>{threshold}</tr>"
    )


def _signed(points: float) -> str:
    """Percentage points with their sign; none where they round to nothing."""
    return f"{points:+.1f}" if round(points, 1) else "0.0"


def _percent(score: float) -> str:
    return f"{100 * float(score):.1f}&nbsp;%"


def _outlined(image: Image.Image, region: np.ndarray) -> Image.Image:
    mask = cv2.resize(region.astype(np.uint8), image.size, interpolation=cv2.INTER_NEAREST)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    drawn = np.array(image)
    cv2.polylines(drawn, [*contours], True, (255, 255, 255), 1, cv2.LINE_AA)
    return Image.fromarray(drawn)

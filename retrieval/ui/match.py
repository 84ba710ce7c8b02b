"""Which part of an image is like which part of a case, as HTML."""

from html import escape

import numpy as np

from diagnosis.notices import NOTICE
from retrieval.found import Similar
from retrieval.patches import PatchMatch
from retrieval.ui.pieces import blank, called

PAIRS = 5
FITS = {"squash": "fill", "longest": "contain"}  # what the encoder does to a picture → the same in a browser


def matched(match: PatchMatch, case: Similar, query: str, picture: str | None, resize: str) -> str:
    """The query and the case side by side, each under a grid of patches; pairs that choose each other are numbered.

    Args:
        query: address of the query's picture as the encoder sees it.
        picture: address of the case's picture, or None where it cannot be shown.
        resize: how the encoder makes a picture square.
    """
    height, width, other_height, other_width = match.values.shape
    pairs = match.pairs(PAIRS)
    mine = {place: number for number, (place, _, _) in enumerate(pairs, 1)}
    theirs = {place: number for number, (_, place, _) in enumerate(pairs, 1)}
    likeness, seen = match.likeness(), match.values.max(axis=(0, 1))
    left = "".join(
        _cell(row, column, float(likeness[row, column]), mine.get((row, column)), _index(match, row, column))
        for row in range(height)
        for column in range(width)
    )
    right = "".join(
        _cell(row, column, float(seen[row, column]), theirs.get((row, column)))
        for row in range(other_height)
        for column in range(other_width)
    )
    live = ""
    if picture:
        live = (
            f'<img class="lb-live" style="object-fit:{FITS.get(resize, "cover")}" src="{escape(picture, quote=True)}" '
            f'alt="{escape(called(case.case), quote=True)}" referrerpolicy="no-referrer">'
        )
    return (
        '<section class="lb-match" aria-label="What matches">'
        '<div class="lb-match-head"><h3>What matches</h3><button type="button" data-act="close">Close</button></div>'
        f'<div class="lb-pair"><figure><div class="lb-square"><img src="{query}" alt="The image looked for, as the encoder sees it">'
        f"{_grid(width, height, left)}</div><figcaption>The image looked for, as the encoder sees it</figcaption></figure>"
        f'<figure><div class="lb-square">{blank(case.case)}{live}{_grid(other_width, other_height, right)}</div>'
        f"<figcaption>Case {case.rank}: {escape(called(case.case))}{'' if picture else '. Its picture is not here'}"
        "</figcaption></figure></div>"
        f"{_legend(float(np.mean(likeness)), width, height)}{_told(pairs)}</section>"
    )


def _index(match: PatchMatch, row: int, column: int) -> str:
    return "{}-{}".format(*match.best(row, column))


def _cell(row: int, column: int, likeness: float, number: int | None, best: str = "") -> str:
    """One patch; the query's know the case's patch that is most like them."""
    shown = f'<circle cx="{column + 0.5}" cy="{row + 0.5}" r=".24"/><text x="{column + 0.5}" y="{row + 0.5}">{number}</text>'
    lead = f' data-best="{best}"' if best else f' data-cell="{row}-{column}"'
    return (
        f'<g class="lb-patch"{lead}><title>Row {row + 1}, column {column + 1}: {likeness:.2f}</title><rect x="{column}" '
        f'y="{row}" width="1" height="1" fill-opacity="{0.4 * max(0.0, likeness):.2f}"/>{shown if number else ""}</g>'
    )


def _grid(width: int, height: int, cells: str) -> str:
    return f'<svg viewBox="0 0 {width} {height}" preserveAspectRatio="none" aria-hidden="true">{cells}</svg>'


def _legend(mean: float, width: int, height: int) -> str:
    return (
        '<p class="lb-legend"><i></i> Colour: likeness of a patch to its best in the other image, from 0 (clear) to 1. '
        "Numbers: patches that choose each other. Point at a patch of your image to see its best one.</p>"
        f'<p class="lb-note">{width} × {height} patches, mean likeness {mean:.2f}. This is what the encoder finds alike, '
        f"not where a disease is. {NOTICE}</p>"
    )


def _told(pairs: list[tuple[tuple[int, int], tuple[int, int], float]]) -> str:
    """The numbered pairs in words."""
    if not pairs:
        return '<p class="lb-note">No two patches choose each other.</p>'
    items = "".join(
        f"<li>Row {one[0] + 1}, column {one[1] + 1} of your image and row {other[0] + 1}, column {other[1] + 1} of the "
        f"case: {likeness:.2f}</li>"
        for one, other, likeness in pairs
    )
    return f'<details class="lb-pairs"><summary>The numbered pairs in words</summary><ol>{items}</ol></details>'

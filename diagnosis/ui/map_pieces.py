"""Maps side by side with their badges, curves and agreement, as HTML. Pure functions."""

from html import escape

import numpy as np

from diagnosis.attribution import METHODS, AttributionMap
from diagnosis.checks import Curves, Trust
from diagnosis.comparison import Comparison, place_ranks
from diagnosis.mapping import Maps
from diagnosis.notices import MAPS_NOTICE
from diagnosis.plates import ranked
from diagnosis.render import colour_ramp, data_uri, picture_size

SIGNS = {"faithful here": "✓", "weak": "~", "no better than chance": "✕"}
WIDTH, HEIGHT, MARGIN = 260, 120, 22  # of the curves' picture
TILE = 420  # pixels of the longer side of a map's picture


def side_by_side(maps: Maps) -> str:
    """Everything that is known so far: what is being done, the maps, their agreement, and the findings."""
    title = escape(maps.card.title_of(maps.label).lower())
    tiles = [_tile(maps, one) for one in maps.maps]
    if compared := maps.compared:
        tiles.append(
            _grid_tile(maps, "Consensus", "Mean rank of each place over the methods.", compared.consensus, 1.0)
        )
        tiles.append(_grid_tile(maps, "Disagreement", "Bright: the methods differ most.", compared.disagreement, 0.5))
    return (
        f"{doing(maps.doing)}<h3>Methods side by side: {title}</h3>"
        f'<div class="lb-maps lb-methods">{"".join(tiles)}</div>{_bar() if tiles else ""}'
        f"{matrix(compared) if compared else ''}{_erased(maps)}{_findings(maps)}"
    )


def doing(what: str) -> str:
    """What is being computed; nothing when all is done."""
    if not what:
        return ""
    return f'<div class="lb-progress" role="status"><label>{escape(what)}<progress></progress></label></div>'


def badge(one: AttributionMap, trust: Trust | None, tests: bool) -> str:
    """A map's badge in words and a sign; what is still to come where its tests run."""
    if one.is_flat:
        return '<span class="lb-badge">flat</span>'
    if trust is None or trust.badge is None:
        return f'<span class="lb-badge">{"testing …" if tests else "not tested"}</span>'
    return sign(trust)


def sign(trust: Trust) -> str:
    """The badge of a tested map; nothing before it is known."""
    if trust.badge is None:
        return ""
    kind = trust.badge.split()[0]
    return f'<span class="lb-badge lb-{kind}"><b aria-hidden="true">{SIGNS[trust.badge]}</b> {trust.badge}</span>'


def curves(own: Curves, low: Curves | None, high: Curves | None) -> str:
    """Deletion and insertion over the part of the image, in logits, with the band of the random maps."""
    values = [own.full, own.blank, *own.deletion, *own.insertion]
    values += [value for edge in (low, high) if edge for value in (*edge.deletion, *edge.insertion)]
    bottom, top = min(values), max(values)
    reach = (top - bottom) or 1.0

    def point(fraction: float, value: float) -> str:
        x = MARGIN + fraction * (WIDTH - 2 * MARGIN)
        return f"{x:.1f},{HEIGHT - MARGIN - (value - bottom) / reach * (HEIGHT - 2 * MARGIN):.1f}"

    def line(values: tuple[float, ...], start: float, end: float) -> list[str]:
        pairs = zip((0.0, *own.fractions, 1.0), (start, *values, end), strict=True)
        return [point(*pair) for pair in pairs]

    drawn = []
    for name, ends in (("deletion", (own.full, own.blank)), ("insertion", (own.blank, own.full))):
        if low and high:
            band = line(getattr(high, name), *ends) + line(getattr(low, name), *ends)[::-1]
            drawn.append(f'<polygon class="lb-band" points="{" ".join(band)}"/>')
        drawn.append(f'<polyline class="lb-{name}" points="{" ".join(line(getattr(own, name), *ends))}"/>')
    told = f"Deletion goes from {own.full:.2f} to {own.deletion[-1]:.2f} logits, insertion from {own.blank:.2f} to {own.insertion[-1]:.2f}."
    return (
        f'<svg class="lb-curves" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{told}">{"".join(drawn)}'
        f'<text x="{MARGIN}" y="{HEIGHT - 6}">0 %</text><text x="{WIDTH - MARGIN}" y="{HEIGHT - 6}" text-anchor="end">'
        f'100 % of the image</text><text x="2" y="12">{top:.2g} logits</text>'
        f'<text x="2" y="{HEIGHT - MARGIN + 4}">{bottom:.2g}</text></svg>'
        '<p class="lb-note"><span class="lb-key lb-insertion"></span> best parts shown first '
        '<span class="lb-key lb-deletion"></span> best parts blurred first <span class="lb-key lb-band"></span> random maps</p>'
    )


def matrix(compared: Comparison) -> str:
    """Rank correlations above the diagonal, overlaps of the top tenths below it."""
    titles = [escape(METHODS[name].title) for name in compared.methods]
    rows = []
    for row, title in enumerate(titles):
        cells = "".join(_cell(compared, row, column) for column in range(len(titles)))
        rows.append(f'<tr><th scope="row">{row + 1} {title}</th>{cells}</tr>')
    head = "".join(f'<th scope="col" title="{title}">{at + 1}</th>' for at, title in enumerate(titles))
    return (
        '<div class="lb-scroll"><table class="lb-matrix"><caption>How far the methods agree: rank correlation above the '
        "diagonal, overlap of the top tenths below it; unrelated maps would have 0 and 10 %.</caption>"
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cell(compared: Comparison, row: int, column: int) -> str:
    if row == column:
        return "<td>–</td>"
    value = compared.ranks[row, column] if column > row else compared.overlaps[row, column] / 100
    text = f"{value:.2f}" if column > row else f"{100 * value:.0f} %"
    strength = round(60 * max(0.0, float(np.nan_to_num(value))))
    return f'<td style="--share:{strength}%">{"–" if np.isnan(value) else text}</td>'


def _tile(maps: Maps, one: AttributionMap) -> str:
    trust = maps.trust(one.method)
    testing = bool(maps.trusts) or maps.doing.startswith("Testing")
    told = " ".join(each.statement for each in maps.findings if each.method == one.method and each.kind != "furthest")
    shown = curves(trust.curves, trust.low, trust.high) if trust and trust.curves else ""
    more = f"<details><summary>Curves and tests</summary>{shown}<p>{escape(told)}</p></details>" if shown else ""
    method = METHODS[one.method]
    return (
        f'<figure class="lb-figure">{_picture(maps, place_ranks(one), 1.0, told or f"{method.title} map")}<figcaption>'
        f"<p><strong>{method.title}</strong> {badge(one, trust, testing and bool(maps.doing))}</p>"
        f'<p class="lb-note">Up to {float(one.cells.max()):.2g} {escape(one.unit)}; {one.seconds:.1f} s, '
        f"images read: {one.cost.forward}.</p>{more}</figcaption></figure>"
    )


def _grid_tile(maps: Maps, title: str, note: str, grid: np.ndarray, high: float) -> str:
    picture = _picture(maps, grid, high, f"{title} of the methods. {note}")
    return (
        f'<figure class="lb-figure">{picture}<figcaption><p><strong>{title}</strong></p><p class="lb-note">{note}</p>'
        "</figcaption></figure>"
    )


def _picture(maps: Maps, grid: np.ndarray, high: float, told: str) -> str:
    height, width = picture_size(maps.study, TILE)
    image = data_uri(ranked(maps.study, grid, high, TILE))
    return (
        f'<div class="lb-stage"><div class="lb-picture" style="--w:{width};--h:{height}">'
        f'<img class="lb-film" alt="{escape(told, quote=True)}" src="{image}"></div></div>'
    )


def _bar() -> str:
    return (
        f'<div class="lb-colourbar"><span>lowest rank</span><i style="background:linear-gradient(90deg,{",".join(colour_ramp())})">'
        "</i><span>highest rank of a place in its map</span></div>"
        f'<p class="lb-note">One scale for all: the methods\' own units cannot be compared. {MAPS_NOTICE}</p>'
    )


def _erased(maps: Maps) -> str:
    """The film without what a map marks, and the new map."""
    if maps.erased is None or maps.after is None:
        return ""
    title = METHODS[maps.after.method].title
    empty = np.full((1, 1), np.nan, dtype=np.float32)
    there = Maps(maps.erased.study, maps.card, maps.erased.after, maps.label)
    return (
        "<h3>Erased, and read again</h3>"
        f'<div class="lb-maps"><figure class="lb-figure">{_picture(there, empty, 1.0, "The image without the region")}'
        f"<figcaption><p><strong>Without what {title} marks</strong></p></figcaption></figure>"
        f'<figure class="lb-figure">{_picture(there, place_ranks(maps.after), 1.0, f"{title} of the image without it")}'
        f"<figcaption><p><strong>{title}</strong> of what is left</p></figcaption></figure></div>"
    )


def _findings(maps: Maps) -> str:
    shown = [
        one
        for one in maps.findings
        if one.kind in ("badge", "methods_overlap", "furthest", "contrast", "erased", "turned")
    ]
    items = "".join(f"<li>{escape(one.statement)}</li>" for one in shown)
    return f'<ul class="lb-said">{items}</ul>' if items else ""

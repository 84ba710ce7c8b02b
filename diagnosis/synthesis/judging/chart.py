"""How near made images lie to real ones, beside how near real ones lie to one another, drawn as SVG."""

from collections.abc import Sequence
from html import escape

from diagnosis.synthesis.judging.record import JudgingRecord, SpaceRecord

TITLES = {"pixels": "Pixels", "structure": "Structure", "encoder": "Encoder"}
UNITS = {"pixels": "grey levels, 0 to 1", "structure": "1 − structural similarity", "encoder": "1 − cosine"}
_WIDE, _HIGH, _LEFT, _TOP, _GAP, _FOOT = 260, 150, 14, 30, 26, 64
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#333}.title{font-weight:600}.axis{stroke:#999;fill:none}"
    ".real{fill:#9aa0a6;fill-opacity:.55}.made{fill:none;stroke:#0b67c2;stroke-width:2}"
    ".limit{stroke:#b3261e;stroke-width:1.5;stroke-dasharray:4 3}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.made{stroke:#6cb2ff}.limit{stroke:#ff8a80}}"
)


def chart(record: JudgingRecord) -> str:
    """One panel a space: real to real filled, made to real as a line, the limit dashed."""
    width = _LEFT + len(record.spaces) * (_WIDE + _GAP)
    panels = "".join(_panel(one, _LEFT + at * (_WIDE + _GAP)) for at, one in enumerate(record.spaces))
    height = _TOP + _HIGH + _FOOT
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(_told(record), quote=True)}"><style>{_STYLE}</style>{panels}'
        f"{_legend(height - 8)}</svg>\n"
    )


def _panel(space: SpaceRecord, left: float) -> str:
    most, end = max(*space.made.bins, *space.real.bins), space.edges[-1]
    foot = _TOP + _HIGH
    made, real = (_steps(of.bins, most, left, foot) for of in (space.made, space.real))
    x = left + _WIDE * min(space.limit / end, 1)
    return (
        f'<text class="title" x="{left}" y="18">{TITLES[space.space]}</text>'
        f'<path class="real" d="{real}V{foot}Z"/><path class="made" d="{made}V{foot}"/>'
        f'<path class="limit" d="M{x:.1f} {_TOP}V{foot}"/><path class="axis" d="M{left} {foot}H{left + _WIDE}"/>'
        f'<text x="{left}" y="{foot + 15}">0</text>'
        f'<text x="{left + _WIDE}" y="{foot + 15}" text-anchor="end">{end:.2g} or more</text>'
        f'<text x="{left + _WIDE / 2}" y="{foot + 32}" text-anchor="middle">{UNITS[space.space]}</text>'
    )


def _steps(bins: Sequence[float], most: float, left: float, foot: float) -> str:
    """The outline of a histogram, without its way back."""
    step = _WIDE / len(bins)
    path = [f"M{left} {foot}"]
    path += [f"V{foot - _HIGH * share / most:.1f}H{left + (at + 1) * step:.1f}" for at, share in enumerate(bins)]
    return "".join(path)


def _legend(y: float) -> str:
    return (
        f'<path class="made" d="M{_LEFT} {y - 4}h24"/><text x="{_LEFT + 30}" y="{y}">made to real</text>'
        f'<rect class="real" x="{_LEFT + 130}" y="{y - 10}" width="24" height="12"/>'
        f'<text x="{_LEFT + 160}" y="{y}">real to real of another group</text>'
        f'<path class="limit" d="M{_LEFT + 350} {y - 4}h24"/>'
        f'<text x="{_LEFT + 380}" y="{y}">1st percentile of real to real</text>'
    )


def _told(record: JudgingRecord) -> str:
    facts = (
        f"{TITLES[one.space]}: median {one.made.percentiles[3]:.3f} for made images, {one.real.percentiles[3]:.3f} "
        f"between real ones, limit {one.limit:.3f}."
        for one in record.spaces
    )
    return f"Distances to the nearest real image of {record.images} images made for {record.model}. {' '.join(facts)}"

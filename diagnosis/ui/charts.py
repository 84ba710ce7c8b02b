"""Charts of measured figures as SVG, in the colours of the page. Pure functions.

Shares from 0 to 1 on both axes, written in percent. Each chart tells its facts in words too, for those who do not see
it, and says how many images it stands for.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from diagnosis.training.metrics import ReliabilityBin, Roc

TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Square:
    """The square from (0, 0) to (1, 1), in SVG units: its side, and the room left of it, below it and around it."""

    side: int
    left: int = 40
    below: int = 36
    around: int = 10

    @property
    def width(self) -> int:
        return self.left + self.side + self.around

    @property
    def height(self) -> int:
        return self.around + self.side + self.below

    def x(self, share: float) -> float:
        return round(self.left + share * self.side, 1)

    def y(self, share: float) -> float:
        return round(self.around + (1 - share) * self.side, 1)

    def frame(self, across: str, upwards: str) -> str:
        """Grid, ticks in percent, and the names of the axes."""
        lines = "".join(
            f'<path class="lb-grid" d="M{self.x(tick)} {self.y(0)}V{self.y(1)}M{self.x(0)} {self.y(tick)}H{self.x(1)}"/>'
            for tick in TICKS
        )
        marks = "".join(
            f'<text x="{self.x(tick)}" y="{self.y(0) + 13}" text-anchor="middle">{100 * tick:.0f}</text>'
            f'<text x="{self.x(0) - 5}" y="{self.y(tick) + 4}" text-anchor="end">{100 * tick:.0f}</text>'
            for tick in TICKS[::2]
        )
        middle = self.y(0.5)
        return (
            f'{lines}{marks}<text x="{self.x(0.5)}" y="{self.height - 6}" text-anchor="middle">{escape(across)}</text>'
            f'<text x="11" y="{middle}" text-anchor="middle" transform="rotate(-90 11 {middle})">{escape(upwards)}</text>'
        )

    def line(self, pairs: Iterable[tuple[float, float]]) -> str:
        """The points of a polyline."""
        return " ".join(f"{self.x(x)},{self.y(y)}" for x, y in pairs)


def roc_chart(curve: Roc, told: str) -> str:
    """One class against the rest; the diagonal is what guessing gives."""
    square = Square(150)
    points = square.line(zip(curve.false_positive_rate, curve.true_positive_rate, strict=True))
    drawn = (
        f"{square.frame('False positives, %', 'True positives, %')}"
        f'<polyline class="lb-chance" points="{square.line(((0, 0), (1, 1)))}"/><polyline class="lb-curve" points="{points}"/>'
    )
    return _picture(square.width, square.height, drawn, told)


def reliability_chart(bins: tuple[ReliabilityBin, ...], told: str) -> str:
    """How often the answer was right, by its score, with 95 % intervals; below, how many images had such scores."""
    square = Square(240)
    marks = "".join(_reliability_mark(square, one) for one in bins)
    most = max((one.images for one in bins), default=1)
    foot, top = square.height + 62, 50
    bars = "".join(
        f'<rect class="lb-count" x="{square.x(one.low) + 1}" y="{foot - top * one.images / most:.1f}" '
        f'width="{square.x(one.high) - square.x(one.low) - 2:.1f}" height="{top * one.images / most:.1f}">'
        f"<title>{one.images} images with scores from {100 * one.low:.0f} to {100 * one.high:.0f} %</title></rect>"
        for one in bins
    )
    drawn = (
        f'{square.frame("Highest score, %", "Right, %")}<polyline class="lb-chance" points="{square.line(((0, 0), (1, 1)))}"/>'
        f'{marks}{bars}<path class="lb-grid" d="M{square.x(0)} {foot}H{square.x(1)}"/>'
        f'<text x="{square.x(0) - 5}" y="{foot}" text-anchor="end">0</text>'
        f'<text x="{square.x(0) - 5}" y="{foot - top + 8}" text-anchor="end">{most}</text>'
        f'<text x="{square.x(0.5)}" y="{foot + 15}" text-anchor="middle">Images by highest score</text>'
    )
    return _picture(square.width, foot + 22, drawn, told)


def _reliability_mark(square: Square, one: ReliabilityBin) -> str:
    if one.accuracy.value is None:
        return ""
    x = square.x(one.score)
    bar = ""
    if one.accuracy.low is not None and one.accuracy.high is not None:
        bar = f'<path class="lb-whisker" d="M{x} {square.y(one.accuracy.low)}V{square.y(one.accuracy.high)}"/>'
    title = f"{one.images} images: mean score {100 * one.score:.0f} %, right {100 * one.accuracy.value:.0f} %"
    dot = f'<circle class="lb-dot" cx="{x}" cy="{square.y(one.accuracy.value)}" r="4"><title>{title}</title></circle>'
    return bar + dot


def _picture(width: int, height: int, drawn: str, told: str) -> str:
    return (
        f'<svg class="lb-chart" viewBox="0 0 {width} {height}" style="--w:{width}px" role="img" '
        f'aria-label="{escape(told, quote=True)}">{drawn}</svg>'
    )

"""A frontal chest film, drawn: it looks like a radiograph, belongs to nobody, and its opacity's true place is known.

Shadows add up as they do on film: every tissue adds to one sum of attenuation, which a film curve turns into grey.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import distance_transform_edt, gaussian_filter

from diagnosis.phantoms.anatomy import (
    LEFT,
    RIGHT,
    Build,
    abdomen,
    airway,
    body,
    clavicle,
    humerus,
    mediastinum,
    pleura,
    ribs,
    scapula,
    vertebrae,
)
from diagnosis.phantoms.canvas import band, ellipse, fill, film_grid, fractal_noise, smooth_noise, smoothstep

Side = Literal["right", "left"]
Level = Literal["upper", "middle", "lower"]
LEVELS: tuple[Level, ...] = get_args(Level)

_LEAST = 1e-3  # attenuation that still shows in a 10-bit picture


@dataclass(frozen=True)
class Zone:
    """A third of a lung by height, named from the patient's side: the patient's right is on the image's left."""

    side: Side
    level: Level

    def __str__(self) -> str:
        return f"{self.side}-{self.level}"


ZONES: tuple[Zone, ...] = tuple(Zone(side, level) for side in get_args(Side) for level in LEVELS)


@dataclass(frozen=True, eq=False)
class ChestPhantom:
    """A drawn film and the truth about it; all arrays are read-only.

    Attributes:
        pixels: float32 (S, S, 1), 0..1, 1 is shown white.
        right_lung, left_lung: bool (S, S), the visible lung on the patient's right (image's left) and left.
        opacity_mask: bool (S, S), every pixel that the opacity changes; it lies within its zone of its lung.
        marker_mask: bool (S, S), the side marker's letter.
    """

    pixels: np.ndarray
    right_lung: np.ndarray
    left_lung: np.ndarray
    opacity_mask: np.ndarray
    marker_mask: np.ndarray

    def __post_init__(self) -> None:
        for array in (self.pixels, self.right_lung, self.left_lung, self.opacity_mask, self.marker_mask):
            array.flags.writeable = False

    @property
    def lung_mask(self) -> np.ndarray:
        """bool (S, S): both lungs."""
        return self.right_lung | self.left_lung

    @property
    def opacity_box(self) -> tuple[int, int, int, int] | None:
        """(top, left, height, width) of the opacity in pixels, or None for a clear film."""
        rows, columns = (np.flatnonzero(self.opacity_mask.any(axis=axis)) for axis in (1, 0))
        if not rows.size:
            return None
        return int(rows[0]), int(columns[0]), int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1

    def zone_mask(self, zone: Zone) -> np.ndarray:
        """bool (S, S): a third of the height of one lung."""
        return zone_mask(self.right_lung if zone.side == "right" else self.left_lung, zone.level)


def draw_chest(seed: int = 0, size: int = 512, opacity: Zone | None = None, marker: bool = True) -> ChestPhantom:
    """Draw a film.

    Args:
        seed: chooses the patient, the vessels and the noise. The same seed with and without an opacity gives twins that
            differ in ``opacity_mask`` alone.
        size: side of the square film in pixels, at least 64.
        opacity: where to put a patch of consolidation, or None.
        marker: whether to print the letter R on the patient's right.
    """
    if size < 64:
        raise ValueError(f"size must be at least 64 pixels, not {size}")
    patient, texture, grain, patch = np.random.default_rng(seed).spawn(4)
    build = Build.draw(patient)
    covered = fill([mediastinum(build)], size)
    lungs = [fill([pleura(build, side)], size) * (1 - _under(build, side, size)) for side in (RIGHT, LEFT)]
    right, left = ((lung * (1 - covered)) > 0.5 for lung in lungs)

    shadow = _soft_tissue(build, texture, covered, lungs[0] + lungs[1]) + _bones(build, size, lungs[0] + lungs[1])
    aerated = gaussian_filter((lungs[0] + lungs[1]) * (1 - 0.85 * covered), size / 200)
    shadow += _vessels(build, texture, size) * aerated
    shadow = _expose(shadow, grain)
    field = np.zeros_like(shadow)
    if opacity is not None:
        field = _consolidation(zone_mask(right if opacity.side == "right" else left, opacity.level), patch)
    letter = _marker(size, "R", build) if marker else np.zeros_like(shadow)
    grey = np.maximum(_film(shadow + field), 0.93 * letter)
    return ChestPhantom(grey[..., None], right, left, field > 0, letter > 0.5)


def zone_mask(lung: np.ndarray, level: Level) -> np.ndarray:
    """The upper, middle or lower third of the height of a lung's bool (S, S) mask."""
    rows = np.flatnonzero(lung.any(axis=1))
    edges = np.linspace(rows[0], rows[-1] + 1, 4).round().astype(int)
    third = LEVELS.index(level)
    inside = np.zeros_like(lung)
    inside[edges[third] : edges[third + 1]] = lung[edges[third] : edges[third + 1]]
    return inside


def _under(build: Build, side: int, size: int) -> np.ndarray:
    return fill([abdomen(build, side)], size)


def _soft_tissue(build: Build, rng: np.random.Generator, covered: np.ndarray, lungs: np.ndarray) -> np.ndarray:
    """Attenuation (S, S) of everything but bone and vessels; the air of the lungs counts negative."""
    size = len(covered)
    x, y = film_grid(size)
    trunk = fill([body(build)], size)
    depth = distance_transform_edt(trunk > 0.5).astype(np.float32) / size * 2
    shadow = 0.60 * np.sqrt(1 - (1 - np.clip(depth / 0.22, 0, 1)) ** 2) * trunk
    shadow *= 1 - 0.16 * smoothstep(np.abs(x), 0.62, 0.98) * smoothstep(y, -0.95, -0.6)
    shadow += trunk * (0.03 * fractal_noise(rng, size, size / 6) + 0.010 * fractal_noise(rng, size, size / 40))

    rim = distance_transform_edt(lungs > 0.5).astype(np.float32) / size * 2
    air = (0.27 + 0.15 * np.sqrt(np.clip(rim / 0.30, 0, 1))) * gaussian_filter(lungs, size / 300)
    air *= 1 + 0.07 * fractal_noise(rng, size, size / 10) + 0.06 * fractal_noise(rng, size, size / 60)
    air *= 1 + 0.10 * y  # the bases are deeper than the apices
    heart = gaussian_filter(covered, size / 190)
    shadow += -air * (1 - 0.80 * heart) + 0.10 * heart * trunk

    belly = np.maximum(_under(build, RIGHT, size), _under(build, LEFT, size))
    belly = gaussian_filter(belly, size / 260)
    shadow += 0.17 * belly * trunk * smoothstep(np.abs(x), 0.98, 0.6)
    bubble = fill([ellipse(0.40, build.dome + 0.21, 0.17, 0.095), ellipse(0.28, build.dome + 0.26, 0.11, 0.07)], size)
    shadow -= 0.16 * gaussian_filter(bubble, size / 90)
    return shadow - 0.14 * gaussian_filter(fill(airway(build), size), size / 170)


def _bones(build: Build, size: int, lungs: np.ndarray) -> np.ndarray:
    """Attenuation (S, S) of the skeleton: a faint middle and a brighter cortex on every bone."""
    x, y = film_grid(size)
    backs, fronts = ribs(build)
    blur = size / 420
    tangent = 1 + 0.9 * smoothstep(np.abs(x), 0.42, 0.78)
    shadow = _hollow([(line, 0.0215) for line in backs], size, 0.062, 0.062, blur) * tangent
    front = [(line, np.linspace(0.020, 0.029, len(line))) for line in fronts]
    shadow += _hollow(front, size, 0.050, 0.034, 1.5 * blur) * tangent * smoothstep(y, 0.60, 0.34)
    collar = _hollow([clavicle(build, side) for side in (RIGHT, LEFT)], size, 0.105, 0.085, blur)
    arms = [outline for side in (RIGHT, LEFT) for outline in humerus(build, side)]
    blades = [scapula(build, side) for side in (RIGHT, LEFT)]
    shadow += collar + 0.13 * gaussian_filter(fill(arms, size), 2 * blur)
    shadow += 0.055 * gaussian_filter(fill(blades, size), 2 * blur)
    bodies, marks = vertebrae(build)
    column = fill([band(np.c_[build.axis(np.linspace(-1.1, 1.1, 60)), np.linspace(-1.1, 1.1, 60)], 0.066)], size)
    shadow += 0.07 * gaussian_filter(column, 2 * blur) + 0.065 * gaussian_filter(fill(bodies, size), 1.5 * blur)
    return shadow + 0.045 * gaussian_filter(fill(marks, size), 1.5 * blur)


def _hollow(
    bones: Sequence[tuple[np.ndarray, np.ndarray | float]], size: int, marrow: float, cortex: float, blur: float
) -> np.ndarray:
    """Ribbons (S, S) with ``marrow`` attenuation in the middle and ``cortex`` more along the edges."""
    whole = fill([band(line, width) for line, width in bones], size)
    core = fill([band(line, np.asarray(width) * 0.62) for line, width in bones], size)
    return gaussian_filter(marrow * whole + cortex * (whole - core), blur)


def _vessels(build: Build, rng: np.random.Generator, size: int) -> np.ndarray:
    """Attenuation (S, S) of the branching lung vessels and the hila that they leave."""
    fine = Image.new("L", (size * 2, size * 2))
    draw = ImageDraw.Draw(fine)
    for side in (RIGHT, LEFT):
        root = np.array([side * (0.165 if side == RIGHT else 0.175), -0.09 if side == RIGHT else -0.12])
        for heading in np.linspace(-1.4, 1.5, 13):
            start = root + np.array([0, 0.10 * heading])
            angle = heading + 0.1 * rng.standard_normal()
            _branch(draw, rng, start, side, angle, 0.0092 * rng.uniform(0.55, 1.2), size, 0)
    tree = gaussian_filter(np.asarray(fine.reduce(2), dtype=np.float32) / 255, size / 480)
    hila = [ellipse(-0.150, -0.055, 0.050, 0.125), ellipse(0.165, -0.11, 0.048, 0.105)]
    return 0.19 * tree + 0.17 * gaussian_filter(fill(hila, size), size / 45)


def _branch(
    draw: ImageDraw.ImageDraw,
    rng: np.random.Generator,
    start: np.ndarray,
    side: int,
    angle: float,
    width: float,
    size: int,
    depth: int,
) -> None:
    """One vessel as a bent line, then the two thinner ones that it splits into."""
    if depth == 6 or width < 0.0007:
        return
    here = start
    for _ in range(3):
        angle += 0.2 * rng.standard_normal()
        step = (0.062 - 0.005 * depth) * rng.uniform(0.8, 1.2)
        there = here + step * np.array([side * np.cos(angle), np.sin(angle)])
        tone = int(255 * min(1.0, 0.26 + width / 0.014))
        points = [tuple((point + 1) * size) for point in (here, there)]
        draw.line(points, fill=tone, width=max(1, round(width * size * 2)))
        here, width = there, width * 0.94
    turn = rng.uniform(0.22, 0.6)
    _branch(draw, rng, here, side, angle + turn, width * rng.uniform(0.62, 0.82), size, depth + 1)
    _branch(draw, rng, here, side, angle - turn, width * rng.uniform(0.62, 0.82), size, depth + 1)


def _expose(shadow: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The sum as the film receives it: a little blurred, and grainy where little radiation comes through."""
    size = len(shadow)
    soft = gaussian_filter(shadow, size / 700)
    grain = gaussian_filter(rng.standard_normal((size, size), dtype=np.float32), 0.55)
    uneven = 0.012 * smooth_noise(rng, size, size / 2)
    return soft + grain * (0.010 + 0.016 * np.clip(soft, 0, 1)) + uneven * (soft > 0.02)


def _film(shadow: np.ndarray) -> np.ndarray:
    """Attenuation → grey: the display curve's soft toe and shoulder; rises throughout."""
    return (1.02 / (1 + np.exp(-(shadow - 0.375) * 4.3)) - 0.125).clip(0, 1).astype(np.float32)


def _consolidation(zone: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Attenuation (S, S) of a cloudy patch inside a zone of the lung; exactly 0 outside it."""
    size = len(zone)
    inward = distance_transform_edt(zone).astype(np.float32)
    rows, columns = (inward > 0.75 * inward.max()).nonzero()
    pick = rng.integers(len(rows))
    reach = float(np.sqrt(zone.sum() / np.pi)) * rng.uniform(1.0, 1.2)
    row, column = np.ogrid[:size, :size]
    away = np.hypot((row - rows[pick]) / 0.9, column - columns[pick]).astype(np.float32) / reach
    ragged = away + 0.16 * fractal_noise(rng, size, size / 12, 4)
    cloud = smoothstep(ragged, 1.15, 0.05) * (1 + 0.18 * fractal_noise(rng, size, size / 30)).clip(0.4)
    field = 0.31 * cloud * smoothstep(inward, 0.0, size / 45) * zone
    return np.where(field > _LEAST, field, 0).astype(np.float32)


def _marker(size: int, letter: str, build: Build) -> np.ndarray:
    """The letter (S, S), 0..1, in the dark corner above the patient's right shoulder."""
    fine = Image.new("L", (size * 2, size * 2))
    font = ImageFont.load_default(size * 2 / 15)
    ImageDraw.Draw(fine).text((size * 2 * 0.075, size * 2 * 0.035), letter, fill=255, font=font, stroke_width=0)
    return gaussian_filter(np.asarray(fine.reduce(2), dtype=np.float32) / 255, size / 900)

"""What both kinds of phantom are drawn with: noise, splines, and shapes with soft edges.

Shapes are given in film coordinates: (x, y), −1..1 from the left or upper edge of the picture to the other.
"""

import numpy as np
from PIL import Image, ImageDraw
from scipy.interpolate import CubicSpline

SUPERSAMPLING = 2


def film_grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    """x and y of every pixel's centre, each float32, shapes (1, S) and (S, 1)."""
    axis = ((np.arange(size) + 0.5) / size * 2 - 1).astype(np.float32)
    return axis[None, :], axis[:, None]


def smooth_noise(rng: np.random.Generator, size: int, feature: float) -> np.ndarray:
    """float32 (S, S): Gaussian noise of zero mean and unit spread, whose blobs are about ``feature`` pixels wide."""
    cells = max(4, int(np.ceil(size / feature)) + 3)
    coarse = rng.standard_normal((cells, cells), dtype=np.float32)
    span = min(size / feature, cells - 2)
    box = (1, 1, 1 + span, 1 + span)
    noise = np.asarray(Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC, box))
    return (noise - noise.mean()) / max(float(noise.std()), 1e-6)


def fractal_noise(rng: np.random.Generator, size: int, feature: float, octaves: int = 3) -> np.ndarray:
    """float32 (S, S): noise with ever finer detail, each octave half as wide and 0.6 times as strong; unit spread."""
    total = sum(0.6**n * smooth_noise(rng, size, max(feature / 2**n, 1.0)) for n in range(octaves))
    noise = np.asarray(total, dtype=np.float32)
    return noise / float(noise.std())


def spline(points: list[tuple[float, float]] | np.ndarray, count: int = 80, closed: bool = False) -> np.ndarray:
    """(count, 2): a smooth curve through the points; a closed one comes back to the first."""
    knots = np.asarray(points, dtype=float)
    if closed:
        knots = np.vstack([knots, knots[:1]])
    steps = np.r_[0, np.cumsum(np.hypot(*np.diff(knots, axis=0).T))]
    curve = CubicSpline(steps, knots, bc_type="periodic" if closed else "natural")
    return curve(np.linspace(0, steps[-1], count))


def band(centre: np.ndarray, half_width: np.ndarray | float) -> np.ndarray:
    """The outline (2N, 2) of a ribbon around an (N, 2) line; ``half_width`` is one number or one a point."""
    along = np.gradient(centre, axis=0)
    normal = np.c_[-along[:, 1], along[:, 0]] / np.maximum(np.hypot(*along.T), 1e-9)[:, None]
    offset = normal * np.broadcast_to(half_width, len(centre))[:, None]
    return np.vstack([centre + offset, (centre - offset)[::-1]])


def fill(outlines: list[np.ndarray], size: int) -> np.ndarray:
    """float32 (S, S), 0..1: the union of filled outlines, antialiased."""
    fine = size * SUPERSAMPLING
    image = Image.new("L", (fine, fine))
    draw = ImageDraw.Draw(image)
    for outline in outlines:
        draw.polygon([tuple(point) for point in (np.asarray(outline) + 1) / 2 * fine], fill=255)
    return np.asarray(image.reduce(SUPERSAMPLING), dtype=np.float32) / 255


def ellipse(x: float, y: float, across: float, down: float) -> np.ndarray:
    """The outline (48, 2) of an ellipse with the given centre and half axes."""
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    return np.c_[x + across * np.cos(turn), y + down * np.sin(turn)]


def smoothstep(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 below ``low``, 1 above ``high`` and a smooth ramp between; falls instead where ``low`` is above ``high``."""
    t = np.clip((values - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)

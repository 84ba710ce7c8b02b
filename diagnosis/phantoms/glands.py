"""Glands for drawn tissue: rings of tall cells around a hollow."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter

from diagnosis.phantoms.canvas import fill, fractal_noise, smoothstep


@dataclass(frozen=True, eq=False)
class Glands:
    """A field of glands. Maps are float32 (S, S), 0..1 unless said otherwise; lists have a row for every cell.

    Attributes:
        epithelium, lumen, stroma: the three parts; they add up to 1.
        membrane: borders between the cells.
        mucin: pale droplets in goblet cells.
        outside: distance from the nearest gland in pixels, 0 inside.
        base: (N, 2) x and y of the foot of each cell, in pixels.
        inward: (N, 2) unit vector from the foot to the lumen.
        height: (N, 1) height of the cells at that place, in pixels.
    """

    epithelium: np.ndarray
    lumen: np.ndarray
    stroma: np.ndarray
    membrane: np.ndarray
    mucin: np.ndarray
    outside: np.ndarray
    base: np.ndarray
    inward: np.ndarray
    height: np.ndarray


@dataclass(frozen=True, eq=False)
class _Ring:
    """One gland: outline (M, 2) in pixels, evenly spaced, with its inward normals, and its centre."""

    outline: np.ndarray
    inward: np.ndarray
    centre: np.ndarray


def draw_glands(rng: np.random.Generator, size: int, crowded: bool) -> Glands:
    """Round glands with space between them, or irregular ones back to back."""
    unit = size / 512
    tall, wide = (50.0 * unit, 13.0 * unit) if crowded else (46.0 * unit, 15.0 * unit)
    rings = [_ring(rng, centre, unit, crowded) for centre in _centres(rng, size, crowded)]
    labels = _labels(rings, size)
    inside = labels > 0
    depth = distance_transform_edt(np.where(_edges(labels), 0, inside)).astype(np.float32)
    ragged = depth + (5.0 if crowded else 2.0) * unit * fractal_noise(rng, size, 26 * unit)
    lumen = smoothstep(ragged, tall - 1.5 * unit, tall + 1.5 * unit) * inside
    part = gaussian_filter(inside.astype(np.float32), 0.8 * unit)
    phase, across = _cell_grid(rings, labels, wide, rng)
    membrane = smoothstep(np.abs(phase - 0.5), 0.40, 0.5) * (depth > 0.15 * tall)
    drop = _droplets(rng, across, phase, depth / tall) if not crowded else np.zeros_like(depth)
    feet = [_feet(ring, labels == n, wide * (0.8 if crowded else 1.0), rng) for n, ring in enumerate(rings, start=1)]
    base, inward = (np.concatenate([foot[n] for foot in feet]) for n in (0, 1))
    return Glands(
        part * (1 - lumen),
        part * lumen,
        1 - part,
        gaussian_filter(membrane, 0.7 * unit),
        gaussian_filter(drop * (1 - lumen), 1.0 * unit),
        distance_transform_edt(~inside).astype(np.float32),
        base,
        inward,
        np.full((len(base), 1), tall),
    )


def _centres(rng: np.random.Generator, size: int, crowded: bool) -> np.ndarray:
    """A jittered hexagonal grid (G, 2) that runs over the edges."""
    pitch = size / 512 * (172 if crowded else 232)
    shift = rng.uniform(0, pitch, 2)
    rows = np.arange(-1, int(size / pitch / 0.87) + 3)
    places = [((c + 0.5 * (r % 2)) * pitch, r * 0.87 * pitch) for r in rows for c in rows]
    centres = np.array(places) - shift + rng.normal(0, 0.07 * pitch, (len(places), 2))
    return centres[((centres > -pitch * 0.6) & (centres < size + pitch * 0.6)).all(axis=1)]


def _ring(rng: np.random.Generator, centre: np.ndarray, unit: float, crowded: bool) -> _Ring:
    turn = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    radius = np.ones_like(turn)
    folds = ((2, 0.13), (3, 0.08), (4, 0.05), (6, 0.03)) if crowded else ((2, 0.09), (3, 0.04), (5, 0.015))
    for fold, strength in folds:
        radius += strength * rng.standard_normal() * np.cos(fold * turn + rng.uniform(0, 2 * np.pi))
    radius *= unit * (86 if crowded else 92) * rng.uniform(0.85, 1.12)
    outline = centre + radius.clip(50 * unit, 125 * unit)[:, None] * np.c_[np.cos(turn), np.sin(turn)]
    along = np.roll(outline, -1, axis=0) - np.roll(outline, 1, axis=0)
    inward = np.c_[-along[:, 1], along[:, 0]] / np.hypot(*along.T)[:, None]
    return _Ring(outline, inward, centre)


def _labels(rings: list[_Ring], size: int) -> np.ndarray:
    """int (S, S): 0 for stroma, else the number of the gland; where two overlap the nearer centre wins."""
    row, column = np.mgrid[0:size, 0:size].astype(np.float32)
    labels = np.zeros((size, size), dtype=int)
    best = np.full((size, size), np.inf, dtype=np.float32)
    for number, ring in enumerate(rings, start=1):
        away = np.hypot(column - ring.centre[0], row - ring.centre[1]).astype(np.float32)
        mine = (fill([ring.outline / size * 2 - 1], size) > 0.5) & (away < best)
        labels[mine], best[mine] = number, away[mine]
    return labels


def _edges(labels: np.ndarray) -> np.ndarray:
    """bool (S, S): pixels beside another gland or the stroma."""
    edge = np.zeros(labels.shape, dtype=bool)
    edge[1:] |= labels[1:] != labels[:-1]
    edge[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    return edge


def _cell_grid(
    rings: list[_Ring], labels: np.ndarray, wide: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Each pixel's place across its cell, 0..1, and a random number 0..1 that all pixels of a cell share."""
    row, column = np.mgrid[0 : len(labels), 0 : len(labels)].astype(np.float32)
    phase = np.zeros(labels.shape, dtype=np.float32)
    chance = np.zeros(labels.shape, dtype=np.float32)
    for number, ring in enumerate(rings, start=1):
        mine = labels == number
        turn = np.arctan2(row[mine] - ring.centre[1], column[mine] - ring.centre[0]) / (2 * np.pi) % 1
        count = max(8, round(np.hypot(*np.diff(ring.outline, axis=0).T).sum() / wide))
        position = turn * count
        phase[mine] = position % 1
        chance[mine] = rng.uniform(size=count + 1)[position.astype(int)]
    return phase, chance


def _droplets(rng: np.random.Generator, chance: np.ndarray, phase: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """0..1: a mucin droplet in two cells of three, between nucleus and lumen."""
    middle, reach = 0.66 + 0.10 * (chance - 0.5), 0.30 + 0.10 * chance
    away = np.hypot((phase - 0.5) / 0.47, (depth - middle) / reach)
    cloud = 1 + 0.06 * fractal_noise(rng, len(phase), len(phase) / 40)
    return (smoothstep(away, 1.08, 0.80) * (chance < 0.7) * cloud).clip(0, 1).astype(np.float32)


def _feet(ring: _Ring, mine: np.ndarray, spacing: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Evenly spaced feet (N, 2) along the visible part of a gland's outline, and their inward normals."""
    steps = np.hypot(*np.diff(ring.outline, axis=0).T)
    length = np.r_[0, np.cumsum(steps)]
    count = max(8, round(length[-1] / spacing))
    wanted = (np.arange(count) + rng.normal(0, 0.12, count)).clip(0) / count * length[-1]
    chosen = np.searchsorted(length, wanted).clip(0, len(ring.outline) - 1)
    column, row = (ring.outline[chosen] + 0.6 * spacing * ring.inward[chosen]).astype(int).clip(0, len(mine) - 1).T
    chosen = chosen[mine[row, column]]
    return ring.outline[chosen], ring.inward[chosen]

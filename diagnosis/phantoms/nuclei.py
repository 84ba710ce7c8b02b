"""Nuclei for drawn tissue: where they lie, and how each is stained."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree


@dataclass(frozen=True, eq=False)
class Nuclei:
    """N nuclei; every array has N rows. Lengths in pixels, angles in radians from the x axis.

    Attributes:
        centre: (N, 2) x and y.
        radius: (N, 2) half axes, along ``angle`` and across it.
        angle: (N,)
        tone: (N,) haematoxylin of the chromatin, optical density.
    """

    centre: np.ndarray
    radius: np.ndarray
    angle: np.ndarray
    tone: np.ndarray

    def __len__(self) -> int:
        return len(self.centre)

    @classmethod
    def join(cls, groups: list["Nuclei"]) -> "Nuclei":
        """All groups as one."""
        columns = ("centre", "radius", "angle", "tone")
        return cls(*(np.concatenate([getattr(group, name) for group in groups]) for name in columns))


@dataclass(frozen=True, eq=False)
class Stamped:
    """Nuclei on the picture, each float32 (S, S): coverage 0..1; haematoxylin of the body; of membrane and nucleoli."""

    cover: np.ndarray
    body: np.ndarray
    detail: np.ndarray


def make(
    rng: np.random.Generator,
    centre: np.ndarray,
    radius: tuple[float, float],
    spread: float,
    tone: float,
    angle: np.ndarray,
) -> Nuclei:
    """Nuclei at the given places, of ``radius`` (along, across) give or take the fraction ``spread``."""
    count = len(centre)
    vary = rng.standard_normal((count, 1)) + 0.5 * rng.standard_normal((count, 2))
    size = np.exp(spread * vary.clip(-2, 2))
    tones = tone * np.exp(0.16 * rng.standard_normal(count))
    return Nuclei(centre, np.asarray(radius) * size, np.broadcast_to(angle, count) + 0.0, tones)


def scatter(rng: np.random.Generator, allowed: np.ndarray, distance: float, count: int) -> np.ndarray:
    """Up to ``count`` places (N, 2) x and y where the bool map ``allowed`` holds, no two closer than ``distance``."""
    size = len(allowed)
    tries = rng.uniform(0, size, (count * 6, 2))
    x, y = tries.astype(int).T
    places = tries[allowed[y, x]]
    return places[thin(places, distance)][:count]


def thin(places: np.ndarray, distance: float) -> np.ndarray:
    """bool (N,): which places are left when each one too close to an earlier one is dropped."""
    if not len(places):
        return np.zeros(0, dtype=bool)
    clash = cKDTree(places).query_pairs(distance, output_type="ndarray")
    keep = np.ones(len(places), dtype=bool)
    for first, second in clash[np.lexsort((clash[:, 1], clash[:, 0]))]:
        if keep[first]:
            keep[second] = False
    return keep


def stamp(rng: np.random.Generator, nuclei: Nuclei, size: int, nucleoli: float) -> Stamped:
    """Draw all nuclei, each with a wavy outline; ``nucleoli`` is the share of nuclei that show one."""
    flat = [np.zeros(size * size, dtype=np.float32) for _ in range(3)]
    if not len(nuclei):
        return Stamped(*(layer.reshape(size, size) for layer in flat))
    reach = int(np.ceil(nuclei.radius.max() * 1.35)) + 2
    corner = np.floor(nuclei.centre).astype(int)
    row, column = (axis.ravel() for axis in np.mgrid[-reach : reach + 1, -reach : reach + 1])
    x = (column + corner[:, :1] + 0.5 - nuclei.centre[:, :1]).astype(np.float32)  # (N, P²), pixels from the centre
    y = (row + corner[:, 1:] + 0.5 - nuclei.centre[:, 1:]).astype(np.float32)
    cover, tone, detail = _profiles(rng, nuclei, x, y, nucleoli)
    inside = (cover > 0) & _within(column + corner[:, :1], size) & _within(row + corner[:, 1:], size)
    index = ((row + corner[:, 1:]) * size + column + corner[:, :1])[inside]
    for layer, values in zip(flat, (cover, cover * tone, detail), strict=True):
        np.maximum.at(layer, index, values[inside])
    return Stamped(*(layer.reshape(size, size) for layer in flat))


def _within(positions: np.ndarray, size: int) -> np.ndarray:
    return (positions >= 0) & (positions < size)


def _profiles(
    rng: np.random.Generator, nuclei: Nuclei, x: np.ndarray, y: np.ndarray, nucleoli: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coverage, body and detail of every nucleus on its own (N, P²) patch."""
    count = len(nuclei)
    cos, sin = np.cos(nuclei.angle)[:, None], np.sin(nuclei.angle)[:, None]
    along, across = nuclei.radius.astype(np.float32).T[..., None]
    u, v = (x * cos + y * sin) / along, (y * cos - x * sin) / across
    turn = np.arctan2(v, u)
    wave = np.ones_like(u)
    for fold, size in ((2, 0.06), (3, 0.06), (5, 0.025)):
        strength = size * rng.standard_normal((count, 1))
        wave += (strength * np.cos(fold * turn + rng.uniform(0, 2 * np.pi, (count, 1)))).astype(np.float32)
    away = np.hypot(u, v) / wave.clip(0.6, 1.4)
    edge = np.sqrt(along * across)
    cover = ((1 - away) * edge / 1.6 + 0.5).clip(0, 1)
    membrane = np.exp(-(((away - 0.88) * edge / 1.3) ** 2))
    spot = rng.uniform(-0.4, 0.4, (count, 2)).astype(np.float32)
    shown = (rng.uniform(size=(count, 1)) < nucleoli).astype(np.float32)
    nucleolus = shown * np.exp(-((np.hypot(u - spot[:, :1], v - spot[:, 1:]) * edge / (0.17 * edge + 0.8)) ** 2))
    tone = nuclei.tone[:, None].astype(np.float32)
    return cover, np.broadcast_to(tone, cover.shape), cover * tone * (0.30 * membrane + 0.7 * nucleolus)

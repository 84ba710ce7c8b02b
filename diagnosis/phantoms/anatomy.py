"""The shapes in a frontal chest film, as outlines in film coordinates.

The patient faces the reader: the patient's right lies at negative x. ``side`` is −1 for that side, 1 for the left.
"""

from dataclasses import dataclass

import numpy as np

from diagnosis.phantoms.canvas import band, ellipse, spline

RIGHT, LEFT = -1, 1
_WALL_Y = np.array([-0.86, -0.78, -0.68, -0.52, -0.30, -0.05, 0.20, 0.42, 0.60, 0.90])
_WALL_X = np.array([0.24, 0.38, 0.48, 0.575, 0.650, 0.700, 0.735, 0.755, 0.765, 0.760])
_RIBS = 10


@dataclass(frozen=True)
class Build:
    """How one patient differs from the next; lengths in film coordinates.

    Attributes:
        width: breadth of the chest as a factor.
        heart: breadth of the heart as a factor.
        dome: height of the right dome of the diaphragm; the left one is a little lower.
        slope: how far a rib falls on its way around the chest, as a factor.
        tilt: sideways lean of the spine over the whole film.
    """

    width: float
    heart: float
    dome: float
    slope: float
    tilt: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Build":
        low = (0.91, 0.90, 0.29, 0.84, -0.015)
        high = (1.05, 1.20, 0.41, 1.16, 0.015)
        return cls(*(float(value) for value in rng.uniform(low, high)))

    def wall(self, y: np.ndarray | float) -> np.ndarray:
        """Distance of the inner chest wall from the midline at height y."""
        return np.interp(y, _WALL_Y, _WALL_X) * self.width

    def axis(self, y: np.ndarray | float) -> np.ndarray:
        """x of the spine at height y."""
        return self.tilt * np.sin(2 * np.asarray(y))


def body(build: Build) -> np.ndarray:
    """Neck, shoulders and trunk."""
    w = build.width
    half = [(0.24, -1.1), (0.245, -0.97), (0.33, -0.88), (0.60, -0.80), (0.84, -0.70), (0.97, -0.50), (0.985, -0.25)]
    half += [(0.94, 0.0), (0.90, 0.3), (0.885, 0.7), (0.90, 1.1)]
    side = spline([(x * w, y) for x, y in half])
    return np.vstack([side, (side * [-1, 1])[::-1]])


def pleura(build: Build, side: int) -> np.ndarray:
    """One lung with the part of it that the heart covers, down to the dome of the diaphragm."""
    y = np.linspace(-0.62, 0.56, 60)
    lateral = np.c_[build.wall(y) - 0.012, y]
    dome = spline([tuple(lateral[-1]), *_dome(build, side)[1:]], 50)
    apex = [(0.05, -0.5), (0.115, -0.70), (0.19, -0.80), (0.29, -0.825), (0.39, -0.765), tuple(lateral[0])]
    return np.vstack([lateral, dome, [(0.05, 0.2)], spline(apex, 50)]) * [side, 1]


def abdomen(build: Build, side: int) -> np.ndarray:
    """What lies under one dome."""
    dome = spline(_dome(build, side), 50)
    return np.vstack([dome, [(-0.1, 1.1), (0.9, 1.1)]]) * [side, 1]


def _dome(build: Build, side: int) -> list[tuple[float, float]]:
    top = build.dome + (0.05 if side == LEFT else 0.0)
    wall = float(build.wall(0.58))
    lateral = [(wall, 0.585), (wall * 0.88, top + 0.095), (wall * 0.58, top)]
    return [*lateral, (wall * 0.28, top + 0.035), (-0.02, top + 0.11)]


def mediastinum(build: Build) -> np.ndarray:
    """Great vessels and heart in one outline, from the neck down the patient's right and up the left."""
    h = build.heart
    right = [(-0.105, -1.05), (-0.10, -0.75), (-0.105, -0.50), (-0.115, -0.25), (-0.125, -0.10), (-0.175 * h, 0.06)]
    right += [(-0.205 * h, 0.22), (-0.18 * h, 0.38), (-0.13, 0.50)]
    left = [(0.25, 0.56), (0.40 * h, 0.46), (0.435 * h, 0.34), (0.385 * h, 0.19), (0.275 * h, 0.03), (0.19, -0.10)]
    left += [(0.165, -0.19), (0.135, -0.25), (0.155, -0.34), (0.145, -0.42), (0.105, -0.50), (0.10, -0.75)]
    outline = spline([*right, *left, (0.105, -1.05)], 220)
    return outline + np.c_[build.axis(outline[:, 1]), np.zeros(len(outline))]


def airway(build: Build) -> list[np.ndarray]:
    """Trachea and the two main bronchi, the right one steeper."""
    trunk = spline([(0.0, -1.1), (0.0, -0.7), (-0.008, -0.45), (-0.010, -0.235)])
    trunk[:, 0] += build.axis(trunk[:, 1])
    right = spline([(-0.012, -0.25), (-0.07, -0.165), (-0.12, -0.09)], 30)
    left = spline([(-0.008, -0.25), (0.08, -0.18), (0.16, -0.135)], 30)
    return [band(trunk, 0.036), band(right, np.linspace(0.028, 0.018, 30)), band(left, np.linspace(0.025, 0.015, 30))]


def rib(build: Build, number: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Centre lines (N, 2) of a rib's back and front part: the two halves of a tilted hoop seen from the front."""
    level = -0.835 + 0.118 * number
    drop = (0.22 + 0.031 * number) * build.slope
    reach = build.wall(level + drop / 2) + 0.004
    back, front = np.radians(np.linspace(2, 90, 60)), np.radians(np.linspace(90, 90 + 30 + 3.4 * (_RIBS - number), 50))

    def hoop(turn: np.ndarray) -> np.ndarray:
        x = reach * np.sin(turn) ** 0.92
        y = level + drop * (1 - np.cos(turn)) / 2 - 0.02 * np.sin(2 * turn).clip(0)
        return np.c_[side * x + build.axis(y), y]

    return hoop(back), hoop(front)


def ribs(build: Build) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Centre lines of all ribs: the back parts and the front parts."""
    pairs = [rib(build, number, side) for number in range(_RIBS) for side in (RIGHT, LEFT)]
    return [back for back, _ in pairs], [front for _, front in pairs]


def clavicle(build: Build, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Centre line (N, 2) and half width (N,) of an S-shaped collar bone, thicker at its ends."""
    w = build.width
    course = [(0.075, -0.585), (0.18, -0.625), (0.34, -0.70), (0.52, -0.765), (0.68, -0.765), (0.80, -0.715)]
    line = spline(course, 70) * [side * w, 1]
    return line, 0.021 + 0.010 * np.linspace(1, 0, 70) ** 3 + 0.004 * np.linspace(0, 1, 70) ** 2


def scapula(build: Build, side: int) -> np.ndarray:
    """The shoulder blade, turned out of the lung as in a good PA film."""
    w = build.width
    outline = [(0.60, -0.66), (0.80, -0.68), (0.86, -0.58), (0.80, -0.40), (0.755, -0.18), (0.715, -0.02)]
    return spline([*outline, (0.685, -0.06), (0.68, -0.26), (0.62, -0.5)], 90, closed=True) * [side * w, 1]


def humerus(build: Build, side: int) -> list[np.ndarray]:
    """Head and shaft of the upper arm, at the film's edge."""
    w = build.width
    shaft = spline([(0.91, -0.58), (0.95, -0.40), (0.975, -0.1)], 30) * [side * w, 1]
    return [ellipse(side * 0.895 * w, -0.61, 0.068, 0.072), band(shaft, np.linspace(0.05, 0.034, 30))]


def vertebrae(build: Build) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Bodies of the spine from the neck down, and on each two pedicles and a spinous process."""
    bodies, marks = [], []
    for number in range(18):
        y = -1.04 + 0.118 * number
        half = 0.062 + 0.0016 * number
        x = float(build.axis(y))
        turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
        square = np.sign(np.c_[np.cos(turn), np.sin(turn)]) * np.abs(np.c_[np.cos(turn), np.sin(turn)]) ** 0.45
        bodies.append(square * [half, 0.049] + [x, y])
        marks += [ellipse(x + s * half * 0.62, y - 0.012, 0.011, 0.019) for s in (-1, 1)]
        marks.append(ellipse(x, y + 0.036, 0.009, 0.024))
    return bodies, marks

"""How near images lie to the nearest real one, in three spaces: the least over what hardly changes an image.

- *pixels*: root mean square difference at 64 × 64 px, in grey levels 0..1, over all channels;
- *structure*: 1 - structural similarity at 128 × 128 px, in grey;
- *encoder*: 1 - cosine of the embeddings.

A query is compared in each of its poses: as it is and mirrored, and of tissue in all quarter turns of both. Pixels are
also compared in every shift by up to 2 of 64 px either way, structure in the pose and shift in which the pixels are
nearest; the margin that a shift would uncover is left out. Both look at a query's candidates alone: the 25 real images
that are nearest on 16 × 16 px, and the 25 that are nearest in the encoder. The encoder looks at all real images.
"""

from collections.abc import Sequence

import numpy as np

from diagnosis.synthesis.judging.poses import Pose
from diagnosis.synthesis.judging.structure import structural_similarity
from diagnosis.synthesis.judging.views import SIDE, Views

SHIFT = 2  # px of SIDE, either way
CANDIDATES = 25  # of each kind
_COARSE = 16  # px
_CHUNK = 256  # queries whose distances to all real images are in memory at once
_CROP = SIDE - 2 * SHIFT


def nearest(
    queries: Views,
    real: Views,
    poses: Sequence[Pose],
    groups: tuple[np.ndarray, np.ndarray] | None = None,
) -> np.ndarray:
    """float64 (N, 3): the least distances of each query in pixels, structure and encoder.

    Args:
        queries: with an embedding for each of ``poses``; of ``real``, the first counts.
        groups: the group of each query and of each real image; a pair of one group is passed over. Every query needs
            a real image of another group: else its distances are infinite. By default all pairs count.
    """
    prepared = _Real(real)
    parts = [np.empty((0, 3))]
    for start in range(0, len(queries), _CHUNK):
        some = queries.take(slice(start, start + _CHUNK))
        barred = np.zeros((len(some), len(real)), dtype=bool)
        if groups:
            barred = groups[0][start : start + _CHUNK, None] == groups[1][None]
        parts.append(_chunk(some, prepared, poses, barred))
    return np.concatenate(parts)


class _Real:
    """Real images, as pairs are computed from them."""

    def __init__(self, views: Views) -> None:
        self.views = views
        self.coarse = _coarse(views.pixels)
        inner = views.pixels[..., SHIFT:-SHIFT, SHIFT:-SHIFT]
        self.crops = inner.reshape(len(views), -1)


def _chunk(queries: Views, real: _Real, poses: Sequence[Pose], barred: np.ndarray) -> np.ndarray:
    cosines = np.max([own @ real.views.embeddings[:, 0].T for own in queries.embeddings.swapaxes(0, 1)], axis=0)
    apart = np.where(barred, np.inf, 1 - cosines)
    coarse = np.where(barred, np.inf, _coarse_distances(queries.pixels, real.coarse, poses))
    found = np.full((len(queries), 3), np.inf)
    found[:, 2] = apart.min(axis=1).clip(0)
    for row in range(len(queries)):
        candidates = np.union1d(_least(coarse[row]), _least(apart[row]))
        candidates = candidates[~barred[row, candidates]]
        if len(candidates):
            found[row, :2] = _pair(queries.pixels[row], queries.grey[row], real, poses, candidates)
    return found


def _least(distances: np.ndarray) -> np.ndarray:
    count = min(CANDIDATES, len(distances))
    return np.argpartition(distances, count - 1)[:count]


def _coarse(pixels: np.ndarray) -> np.ndarray:
    """uint8 (N, C, 64, 64) → float32 (N, C, 16, 16) in 0..1."""
    cell = SIDE // _COARSE
    cells = pixels.reshape(*pixels.shape[:2], _COARSE, cell, _COARSE, cell)
    return cells.mean(axis=(3, 5), dtype=np.float32) / 255


def _coarse_distances(pixels: np.ndarray, real: np.ndarray, poses: Sequence[Pose]) -> np.ndarray:
    """(N, R): squared, the least over the poses."""
    queries, rows = _coarse(pixels), real.reshape(len(real), -1)
    return np.min([_squared(pose.of(queries).reshape(len(queries), -1), rows) for pose in poses], axis=0)


def _squared(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(N, M): mean squared differences of rows (N, F) and (M, F)."""
    lengths = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1)[None]
    return (lengths - 2 * first @ second.T).clip(0) / first.shape[1]


def _pair(
    pixels: np.ndarray, grey: np.ndarray, real: _Real, poses: Sequence[Pose], candidates: np.ndarray
) -> tuple[float, float]:
    """The least distances of one query, (C, 64, 64) and (128, 128), in pixels and structure."""
    windows = np.concatenate([_windows(pose.of(pixels)) for pose in poses])
    crops = real.crops[candidates].astype(np.float32) / 255
    apart = _squared(crops, windows.astype(np.float32) / 255)
    best = apart.argmin(axis=1)
    shown = _shown(grey, poses, best)
    scale = grey.shape[-1] // SIDE
    edge = SHIFT * scale
    inner = real.views.grey[candidates, edge:-edge, edge:-edge].astype(np.float32) / 255
    return float(np.sqrt(apart.min())), float(1 - structural_similarity(shown, inner).max())


def _windows(image: np.ndarray) -> np.ndarray:
    """(C, 64, 64) → (25, C · 60 · 60), a row a shift."""
    views = np.lib.stride_tricks.sliding_window_view(image, (_CROP, _CROP), axis=(-2, -1))
    return views.transpose(1, 2, 0, 3, 4).reshape((2 * SHIFT + 1) ** 2, -1)


def _shown(grey: np.ndarray, poses: Sequence[Pose], windows: np.ndarray) -> np.ndarray:
    """float32 (K, 120, 120): a query as each of K windows shows it."""
    scale, steps = grey.shape[-1] // SIDE, 2 * SHIFT + 1
    shown = np.empty((len(windows), _CROP * scale, _CROP * scale), np.float32)
    for at, window in enumerate(windows):
        pose, shift = divmod(int(window), steps**2)
        top, left = (scale * step for step in divmod(shift, steps))
        shown[at] = poses[pose].of(grey)[top : top + _CROP * scale, left : left + _CROP * scale]
    return shown / 255

"""H&E-stained tissue, drawn: glands, cells and stroma, stained by adding optical densities.

Haematoxylin (blue, nuclei) and eosin (pink, cytoplasm and fibres) absorb as in Ruifrok & Johnston, "Quantification of
histochemical staining by color deconvolution", Anal Quant Cytol Histol 2001;23:291.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.spatial import cKDTree

from diagnosis.phantoms import nuclei as cells
from diagnosis.phantoms.canvas import fractal_noise, smooth_noise, smoothstep
from diagnosis.phantoms.glands import Glands, draw_glands
from diagnosis.phantoms.nuclei import Nuclei, Stamped

TissueKind = Literal["benign-glands", "crowded-glands", "cell-sheet"]
KINDS: tuple[TissueKind, ...] = get_args(TissueKind)
_HAEMATOXYLIN = np.array([0.65, 0.70, 0.29], dtype=np.float32)
_EOSIN = np.array([0.07, 0.99, 0.11], dtype=np.float32)
_RED_CELLS = np.array([0.10, 0.92, 0.52], dtype=np.float32)  # eosin as haemoglobin takes it up, towards orange


@dataclass(frozen=True)
class Stain:
    """How a laboratory's slide looks; structure is not touched.

    Attributes:
        haematoxylin, eosin: strength of each dye as a factor.
        hue: how far the haematoxylin leans to red (positive) or blue (negative), −0.2..0.2.
        light: colour of the empty slide, RGB 0..1.
    """

    haematoxylin: float = 1.0
    eosin: float = 1.0
    hue: float = 0.0
    light: tuple[float, float, float] = (0.965, 0.955, 0.975)


STAINS: Mapping[str, Stain] = MappingProxyType(
    {
        "standard": Stain(),
        "pale": Stain(0.70, 0.72, 0.03, (0.955, 0.955, 0.965)),
        "pink": Stain(0.85, 1.45, 0.10, (0.970, 0.950, 0.960)),
        "blue": Stain(1.25, 0.75, -0.12, (0.930, 0.950, 0.985)),
    }
)


@dataclass(frozen=True, eq=False)
class HistologyPhantom:
    """Drawn tissue and the truth about it; all arrays are read-only.

    Attributes:
        pixels: float32 (S, S, 3), RGB 0..1.
        nuclei_mask: bool (S, S).
        lumen_mask: bool (S, S), the hollow of the glands; no nucleus lies in it.
    """

    pixels: np.ndarray
    nuclei_mask: np.ndarray
    lumen_mask: np.ndarray

    def __post_init__(self) -> None:
        for array in (self.pixels, self.nuclei_mask, self.lumen_mask):
            array.flags.writeable = False


@dataclass(frozen=True, eq=False)
class _Dyes:
    """Amounts of dye before staining, each float32 (S, S), in optical density."""

    haematoxylin: np.ndarray
    eosin: np.ndarray
    red_cells: np.ndarray


def draw_tissue(
    kind: TissueKind, seed: int = 0, size: int = 512, stain: Stain = STAINS["standard"]
) -> HistologyPhantom:
    """Draw a field of tissue.

    Args:
        kind: ``benign-glands`` are round with one tidy row of nuclei at the base, ``crowded-glands`` are irregular,
            close and piled up with dark nuclei, ``cell-sheet`` has large cells without glands.
        seed: chooses the tissue; another stain of the same seed shows the same tissue.
        size: side of the square in pixels, at least 64; structures grow with it.
        stain: how the slide was stained.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
    if size < 64:
        raise ValueError(f"size must be at least 64 pixels, not {size}")
    shape, place, look, grain = np.random.default_rng([seed, KINDS.index(kind)]).spawn(4)
    if kind == "cell-sheet":
        dyes, stamped, lumen = _sheet(shape, place, look, size)
    else:
        dyes, stamped, lumen = _glandular(kind, shape, place, look, size)
    nuclei_mask = stamped.cover > 0.5
    return HistologyPhantom(_develop(dyes, stain, grain), nuclei_mask, (lumen > 0.5) & ~nuclei_mask)


def _glandular(
    kind: TissueKind, shape: np.random.Generator, place: np.random.Generator, look: np.random.Generator, size: int
) -> tuple[_Dyes, Stamped, np.ndarray]:
    """Dyes, nuclei and lumens of glands in their stroma."""
    crowded = kind == "crowded-glands"
    unit = size / 512
    glands = draw_glands(shape, size, crowded)
    texture, heading = _fibres(look, glands.outside / unit, size)
    nuclei = [_epithelial(place, glands, crowded, unit), *_stromal(place, glands, heading, crowded, unit)]
    stamped = cells.stamp(look, Nuclei.join(nuclei), size, 0.35 if crowded else 0.1)
    stroma, cleft = glands.stroma, _clefts(texture, glands.outside / unit, 0.25 if crowded else 0.5)
    eosin = stroma * (0.30 + 0.10 * texture).clip(0.03) * (1 - 0.92 * cleft)
    haematoxylin = stroma * (0.075 + 0.025 * texture).clip(0) * (1 - 0.9 * cleft)
    cytoplasm = glands.epithelium * (1 + 0.10 * fractal_noise(look, size, 14 * unit))
    eosin += cytoplasm * (0.20 + 0.10 * glands.membrane) * (1 - 0.75 * glands.mucin)
    haematoxylin += cytoplasm * ((0.34 if crowded else 0.22) + 0.12 * glands.membrane) * (1 - 0.80 * glands.mucin)
    wisps = glands.lumen * smoothstep(fractal_noise(look, size, 40 * unit, 4), 0.6, 2.4)
    red_cells = _red_cells(place, stroma * (1 - stamped.cover), unit)
    dyes = _Dyes(haematoxylin + 0.15 * wisps, eosin + 0.16 * wisps, red_cells)
    return _with_nuclei(dyes, stamped, look), stamped, glands.lumen


def _epithelial(rng: np.random.Generator, glands: Glands, crowded: bool, unit: float) -> Nuclei:
    """A row of nuclei along each gland's base; in crowded glands large, dark and in several rows."""
    radius, tone = ((13.0, 6.8), 0.78) if crowded else ((9.6, 6.0), 0.72)
    lift = rng.uniform(0.24, 0.66, len(glands.base)) if crowded else rng.normal(0.20, 0.025, len(glands.base))
    centre = glands.base + glands.inward * (lift * glands.height[:, 0])[:, None]
    angle = np.arctan2(glands.inward[:, 1], glands.inward[:, 0]) + rng.normal(0, 0.22 if crowded else 0.12, len(centre))
    keep = cells.thin(centre, (10.8 if crowded else 10.0) * unit)
    centre, angle = centre[keep], angle[keep]
    return cells.make(rng, centre, (radius[0] * unit, radius[1] * unit), 0.17 if crowded else 0.09, tone, angle)


def _stromal(rng: np.random.Generator, glands: Glands, heading: np.ndarray, crowded: bool, unit: float) -> list[Nuclei]:
    """Spindle-shaped fibroblasts along the fibres, and round dark lymphocytes in small crowds."""
    size = len(heading)
    room = (glands.stroma > 0.9) & (glands.outside > 7 * unit)
    spindle = cells.scatter(rng, room, 24 * unit, 130)
    column, row = spindle.astype(int).T
    angle = heading[row, column] + rng.normal(0, 0.15, len(spindle))
    crowd = room & (smooth_noise(rng, size, 90 * unit) > (0.55 if crowded else 0.3))
    round_ones = cells.scatter(rng, crowd, 13 * unit, 160)
    return [
        cells.make(rng, spindle, (13.0 * unit, 3.9 * unit), 0.18, 0.78, angle),
        cells.make(rng, round_ones, (6.0 * unit, 5.6 * unit), 0.10, 1.05, rng.uniform(0, np.pi, len(round_ones))),
    ]


def _sheet(
    shape: np.random.Generator, place: np.random.Generator, look: np.random.Generator, size: int
) -> tuple[_Dyes, Stamped, np.ndarray]:
    """Dyes and nuclei of large cells that touch each other, with a strand of stroma between their nests."""
    unit = size / 512
    ridge = np.abs(fractal_noise(shape, size, 260 * unit, 2))
    strand = smoothstep(ridge, 0.20, 0.10)
    texture, heading = _fibres(look, 120 * ridge, size)
    centre = cells.scatter(place, strand < 0.5, 25 * unit, 420)
    gap = _cell_borders(np.vstack([centre, place.uniform(-0.1 * size, 1.1 * size, (12, 2))]), look, size) / unit
    border, halo = smoothstep(gap, 5.5, 1.0), smoothstep(fractal_noise(look, size, 120 * unit), 0.7, 1.9)
    tumour = cells.make(place, centre, (11.8 * unit, 9.2 * unit), 0.20, 0.68, place.uniform(0, np.pi, len(centre)))
    room = cells.scatter(place, strand > 0.9, 19 * unit, 90)
    column, row = room.astype(int).T
    spindle = cells.make(place, room, (13 * unit, 3.8 * unit), 0.18, 0.85, heading[row, column])
    stamped = cells.stamp(look, Nuclei.join([tumour, spindle]), size, 0.75)
    grainy = fractal_noise(look, size, 9 * unit)
    cloudy = fractal_noise(look, size, 70 * unit)
    cleft = border * halo
    eosin = (0.23 + 0.025 * grainy + 0.03 * cloudy + 0.05 * border) * (1 - 0.85 * cleft)
    haematoxylin = (0.175 + 0.025 * grainy + 0.035 * cloudy + 0.08 * border) * (1 - 0.8 * cleft)
    gaps = _clefts(texture, np.full_like(ridge, 40), 0.35)
    eosin += strand * ((0.34 + 0.11 * texture).clip(0.05) * (1 - 0.9 * gaps) - eosin)
    haematoxylin += strand * ((0.09 + 0.03 * texture).clip(0) * (1 - 0.9 * gaps) - haematoxylin)
    dyes = _Dyes(haematoxylin, eosin, _red_cells(place, strand * (1 - stamped.cover), unit))
    return _with_nuclei(dyes, stamped, look), stamped, np.zeros((size, size), dtype=np.float32)


def _cell_borders(centre: np.ndarray, rng: np.random.Generator, size: int) -> np.ndarray:
    """float32 (S, S): how much farther the second nearest cell is than the nearest, in pixels; 0 on a border."""
    step = 2
    row, column = np.mgrid[0:size:step, 0:size:step] + 0.5
    bend = [4 * size / 512 * smooth_noise(rng, size, size / 24)[::step, ::step] for _ in range(2)]
    nearest, _ = cKDTree(centre).query(np.stack([column + bend[0], row + bend[1]], axis=-1), k=2)
    coarse = (nearest[..., 1] - nearest[..., 0]).astype(np.float32)
    return gaussian_filter(np.kron(coarse, np.ones((step, step), dtype=np.float32))[:size, :size], 0.8)


def _fibres(rng: np.random.Generator, outside: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Collagen that bends around the glands: texture of unit spread and the fibres' heading in radians, each (S, S)."""
    unit = size / 512
    row, column = np.mgrid[0:size, 0:size].astype(np.float32) / unit
    lean = rng.uniform(0, np.pi)
    straight = column * np.cos(lean) + row * np.sin(lean) + 26 * smooth_noise(rng, size, 130 * unit)
    near = np.exp(-outside / 45).astype(np.float32)
    across = gaussian_filter(straight * (1 - near) + (outside + 0.35 * straight) * near, 3 * unit)
    across += 2.2 * fractal_noise(rng, size, 30 * unit, 3)
    along = row * np.cos(lean) - column * np.sin(lean)
    noise = rng.standard_normal((256, 256), dtype=np.float32)
    sheets = [
        map_coordinates(noise, [across / thick, along / long], order=1, mode="grid-wrap") * weight
        for thick, long, weight in ((2.0, 22, 0.7), (4.0, 45, 0.8), (11.0, 90, 0.5))
    ]
    texture = np.asarray(sum(sheets), dtype=np.float32) + 0.35 * fractal_noise(rng, size, 7 * unit, 3)
    down, right = np.gradient(gaussian_filter(across, 4 * unit))
    return texture / float(texture.std()), np.arctan2(down, right) + np.pi / 2


def _clefts(texture: np.ndarray, outside: np.ndarray, amount: float) -> np.ndarray:
    """0..1: pale slits between loose fibres; ``amount`` 0..1 says how loose, ``outside`` how far the glands are."""
    loose = smoothstep(outside, 2.0, 16.0)
    return loose * smoothstep(gaussian_filter(texture, 0.8), 1.5 - 1.5 * amount, 2.1 - 1.5 * amount)


def _red_cells(rng: np.random.Generator, room: np.ndarray, unit: float) -> np.ndarray:
    """float32 (S, S): a few red blood cells, in clusters."""
    size = len(room)
    clusters = (room > 0.8) & (smooth_noise(rng, size, 110 * unit) > 1.25)
    centre = cells.scatter(rng, clusters, 11.5 * unit, 60)
    if not len(centre):
        return np.zeros((size, size), dtype=np.float32)
    discs = cells.make(rng, centre, (6.2 * unit, 5.0 * unit), 0.10, 0.55, rng.uniform(0, np.pi, len(centre)))
    return cells.stamp(rng, discs, size, 0.0).body * room


def _with_nuclei(dyes: _Dyes, stamped: Stamped, rng: np.random.Generator) -> _Dyes:
    """The dyes with nuclei laid over them, their chromatin clumped."""
    size = len(stamped.cover)
    clumps = fractal_noise(rng, size, 5.5 * size / 512, 2)
    chromatin = stamped.body * (1 + 0.20 * clumps).clip(0.45, 1.6) + stamped.detail
    bare = 1 - stamped.cover
    return _Dyes(dyes.haematoxylin * bare + chromatin, dyes.eosin * (1 - 0.55 * stamped.cover), dyes.red_cells)


def _develop(dyes: _Dyes, stain: Stain, rng: np.random.Generator) -> np.ndarray:
    """Dyes → RGB after Beer and Lambert, through a slightly soft lens, with the sensor's noise."""
    size = len(dyes.eosin)
    blue = _HAEMATOXYLIN * np.array([1 - stain.hue, 1.0, 1 + stain.hue], dtype=np.float32)
    thick = (1 + 0.05 * smooth_noise(rng, size, size / 2))[..., None]
    density = stain.haematoxylin * dyes.haematoxylin[..., None] * blue + stain.eosin * dyes.eosin[..., None] * _EOSIN
    density = (density + stain.eosin * dyes.red_cells[..., None] * _RED_CELLS) * thick * np.float32(np.log(10) * 0.55)
    light = np.asarray(stain.light, dtype=np.float32) * np.exp(-density)
    soft = gaussian_filter(light, (size / 800, size / 800, 0))
    return (soft + 0.008 * rng.standard_normal(soft.shape, dtype=np.float32)).clip(0, 1)

"""Images that no model here is made for: photographs that come with libraries, and pages, windows, charts and noise
drawn by code. The gate learns from some of them and is tested on others."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from diagnosis.study import Study

Ink = int | tuple[int, int, int]
SIDE = 256  # of what is drawn, in pixels
# Photographs in the wheels of libraries that the app needs anyway. Those to test with show other things.
LEARNED = {
    "skimage.data": (
        *("astronaut.png", "brick.png", "camera.png", "chelsea.png", "coffee.png", "coins.png", "grass.png"),
        *("hubble_deep_field.jpg", "motorcycle_left.png", "rocket.jpg"),
    ),
    "gradio.media_assets.images": ("cheetah.jpg", "groot.jpeg", "tower.jpg"),
}
TESTED = {
    "skimage.data": ("clock_motion.png", "gravel.png", "moon.png"),
    "sklearn.datasets.images": ("china.jpg", "flower.jpg"),
    "matplotlib.mpl-data.sample_data": ("grace_hopper.jpg",),
    "gradio.media_assets.images": ("lion.jpg",),
}
# Medical pictures of kinds that no model here reads; never learned from.
MEDICAL = {"skimage.data": ("retina.jpg", "microaneurysms.png", "cell.png", "ihc.png")}
WORDS = (
    "report",
    "of",
    "a",
    "scan",
    "read",
    "again",
    "on",
    "Monday",
    "and",
    "sent",
    "to",
    "the",
    "ward",
    "with",
    "notes",
)
# Of each part: its photographs, pieces of each, drawn images, and the seed.
PARTS = {"train": (LEARNED, 18, 320, 1), "val": (LEARNED, 4, 80, 2), "test": (TESTED, 12, 160, 3)}


@dataclass(frozen=True)
class Stranger:
    """An image that no model should read, and what kind it is of: ``photo``, ``document``, ``drawing``,
    ``noise``, ``blank`` or ``medical``."""

    kind: str
    study: Study


@cache
def strangers_of(part: str) -> tuple[Stranger, ...]:
    """All strangers of a part, the same ones every time. The photographs of ``test`` show other things."""
    names, crops, count, seed = PARTS[part]
    medical = photographs(MEDICAL, crops, seed, "medical") if part == "test" else ()
    return (*photographs(names, crops, seed), *drawn(count, seed), *medical)


def photographs(names: Mapping[str, tuple[str, ...]], crops: int, seed: int, kind: str = "photo") -> Iterator[Stranger]:
    """Each photograph whole, and ``crops`` random pieces of each, some of them in grey."""
    chance = np.random.default_rng(seed)
    for package, own in names.items():
        for name in own:
            picture = _photograph(package, name)
            yield Stranger(kind, _study(picture))
            for _ in range(crops):
                yield Stranger(kind, _study(_piece(picture, chance)))


def drawn(count: int, seed: int) -> Iterator[Stranger]:
    """``count`` drawn images, each kind as often as the others."""
    chance = np.random.default_rng(seed)
    makers = tuple(MAKERS.items())
    for number in range(count):
        name, make = makers[number % len(makers)]
        yield Stranger(KINDS[name], _study(make(chance)))


def _photograph(package: str, name: str) -> Image.Image:
    root, *folders = package.split(".")
    path = files(root).joinpath(*folders, name)
    with path.open("rb") as stream:
        return Image.open(stream).convert("RGB")


def _piece(picture: Image.Image, chance: np.random.Generator) -> Image.Image:
    """A piece of a third to nine tenths of each side, perhaps mirrored, perhaps grey."""
    width, height = (round(side * chance.uniform(0.33, 0.9)) for side in picture.size)
    left, top = (int(chance.integers(0, room + 1)) for room in (picture.width - width, picture.height - height))
    piece = picture.crop((left, top, left + width, top + height))
    piece = piece.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if chance.random() < 0.5 else piece
    return piece.convert("L") if chance.random() < 0.4 else piece


def _study(picture: Image.Image) -> Study:
    pixels = np.asarray(picture, np.float32) / 255
    return Study(pixels[..., None] if pixels.ndim == 2 else pixels)


def _blank(chance: np.random.Generator) -> Image.Image:
    """One colour, all over."""
    return Image.new("RGB", (SIDE, SIDE), _colour(chance, grey=chance.random() < 0.6))


def _noise(chance: np.random.Generator) -> Image.Image:
    """Noise of any grain, in grey or colour."""
    grain, channels = int(chance.choice([1, 2, 4, 8, 16])), 1 if chance.random() < 0.6 else 3
    side = SIDE // grain
    values = chance.normal(chance.uniform(80, 180), chance.uniform(20, 90), (side, side, channels))
    picture = Image.fromarray(values.clip(0, 255).astype(np.uint8).squeeze())
    return picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def _gradient(chance: np.random.Generator) -> Image.Image:
    """From one colour to another, in a line or from a centre."""
    rows, columns = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    angle = chance.uniform(0, 2 * np.pi)
    linear = np.cos(angle) * columns + np.sin(angle) * rows
    radial = np.hypot(rows - chance.uniform(0, 1), columns - chance.uniform(0, 1))
    slope = radial if chance.random() < 0.5 else linear
    slope = (slope - slope.min()) / np.ptp(slope)
    grey = chance.random() < 0.5
    first, second = (np.array(_colour(chance, grey), float) for _ in range(2))
    return Image.fromarray((first + (second - first) * slope[..., None]).astype(np.uint8))


def _shapes(chance: np.random.Generator) -> Image.Image:
    """Ellipses, boxes and lines."""
    grey = chance.random() < 0.5
    picture = Image.new("RGB", (SIDE, SIDE), _colour(chance, grey))
    pen = ImageDraw.Draw(picture)
    for _ in range(chance.integers(2, 14)):
        box, colour = _box(chance), _colour(chance, grey)
        draw: Callable[..., None] = (pen.ellipse, pen.rectangle)[int(chance.integers(2))]
        draw(box, fill=colour) if chance.random() < 0.7 else pen.line(box, fill=colour, width=4)
    return picture


def _page(chance: np.random.Generator) -> Image.Image:
    """A page of text."""
    dark = chance.random() < 0.2
    picture = Image.new("L", (SIDE, int(SIDE * chance.uniform(0.8, 1.5))), 20 if dark else 250)
    _write(ImageDraw.Draw(picture), chance, (16, 16, *picture.size), 230 if dark else 20)
    return picture


def _window(chance: np.random.Generator) -> Image.Image:
    """A screen: a bar, a list at the side, text and buttons."""
    width, height = int(SIDE * chance.uniform(1.2, 1.9)), SIDE
    dark = chance.random() < 0.5
    paper, ink = ((28, 30, 36), (220, 220, 225)) if dark else ((248, 248, 250), (40, 40, 46))
    picture = Image.new("RGB", (width, height), paper)
    pen, edge = ImageDraw.Draw(picture), int(width * chance.uniform(0.15, 0.3))
    pen.rectangle((0, 0, width, 22), fill=_colour(chance))
    pen.rectangle((0, 22, edge, height), fill=tuple(max(0, value - 14) for value in paper))
    _write(pen, chance, (6, 34, edge, height), ink)
    _write(pen, chance, (edge + 12, 40, width - 8, int(height * chance.uniform(0.5, 1))), ink)
    for at in range(int(chance.integers(0, 4))):
        left = edge + 12 + 90 * at
        pen.rounded_rectangle((left, height - 34, left + 78, height - 12), 6, fill=_colour(chance))
    return picture


def _chart(chance: np.random.Generator) -> Image.Image:
    """Bars or a curve between two axes."""
    picture = Image.new("RGB", (SIDE, SIDE), (255, 255, 255))
    pen, colour = ImageDraw.Draw(picture), _colour(chance)
    pen.line((30, 10, 30, SIDE - 30, SIDE - 10, SIDE - 30), fill=(60, 60, 60), width=2)
    values = chance.uniform(20, SIDE - 50, int(chance.integers(4, 16)))
    step = (SIDE - 50) / len(values)
    tops = [(36 + at * step, SIDE - 30 - value) for at, value in enumerate(values)]
    if chance.random() < 0.5:
        pen.line(tops, fill=colour, width=3)
    else:
        for left, top in tops:
            pen.rectangle((left, top, left + 0.7 * step, SIDE - 31), fill=colour)
    return picture


def _board(chance: np.random.Generator) -> Image.Image:
    """Squares or stripes of two colours."""
    cells = int(chance.integers(2, 24))
    rows, columns = np.mgrid[0:SIDE, 0:SIDE] * cells // SIDE
    odd = (rows + columns if chance.random() < 0.6 else columns) % 2
    grey = chance.random() < 0.5
    colours = np.array([_colour(chance, grey), _colour(chance, grey)], np.uint8)
    return Image.fromarray(colours[odd])


def _write(
    pen: ImageDraw.ImageDraw, chance: np.random.Generator, box: tuple[int, ...], ink: int | tuple[int, int, int]
) -> None:
    left, top, right, bottom = box
    size = int(chance.integers(8, 18))
    font = ImageFont.load_default(size)
    for line in range(top, bottom - size, int(size * 1.5)):
        words = " ".join(chance.choice(WORDS, max(1, int((right - left) / (3.2 * size)))))
        pen.text((left, line), words[: max(1, int((right - left) / (0.5 * size)))], fill=ink, font=font)


def _box(chance: np.random.Generator) -> tuple[float, float, float, float]:
    left, top = chance.uniform(0, 0.8 * SIDE, 2)
    return left, top, left + chance.uniform(10, 0.6 * SIDE), top + chance.uniform(10, 0.6 * SIDE)


def _colour(chance: np.random.Generator, grey: bool = False) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in chance.integers(0, 256, 3))
    return (red, red, red) if grey else (red, green, blue)


MAKERS: dict[str, Callable[[np.random.Generator], Image.Image]] = {
    "blank": _blank,
    "noise": _noise,
    "gradient": _gradient,
    "shapes": _shapes,
    "page": _page,
    "window": _window,
    "chart": _chart,
    "board": _board,
}
KINDS = {"blank": "blank", "noise": "noise", "gradient": "blank", "shapes": "drawing"} | dict.fromkeys(
    ("page", "window", "chart"), "document"
)
KINDS["board"] = "drawing"

"""Cases and images that tests make for themselves."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from diagnosis.study import Study
from retrieval.build import write_files
from retrieval.library import MANIFEST, EncoderStamp, IndexStamp, Manifest, Origin, Record, stamp_of
from retrieval.query import unit
from retrieval.synthetic import ORIGIN
from retrieval.types import SYNTHETIC, Case

ORIGINS = {
    "a": Origin(title="Set A", licence="CC BY 4.0", url="https://example.org/a"),
    "b": Origin(title="Set B", licence="CC BY 3.0", group="slide"),
}

CHANCE = np.random.default_rng(0)


def record(
    number: int,
    dataset: str = "a",
    labels: tuple[str, ...] = ("normal",),
    patient: str | None = None,
    image: str | None = None,
    **facts: str,
) -> Record:
    """A case called ``a:0``, ``a:1`` …"""
    case = Case(f"{dataset}:{number}", labels, dataset, ORIGINS[dataset].licence, facts, ORIGINS[dataset].url)
    return Record(case, patient, image)


def rows(count: int, dimensions: int = 8, seed: int = 0) -> np.ndarray:
    """float32 (count, dimensions), of length 1, in random directions."""
    return unit(np.random.default_rng(seed).normal(size=(count, dimensions)))


def manifest(name: str = "tiny", digest: str = "0" * 16, dimensions: int = 8, cases: int = 0) -> Manifest:
    """Of a library that is not on disk."""
    stamp = EncoderStamp(name=name, digest=digest, dimensions=dimensions)
    return Manifest(encoder=stamp, cases=cases, datasets=ORIGINS, files={})


def library(folder: Path, records: Sequence[Record], vectors: np.ndarray, digest: str = "0" * 16) -> Manifest:
    """Write a library of these cases, without measurements."""
    origins = ORIGINS | ({SYNTHETIC: ORIGIN} if any(one.case.synthetic for one in records) else {})
    folder.mkdir(parents=True)
    write_files(folder, records, origins, vectors.astype(np.float16), None, lambda line: None)
    files = {path.name: stamp_of(path) for path in sorted(folder.iterdir())}
    stamp = EncoderStamp(name="tiny", digest=digest, dimensions=vectors.shape[1])
    made = Manifest(encoder=stamp, cases=len(records), datasets=origins, index=IndexStamp(), files=files)
    (folder / MANIFEST).write_text(made.model_dump_json(), "utf-8")
    return made


def paint(path: Path, seed: int, hue: int = 0, size: int = 48) -> Path:
    """Write an image: noise around one of a few patterns."""
    chance = np.random.default_rng(seed)
    down, across = np.mgrid[0:size, 0:size] / size
    waves = 127 + 60 * np.sin(2 * np.pi * (1 + hue) * (down if hue % 2 else across))
    pixels = waves[..., None] + chance.normal(0, 18, (size, size, 3)) + [40 * (hue == part) for part in range(3)]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)
    return path


def painted(folder: Path, count: int = 12, table: str = "cases.csv") -> Path:
    """A folder of images of two labels, two of a patient, and the table of them."""
    lines = []
    for number in range(count):
        hue = number % 2
        path = paint(folder / "images" / f"{number}.png", number, hue)
        split = ("train", "train", "val", "test")[(number // 2) % 4]
        facts = {"age": str(20 + number), "sex": ("male", "female")[number // 2 % 2], "split": split}
        label = ("waves", "rows")[hue]
        lines.append({"path": f"images/{path.name}", "label": label, "patient": f"p{number // 4}-{hue}", **facts})
    with (folder / table).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    return folder


def picture(side: int = 40) -> Study:
    """A square of noise, another one each time."""
    return Study(CHANCE.random((side, side, 3)))

"""How well heads, chest slices and tissue are told apart into zones, on images whose truth is partly known.

.venv/bin/python -m benchmarks.anatomy [--data FOLDER] [--split test] [--images 60]
"""

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from diagnosis.anatomy.brain import SYMMETRIC, plane_of
from diagnosis.anatomy.chest_ct import chest_ct_zones
from diagnosis.anatomy.head import measure_head
from diagnosis.anatomy.histology import GLASS, LUMEN, NUCLEI, OTHER, STROMA, histology_zones
from diagnosis.readers import read_study
from settings import load_settings

PLANES = ("Axial", "Coronal", "Sagittal")
TISSUE = (GLASS, LUMEN, NUCLEI, STROMA, OTHER)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the zones of heads, chest slices and tissue.")
    parser.add_argument("--data", type=Path, default=load_settings().data)
    parser.add_argument("--split", default="test")
    parser.add_argument("--images", type=int, default=60, help="of each class of tissue and of chest slices")
    options = parser.parse_args()
    print("\n".join(heads(options.data / "medpix_cases", options.split)))
    print("\n".join(slices(options.data / "chest_ct", options.split, options.images)))
    print("\n".join(tissue(options.data / "colorectal", options.split, options.images)))


def rows_of(folder: Path, split: str) -> list[dict[str, str]]:
    """The manifest's rows of one split, in the order of their paths."""
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        return sorted((row for row in csv.DictReader(stream) if row["split"] == split), key=lambda row: row["path"])


def heads(folder: Path, split: str) -> Iterator[str]:
    """MR slices of heads whose plane the case names: which are told to be axial, and which have two like halves."""
    counts = {plane: [0, 0, 0] for plane in PLANES}
    for row in rows_of(folder, split):
        if row["label"] != "MR" or row["location"] != "Brain and Neuro" or row["plane"] not in PLANES:
            continue
        head = measure_head(read_study(folder / row["path"]).pixels.mean(axis=2))
        told = counts[row["plane"]]
        told[0] += 1
        told[1] += head is not None and head.symmetry >= SYMMETRIC
        told[2] += head is not None and plane_of(head) == "axial"
    yield f"Heads, {folder.name} {split}\n\n| plane | slices | halves told | told to be axial |\n|---|---|---|---|"
    for plane, (count, halves, axial) in counts.items():
        yield f"| {plane.lower()} | {count} | {halves} | {axial} |"


def slices(folder: Path, split: str, images: int) -> Iterator[str]:
    """Chest slices: how many have sure zones, and the mean share of each."""
    found = [chest_ct_zones(read_study(folder / row["path"])) for row in spread(rows_of(folder, split), images)]
    sure = [zones for zones in found if zones.certain]
    yield f"\nChest slices, {folder.name} {split}: {len(sure)} of {len(found)} have sure zones\n"
    yield "| zone | mean share of the slice |\n|---|---|"
    for zone in sure[0].zones:
        shares = [own.mask.mean() for one in sure if (own := one.named(zone.name))]
        yield f"| {zone.name} | {100 * np.mean(shares):.1f} % |"


def tissue(folder: Path, split: str, images: int) -> Iterator[str]:
    """Fields of tissue by class: the mean share of each zone, in percent."""
    rows = rows_of(folder, split)
    yield f"\nTissue, {folder.name} {split}, mean share in %\n\n| class | images | {' | '.join(TISSUE)} |"
    yield "|---" * (len(TISSUE) + 2) + "|"
    for label in sorted({row["label"] for row in rows}):
        own = spread([row for row in rows if row["label"] == label], images)
        found = [histology_zones(read_study(folder / row["path"])) for row in own]
        means = [np.mean([zone.mask.mean() for one in found if (zone := one.named(name))]) for name in TISSUE]
        yield f"| {label} | {len(own)} | " + " | ".join(f"{100 * mean:.1f}" for mean in means) + " |"


def spread(rows: list[dict[str, str]], count: int) -> list[dict[str, str]]:
    """At most ``count`` rows, evenly from first to last."""
    return [rows[at] for at in np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(int)]


if __name__ == "__main__":
    main()

"""The films of covid_cases, by what is stated of them."""

import csv
from dataclasses import dataclass
from pathlib import Path

from diagnosis.training.dataset import Row, read_manifest

FRONTAL = ("PA", "AP", "AP Supine")
KINDS = {
    "no finding": ("No Finding",),
    "viral": ("COVID-19", "COVID-19, ARDS", "SARS", "Influenza", "Varicella"),
    "bacterial": (
        "Bacterial",
        "Chlamydophila",
        "Klebsiella",
        "Legionella",
        "Mycoplasma Bacterial Pneumonia",
        "Streptococcus",
    ),
    "other pneumonia": ("Lipoid", "Pneumocystis", "Pneumonia"),
}


@dataclass(frozen=True)
class Film:
    """One frontal film; ``kind`` is one of ``KINDS``."""

    row: Row
    kind: str


def films_of_covid_cases(folder: Path) -> list[Film]:
    """The frontal films with a finding of ``KINDS``, of all splits; what is not known or no pneumonia is left out.

    Raises Missing or BadRequest as :func:`read_manifest` does.
    """
    rows = read_manifest(folder)
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        views = [one["view"] for one in csv.DictReader(stream)]
    kinds = {finding: kind for kind, findings in KINDS.items() for finding in findings}
    return [
        Film(row, kinds[row.label])
        for row, view in zip(rows, views, strict=True)
        if view in FRONTAL and row.label in kinds
    ]

"""Phantoms: medical-looking images drawn by code. They show no person, and the truth about them is known.

`python -m diagnosis.phantoms DIR` writes a set of examples.
"""

from diagnosis.phantoms.chest import ZONES, ChestPhantom, Zone, draw_chest
from diagnosis.phantoms.histology import KINDS, STAINS, HistologyPhantom, Stain, draw_tissue

__all__ = [
    "KINDS",
    "STAINS",
    "ZONES",
    "ChestPhantom",
    "HistologyPhantom",
    "Stain",
    "Zone",
    "draw_chest",
    "draw_tissue",
]

"""The set of example files that a newcomer can click."""

from pathlib import Path

from diagnosis.phantoms.chest import Zone, draw_chest
from diagnosis.phantoms.export import write_dicom, write_raster
from diagnosis.phantoms.histology import STAINS, TissueKind, draw_tissue

_OPACITIES = ((3, Zone("right", "lower")), (4, Zone("left", "upper")))
_DICOM = (5, Zone("left", "middle"))
_TISSUES: tuple[tuple[TissueKind, int, str], ...] = (
    ("benign-glands", 0, "standard"),
    ("benign-glands", 0, "pale"),
    ("crowded-glands", 0, "standard"),
    ("cell-sheet", 1, "standard"),
)


def write_examples(folder: Path) -> list[Path]:
    """Draw every example into ``folder/x-ray`` and ``folder/histology``, and name the files written.

    All are JPEG files but one 16-bit MONOCHROME1 DICOM film, which has a JPEG twin for browsers beside it.
    """
    return _chests(_made(folder / "x-ray")) + _tissues(_made(folder / "histology"))


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _chests(folder: Path) -> list[Path]:
    files = [folder / "phantom-chest-clear.jpg"]
    write_raster(draw_chest(seed=1).pixels, files[0])
    for seed, zone in _OPACITIES:
        files.append(folder / f"phantom-opacity-{zone}.jpg")
        write_raster(draw_chest(seed, opacity=zone).pixels, files[-1])
    seed, zone = _DICOM
    pixels = draw_chest(seed, opacity=zone).pixels
    dicom = folder / f"phantom-opacity-{zone}-dicom.dcm"
    write_dicom(pixels, dicom, "MONOCHROME1", bits=16)
    write_raster(pixels, dicom.with_suffix(".jpg"))
    return [*files, dicom, dicom.with_suffix(".jpg")]


def _tissues(folder: Path) -> list[Path]:
    files = []
    for kind, seed, stain in _TISSUES:
        files.append(folder / f"phantom-{kind}{'' if stain == 'standard' else f'-{stain}'}.jpg")
        write_raster(draw_tissue(kind, seed, size=448, stain=STAINS[stain]).pixels, files[-1])
    return files

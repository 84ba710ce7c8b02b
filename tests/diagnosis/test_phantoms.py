"""Phantoms: the same every time, true to their masks, and the same picture in every file format."""

from pathlib import Path
from typing import Literal, get_args

import numpy as np
import pydicom
import pytest
from PIL import Image

from diagnosis.phantoms import KINDS, STAINS, ZONES, ChestPhantom, Zone, draw_chest, draw_tissue
from diagnosis.phantoms.__main__ import main
from diagnosis.phantoms.examples import write_examples
from diagnosis.phantoms.export import Photometric, write_dicom, write_raster, write_tiff
from diagnosis.phantoms.histology import TissueKind
from diagnosis.readers import read_study

SIZE = 256
PAGE_BYTES = 60_000


def column_of(mask: np.ndarray) -> float:
    """Mean column of a mask as a fraction of the picture's width."""
    return float(mask.nonzero()[1].mean() / mask.shape[1])


@pytest.fixture(scope="module")
def clear() -> ChestPhantom:
    return draw_chest(seed=7, size=SIZE)


@pytest.mark.parametrize("size", [64, 255, 512])
def test_chest_is_the_same_every_time(size: int) -> None:
    zone = Zone("left", "middle")
    first, second = draw_chest(2, size, zone), draw_chest(2, size, zone)
    assert first.pixels.shape == (size, size, 1)
    assert first.pixels.dtype == np.float32
    assert np.array_equal(first.pixels, second.pixels)
    assert first.opacity_box == second.opacity_box
    assert not np.array_equal(first.pixels, draw_chest(3, size, zone).pixels)


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize("seed", [7, 8])
def test_opacity_brightens_its_zone_and_nothing_else(zone: Zone, seed: int) -> None:
    without, film = draw_chest(seed, SIZE), draw_chest(seed, SIZE, zone)
    gain = (film.pixels - without.pixels)[..., 0]
    inside = film.zone_mask(zone)
    assert np.array_equal(gain != 0, film.opacity_mask)
    assert gain.min() >= 0
    assert gain[inside].mean() > 0.05
    assert gain.max() > 0.15
    assert not (film.opacity_mask & ~inside).any()
    assert film.opacity_mask.sum() > 0.3 * inside.sum()


def test_opacity_box_is_the_mask_s_own() -> None:
    film = draw_chest(7, SIZE, Zone("right", "upper"))
    assert film.opacity_box is not None
    top, left, height, width = film.opacity_box
    inside = film.opacity_mask[top : top + height, left : left + width]
    assert inside.sum() == film.opacity_mask.sum()
    assert inside[0].any()
    assert inside[-1].any()
    assert inside[:, 0].any()
    assert inside[:, -1].any()


def test_clear_film_has_no_opacity(clear: ChestPhantom) -> None:
    assert clear.opacity_box is None
    assert not clear.opacity_mask.any()


def test_patient_s_right_is_the_image_s_left(clear: ChestPhantom) -> None:
    assert column_of(clear.right_lung) < 0.4
    assert column_of(clear.left_lung) > 0.6
    assert column_of(clear.marker_mask) < 0.2
    assert column_of(draw_chest(7, SIZE, Zone("right", "lower")).opacity_mask) < 0.5
    assert column_of(draw_chest(7, SIZE, Zone("left", "lower")).opacity_mask) > 0.5
    lower = {side: clear.zone_mask(Zone(side, "lower")).sum() for side in ("right", "left")}
    assert lower["left"] < lower["right"], "the heart takes room on the patient's left"


def test_masks_agree(clear: ChestPhantom) -> None:
    assert not (clear.right_lung & clear.left_lung).any()
    assert not (clear.lung_mask & clear.marker_mask).any()
    assert 0.15 < clear.lung_mask.mean() < 0.40
    zones = np.stack([clear.zone_mask(zone) for zone in ZONES])
    assert np.array_equal(zones.sum(axis=0), clear.lung_mask)
    rows = [clear.zone_mask(Zone("right", level)).nonzero()[0].mean() for level in ("upper", "middle", "lower")]
    assert rows == sorted(rows)


def test_grey_levels_are_those_of_a_film(clear: ChestPhantom) -> None:
    grey = clear.pixels[..., 0]
    middle = grey[SIZE // 2 :, SIZE // 2 - 8 : SIZE // 2 + 8]
    assert grey[clear.lung_mask].mean() + 0.25 < middle.mean()
    assert grey[:8, :8].mean() < 0.05, "air is black"
    assert grey[clear.marker_mask].min() > 0.4
    assert 0.40 < grey.mean() < 0.55
    assert 0.19 < grey.std() < 0.28


def test_marker_changes_nothing_but_itself(clear: ChestPhantom) -> None:
    bare = draw_chest(7, SIZE, marker=False)
    rows, columns = (bare.pixels != clear.pixels)[..., 0].nonzero()
    box = clear.marker_mask.nonzero()
    assert not bare.marker_mask.any()
    assert np.abs(rows - box[0].mean()).max() < SIZE / 10
    assert np.abs(columns - box[1].mean()).max() < SIZE / 10


@pytest.mark.parametrize("kind", KINDS)
def test_tissue_is_the_same_every_time(kind: TissueKind) -> None:
    first, second = draw_tissue(kind, 4, SIZE), draw_tissue(kind, 4, SIZE)
    assert first.pixels.shape == (SIZE, SIZE, 3)
    assert first.pixels.dtype == np.float32
    assert np.array_equal(first.pixels, second.pixels)
    assert not np.array_equal(first.nuclei_mask, draw_tissue(kind, 5, SIZE).nuclei_mask)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_nuclei_are_dark_and_blue_and_lumens_pale(kind: TissueKind, seed: int) -> None:
    tissue = draw_tissue(kind, seed, SIZE)
    nuclei, rest = tissue.pixels[tissue.nuclei_mask], tissue.pixels[~tissue.nuclei_mask]
    assert not (tissue.nuclei_mask & tissue.lumen_mask).any()
    assert 0.08 < tissue.nuclei_mask.mean() < 0.50
    assert nuclei[:, 0].mean() + 0.15 < rest[:, 0].mean(), "haematoxylin takes up red light"
    assert nuclei[:, 2].mean() > nuclei[:, 0].mean()
    assert tissue.lumen_mask.any() == (kind != "cell-sheet")
    if tissue.lumen_mask.any():
        assert tissue.pixels[tissue.lumen_mask].mean() > rest.mean() + 0.08


def test_crowded_glands_leave_less_stroma_and_have_more_nuclei() -> None:
    benign, crowded = (
        np.mean([draw_tissue(kind, seed, SIZE).nuclei_mask.mean() for seed in range(4)])
        for kind in ("benign-glands", "crowded-glands")
    )
    assert crowded > 1.2 * benign


@pytest.mark.parametrize("kind", KINDS)
def test_stain_changes_colour_and_not_structure(kind: TissueKind) -> None:
    standard = draw_tissue(kind, 1, SIZE)
    for name in ("pale", "pink", "blue"):
        other = draw_tissue(kind, 1, SIZE, STAINS[name])
        assert np.array_equal(standard.nuclei_mask, other.nuclei_mask)
        assert np.array_equal(standard.lumen_mask, other.lumen_mask)
        assert np.abs(standard.pixels.mean(axis=(0, 1)) - other.pixels.mean(axis=(0, 1))).max() > 0.03
        red = np.stack([standard.pixels[..., 0].ravel(), other.pixels[..., 0].ravel()])
        assert np.corrcoef(red)[0, 1] > 0.95


def test_stains_differ_as_they_are_named() -> None:
    mean = {
        name: draw_tissue("benign-glands", 1, SIZE, stain).pixels.mean(axis=(0, 1)) for name, stain in STAINS.items()
    }
    assert mean["pale"].min() > mean["standard"].min()
    assert mean["pink"][0] - mean["pink"][1] > mean["standard"][0] - mean["standard"][1]
    assert mean["blue"][2] - mean["blue"][0] > mean["standard"][2] - mean["standard"][0]


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="32"):
        draw_chest(size=32)
    with pytest.raises(ValueError, match="64"):
        draw_tissue("cell-sheet", size=63)
    with pytest.raises(ValueError, match="bone"):
        draw_tissue("bone")  # type: ignore[arg-type]  # what a caller without a type checker may do


def test_phantoms_are_read_only(clear: ChestPhantom) -> None:
    with pytest.raises(ValueError, match="read-only"):
        clear.pixels[0, 0] = 1


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_both_polarities_hold_the_same_picture(clear: ChestPhantom, tmp_path: Path, bits: Literal[8, 12, 16]) -> None:
    studies = []
    for photometric in get_args(Photometric):
        path = tmp_path / f"{photometric}.dcm"
        write_dicom(clear.pixels, path, photometric, bits)
        studies.append(read_study(path))
        assert np.abs(studies[-1].pixels - clear.pixels).max() <= 0.51 / (2**bits - 1)
    assert np.abs(studies[0].pixels - studies[1].pixels).max() < 1e-6


def test_dicom_stores_monochrome1_upside_down(clear: ChestPhantom, tmp_path: Path) -> None:
    stored = []
    for photometric in get_args(Photometric):
        write_dicom(clear.pixels, tmp_path / "film.dcm", photometric, 12)
        stored.append(pydicom.dcmread(tmp_path / "film.dcm").pixel_array.astype(int))
    assert (stored[0] + stored[1] == 4095).all()


def test_dicom_header_says_that_it_is_a_phantom(clear: ChestPhantom, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("one.dcm", "again.dcm")]
    for path in paths:
        write_dicom(clear.pixels, path, "MONOCHROME1", 8)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    header = pydicom.dcmread(paths[0])
    assert str(header.PatientName) == "Phantom^Lightbox"
    assert "phantom" in header.StudyDescription
    uids = [header.SOPInstanceUID, header.StudyInstanceUID, header.SeriesInstanceUID]
    assert all(uid.is_valid for uid in uids)
    assert len(set(uids)) == 3
    assert (header.Modality, header.ViewPosition, header.BitsAllocated, header.HighBit) == ("DX", "PA", 8, 7)


def test_dicom_spacing_is_the_detector_s(clear: ChestPhantom, tmp_path: Path) -> None:
    write_dicom(clear.pixels, tmp_path / "film.dcm")
    study = read_study(tmp_path / "film.dcm")
    assert study.modality == "DX"
    assert study.spacing_kind == "detector"
    assert study.spacing_mm == pytest.approx((360 / SIZE, 360 / SIZE), abs=1e-4)


def test_odd_film_of_eight_bits_is_padded_to_an_even_length(tmp_path: Path) -> None:
    film = draw_chest(0, 65).pixels
    write_dicom(film, tmp_path / "odd.dcm", "MONOCHROME1", 8)
    assert len(pydicom.dcmread(tmp_path / "odd.dcm").PixelData) == 65 * 65 + 1
    assert read_study(tmp_path / "odd.dcm").size == (65, 65)


def test_rasters_hold_the_same_picture(clear: ChestPhantom, tmp_path: Path) -> None:
    write_raster(clear.pixels, tmp_path / "film.png")
    write_tiff(clear.pixels, tmp_path / "film.tif")
    assert np.abs(read_study(tmp_path / "film.png").pixels - clear.pixels).max() <= 0.51 / 255
    with Image.open(tmp_path / "film.tif") as image:
        assert image.mode == "I;16"
        assert np.abs(np.asarray(image) / 65535 - clear.pixels[..., 0]).max() <= 0.51 / 65535


def test_colour_has_no_16_bit_form(tmp_path: Path) -> None:
    pixels = draw_tissue("cell-sheet", size=64).pixels
    for write in (write_tiff, write_dicom):
        with pytest.raises(ValueError, match=r"\(64, 64, 3\)"):
            write(pixels, tmp_path / "tissue")


def test_examples_are_small_and_every_one_can_be_read(tmp_path: Path) -> None:
    files = write_examples(tmp_path / "examples")
    assert sorted(files) == sorted((tmp_path / "examples").glob("*/*"))
    assert {file.parent.name for file in files} == {"x-ray", "histology"}
    for file in files:
        study = read_study(file)
        assert study.pixels.shape[2] == (3 if file.parent.name == "histology" else 1)
        assert file.name.startswith("phantom-")
        if file.suffix == ".jpg":
            assert file.stat().st_size <= PAGE_BYTES, file.name


def test_command_names_its_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(list(tmp_path.glob("*/*")))
    blocked = tmp_path / "x-ray" / "phantom-chest-clear.jpg" / "below"
    assert main([str(blocked)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_shipped_examples_are_what_the_code_draws(tmp_path: Path) -> None:
    """Up to what another platform's arithmetic and JPEG encoder may change."""
    shipped = Path(__file__).parents[2] / "examples"
    for file in write_examples(tmp_path):
        twin = shipped / file.relative_to(tmp_path)
        assert np.abs(read_study(file).pixels - read_study(twin).pixels).mean() < 0.01

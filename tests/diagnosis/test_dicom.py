"""Grey DICOM images: windows, tables, polarity, frames and spacing."""

from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut
from pydicom.sequence import Sequence

from diagnosis.readers import read_study
from diagnosis.study import Study
from tests.diagnosis.images import NOISE, bundled, dicom, items, table

FILM = NOISE.integers(0, 4096, (20, 30), dtype=np.uint16)
EIGHT = NOISE.integers(0, 256, (20, 30), dtype=np.uint8)
FRAMES = NOISE.integers(0, 4096, (5, 20, 30), dtype=np.uint16)


def fraction(values: np.ndarray, low: float, high: float) -> np.ndarray:
    return ((values.astype(np.float64) - low) / (high - low)).clip(0, 1).astype(np.float32)


def has_caution(study: Study, words: str) -> bool:
    return any(words in caution for caution in study.cautions)


WINDOWS = [
    pytest.param({"WindowCenter": 2048, "WindowWidth": 1001}, (1547.5, 2547.5), id="linear"),
    pytest.param({"WindowCenter": [1000, 50], "WindowWidth": [401, 11]}, (799.5, 1199.5), id="first-of-several"),
    pytest.param(
        {"WindowCenter": 2048, "WindowWidth": 1000, "VOILUTFunction": "LINEAR_EXACT"}, (1548, 2548), id="linear-exact"
    ),
    pytest.param({"WindowCenter": 2048, "WindowWidth": 1}, (2047.5, 2048), id="step"),
]


@pytest.mark.parametrize(("attributes", "window"), WINDOWS)
def test_a_window_makes_black_and_white(attributes: dict[str, Any], window: tuple[float, float]) -> None:
    study = read_study(dicom(FILM, **attributes))
    assert study.window == window
    assert np.array_equal(study.pixels[..., 0], fraction(FILM, *window))
    assert study.cautions == ()


def test_rescaling_comes_before_the_window() -> None:
    data = dicom(FILM, RescaleSlope=2, RescaleIntercept=-1024, WindowCenter=40, WindowWidth=401)
    study = read_study(data)
    assert study.window == (-160.5, 239.5)
    assert np.array_equal(study.pixels[..., 0], fraction(FILM * 2.0 - 1024, -160.5, 239.5))


@pytest.mark.parametrize("name", ["MR_small.dcm", "693_J2KI.dcm", "examples_overlay.dcm"])
def test_scanner_images_match_pydicoms_own_pipeline(name: str) -> None:
    dataset = pydicom.dcmread(bundled(name))
    shown = apply_voi_lut(apply_modality_lut(dataset.pixel_array, dataset), dataset)
    top = 2**dataset.BitsStored - 1
    low, high = (-(top // 2) - 1, top // 2) if dataset.PixelRepresentation else (0, top)
    slope, intercept = float(dataset.get("RescaleSlope", 1)), float(dataset.get("RescaleIntercept", 0))
    expected = fraction(shown, low * slope + intercept, high * slope + intercept)
    assert np.allclose(read_study(bundled(name)).pixels[..., 0], expected, atol=1e-6)


@pytest.mark.parametrize(
    "attributes", [{}, {"WindowCenter": 5, "WindowWidth": 0}, {"WindowCenter": "", "WindowWidth": 9}]
)
def test_without_a_usable_window_the_extremes_are_taken(attributes: dict[str, Any]) -> None:
    study = read_study(dicom(FILM, **attributes))
    assert study.window == (FILM.min(), FILM.max())
    assert np.array_equal(study.pixels[..., 0], fraction(FILM, FILM.min(), FILM.max()))
    assert has_caution(study, "names no display window")


def test_padding_is_kept_out_of_the_extremes() -> None:
    padded = (FILM // 2 + 100).astype(np.int16)
    inside = padded.copy()
    padded[:5] = -2000
    study = read_study(dicom(padded, PixelPaddingValue=-2000))
    assert study.window == (inside[5:].min(), inside[5:].max())
    assert not study.pixels[:5].any()


def test_eight_bits_without_a_window_are_divided_by_255() -> None:
    study = read_study(dicom(EIGHT))
    assert np.array_equal(study.pixels[..., 0], EIGHT / np.float32(255))
    assert (study.window, study.cautions) == (None, ())


def test_modality_table_comes_before_the_window() -> None:
    tripled = table(np.arange(256) * 3, 0, 16)
    study = read_study(dicom(EIGHT, ModalityLUTSequence=tripled, WindowCenter=300.5, WindowWidth=601))
    assert study.window == (0, 600)
    assert np.array_equal(study.pixels[..., 0], fraction(EIGHT * 3.0, 0, 600))


@pytest.mark.parametrize("bits", [8, 10, 12, 16], ids=str)
def test_voi_table_is_followed_rather_than_the_window(bits: int) -> None:
    """The table bends between 1000 and 1255 and is constant beyond, so no pair of values describes it."""
    entries = np.round(np.linspace(0, 1, 256) ** 2 * (2**bits - 1)).astype(int)
    study = read_study(dicom(FILM, VOILUTSequence=table(entries, 1000, bits), WindowCenter=2048, WindowWidth=5))
    expected = fraction(entries[(FILM.astype(int) - 1000).clip(0, 255)], 0, 2**bits - 1)
    assert np.array_equal(study.pixels[..., 0], expected)
    assert study.window is None


def test_voi_table_as_numbers() -> None:
    sequence = items(LUTDescriptor=[4096, 0, 12], LUTData=list(range(4095, -1, -1)))
    sequence[0]["LUTDescriptor"].VR = sequence[0]["LUTData"].VR = "US"
    study = read_study(dicom(FILM, VOILUTSequence=sequence))
    assert np.array_equal(study.pixels[..., 0], fraction(FILM, 4095, 0))


def test_voi_table_that_uses_fewer_bits_than_it_states_is_not_dark() -> None:
    study = read_study(dicom(FILM, VOILUTSequence=table(np.arange(4096), 0, 16)))
    assert np.array_equal(study.pixels[..., 0], fraction(FILM, 0, 4095))


def test_sigmoid_window() -> None:
    study = read_study(dicom(FILM, WindowCenter=2048, WindowWidth=800, VOILUTFunction="SIGMOID"))
    assert np.allclose(study.pixels[..., 0], 1 / (1 + np.exp(-4 * (FILM - 2048.0) / 800)), atol=1e-6)
    assert study.window is None


@pytest.mark.parametrize("value", [0, 7, 4095])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_a_constant_image_is_black_and_says_so(value: int, photometric: str) -> None:
    study = read_study(dicom(np.full((20, 30), value, np.uint16), PhotometricInterpretation=photometric))
    assert not study.pixels.any()
    assert has_caution(study, "the same value")


BENT = np.arange(4096) ** 2 // 4095
TWINS = [
    pytest.param({}, {}, id="no-window"),
    pytest.param({"WindowCenter": 1500, "WindowWidth": 901}, {"WindowCenter": 2596, "WindowWidth": 901}, id="window"),
    pytest.param(
        {"WindowCenter": 1500, "WindowWidth": 900, "VOILUTFunction": "SIGMOID"},
        {"WindowCenter": 2595, "WindowWidth": 900, "VOILUTFunction": "SIGMOID"},
        id="sigmoid",
    ),
    pytest.param(
        {"VOILUTSequence": table(BENT, 0, 12)}, {"VOILUTSequence": table(4095 - BENT[::-1], 0, 12)}, id="table"
    ),
]


@pytest.mark.parametrize(("attributes", "mirrored"), TWINS)
def test_monochrome1_shows_the_same_picture_as_its_twin(attributes: dict[str, Any], mirrored: dict[str, Any]) -> None:
    """The same film stored both ways: 4095 − value with MONOCHROME1, and the window mirrored with it."""
    light = read_study(dicom(FILM, **attributes))
    dark = read_study(dicom(4095 - FILM, PhotometricInterpretation="MONOCHROME1", **mirrored))
    assert np.allclose(light.pixels, dark.pixels, atol=1e-6)
    assert np.ptp(light.pixels) > 0.5
    if light.window and dark.window:
        assert dark.window == (4095 - light.window[0], 4095 - light.window[1])
        assert light == dark


def test_eight_bit_monochrome1_is_the_exact_negative() -> None:
    study = read_study(dicom(EIGHT, PhotometricInterpretation="MONOCHROME1"))
    assert np.array_equal(study.pixels[..., 0], (255 - EIGHT) / np.float32(255))


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_of_several_frames_the_middle_one_is_read(frames: int) -> None:
    study = read_study(dicom(FRAMES[:frames], WindowCenter=2048, WindowWidth=4096))
    middle = (frames - 1) // 2
    assert np.array_equal(study.pixels[..., 0], fraction(FRAMES[middle], 0, 4095))
    assert has_caution(study, f"Only frame {middle + 1} of {frames}") == (frames > 1)


def test_enhanced_files_describe_each_frame() -> None:
    shared = items(
        PixelMeasuresSequence=items(PixelSpacing=[0.5, 0.25]),
        FrameVOILUTSequence=items(WindowCenter=50, WindowWidth=401),
    )
    each = Sequence(
        items(PixelValueTransformationSequence=items(RescaleSlope=1, RescaleIntercept=-1000 * number))[0]
        for number in range(5)
    )
    study = read_study(
        dicom(FRAMES, Modality="CT", SharedFunctionalGroupsSequence=shared, PerFrameFunctionalGroupsSequence=each)
    )
    assert study.window == (-150.5, 249.5)
    assert np.array_equal(study.pixels[..., 0], fraction(FRAMES[2] - 2000.0, -150.5, 249.5))
    assert (study.spacing_mm, study.spacing_kind) == ((0.5, 0.25), "patient")


@pytest.mark.parametrize(
    ("modality", "attributes", "expected"),
    [
        ("CT", {"PixelSpacing": [0.7, 0.5]}, ((0.7, 0.5), "patient")),
        ("DX", {"ImagerPixelSpacing": [0.2, 0.1]}, ((0.2, 0.1), "detector")),
        ("DX", {"PixelSpacing": [0.2, 0.1], "ImagerPixelSpacing": [0.2, 0.1]}, ((0.2, 0.1), "detector")),
        ("DX", {"PixelSpacing": [0.16, 0.08], "ImagerPixelSpacing": [0.2, 0.1]}, ((0.16, 0.08), "patient")),
        ("CR", {"PixelSpacing": [0.2, 0.1]}, ((0.2, 0.1), "detector")),
        ("CR", {"PixelSpacing": [0.2, 0.1], "PixelSpacingCalibrationType": "FIDUCIAL"}, ((0.2, 0.1), "patient")),
        ("OT", {"PixelSpacing": [1, 1]}, (None, None)),
        ("CT", {"PixelSpacing": [0, 0.5]}, (None, None)),
        ("CT", {"PixelSpacing": 0.5}, (None, None)),
        ("CT", {}, (None, None)),
    ],
)
def test_spacing_is_in_the_patient_only_where_the_file_says_so(
    modality: str, attributes: dict[str, Any], expected: tuple[Any, Any]
) -> None:
    study = read_study(dicom(FILM, Modality=modality, **attributes))
    assert (study.spacing_mm, study.spacing_kind) == expected


def test_modality_and_view_are_kept_where_they_are_codes() -> None:
    study = read_study(dicom(FILM, ViewPosition="PA"))
    assert (study.modality, study.view) == ("DX", "PA")
    study = read_study(dicom(FILM, Modality="JANE", ViewPosition="DOE"))
    assert (study.modality, study.view) == (None, None)


@pytest.mark.parametrize(("value", "warned"), [("YES", True), ("NO", False), (None, False)])
def test_burned_in_text_is_announced(value: str | None, warned: bool) -> None:
    assert has_caution(read_study(dicom(FILM, BurnedInAnnotation=value)), "burned into the picture") == warned

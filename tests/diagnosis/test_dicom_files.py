"""DICOM files as a whole: colour, compression, what is refused, and no word about the person."""

import dataclasses
import logging
import zlib

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.datadict import dictionary_VR
from pydicom.encaps import encapsulate
from pydicom.pixels.processing import apply_color_lut
from pydicom.tag import Tag
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEGBaseline8Bit

from diagnosis.errors import BadImage
from diagnosis.readers import read_study
from diagnosis.readers.dicom import ALLOWED
from tests.diagnosis.images import NOISE, RGB, bundled, dicom, encode

FILM = NOISE.integers(0, 4096, (20, 30), dtype=np.uint16)
RGB_FILE = {"SamplesPerPixel": 3, "PlanarConfiguration": 0, "Modality": "SM"}


@pytest.mark.parametrize("planar", [0, 1])
def test_rgb_is_divided_by_255(planar: int) -> None:
    stored = RGB.transpose(2, 0, 1).copy() if planar else RGB
    attributes = RGB_FILE | {"PhotometricInterpretation": "RGB", "PlanarConfiguration": planar}
    study = read_study(dicom(RGB, **attributes | {"PixelData": stored.tobytes()}))
    assert np.array_equal(study.pixels, RGB / np.float32(255))
    assert (study.window, study.modality) == (None, "SM")


def test_ybr_becomes_rgb() -> None:
    ybr = np.asarray(Image.fromarray(RGB).convert("YCbCr"))
    study = read_study(dicom(ybr, **RGB_FILE, PhotometricInterpretation="YBR_FULL"))
    expected = np.asarray(Image.fromarray(ybr, "YCbCr").convert("RGB"))
    assert np.allclose(study.pixels, expected / 255, atol=1.01 / 255)


def test_equal_channels_become_one() -> None:
    grey = np.repeat(RGB[..., :1], 3, axis=2)
    study = read_study(dicom(grey, **RGB_FILE, PhotometricInterpretation="RGB"))
    assert np.array_equal(study.pixels, RGB[..., :1] / np.float32(255))


def test_palette_becomes_its_colours() -> None:
    path = bundled("examples_palette.dcm")
    dataset = pydicom.dcmread(path)
    colours = apply_color_lut(dataset.pixel_array, dataset)
    assert np.array_equal(read_study(path).pixels, colours / np.float32(np.iinfo(colours.dtype).max))


def test_jpeg_inside_dicom_reads_as_the_jpeg_outside() -> None:
    jpeg = encode(RGB, "JPEG", quality=95, subsampling=0)
    attributes = RGB_FILE | {"PhotometricInterpretation": "YBR_FULL_422", "PixelData": encapsulate([jpeg])}
    inside, outside = read_study(dicom(RGB, JPEGBaseline8Bit, **attributes)), read_study(jpeg)
    assert np.allclose(inside.pixels, outside.pixels, atol=2 / 255)


@pytest.mark.parametrize(
    "name", ["MR_small_RLE.dcm", "MR_small_jp2klossless.dcm", "MR_small_bigendian.dcm", "MR_small_implicit.dcm"]
)
def test_one_picture_in_every_encoding(name: str) -> None:
    assert read_study(bundled(name)) == read_study(bundled("MR_small.dcm"))


def test_colour_video_gives_one_frame() -> None:
    study = read_study(bundled("examples_ybr_color.dcm"))
    assert study.pixels.shape == (240, 320, 3)
    assert "Only frame 15 of 30 was read." in study.cautions


def test_floating_point_pixels() -> None:
    values = NOISE.normal(size=(20, 30)).astype(np.float32)
    float_file = {"PixelData": None, "BitsAllocated": 32, "BitsStored": None, "HighBit": None}
    study = read_study(dicom(values, **float_file, FloatPixelData=values.tobytes(), PixelRepresentation=None))
    assert study.window == (values.min(), values.max())
    values[2, 3] = np.nan
    with pytest.raises(BadImage, match="map has 1 pixels that are NaN or infinite"):
        read_study(dicom(values, **float_file, FloatPixelData=values.tobytes(), PixelRepresentation=None), "map")


def test_nothing_about_the_person_gets_through(caplog: pytest.LogCaptureFixture) -> None:
    path = bundled("CT_small.dcm")
    dataset = pydicom.dcmread(path)
    secrets = [str(dataset.PatientName), dataset.PatientID, dataset.InstitutionName, dataset.StudyInstanceUID]
    assert all(secrets)
    with caplog.at_level(logging.DEBUG):
        study = read_study(path)
    told = [repr(study), caplog.text, *(str(getattr(study, field.name)) for field in dataclasses.fields(study))]
    assert not [secret for secret in secrets for text in told if secret in text]


def test_no_identifying_attribute_is_allowed() -> None:
    patient, acquisition = 0x0010, 0x0018
    groups = {Tag(keyword).group for keyword in ALLOWED}
    assert acquisition in groups
    assert patient not in groups
    assert [keyword for keyword in ALLOWED if Tag(keyword).group == 0x0008] == ["Modality"]
    names_texts_uids_times = {"PN", "LO", "SH", "LT", "ST", "UT", "UI", "DA", "TM", "DT", "AS", "AE"}
    assert not {dictionary_VR(keyword) for keyword in ALLOWED} & names_texts_uids_times


REFUSED = [
    ("MR_truncated.dcm", "damaged, incomplete"),
    ("no_meta.dcm", "no known image format"),
    ("rtstruct.dcm", "header is missing"),
    ("rtplan.dcm", "without pixels"),
    ("test-SR.dcm", "without pixels"),
    ("badVR.dcm", "damaged, incomplete or inconsistent"),
    ("meta_missing_tsyntax.dcm", "no transfer syntax"),
    ("MR_small_jpeg_ls_lossless.dcm", "JPEG-LS Lossless Image Compression, which cannot be read"),
    ("SC_rgb_jpeg_gdcm.dcm", "JPEG Lossless"),
    ("JPEG-lossy.dcm", "a rare kind of JPEG Extended"),
    ("JPEG2000-embedded-sequence-delimiter.dcm", "a rare kind of JPEG 2000"),
    ("SC_rgb_small_odd.dcm", "3 × 3 pixels; each side needs at least 16"),
]


@pytest.mark.parametrize(("name", "words"), REFUSED)
@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
def test_files_without_a_readable_picture_are_refused(name: str, words: str) -> None:
    with pytest.raises(BadImage) as raised:
        read_study(bundled(name))
    assert raised.value.problem.startswith(name)
    assert words in raised.value.problem
    assert raised.value.remedy


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"PixelData": None}, "without pixels"),
        ({"Rows": 20_000, "Columns": 20_000}, "20000 × 20000 pixels \\(400.0 megapixels\\)"),
        ({"Rows": None}, "damaged"),
        ({"Rows": 21}, "damaged"),
        ({"NumberOfFrames": 60_000_000}, "damaged"),
        ({"PhotometricInterpretation": "CMYK"}, "an unknown colour model"),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
def test_inconsistent_files_are_refused(attributes: dict[str, object], words: str) -> None:
    with pytest.raises(BadImage, match=words) as raised:
        read_study(dicom(FILM, **attributes), "film.dcm")
    assert raised.value.problem.startswith("film.dcm ")
    assert "Jane" not in str(raised.value)


def test_an_unknown_transfer_syntax_is_refused() -> None:
    data = dicom(FILM).replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.9.9.9\0")
    with pytest.raises(BadImage, match=r"film.dcm is a DICOM file with an unknown transfer syntax"):
        read_study(data, "film.dcm")


CUT = ["CT_small.dcm", "MR_small_RLE.dcm", "MR_small_jp2klossless.dcm", "SC_rgb_jpeg_dcmtk.dcm", "image_dfl.dcm"]


@pytest.mark.parametrize("name", CUT)
@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
def test_a_file_cut_anywhere_is_refused_or_whole(name: str) -> None:
    """A cut in what follows the pixels may pass, with the same picture; no cut gives another picture."""
    data = bundled(name).read_bytes()
    whole, refused = read_study(data), 0
    for length in range(200, len(data), len(data) // 60):
        try:
            assert read_study(data[:length]) == whole
        except BadImage:
            refused += 1
    assert refused > 50


def test_deflated_files_are_read() -> None:
    assert read_study(dicom(FILM, DeflatedExplicitVRLittleEndian)) == read_study(dicom(FILM))


def test_a_deflated_bomb_is_refused_before_it_is_unpacked() -> None:
    data = dicom(FILM, DeflatedExplicitVRLittleEndian)
    start = data.index(b"1.2.840.10008.1.2.1.99") + 22
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = packer.compress(bytes(1 << 24)) + packer.flush(zlib.Z_FULL_FLUSH)
    with pytest.raises(BadImage, match=r"bomb\.dcm unpacks to more than 1074 MB"):
        read_study(data[:start] + 65 * block, "bomb.dcm")


def test_a_large_film_is_read() -> None:
    wide = np.zeros((8_000, 10_000), np.uint16)
    wide[4_000:, 5_000:] = 4095
    study = read_study(dicom(wide, PhotometricInterpretation="MONOCHROME1", WindowCenter=2048, WindowWidth=4096))
    assert study.size == (8_000, 10_000)
    assert (study.pixels[0, 0, 0], study.pixels[-1, -1, 0]) == (1, 0)

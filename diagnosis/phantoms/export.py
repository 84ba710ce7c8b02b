"""Phantoms → files: PNG and JPEG for the page, 16-bit TIFF and DICOM for the readers' tests."""

from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

from diagnosis.study import array_digest

Photometric = Literal["MONOCHROME1", "MONOCHROME2"]
PHANTOM_NAME = "Phantom^Lightbox"
_JPEG_QUALITY = 85
_FILM_MM = 360.0  # breadth of the plate that the chest is drawn on


def write_raster(pixels: np.ndarray, path: Path) -> None:
    """Save float (H, W, 1 or 3), 0..1, with 8 bits; the suffix of ``path`` (.png, .jpg, .webp …) names the format."""
    Image.fromarray(_whole(pixels, 8).squeeze()).save(path, quality=_JPEG_QUALITY, optimize=True)


def write_tiff(pixels: np.ndarray, path: Path) -> None:
    """Save grey float (H, W, 1), 0..1, as a 16-bit TIFF."""
    Image.fromarray(_whole(_grey(pixels), 16)).save(path, format="TIFF", compression="tiff_adobe_deflate")


def write_dicom(
    pixels: np.ndarray, path: Path, photometric: Photometric = "MONOCHROME2", bits: Literal[8, 12, 16] = 16
) -> None:
    """Save grey float (H, W, 1), 0..1, as a digital radiograph whose header says that it is a phantom.

    The same pixels give the same file, byte for byte.

    Args:
        photometric: in ``MONOCHROME1`` the smallest stored value is shown white.
        bits: bits stored; 12 and 16 are kept in two bytes.
    """
    stored = _whole(_grey(pixels), bits)
    if photometric == "MONOCHROME1":
        stored = (2**bits - 1) - stored
    header = _header(stored, photometric, bits)
    header.PixelData = stored.tobytes() + b"\0" * (stored.nbytes % 2)
    header.save_as(path, enforce_file_format=True)


def _header(stored: np.ndarray, photometric: Photometric, bits: int) -> Dataset:
    """Everything but the pixels."""
    mark = array_digest(stored) + photometric
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["image", mark])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header = Dataset()
    header.file_meta = meta
    header.SOPClassUID = meta.MediaStorageSOPClassUID
    header.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    header.StudyInstanceUID = generate_uid(entropy_srcs=["study", mark])
    header.SeriesInstanceUID = generate_uid(entropy_srcs=["series", mark])
    _describe(header)
    _describe_pixels(header, stored, photometric, bits)
    return header


def _describe(header: Dataset) -> None:
    """Who, what and how; required attributes that a drawing has no answer to stay empty."""
    header.PatientName, header.PatientID = PHANTOM_NAME, "PHANTOM"
    header.PatientBirthDate = header.PatientSex = header.StudyDate = header.StudyTime = ""
    header.AccessionNumber = header.ReferringPhysicianName = header.StudyID = ""
    header.Manufacturer, header.ManufacturerModelName = "Lightbox", "Drawn phantom"
    header.StudyDescription = header.SeriesDescription = "Chest phantom, drawn by code; shows no person"
    header.Modality, header.BodyPartExamined, header.ViewPosition = "DX", "CHEST", "PA"
    header.SeriesNumber = header.InstanceNumber = 1
    header.ImageType = ["DERIVED", "PRIMARY"]
    header.PresentationIntentType = "FOR PRESENTATION"
    header.PatientOrientation, header.ImageLaterality = ["L", "F"], "B"
    header.BurnedInAnnotation, header.LossyImageCompression = "NO", "00"
    header.PositionerType = header.DetectorType = ""


def _describe_pixels(header: Dataset, stored: np.ndarray, photometric: Photometric, bits: int) -> None:
    """Geometry and grey scale; the window spans all stored values."""
    header.Rows, header.Columns = stored.shape
    header.ImagerPixelSpacing = [round(_FILM_MM / stored.shape[1], 4)] * 2
    header.SamplesPerPixel, header.PixelRepresentation = 1, 0
    header.PhotometricInterpretation = photometric
    header.BitsAllocated, header.BitsStored, header.HighBit = 8 * stored.itemsize, bits, bits - 1
    header.PixelIntensityRelationship = "LOG"
    header.PixelIntensityRelationshipSign = 1 if photometric == "MONOCHROME1" else -1
    header.PresentationLUTShape = "INVERSE" if photometric == "MONOCHROME1" else "IDENTITY"
    header.RescaleIntercept, header.RescaleSlope, header.RescaleType = 0, 1, "US"
    header.WindowCenter, header.WindowWidth = 2 ** (bits - 1), 2**bits


def _whole(pixels: np.ndarray, bits: int) -> np.ndarray:
    """0..1 → whole numbers of ``bits`` bits, in the smallest type that holds them."""
    return np.round(np.asarray(pixels, dtype=float) * (2**bits - 1)).astype(np.uint8 if bits <= 8 else np.uint16)


def _grey(pixels: np.ndarray) -> np.ndarray:
    if pixels.ndim != 3 or pixels.shape[2] != 1:
        raise ValueError(f"pixels must be (H, W, 1), not {pixels.shape}")
    return pixels[..., 0]

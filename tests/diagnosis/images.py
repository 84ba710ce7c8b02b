"""Images made for the tests of the readers, and those that come with pydicom."""

import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian

NOISE = np.random.default_rng(0)
GREY = NOISE.integers(0, 256, (24, 40), dtype=np.uint8)
RGB = NOISE.integers(0, 256, (24, 40, 3), dtype=np.uint8)
DEEP = NOISE.integers(300, 65000, (24, 40), dtype=np.uint16)


def encode(pixels: np.ndarray | Image.Image, kind: str, **options: Any) -> bytes:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    stream = BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def png(width: int, height: int, bits: int, colour: int, rows: bytes) -> bytes:
    """A PNG put together by hand, for what Pillow does not write; ``rows`` need not fill the size that it announces."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    chunks = [header, b"IDAT" + zlib.compress(rows), b"IEND"]
    framed = (struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


def bundled(name: str) -> Path:
    """A file that comes with pydicom."""
    path = get_testdata_file(name, download=False)
    assert isinstance(path, str)
    return Path(path)


def dicom(pixels: np.ndarray, syntax: str = ExplicitVRLittleEndian, **attributes: Any) -> bytes:
    """A DX file of (H, W), (frames, H, W) or, with SamplesPerPixel=3, (H, W, 3) pixels; ``attributes`` win."""
    colour = attributes.get("SamplesPerPixel") == 3
    rows, columns = pixels.shape[:2] if colour else pixels.shape[-2:]
    bits = pixels.dtype.itemsize * 8
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    described = {
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1",
        "SOPInstanceUID": "1.2.3.4",
        "PatientName": "Doe^Jane",
        "Modality": "DX",
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": rows,
        "Columns": columns,
        "BitsAllocated": bits,
        "BitsStored": 12 if pixels.dtype == np.uint16 else bits,
        "HighBit": (12 if pixels.dtype == np.uint16 else bits) - 1,
        "PixelRepresentation": int(pixels.dtype.kind == "i"),
        "PixelData": pixels.tobytes(),
    }
    if pixels.ndim == 3 and not colour:
        described["NumberOfFrames"] = len(pixels)
    for keyword, value in (described | attributes).items():
        if value is not None:
            setattr(dataset, keyword, value)
    stream = BytesIO()
    pydicom.dcmwrite(stream, dataset, enforce_file_format=True)
    return stream.getvalue()


def items(**attributes: Any) -> Sequence:
    """A sequence of one item."""
    item = Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return Sequence([item])


def table(entries: np.ndarray, first: int, bits: int) -> Sequence:
    """A lookup table for a modality or VOI LUT sequence, stored as bytes."""
    sequence = items(LUTDescriptor=[len(entries), first, bits], LUTData=entries.astype("<u2").tobytes())
    sequence[0]["LUTDescriptor"].VR, sequence[0]["LUTData"].VR = "US", "OW"
    return sequence


LOSSLESS = [
    pytest.param("PNG", {}, id="png"),
    pytest.param("TIFF", {}, id="tiff"),
    pytest.param("TIFF", {"compression": "tiff_lzw"}, id="tiff-lzw"),
    pytest.param("WEBP", {"lossless": True}, id="webp"),
    pytest.param("BMP", {}, id="bmp"),
]

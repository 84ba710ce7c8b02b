"""DICOM → Study, by pydicom. Only the attributes in ``ALLOWED`` are ever parsed."""

import zlib
from io import BytesIO
from math import isfinite

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.filereader import read_dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from diagnosis.errors import BadImage
from diagnosis.notices import SYNTHETIC_MARK, SYNTHETIC_NOTICE
from diagnosis.readers.pixels import (
    MAX_BYTES,
    UNREADABLE,
    check_finite,
    check_size,
    full_window,
    merge_equal_channels,
    sealed,
    stretch,
    window_caution,
)
from diagnosis.study import SpacingKind, Study

_FRAME_ATTRIBUTES = (
    "PixelSpacing",
    "RescaleIntercept",
    "RescaleSlope",
    "WindowCenter",
    "WindowWidth",
    "VOILUTFunction",
    "VOILUTSequence",
)
_PALETTES = tuple(
    f"{segmented}{colour}PaletteColorLookupTable{part}"
    for colour in ("Red", "Green", "Blue")
    for segmented, part in (("", "Descriptor"), ("", "Data"), ("Segmented", "Data"))
)
ALLOWED = (
    *_FRAME_ATTRIBUTES,
    *_PALETTES,
    "Modality",
    "ViewPosition",
    "BurnedInAnnotation",
    "ImagerPixelSpacing",
    "PixelSpacingCalibrationType",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "ModalityLUTSequence",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
    "FloatPixelData",
    "DoubleFloatPixelData",
    "PixelData",
)
# Values are held to DICOM's defined terms, so that free text in a code's place goes no further.
_PROJECTIONS = frozenset({"CR", "DX", "IO", "MG", "PX", "RF", "RG", "XA"})
_SECTIONS = frozenset({"CT", "IVOCT", "IVUS", "MR", "NM", "OCT", "OPT", "PT", "US"})
_PHOTOGRAPHS = frozenset({"DM", "ES", "GM", "OP", "OT", "SC", "SM", "TG", "XC"})
_BODY_VIEWS = frozenset({"AP", "PA", "LL", "RL", "LLD", "RLD", "LLO", "RLO", "LAO", "RAO", "LPO", "RPO"})
_BREAST_VIEWS = frozenset({"CC", "MLO", "ML", "LM", "LMO", "SIO", "ISO", "XCC", "XCCL", "XCCM", "FB"})
_BURNED_IN = "The file says that text is burned into the picture; it may name a person."
_EXPORT = "Export it again, uncompressed if you can."


def read_dicom(data: bytes, name: str) -> Study:
    """One picture of a DICOM file, as a viewer shows it: after modality LUT, VOI LUT or window, and polarity.

    Of several frames the middle one is read, with a caution. The first window is taken; ``Study.window`` is None where
    the map to grey is not linear (VOI LUT, sigmoid), and its first value exceeds the second in MONOCHROME1.

    Args:
        name: what messages call the file. They never quote the file's text.

    Raises:
        BadImage: no pixels, damaged, too large, too small, compressed in a way that is not supported, or not finite.
    """
    try:
        dataset, syntax, marked = _parse(data, name)
        frames = max(1, int(dataset.get("NumberOfFrames") or 1))
        index = (frames - 1) // 2
        stored, photometric = _decode(dataset, syntax, index, name)
        _take_frame_attributes(dataset, index)
        cautions = [f"Only frame {index + 1} of {frames} was read."] if frames > 1 else []
        cautions += [SYNTHETIC_NOTICE] if marked else []
        if str(dataset.get("BurnedInAnnotation")).upper() == "YES":
            cautions.append(_BURNED_IN)
        if photometric in ("MONOCHROME1", "MONOCHROME2"):
            values = _modality_values(stored, dataset)
            check_finite(name, values)
            pixels, window, further = _grey(stored, values, dataset, photometric == "MONOCHROME1")
            cautions += further
        else:
            pixels, window = _colour(stored, dataset, photometric, name), None
        spacing, kind = _spacing(dataset)
        modality = _term(dataset, "Modality", _PROJECTIONS | _SECTIONS | _PHOTOGRAPHS)
        view = _term(dataset, "ViewPosition", _BODY_VIEWS | _BREAST_VIEWS)
    except UNREADABLE as error:
        raise BadImage(f"{name} is a DICOM file that is damaged, incomplete or inconsistent.", _EXPORT) from error
    return Study(sealed(pixels), window, modality, view, spacing, kind, tuple(cautions))


def _parse(data: bytes, name: str) -> tuple[Dataset, UID, bool]:
    """The allowed attributes, how the pixels are encoded, and whether the mark of synthetic images was deflated."""
    stream = BytesIO(data)
    stream.seek(132)
    meta = read_dataset(stream, False, True, stop_when=lambda tag, vr, length: tag >> 16 != 2)
    syntax = meta.get("TransferSyntaxUID")
    if not syntax:
        raise BadImage(f"{name} does not say how its pixels are encoded (no transfer syntax).", _EXPORT)
    marked = syntax == DeflatedExplicitVRLittleEndian and _check_deflated(data[stream.tell() :], name)
    return dcmread(BytesIO(data), specific_tags=list(ALLOWED)), UID(syntax), marked


def _check_deflated(packed: bytes, name: str) -> bool:
    """Whether the mark of synthetic images is in what is packed.

    Raises BadImage for what unpacks to more than ``MAX_BYTES``, without holding it in memory.
    """
    unpacker, size, piece, mark = zlib.decompressobj(-zlib.MAX_WBITS), 0, 1 << 16, SYNTHETIC_MARK.encode()
    marked, end = False, b""
    for start in range(0, len(packed), piece):
        unpacked = end + unpacker.decompress(packed[start : start + piece])
        size += len(unpacked) - len(end)
        marked, end = marked or mark in unpacked, unpacked[-len(mark) :]
        if size > MAX_BYTES:
            raise BadImage(f"{name} unpacks to more than {MAX_BYTES / 1e6:.0f} MB.", "Export a single image of it.")
    return marked


def _decode(dataset: Dataset, syntax: UID, index: int, name: str) -> tuple[np.ndarray, str]:
    """Stored values of one frame, (H, W) or (H, W, samples), and their photometric interpretation."""
    if not any(keyword in dataset for keyword in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        raise BadImage(f"{name} is a DICOM file without pixels, or is cut short.", "Use a file that holds an image.")
    check_size(name, int(dataset.Rows), int(dataset.Columns))
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError as error:
        raise BadImage(f"{name} is a DICOM file with an unknown transfer syntax.", _EXPORT) from error
    if decoder.is_encapsulated and not decoder.is_available:
        raise BadImage(f"{name} is compressed as {syntax.name}, which cannot be read here.", _EXPORT)
    try:
        stored, properties = decoder.as_array(dataset, index=index)
    except UNREADABLE as error:
        raise BadImage(f"{name} is damaged, incomplete, or a rare kind of {syntax.name}.", _EXPORT) from error
    return stored, str(properties["photometric_interpretation"])


def _take_frame_attributes(dataset: Dataset, index: int) -> None:
    """Bring what enhanced multi-frame files say of all frames, and of this one, to the top of the data set."""
    shared = dataset.get("SharedFunctionalGroupsSequence") or []
    frames = dataset.get("PerFrameFunctionalGroupsSequence") or []
    for groups in [*shared[:1], *frames[index : index + 1]]:
        for sequence in ("PixelMeasuresSequence", "PixelValueTransformationSequence", "FrameVOILUTSequence"):
            for item in groups.get(sequence) or []:
                for keyword in _FRAME_ATTRIBUTES:
                    if keyword in item:
                        dataset.add(item[keyword])


def _modality_values(stored: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Stored values in the units of the modality, e.g. Hounsfield units in CT (DICOM PS3.3 C.11.1)."""
    if dataset.get("ModalityLUTSequence"):
        return _look_up(stored, dataset, dataset.ModalityLUTSequence[0])[0]
    slope, intercept = dataset.get("RescaleSlope"), dataset.get("RescaleIntercept")
    if slope is None or intercept is None or (slope, intercept) == (1, 0):
        return stored
    return stored * float(slope) + float(intercept)


def _look_up(values: np.ndarray, dataset: Dataset, item: Dataset) -> tuple[np.ndarray, int]:
    """Values through a table, and the highest value that the table's bits can hold."""
    entries, first, bits = item.LUTDescriptor
    entries = entries or 1 << 16
    table = item.LUTData
    if isinstance(table, bytes):
        order = "<" if dataset.original_encoding[1] else ">"
        table = np.frombuffer(table, "u1" if len(table) < 2 * entries else f"{order}u2")
    table = np.asarray(table)[:entries]
    # Some writers state 16 bits and use 10 or 12, which would show black.
    bits = min(bits, int(table.max()).bit_length()) or 1
    positions = (values.astype(np.float64) - first).clip(0, len(table) - 1).astype(np.int32)
    return table[positions], (1 << bits) - 1


def _grey(
    stored: np.ndarray, values: np.ndarray, dataset: Dataset, inverted: bool
) -> tuple[np.ndarray, tuple[float, float] | None, list[str]]:
    """Modality values → pixels (H, W, 1), the window, cautions (DICOM PS3.3 C.11.2)."""
    if dataset.get("VOILUTSequence"):
        shown, top = _look_up(values, dataset, dataset.VOILUTSequence[0])
        return stretch(shown[..., None], *((top, 0) if inverted else (0, top))), None, []
    if (level := _first_window(dataset)) is not None:
        function = str(dataset.get("VOILUTFunction") or "LINEAR").upper()
        if function == "SIGMOID":
            exponent = (values[..., None] - level[0]) * (-4 / level[1] * (-1 if inverted else 1))
            return 1 / (1 + np.exp(exponent.clip(-80, 80))), None, []
        low, high = _linear_window(*level, exact=function == "LINEAR_EXACT")
        window = (high, low) if inverted else (low, high)
        return stretch(values[..., None], *window), window, []
    if values is stored and stored.dtype.kind == "u" and dataset.BitsStored <= 8:
        top = (1 << dataset.BitsStored) - 1
        return stretch(values[..., None], *((top, 0) if inverted else (0, top))), None, []
    window = full_window(values[~_padding(stored, dataset)], inverted)
    return stretch(values[..., None], *window), window, [window_caution(window)]


def _first_window(dataset: Dataset) -> tuple[float, float] | None:
    """(centre, width) of the first window, or None where there is none that can be used."""
    centre, width = _numbers(dataset, "WindowCenter")[:1], _numbers(dataset, "WindowWidth")[:1]
    exact = str(dataset.get("VOILUTFunction") or "LINEAR").upper() != "LINEAR"
    if not centre or not width or width[0] <= 0 or (width[0] < 1 and not exact):
        return None
    return centre[0], width[0]


def _linear_window(centre: float, width: float, exact: bool) -> tuple[float, float]:
    """The values that become black and white. A LINEAR window of width 1 is a step between two whole numbers."""
    if exact:
        return centre - width / 2, centre + width / 2
    low = centre - 0.5 - (width - 1) / 2
    return low, low + (width - 1 or 0.5)


def _padding(stored: np.ndarray, dataset: Dataset) -> np.ndarray:
    """bool (H, W): pixels that fill the frame beyond the picture; none where that would be all of them."""
    value = dataset.get("PixelPaddingValue")
    if value is None:
        return np.zeros(stored.shape, bool)
    limit = dataset.get("PixelPaddingRangeLimit")
    low, high = sorted((int(value), int(value if limit is None else limit)))
    padding = (stored >= low) & (stored <= high)
    return padding if not padding.all() else np.zeros(stored.shape, bool)


def _colour(stored: np.ndarray, dataset: Dataset, photometric: str, name: str) -> np.ndarray:
    """Decoded colours → (H, W, 3), or (H, W, 1) where all are grey."""
    if photometric == "PALETTE COLOR":
        colours = apply_color_lut(stored, dataset)[..., :3]
        top = 255 if colours.max() <= 255 else 65535
    elif photometric == "RGB" and stored.ndim == 3 and stored.shape[2] == 3:
        colours, top = stored, (1 << dataset.BitsStored) - 1
    else:
        channels = stored.shape[2] if stored.ndim == 3 else 1
        raise BadImage(
            f"{name} is a DICOM file with {channels} channel(s) in an unknown colour model.", "Export it as RGB."
        )
    return stretch(merge_equal_channels(colours), 0, top)


def _spacing(dataset: Dataset) -> tuple[tuple[float, float] | None, SpacingKind | None]:
    """(row, column) in millimetres, and where it holds (DICOM PS3.3 10.7.1.3).

    PixelSpacing is in the patient in sections and slides; in a projection only where a calibration is recorded, by name
    or by a value that differs from the spacing at the detector. Of photographs and screenshots nothing is known.
    """
    inside, detector = _pair(dataset, "PixelSpacing"), _pair(dataset, "ImagerPixelSpacing")
    modality = dataset.get("Modality")
    if inside and inside != detector:
        if detector or dataset.get("PixelSpacingCalibrationType") or modality in _SECTIONS | {"SM"}:
            return inside, "patient"
        return (inside, "detector") if modality in _PROJECTIONS else (None, None)
    return (detector, "detector") if detector else (None, None)


def _pair(dataset: Dataset, keyword: str) -> tuple[float, float] | None:
    values = _numbers(dataset, keyword)
    return (values[0], values[1]) if len(values) == 2 and min(values) > 0 else None


def _numbers(dataset: Dataset, keyword: str) -> list[float]:
    """The finite numbers of an attribute of one or several values; [] where it is absent or says nothing."""
    value = dataset.get(keyword)
    several = value if hasattr(value, "__iter__") and not isinstance(value, str) else [value]
    return [float(number) for number in several if number not in (None, "") and isfinite(number)]


def _term(dataset: Dataset, keyword: str, known: frozenset[str]) -> str | None:
    value = dataset.get(keyword)
    return str(value) if value in known else None

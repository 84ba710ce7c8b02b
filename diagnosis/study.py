"""A study: one image, its geometry, and nothing that could name a person."""

import hashlib
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from diagnosis.notices import SYNTHETIC_NOTICE

SpacingKind = Literal["patient", "detector"]


@dataclass(frozen=True, eq=False)
class Study:
    """One image as every part of the program sees it.

    Equal by content: two studies with the same pixels are the same study, whatever file they came from.

    Attributes:
        pixels: float32 (H, W, C), C ∈ {1, 3}, 0..1, read-only. Grey values are after modality LUT, VOI LUT and
            polarity: 0 is shown black, 1 is shown white.
        window: the pair of stored values (in modality units, e.g. HU) that became 0 and 1, or None for plain 8-bit
            images.
        modality: DICOM modality code (``DX``, ``CT`` …), or None when the file does not say.
        view: projection, e.g. ``PA``, or None.
        spacing_mm: (row, column) distance of pixel centres in millimetres, or None where it is not known.
        spacing_kind: ``patient`` for calibrated spacing, ``detector`` for spacing at the detector, which is larger than
            in the patient; None without spacing.
        cautions: sentences a reader should know, e.g. that only the first frame was read.
        digest: first 16 hex digits of the sha256 over shape and pixels.
    """

    pixels: np.ndarray
    window: tuple[float, float] | None = None
    modality: str | None = None
    view: str | None = None
    spacing_mm: tuple[float, float] | None = None
    spacing_kind: SpacingKind | None = None
    cautions: tuple[str, ...] = ()
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        pixels = np.ascontiguousarray(self.pixels, dtype=np.float32)
        if pixels.ndim != 3 or pixels.shape[2] not in (1, 3) or 0 in pixels.shape:
            raise ValueError(f"pixels must be (H, W, 1) or (H, W, 3), not {pixels.shape}")
        if not (pixels.min() >= 0 and pixels.max() <= 1):
            raise ValueError("pixels must be finite and lie in 0..1")
        if pixels is self.pixels and pixels.flags.writeable:
            pixels = pixels.copy()
        pixels.flags.writeable = False
        object.__setattr__(self, "pixels", pixels)
        object.__setattr__(self, "digest", array_digest(pixels))

    @property
    def synthetic(self) -> bool:
        """Whether its file says that a generator of this project made it; a file that says nothing tells nothing."""
        return SYNTHETIC_NOTICE in self.cautions

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) in pixels."""
        return self.pixels.shape[:2]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Study) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


def array_digest(array: np.ndarray) -> str:
    """First 16 hex digits of the sha256 over an array's type, shape and bytes."""
    digest = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:16]

"""The value that every anatomy returns: named zones of a study, and how sure they are."""

from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np

from diagnosis.cards import Kind
from diagnosis.study import array_digest

__all__ = ["Kind", "Zone", "Zones"]


@dataclass(frozen=True, eq=False)
class Zone:
    """A named part of a study.

    Attributes:
        name: as it stands in a sentence after "the", from the patient's side where that is known.
        mask: bool (H, W) on the study's grid, read-only.
        found: how it was found, in a few words.
        part: whether it is one of the parts that cover the study without overlap; the others lie across these.
        off: whether evidence there lies off the anatomy: beyond the body, or on what was printed or drawn on the film.
        organ: whether it is what the image was made to show, such as lung, brain or tissue.
    """

    name: str
    mask: np.ndarray
    found: str
    part: bool = True
    off: bool = False
    organ: bool = False

    def __post_init__(self) -> None:
        mask = np.array(self.mask, dtype=bool)
        if mask.ndim != 2:
            raise ValueError(f"a zone's mask must be (H, W), not {mask.shape}")
        mask.flags.writeable = False
        object.__setattr__(self, "mask", mask)

    def on(self, size: tuple[int, int]) -> np.ndarray:
        """float32 (h, w), 0..1: how much of each pixel of a coarser or finer grid lies in the zone."""
        if self.mask.shape == size:
            return self.mask.astype(np.float32)
        return cv2.resize(self.mask.astype(np.float32), (size[1], size[0]), interpolation=cv2.INTER_AREA)


@dataclass(frozen=True, eq=False)
class Zones:
    """The zones of one study. Equal by kind, names and masks.

    Attributes:
        doubts: what speaks against them, in words; empty where nothing does.
    """

    kind: Kind
    zones: tuple[Zone, ...]
    doubts: tuple[str, ...] = ()

    @property
    def certain(self) -> bool:
        return not self.doubts

    @property
    def parts(self) -> tuple[Zone, ...]:
        """Those that share the study out among them."""
        return tuple(zone for zone in self.zones if zone.part)

    @property
    def off(self) -> np.ndarray | None:
        """bool (H, W): everything off the anatomy, or None where the kind does not tell."""
        masks = [zone.mask for zone in self.zones if zone.off]
        return np.logical_or.reduce(masks) if masks else None

    def named(self, name: str) -> Zone | None:
        return next((zone for zone in self.zones if zone.name == name), None)

    def at(self, size: tuple[int, int]) -> "Zones":
        """The same zones on a grid (h, w) that covers the same image."""
        return replace(
            self,
            zones=tuple(
                replace(
                    zone,
                    mask=cv2.resize(zone.mask.astype(np.uint8), (size[1], size[0]), interpolation=cv2.INTER_NEAREST),
                )
                for zone in self.zones
            ),
        )

    @cached_property
    def digest(self) -> str:
        """First 16 hex digits of a sha256 over kind, names and masks."""
        packed = [np.packbits(zone.mask) for zone in self.zones]
        names = np.frombuffer("\n".join([self.kind, *(zone.name for zone in self.zones)]).encode(), dtype=np.uint8)
        return array_digest(np.concatenate([names, *packed]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Zones) and (self.digest, self.doubts) == (other.digest, other.doubts)

    def __hash__(self) -> int:
        return hash((self.digest, self.doubts))

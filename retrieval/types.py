"""Cases and matches, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

SYNTHETIC = "synthetic"  # the set of images that a generator made, which are of nobody
PICTURE = "data:image/webp;base64,"  # how the address of its small picture begins, which holds the picture
MADE_BY = "made by"  # the fact of such an image that names the generator and the seed


@dataclass(frozen=True)
class Case:
    """One image of a library, and what is known of it.

    Attributes:
        id: the same for the same image of the same library.
        labels: what its source says it shows.
        facts: by name (``age``, ``sex``, ``view``, ``plane`` …), only those that are known. No sentence of the source.
        source: the data set that it is from.
        licence: of the image, as its source states it, or ``unknown``.
        url: where image and words can be seen, or None.
    """

    id: str
    labels: tuple[str, ...]
    source: str
    licence: str
    facts: Mapping[str, str] = field(default_factory=dict)
    url: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "facts", MappingProxyType(dict(self.facts)))

    def __hash__(self) -> int:
        return hash((self.source, self.id))

    @property
    def synthetic(self) -> bool:
        """Whether it shows nobody: such a case is found and shown, but has no vote and is in no measurement."""
        return self.source == SYNTHETIC


@dataclass(frozen=True)
class Match:
    """A case that is like the query.

    Attributes:
        cosine: of the two embeddings, −1..1. It says how alike two images or an image and a sentence are to the
            encoder; it is not the probability of the same disease.
        rank: from 1.
    """

    case: Case
    cosine: float
    rank: int

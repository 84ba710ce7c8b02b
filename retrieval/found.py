"""The outcome of a search, as values and ready for JSON."""

from dataclasses import dataclass

from retrieval.types import Match

IDENTICAL, TWIN = "same image", "practically the same image"
OWN = "your own case"


@dataclass(frozen=True)
class Similar(Match):
    """A match, and what else a card shows.

    Attributes:
        marks: ``synthetic``, ``same image``, ``practically the same image``, ``same patient`` (or slide …), ``your own
            case``.
        thumbnail: address of the picture, or None; of a synthetic case, one that holds the picture.
    """

    marks: tuple[str, ...] = ()
    thumbnail: str | None = None

    def __hash__(self) -> int:
        return hash((self.case, self.rank))


@dataclass(frozen=True)
class Found:
    """The outcome of a search.

    Attributes:
        matches: best first, all at or above the floor.
        floor: the cosine that a match must reach.
        nearest: of all cases considered, None where the filters left none.
        message: why there are no matches, or empty.
    """

    matches: tuple[Similar, ...]
    floor: float
    nearest: float | None
    message: str = ""


def told(found: Found) -> dict:
    """A search ready for JSON."""
    return {
        "matches": [
            {
                "rank": match.rank,
                "case": match.case.id,
                "similarity": round(match.cosine, 4),
                "labels": list(match.case.labels),
                "facts": dict(match.case.facts),
                "source": match.case.source,
                "licence": match.case.licence,
                "url": match.case.url,
                "thumbnail": None if match.case.synthetic else match.thumbnail,
                "marks": list(match.marks),
            }
            for match in found.matches
        ],
        "floor": round(found.floor, 4),
        "nearest": None if found.nearest is None else round(found.nearest, 4),
        "message": found.message,
    }

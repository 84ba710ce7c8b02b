"""Whether the places that a sentence names are those that the cited findings name, of the methods it names."""

import re

from agents.grounding.entities import PlaceMention, owners
from agents.grounding.text import Span, Text

_ONE_OTHER = re.compile(r"(?<!\w)one (?!of).*(?<!\w)(?:the|an)?other(?!\w)")


def misplaced(
    text: Text, places: list[PlaceMention], methods: list[Span], known: set[tuple[str, str]], *, halves: bool
) -> str | None:
    """Why a place does not stand, or None.

    Args:
        methods: all methods that the sentence names; ``plural`` stands for several at once.
        known: the (method, place) pairs of the cited findings.
        halves: whether a half may be told for a part of it, as "on the left" for the upper left.
    """
    named = [one for one in methods if one.value not in ("other", "plural")]
    plural = any(one.value == "plural" for one in methods)
    for at, place in enumerate(places):
        fitting = {method for method, region in known if place.within(region, halves=halves)}
        everywhere = fitting == {method for method, _ in known}
        if not fitting:
            return f"No cited finding speaks of “{place.text}”."
        whose = owners(text, at, places, named)
        if whose and not whose <= fitting:
            return f"“{place.text}” is where another method looked."
        if at and not named and not everywhere and place.alike(places[at - 1]) and _ONE_OTHER.search(text.low):
            return f"The two do not both look at “{place.text}”."
        if plural and not named and len(places) == 1 and not everywhere:
            return f"The methods do not both look at “{place.text}”."
    return None

"""Words that people use → the place, class or method that they mean."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from agents.grounding.anatomy import LUNG, keys
from diagnosis.anatomy.zones import Zone, Zones
from diagnosis.attribution import DEFAULTS
from diagnosis.cards import ModelCard
from diagnosis.errors import BadRequest
from diagnosis.places import PLACES, SIDES, Place

LEXICON: dict[str, dict[str, list[str]]] = tomllib.loads((Path(__file__).parent / "names.toml").read_text("utf-8"))
FILLERS = {"cell", "tissue", "of", "the"}  # words of titles that tell no class from another


def plain(text: str) -> str:
    """Lower case without accents and punctuation, one space between words."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return " ".join(re.findall(r"\w+", bare.replace("_", " ")))


def pattern(phrases: Iterable[str]) -> re.Pattern[str]:
    """One pattern for any of some phrases in plain text; a star stands for any ending, ``…`` for any words between."""
    joined = "|".join(
        re.escape(one).replace(r"\*", r"\w*").replace("\\ …\\ ", r"\b.*\b") for one in sorted(phrases, key=len)[::-1]
    )
    return re.compile(rf"\b(?:{joined})\b")


def _said(section: str, text: str) -> list[str]:
    return [name for name, words in LEXICON[section].items() if pattern(words).search(text)]


def places(card: ModelCard) -> dict[str, Place]:
    """What a question may name: the parts of the image, and several of them together."""
    return {place.name: place for place in (*PLACES[card.places], *SIDES[card.places])}


def places_in(card: ModelCard, text: str) -> tuple[Place, ...]:
    """The places that a text names, e.g. one for ``left lower``, two for ``left or right``; none where none fits."""
    text, known = plain(text), places(card)
    if text in known:
        return (known[text],)
    rows, columns = _said("rows", text) or [""], _said("columns", text) or [""]
    parts = "half", "quarter", "third"
    names = [
        name
        for row in rows
        for column in columns
        if row or column
        for name in (
            *(f"{row} {column} {part}".replace("  ", " ").strip() for part in parts),
            f"{row} third on the {column}",
        )
    ]
    return tuple(known[name] for name in names if name in known)


def zones_in(zones: Zones | None, text: str) -> tuple[Zone, ...]:
    """The zones of a study that a text names; none where they are not sure, or no zone is spoken of."""
    if zones is None or not zones.certain:
        return ()
    said = plain(text)
    exact = [zone for zone in zones.zones if pattern([plain(zone.name)]).search(said)]
    if exact:
        return (max(exact, key=lambda zone: len(zone.name)),)
    spoken = keys(said) or ({LUNG} if "zone" in said.split() else set())
    rows, columns = _said("rows", said), _said("columns", said)
    return tuple(zone for zone in zones.zones if keys(zone.name) & spoken and _lies(zone.name, rows, columns))


def _lies(name: str, rows: list[str], columns: list[str]) -> bool:
    """Whether the name of a zone has the row and the side that were said."""
    words = set(name.split())
    return all(not said or bool(words & set(said)) for said in (rows, columns))


def is_anatomical(text: str) -> bool:
    """Whether a text speaks of the patient or an organ, which is no part of the image."""
    return bool(pattern(LEXICON["anatomy"]["words"]).search(plain(text)))


def is_of_map(text: str) -> bool:
    """Whether a text speaks of what a map marks, and not of a place by its name."""
    return bool(methods_in(text) or pattern(LEXICON["maps"]["words"]).search(plain(text)))


def words_of_place(text: str) -> str:
    """The words of a text that name a side, a part or an organ, e.g. ``left lung``."""
    sides = (words for section in ("rows", "columns") for words in LEXICON[section].values())
    words = [*LEXICON["anatomy"]["words"], *(word for some in sides for word in some)]
    return " ".join(pattern(words).findall(plain(text)))


def place_of(card: ModelCard, text: str) -> Place:
    """The one place that a text names. Raises BadRequest, with the names that there are."""
    remedy = f"Use one of: {', '.join(places(card))}."
    if is_anatomical(text):
        problem = (
            f"{text!r} is no part of the image: organs are not told apart, and left and right are the image's own."
        )
        raise BadRequest(problem, remedy)
    found = places_in(card, text)
    if len(found) != 1:
        raise BadRequest(f"{text!r} names {'several parts' if found else 'no part of the image'}.", remedy)
    return found[0]


def labels_in(card: ModelCard, text: str) -> tuple[tuple[str, ...], ...]:
    """The classes that a text names, in its order; classes that it does not tell apart stand together."""
    text = plain(text)
    exact = [label.name for label in card.labels if text in (plain(label.name), plain(label.title))]
    if exact:
        return ((exact[0],),)
    found = (group for part in pattern(LEXICON["joins"]["words"]).split(text) for group in _labels_of_part(card, part))
    return tuple(dict.fromkeys(found))


def _labels_of_part(card: ModelCard, text: str) -> list[tuple[str, ...]]:
    said = {label.name: _telling(label.title, text) for label in card.labels}
    groups: dict[frozenset[int], list[str]] = {}
    for name, where in said.items():
        if where and not any(where < other for other in said.values()):
            groups.setdefault(where, []).append(name)
    return [tuple(groups[where]) for where in sorted(groups, key=sorted)]


def _telling(title: str, text: str) -> frozenset[int]:
    """Where a text has the telling words of a title."""
    words = [word for word in plain(title).split() if word not in FILLERS]
    found = (pattern(LEXICON["classes"].get(word, [word])).search(text) for word in words)
    return frozenset(match.start() for match in found if match)


def label_of(card: ModelCard, text: str) -> str:
    """The one class that a text names. Raises BadRequest, with the names that there are."""
    found = labels_in(card, text)
    if len(found) == 1 and len(found[0]) == 1:
        return found[0][0]
    which = "one class" if found else "class"
    raise BadRequest(f"{card.title} has no {which} {text!r}.", f"Use one of: {', '.join(card.label_names)}.")


def methods_in(text: str) -> tuple[str, ...]:
    """The methods that a text names, in the order of ``DEFAULTS``."""
    said = _said("methods", plain(text))
    return tuple(name for name in DEFAULTS if name in said or plain(name) in plain(text))


def method_of(text: str) -> str:
    """The one method that a text names. Raises BadRequest, with the names that there are."""
    found = methods_in(text)
    if len(found) != 1:
        raise BadRequest(f"There is no one method {text!r}.", f"Use one of: {', '.join(DEFAULTS)}.")
    return found[0]

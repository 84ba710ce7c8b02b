"""A passage: what is indexed, found and cited."""

import hashlib
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Passage:
    """A piece of a source's text.

    Attributes:
        text: the piece, character by character.
        start, end: where it stands in the source's text: ``text == whole[start:end]``.
        url: of the source; passages of one source share it.
        title: of the source.
        aliases: other names of what the source is about.
        heading: of the section, or "".
        page: from 1, or None where the source has none.
    """

    text: str
    start: int
    end: int
    url: str
    title: str = ""
    aliases: tuple[str, ...] = ()
    heading: str = ""
    page: int | None = None

    @cached_property
    def words(self) -> str:
        """What is embedded: the text below the names that tell what it is about."""
        return ". ".join(part for part in (self.title, self.heading, self.text) if part)

    @cached_property
    def key(self) -> str:
        """32 hex digits of a SHA-256 of what is embedded."""
        return hashlib.sha256(self.words.encode()).hexdigest()[:32]

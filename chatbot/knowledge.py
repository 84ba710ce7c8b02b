"""The medical library: articles as files, each sentence with the pages that say it.

An article is ``<slug>.md``: TOML between two lines ``+++``, then sections that begin with ``## heading``. The citation
``[1]`` after a sentence is the first of the article's ``[[sources]]``.
"""

import hashlib
import re
import tomllib
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from chatbot.search.passages import Passage
from chatbot.search.pieces import Span, pieces, trimmed
from chatbot.types import Reference
from diagnosis.errors import BadRequest, Missing, UserError

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
HEADING = re.compile(r"^##[ \t]+(.+?)[ \t]*$", re.MULTILINE)
CITATION = re.compile(r"\[(\d+(?:, \d+)*)\]")
_FILE = re.compile(r"\+\+\+\n(.*?)\n\+\+\+\n(.*)", re.DOTALL)

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CitedPage(_Strict):
    """A page by somebody else that an article rests on; ``published`` is an ISO date, month or year."""

    title: Words
    organisation: Words
    url: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]
    published: Annotated[str, StringConstraints(pattern=r"^\d{4}(-\d\d(-\d\d)?)?$")] | None = None


class Front(_Strict):
    """What stands at the top of an article.

    Attributes:
        aliases: other names that people use for it.
        checked: when its sentences were last held against its sources.
    """

    title: Words
    aliases: tuple[Words, ...]
    topic: Words
    audience: Literal["general", "professional"]
    checked: date
    sources: tuple[CitedPage, ...] = Field(min_length=1)


class Section(_Strict):
    """A part of an article: its heading, and where the text below stands in the article's text."""

    heading: str
    start: int
    end: int


class Article(_Strict):
    """An article; ``text`` is its body as it stands in the file, and all places are counted in it."""

    slug: str
    title: str
    aliases: tuple[str, ...]
    topic: str
    audience: Literal["general", "professional"]
    checked: date
    references: tuple[Reference, ...]
    text: str
    sections: tuple[Section, ...]

    @property
    def url(self) -> str:
        return f"library:{self.slug}"

    @cached_property
    def digest(self) -> str:
        """First 16 hex digits of a SHA-256 of all that it says."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]

    @cached_property
    def passages(self) -> tuple[Passage, ...]:
        """Its sections; one that is very long in several pieces that end with a sentence."""
        return tuple(
            Passage(self.text[at.start : at.end], at.start, at.end, self.url, self.title, self.aliases, section.heading)
            for section in self.sections
            for at in pieces(self.text, section.start, section.end)
        )


def load_articles(folder: Path) -> tuple[Article, ...]:
    """The articles of a folder, by slug. Raises Missing without any, BadRequest for one not in order."""
    files = sorted(folder.glob("*.md")) if folder.is_dir() else []
    if not files:
        raise Missing(f"There are no articles in {folder}.", "Check out index/knowledge again, or name its folder.")
    return tuple(load_article(file) for file in files)


def load_article(file: Path) -> Article:
    """One article. Raises BadRequest that names the file and what to mend."""
    try:
        parts = _FILE.fullmatch(file.read_text("utf-8").replace("\r\n", "\n"))
    except (OSError, UnicodeDecodeError) as error:
        raise _bad(file, "can't be read as UTF-8", "Save it again as UTF-8 text.") from error
    if not parts:
        raise _bad(file, "has no front matter", "Begin it with TOML between two lines of +++.")
    if not SLUG.fullmatch(file.stem):
        raise _bad(file, "has a name that is no slug", "Name it with lower-case letters, digits and single hyphens.")
    front, text = _front(file, parts[1]), parts[2]
    sections = _sections(file, text)
    _check_citations(file, text, len(front.sources))
    return Article(
        slug=file.stem,
        **front.model_dump(exclude={"sources"}),
        references=tuple(Reference(**source.model_dump()) for source in front.sources),
        text=text,
        sections=sections,
    )


def _front(file: Path, toml: str) -> Front:
    try:
        return Front.model_validate(tomllib.loads(toml))
    except tomllib.TOMLDecodeError as error:
        raise _bad(file, f"has front matter that is not TOML ({error})", "Mend the line that it names.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _bad(
            file, f"has front matter with {where}: {first['msg']}", "Set it as the other articles do."
        ) from error


def _sections(file: Path, text: str) -> tuple[Section, ...]:
    headings = list(HEADING.finditer(text))
    if not headings or text[: headings[0].start()].strip():
        raise _bad(file, "has text before its first section", "Begin every section with a line ## Heading.")
    ends = [*(one.start() for one in headings[1:]), len(text)]
    places = [trimmed(text, one.end(), end) for one, end in zip(headings, ends, strict=True)]
    for one, place in zip(headings, places, strict=True):
        if place is None:
            raise _bad(file, f"has nothing below the heading {one[1]!r}", "Write the section, or drop its heading.")
    return tuple(_section(one[1], place) for one, place in zip(headings, places, strict=True) if place)


def _section(heading: str, place: Span) -> Section:
    return Section(heading=heading, start=place.start, end=place.end)


def _check_citations(file: Path, text: str, sources: int) -> None:
    cited = {int(number) for found in CITATION.finditer(text) for number in found[1].split(", ")}
    if cited != set(range(1, sources + 1)):
        wrong = sorted(cited ^ set(range(1, sources + 1)))
        raise _bad(
            file,
            f"cites {sorted(cited)} and has {sources} [[sources]]",
            f"Number {wrong[0]} has to be cited in the text and to stand among the sources.",
        )


def _bad(file: Path, what: str, remedy: str) -> UserError:
    return BadRequest(f"The article {file.name} {what}.", remedy)

"""Questions, evidence and answers, as values."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Protocol

from agents.ledger import Ledger, Usage

Kind = Literal["library", "document", "web", "reading"]
Mode = Literal["general", "plain", "professional"]
"""Who is written for: patients and families, the same for a reader of twelve, and professionals."""


@dataclass(frozen=True)
class Reference:
    """Where a fact can be read: a page by somebody else.

    Attributes:
        organisation: who publishes it.
        published: ISO date, month or year that the page states, or None.
    """

    title: str
    organisation: str
    url: str
    published: str | None = None


@dataclass(frozen=True)
class Evidence:
    """A passage that was found for a question.

    Attributes:
        title: of the page, article or file that it is from.
        url: address of that page; ``library:…`` and ``document:…`` for what has none.
        site: who is responsible for the page: a host, an organisation, or a file's name.
        excerpt: the passage, character by character as it stands in the source.
        start, end: where it stands in the source's text, in characters.
        kind: the bundled library, a document of the visitor's own, the web, or what was measured of an image.
        heading: of the section that it is from, or "".
        page: page of a document, from 1, or None where there are none.
        published: ISO date, month or year, or None where the source states none.
        retrieved: when it was looked up.
        aliases: other names of what it is about.
        references: of an article of the library, the pages that it rests on; ``[1]`` in the excerpt is the first.
        score: how well it fits the question, 0..1, comparable within one search only.
    """

    title: str
    url: str
    site: str
    excerpt: str
    start: int
    end: int
    kind: Kind
    heading: str = ""
    page: int | None = None
    published: str | None = None
    retrieved: date | None = None
    aliases: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    score: float = 0.0

    @property
    def id(self) -> str:
        """First 12 hex digits of a SHA-256 of the address and the passage."""
        return hashlib.sha256(f"{self.url}\n{self.excerpt}".encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Wanted:
    """What may be found.

    Attributes:
        kinds: sources that are asked.
        since: ISO date; what is known to be older is left out.
        sites: hosts to which the web is narrowed, empty for the source's own list.
        papers: whether the web is asked for studies and guidelines first, and not for what is written for patients.
    """

    kinds: frozenset[Kind] = frozenset({"library", "document", "web"})
    since: date | None = None
    sites: tuple[str, ...] = ()
    papers: bool = False


class Source(Protocol):
    """Somewhere that evidence is found."""

    kind: Kind
    host: str | None
    """Where the question is sent, or None where it stays on this machine."""

    def find(self, question: str, wanted: Wanted, limit: int = 8) -> Sequence[Evidence]:
        """At most ``limit`` passages, best first. Raises UserError where the source can't be asked."""
        ...


@dataclass(frozen=True)
class Cited:
    """One sentence of an answer.

    Attributes:
        text: without its citations.
        cites: numbers of the evidence, from 1, as the answer lists it.
        quotes: for each citation the words of the excerpt that support the sentence, or "" where none were marked.
        struck: why the sentence is not supported, or None.
    """

    text: str
    cites: tuple[int, ...] = ()
    quotes: tuple[str, ...] = ()
    struck: str | None = None


@dataclass(frozen=True)
class Answer:
    """An answer, as far as it has come.

    Attributes:
        question: as it was asked.
        sent: the question as it was looked up: identifying details masked, and made complete from the conversation.
        sentences: the answer in order, struck sentences in their place.
        evidence: what was found; citation n is ``evidence[n - 1]``.
        urgent: advice that comes before all else where the question tells of an emergency, or None.
        abstained: whether the evidence does not answer the question.
        conflicts: pairs of citations that say different things of the same, each with the words for it.
        written_by: ``extracts`` or the name of a language model.
        searched: hosts that ``sent`` went to.
        ledger: what went to a language model, word for word.
        usage: tokens and cost, or None where no language model counted them.
        notes: what the person who asked should know of how the answer came about.
        done: whether it is complete.
    """

    question: str
    sent: str
    mode: Mode = "general"
    sentences: tuple[Cited, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    urgent: str | None = None
    abstained: bool = False
    conflicts: tuple[tuple[int, int, str], ...] = ()
    written_by: str = "extracts"
    searched: tuple[str, ...] = ()
    ledger: Ledger = field(default=Ledger(), repr=False)
    usage: Usage | None = None
    notes: tuple[str, ...] = ()
    done: bool = False

    @property
    def cited(self) -> tuple[int, ...]:
        """Numbers of the evidence that standing sentences cite, in order, each once."""
        return tuple(dict.fromkeys(one for said in self.sentences if said.struck is None for one in said.cites))

    @property
    def unused(self) -> tuple[Evidence, ...]:
        """What was found and is not cited."""
        used = set(self.cited)
        return tuple(one for at, one in enumerate(self.evidence, 1) if at not in used)

    @property
    def struck(self) -> tuple[Cited, ...]:
        """The sentences that do not stand."""
        return tuple(one for one in self.sentences if one.struck is not None)

    @property
    def text(self) -> str:
        """What stands, as plain text with the citations in brackets."""
        said = (one for one in self.sentences if one.struck is None)
        return " ".join(f"{one.text} {''.join(f'[{at}]' for at in one.cites)}".strip() for one in said)

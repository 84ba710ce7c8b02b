"""The sources that all visitors share, as settings choose them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from chatbot.refuse import Judge
from chatbot.search import Embedder
from chatbot.sources import exa
from chatbot.sources.local import LocalSource
from chatbot.types import Source


class Choices(exa.Choices, Protocol):
    """The settings that choose sources, as ``settings.Settings`` has them."""

    @property
    def knowledge(self) -> Path: ...
    @property
    def embedding_model(self) -> str | None: ...


@dataclass(frozen=True)
class Shared:
    """What all visitors share.

    Attributes:
        embedder: of the library and of the visitors' own documents.
        library: the bundled articles.
        judge: decides whether what was found answers a question.
        web: a search of the web, or None without a key.
    """

    embedder: Embedder
    library: LocalSource
    judge: Judge
    web: exa.ExaSource | None

    @classmethod
    def of(cls, settings: Choices) -> "Shared":
        """As settings choose. Nothing is loaded before the first question. Raises BadRequest for bad sites."""
        embedder = Embedder(settings.embedding_model)
        library = LocalSource(settings.knowledge, embedder)
        return cls(embedder, library, Judge.beside(library), exa.ExaSource.of(settings))

    @property
    def sources(self) -> tuple[Source, ...]:
        return (self.library,) if self.web is None else (self.library, self.web)

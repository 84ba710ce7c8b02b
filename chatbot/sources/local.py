"""The bundled library as a source of evidence."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from chatbot.knowledge import Article, load_articles
from chatbot.search import Embedder, Hit, PassageIndex, meanings
from chatbot.search.stored import compute, read, write
from chatbot.types import Evidence, Kind, Wanted
from diagnosis.errors import Missing

SITE = "Lightbox library"

log = logging.getLogger(__name__)


class LocalSource:
    """Articles of a folder. They are read, and their index loaded, by the first question; threads may share one.

    Args:
        folder: with the articles.
        embedder: shared with other sources, or None to search by words alone.
        stored: file with the articles' vectors; what it lacks is computed at the first question. By default the
            folder's name with ``.safetensors``, beside it.
    """

    kind: Kind = "library"
    host: str | None = None

    def __init__(self, folder: Path, embedder: Embedder | None = None, stored: Path | None = None) -> None:
        self.folder = folder
        self.stored = stored or folder.with_suffix(".safetensors")
        self.embedder = embedder
        self._turn = threading.Lock()

    @property
    def articles(self) -> Mapping[str, Article]:
        """By address, ``library:<slug>``. Raises Missing or BadRequest where the folder is not in order."""
        return self._loaded[0]

    def find(self, question: str, wanted: Wanted, limit: int = 8) -> Sequence[Evidence]:
        """Sections of the articles, best first. Raises Missing or BadRequest where the folder is not in order."""
        if self.kind not in wanted.kinds:
            return ()
        articles, index = self._loaded
        urls = None
        if wanted.since:
            urls = [url for url, article in articles.items() if article.checked >= wanted.since]
        return tuple(_evidence(articles[hit.passage.url], hit) for hit in index.search(question, limit, urls=urls))

    def warm(self) -> None:
        """Load everything now, so that the first question need not wait."""
        self.find("pneumonia", Wanted(), 1)

    @property
    def _loaded(self) -> tuple[Mapping[str, Article], PassageIndex]:
        with self._turn:
            return self._articles_and_index

    @cached_property
    def _articles_and_index(self) -> tuple[Mapping[str, Article], PassageIndex]:
        articles = load_articles(self.folder)
        passages = [passage for article in articles for passage in article.passages]
        by_url = {article.url: article for article in articles}
        if self.embedder is None:
            return by_url, PassageIndex(passages)
        try:
            known = read(self.stored, self.embedder.digest)
            lacking = sum(passage.key not in known for passage in passages)
            if lacking:
                log.warning("embedding %d of %d passages of %s", lacking, len(passages), self.folder.name)
            return by_url, PassageIndex(passages, self.embedder, compute(passages, self.embedder, known))
        except Missing as error:
            log.warning("the library is searched by words alone: %s", error)
            return by_url, PassageIndex(passages)


def build(
    folder: Path, out: Path, embedder: Embedder, told: Callable[[int, int], None] | None = None
) -> tuple[int, int]:
    """Write the vectors of a folder's articles, and beside them those of their sentences and words.

    What ``out`` has is kept. Returns (articles, passages).
    """
    articles = load_articles(folder)
    passages = [passage for article in articles for passage in article.passages]
    vectors = compute(passages, embedder, read(out, embedder.digest) if out.exists() else {}, told)
    write(out, passages, vectors, embedder.digest)
    meanings.build(passages, meanings.beside(out), embedder)
    return len(articles), len(passages)


def missing(folder: Path, stored: Path, embedder: Embedder) -> int:
    """How many passages of a folder's articles the file of vectors lacks, or has too many."""
    keys = {passage.key for article in load_articles(folder) for passage in article.passages}
    return len(keys ^ read(stored, embedder.digest).keys())


def _evidence(article: Article, hit: Hit) -> Evidence:
    passage = hit.passage
    return Evidence(
        title=article.title,
        url=article.url,
        site=SITE,
        excerpt=passage.text,
        start=passage.start,
        end=passage.end,
        kind="library",
        aliases=article.aliases,
        heading=passage.heading,
        published=article.checked.isoformat(),
        retrieved=article.checked,
        references=article.references,
        score=hit.score,
    )

"""A visitor's own documents as a source of evidence."""

from collections.abc import Sequence
from datetime import UTC, datetime

from chatbot.documents import Document, Shelf
from chatbot.search import Hit
from chatbot.types import Evidence, Kind, Wanted


class DocumentSource:
    """What is on a shelf, as it is at each question. Documents state no date: ``since`` leaves all of them in."""

    kind: Kind = "document"
    host: str | None = None

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

    def find(self, question: str, wanted: Wanted, limit: int = 8) -> Sequence[Evidence]:
        """Passages of the documents, best first."""
        if self.kind not in wanted.kinds:
            return ()
        documents = {one.url: one for one in self.shelf.documents}
        found = self.shelf.index.search(question, limit, urls=documents)
        return tuple(_evidence(documents[hit.passage.url], hit) for hit in found)


def _evidence(document: Document, hit: Hit) -> Evidence:
    passage = hit.passage
    return Evidence(
        title=document.title,
        url=document.url,
        site=document.name,
        excerpt=passage.text,
        start=passage.start,
        end=passage.end,
        kind="document",
        heading=passage.heading,
        page=passage.page,
        retrieved=datetime.now(UTC).date(),
        score=hit.score,
    )

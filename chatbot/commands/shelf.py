"""``python -m chatbot add|list|remove``: documents of one's own, kept in a folder on this machine."""

import argparse
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from chatbot.commands import Settings

if TYPE_CHECKING:
    from chatbot.documents import Shelf


def _shelf(settings: Settings) -> "Shelf":
    from chatbot.documents import Shelf
    from chatbot.search import Embedder

    return Shelf(Embedder(settings.embedding_model), settings.documents)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, help="PDF, HTML, Markdown, Word or text files")


def _add(options: argparse.Namespace, settings: Settings) -> str:
    """A line a document: what was added."""
    shelf = _shelf(settings)
    added = [shelf.add(file) for file in options.files]
    return "\n".join(f"{one.digest}  {one.name}, {len(one.passages)} passages" for one in added)


def _nothing(parser: argparse.ArgumentParser) -> None:
    pass


def _list(options: argparse.Namespace, settings: Settings) -> str:
    """A line a document: what is kept."""
    held = _shelf(settings).documents
    return "\n".join(f"{one.digest}  {one.name}, {len(one.passages)} passages" for one in held) or "No documents."


def _remove_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("digests", nargs="+", help="as list prints them")


def _remove(options: argparse.Namespace, settings: Settings) -> str:
    """How many were removed."""
    shelf = _shelf(settings)
    for digest in options.digests:
        shelf.remove(digest)
    return f"Removed {len(options.digests)}."


add = SimpleNamespace(HELP="keep documents of one's own", add_arguments=_add_arguments, run=_add)
shown = SimpleNamespace(HELP="list the documents that are kept", add_arguments=_nothing, run=_list)
remove = SimpleNamespace(HELP="delete documents that are kept", add_arguments=_remove_arguments, run=_remove)

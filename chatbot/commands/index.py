"""``python -m chatbot index``: write the index of the bundled library."""

import argparse

from chatbot.commands import Settings

HELP = "write the vectors of the library's articles beside its folder"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--check", action="store_true", help="write nothing; fail where the index is not up to date")


def run(options: argparse.Namespace, settings: Settings) -> str:
    """How many articles and passages there are."""
    from chatbot.search import Embedder
    from chatbot.sources.local import build, missing
    from diagnosis.errors import Missing

    embedder, out = Embedder(settings.embedding_model), settings.knowledge.with_suffix(".safetensors")
    if options.check:
        if lacking := missing(settings.knowledge, out, embedder):
            raise Missing(f"{out.name} lacks {lacking} passages.", "Run python -m chatbot index.")
        return f"{out.name} is up to date."
    articles, passages = build(settings.knowledge, out, embedder)
    return f"{articles} articles, {passages} passages: {out}"

"""The second opinion for commands: encoder and library are loaded when it is first asked for."""

import argparse
from typing import TYPE_CHECKING, NamedTuple

from agents.commands import Settings
from agents.tools import Opinion
from diagnosis.errors import UserError
from diagnosis.findings import Finding
from diagnosis.reading import Reading

if TYPE_CHECKING:
    from retrieval.search import Searcher


class Witness(NamedTuple):
    """Who gives the opinion of a report again, or why nobody does."""

    opinion: Opinion | None = None
    absent: str | None = None


def add_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--similar", action="store_true", help="let the most similar cases of the library vote")


def searcher_of(settings: Settings) -> "Searcher":
    """The library that the settings name. Raises Missing or BadRequest where it or its encoder can't be used."""
    from retrieval.encoder import Encoder  # its libraries take seconds to import
    from retrieval.search import Searcher

    url = settings.cases_url.get_secret_value() if settings.cases_url else None
    return Searcher.open(Encoder.load(settings.retrieval_model), settings.cases, url)


def opinion_of(settings: Settings) -> Opinion:
    """The opinion of that library."""

    def opinion(reading: Reading) -> tuple[Finding, ...]:
        from retrieval.opinion import consult

        return consult(searcher_of(settings), reading)

    return opinion


def witness_of(settings: Settings, library: str | None) -> Witness:
    """The opinion of the library of a digest; nobody where none is asked for, or another one is here."""
    from retrieval.opinion import consult

    if library is None:
        return Witness()
    try:
        searcher = searcher_of(settings)
    except UserError as error:
        return Witness(absent=str(error))
    if (found := searcher.manifest.digest) != library:
        return Witness(absent=f"The library that it is of is {library or 'not known'}, the one here {found}.")
    return Witness(lambda reading: consult(searcher, reading))

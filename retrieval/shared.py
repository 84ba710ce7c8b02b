"""The encoder and the library of a deployment, each loaded once and when it is first needed; and who keeps cases."""

import re
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from diagnosis.findings import Finding
from diagnosis.reading import Reading
from retrieval.encoder import Encoder
from retrieval.mine import MyCases
from retrieval.opinion import no_vote, opinion_findings
from retrieval.search import Searcher
from retrieval.vote import NothingSimilar, SecondOpinion

_KEY = re.compile(r"[\w-]{43}", re.ASCII)


@dataclass(frozen=True)
class Asked:
    """A second opinion, None where nothing was similar enough to vote, and the drafts of findings that tell it."""

    opinion: SecondOpinion | None
    drafts: tuple[Finding, ...]


class Cases:
    """Similar cases for all visitors. Threads share it; of a visitor it keeps nothing in memory.

    Args:
        model: name of the encoder, as open_clip names it.
        library: folder of the case library.
        own: folder of the cases that visitors keep.
        url: of a database that holds the library instead, None for the folder.
    """

    def __init__(self, model: str, library: Path, own: Path, url: SecretStr | None = None) -> None:
        self.model, self.library, self.own, self._url = model, library, own, url
        self._searcher: Searcher | None = None
        self._loading = threading.Lock()

    @property
    def ready(self) -> bool:
        """Whether everything is loaded."""
        return self._searcher is not None

    def searcher(self) -> Searcher:
        """The one searcher of the library. Raises Missing or BadRequest where encoder or library can't be used."""
        with self._loading:
            if self._searcher is None:
                url = self._url.get_secret_value() if self._url else None
                self._searcher = Searcher.open(Encoder.load(self.model), self.library, url)
            return self._searcher

    def second_opinion(self, reading: Reading) -> Asked:
        """What the cases nearest to a reading's image are called.

        Raises:
            Missing: no cases of the library could vote, or encoder or library are not here.
            BadRequest: encoder and library do not fit each other.
        """
        try:
            opinion = self.searcher().second_opinion(reading.study, reading.card.label_names)
        except NothingSimilar as nothing:
            return Asked(None, (no_vote(nothing),))
        return Asked(opinion, opinion_findings(opinion, reading))

    def findings(self, reading: Reading) -> tuple[Finding, ...]:
        """The second opinion as drafts of findings. Raises as :meth:`second_opinion`."""
        return self.second_opinion(reading).drafts

    def mine(self, key: str | None) -> MyCases | None:
        """The cases that are kept under a key, None where there are none. Raises as :meth:`searcher`."""
        if not is_key(key) or not MyCases.file(self.own, str(key)).is_file():
            return None
        return self.kept(str(key))

    def kept(self, key: str) -> MyCases:
        """The file of a key, made where it is not there. Raises as :meth:`searcher`."""
        return MyCases(self.own, key, self.searcher().encoder)


def new_key() -> str:
    """A key to one's own cases that nobody can guess: 256 random bits."""
    return secrets.token_urlsafe(32)


def is_key(key: object) -> bool:
    """Whether it looks like one of :func:`new_key`."""
    return isinstance(key, str) and _KEY.fullmatch(key) is not None

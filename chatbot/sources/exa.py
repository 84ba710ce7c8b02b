"""The web, through Exa: passages of pages on the sites of a list, and of no others."""

import re
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol
from urllib.parse import urlsplit

from pydantic import SecretStr

from chatbot.sources.cache import Cache
from chatbot.sources.cleaning import address, day, line, passage, plain
from chatbot.sources.limits import Limit
from chatbot.sources.sites import Sites, load_sites
from chatbot.sources.unavailable import WebUnavailable, bad_key
from chatbot.types import Evidence, Kind, Wanted
from diagnosis.errors import BadRequest

if TYPE_CHECKING:
    from exa_py.api import ContentsOptions, Result

EXA = "https://api.exa.ai"
PAPERS: Literal["publication"] = "publication"  # what Exa calls research papers
RESULTS = 10  # pages that a search asks for; up to ten cost the same
LONGEST = 1500  # characters of a passage
TITLE = 300  # characters of a title
PER_PAGE = 3  # passages of one page
_GAP = re.compile(r"\[ ?(?:\.{3}|…) ?\]|^(?:\.{3}|…)$", re.MULTILINE)  # where a highlight leaves words out
_PHRASE = re.compile(r"[\"“„«]\s*([^\"“”„«»]{3,80}?)\s*[\"”“»]")

Search = Literal["auto", "neural", "fast"]
"""How Exa looks: by meaning and by words together, by meaning alone, or quicker and more roughly."""


class Choices(Protocol):
    """The settings that choose a search of the web, as ``settings.Settings`` has them."""

    @property
    def exa_api_key(self) -> SecretStr | None: ...
    @property
    def exa_url(self) -> str: ...
    @property
    def exa_search(self) -> Search: ...
    @property
    def exa_timeout(self) -> float: ...
    @property
    def exa_retries(self) -> int: ...
    @property
    def exa_per_minute(self) -> int: ...
    @property
    def sites(self) -> Path | None: ...
    @property
    def cache(self) -> Path | None: ...
    @property
    def cache_days(self) -> float: ...
    @property
    def cache_mb(self) -> float: ...


@dataclass(frozen=True)
class Lookup:
    """One search, as it was made.

    Attributes:
        at: when its reply was fetched, UTC.
        to: host that it went to.
        body: of the request, every character of it; the key travels in a header.
        cached: whether the reply had been kept, so that nothing was sent now.
        dollars: what Exa says that the reply cost, in US dollars; 0 for a kept one, None where it does not say.
    """

    at: datetime
    to: str
    body: str
    cached: bool
    dollars: float | None


@dataclass(frozen=True)
class Found:
    """Passages, and the searches that they come from."""

    evidence: tuple[Evidence, ...]
    lookups: tuple[Lookup, ...]


@dataclass(frozen=True)
class Spent:
    """What searches cost since the start: how many were sent, how many answers had been kept, US dollars."""

    searches: int = 0
    cached: int = 0
    dollars: float = 0.0

    def plus(self, lookup: Lookup) -> "Spent":
        """With one more."""
        sent = 0 if lookup.cached else 1
        return Spent(self.searches + sent, self.cached + 1 - sent, self.dollars + (lookup.dollars or 0))


class ExaSource:
    """Exa's search. It holds no question and no visitor: one serves all.

    Args:
        key: of the account at Exa.
        sites: the list of sites; the bundled one where None.
        base_url: address of the API.
        search: how Exa looks.
        cache: where replies are kept; in memory where None.
        timeout: seconds that a search may take, repetitions and pauses included.
        retries: how often a search is repeated after 408, 429, 5xx or a failed connection, with growing pauses or those
            that ``Retry-After`` asks for.
        per_minute: searches that may be sent in a minute by this process.
        text: characters of each page's text that are asked for, so that passages have their place in it; 0 for none.

    Raises:
        BadRequest: ``base_url`` is no address.
    """

    def __init__(
        self,
        key: SecretStr,
        sites: Sites | None = None,
        base_url: str = EXA,
        search: Search = "auto",
        cache: Cache | None = None,
        timeout: float = 20,
        retries: int = 2,
        per_minute: int = 60,
        text: int = 0,
    ) -> None:
        self.kind: Kind = "web"
        self.host: str | None = _host(base_url)
        self.sites = sites or load_sites()
        self._key, self._base_url, self._search = key, base_url.rstrip("/"), search
        self._timeout, self._retries, self._text = timeout, retries, text
        self._cache, self._limit = cache or Cache(), Limit(per_minute)
        self._spent, self._lock = Spent(), threading.Lock()

    @classmethod
    def of(cls, settings: Choices) -> "ExaSource | None":
        """The source that settings describe, or None where they hold no key. Raises BadRequest for a bad list."""
        if settings.exa_api_key is None or not settings.exa_api_key.get_secret_value().strip():
            return None
        return cls(
            settings.exa_api_key,
            load_sites(settings.sites),
            settings.exa_url,
            settings.exa_search,
            Cache(settings.cache, settings.cache_days, settings.cache_mb),
            settings.exa_timeout,
            settings.exa_retries,
            settings.exa_per_minute,
        )

    @property
    def spent(self) -> Spent:
        """What the searches of this source cost so far."""
        with self._lock:
            return self._spent

    def find(self, question: str, wanted: Wanted, limit: int = 8) -> Sequence[Evidence]:
        """At most ``limit`` passages, best first, the best of each page before its second.

        Args:
            question: what goes to Exa, character by character but for blanks: identifying details are masked before.
                Words between quotation marks must be on the page.

        Raises:
            WebUnavailable: Exa gives no answer.
            BadRequest: none of the wanted sites is on the list.
        """
        return self.look_up(question, wanted, limit).evidence

    def look_up(self, question: str, wanted: Wanted, limit: int = 8) -> Found:
        """:meth:`find`, with the searches that were made for it."""
        question = " ".join(question.split())
        if not question or limit < 1 or self.kind not in wanted.kinds:
            return Found((), ())
        asked = [_Asked(question, self.sites.narrowed(wanted.sites), wanted.since, max(RESULTS, min(limit, 25)))]
        if wanted.papers:
            hosts = self.sites.narrowed(wanted.sites, professional=True)
            asked = [replace(asked[0], papers=True), replace(asked[0], hosts=hosts)]
        lists: list[list[Evidence]] = []
        lookups: list[Lookup] = []
        failed: list[WebUnavailable] = []
        with ThreadPoolExecutor(len(asked)) as pool:
            for future in [pool.submit(self._one, one) for one in asked]:
                try:
                    lookup, evidence = future.result()
                except WebUnavailable as error:
                    failed.append(error)
                else:
                    lookups.append(lookup)
                    lists.append(evidence)
        if not lookups:
            raise failed[0]
        mixed = [one for row in zip_longest(*lists) for one in row if one is not None]
        return Found(tuple({one.id: one for one in mixed}.values())[:limit], tuple(lookups))

    def _one(self, asked: "_Asked") -> tuple[Lookup, list[Evidence]]:
        """One search."""
        from chatbot.sources.exa_client import Client

        key = self._key.get_secret_value().strip()
        if not re.fullmatch(r"[!-~]+", key):
            raise bad_key()
        client = Client(key, self._base_url, self._timeout, self._retries, self._cache, self._limit)
        contents: ContentsOptions = {"highlights": True}
        if self._text:
            contents["text"] = {"max_characters": self._text}
        reply = client.search(
            asked.question,
            type=self._search,
            num_results=asked.results,
            include_domains=list(asked.hosts),
            include_text=asked.phrase,
            start_published_date=f"{asked.since.isoformat()}T00:00:00.000Z" if asked.since else None,
            category=PAPERS if asked.papers else None,
            contents=contents,
        )
        cost = reply.cost_dollars.total if reply.cost_dollars else None
        lookup = Lookup(client.at, self.host or "", client.sent, client.cached, 0.0 if client.cached else cost)
        with self._lock:
            self._spent = self._spent.plus(lookup)
        return lookup, self._evidence(reply.results, asked, client.at)

    def _evidence(self, results: Sequence["Result"], asked: "_Asked", at: datetime) -> list[Evidence]:
        """The passages of pages that may be shown: the first of each page, then the second of each, and so on."""
        pages = []
        scored = all(one.score is not None and one.score <= 1 for one in results)
        for rank, result in enumerate(results, 1):
            page = address(result.url)
            if page is None or not self.sites.allows(page[1], asked.hosts):
                continue
            published = day(result.published_date, at.date())
            if asked.since and published and published < asked.since:
                continue
            found = Evidence(
                title=line(result.title or "", TITLE) or page[1],
                url=page[0],
                site=page[1].removeprefix("www."),
                excerpt="",
                start=0,
                end=0,
                kind=self.kind,
                published=published.isoformat() if published else None,
                retrieved=at.date(),
                score=result.score if scored and result.score is not None else 1 / rank,
            )
            pages.append(list(_passages(found, result))[:PER_PAGE])
        return [one for row in zip_longest(*pages) for one in row if one is not None]


def _host(url: str) -> str:
    """Host and port of an address."""
    try:
        parts = urlsplit(url)
        named = parts.scheme in ("http", "https") and parts.hostname
    except ValueError:
        named = None
    if not named:
        raise BadRequest(f"LIGHTBOX_EXA_URL is {url!r:.200}, which is no address.", f"Leave it empty for {EXA}.")
    return parts.netloc.rpartition("@")[2]


@dataclass(frozen=True)
class _Asked:
    question: str
    hosts: tuple[str, ...]
    since: date | None
    results: int
    papers: bool = False

    @property
    def phrase(self) -> list[str] | None:
        """Words between quotation marks: Exa takes one phrase of at most five words."""
        found = _PHRASE.search(self.question)
        return [found[1]] if found and len(found[1].split()) <= 5 else None


def _passages(page: Evidence, result: "Result") -> Iterator[Evidence]:
    """What a page's highlights quote, each piece without a gap for itself."""
    text = plain(result.text or "")
    for highlight in result.highlights or []:
        for piece in _GAP.split(plain(highlight)):
            excerpt = passage(piece.strip(), LONGEST)
            if len(re.findall(r"[^\W\d_]{2,}", excerpt)) < 3:
                continue  # a heading, a number, a button
            start = max(0, text.find(excerpt))
            yield replace(page, excerpt=excerpt, start=start, end=start + len(excerpt))

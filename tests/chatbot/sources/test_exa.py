"""The search of the web: what is sent to Exa, and what its replies become."""

import warnings
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from chatbot.sources.cache import NAME, Cache
from chatbot.sources.exa import LONGEST, ExaSource
from chatbot.sources.sites import load_sites
from chatbot.sources.unavailable import (
    Failing,
)
from chatbot.types import Source, Wanted
from diagnosis.errors import BadRequest
from tests.chatbot.exa_server import KEY, ExaServer, fails, finds, page
from tests.chatbot.sources.asking import ALSO, NHS, NICE, QUESTION, SAYS, source_of

# What is sent


def test_the_question_the_sites_and_nothing_about_the_visitor_are_sent(server: ExaServer, source: ExaSource) -> None:
    source.find(f"  {QUESTION}\n", Wanted())
    [request] = server.history
    assert request.body == {
        "query": QUESTION,
        "type": "auto",
        "numResults": 10,
        "includeDomains": list(load_sites().hosts),
        "contents": {"highlights": True},
    }
    assert request.path == "/search"
    own = {
        "host",
        "accept",
        "accept-encoding",
        "connection",
        "content-length",
        "content-type",
        "user-agent",
        "x-api-key",
    }
    assert set(request.headers) == own and request.headers["x-api-key"] == KEY
    assert KEY not in request.raw.decode()


def test_a_narrower_search_says_so(server: ExaServer) -> None:
    source = source_of(server, search="neural", text=900)
    source.find(QUESTION, Wanted(since=date(2022, 7, 1), sites=("nice.org.uk", "nhs.uk")), limit=15)
    body = server.history[0].body
    assert body["startPublishedDate"] == "2022-07-01T00:00:00.000Z"
    assert (body["type"], body["numResults"]) == ("neural", 15)
    assert body["includeDomains"] == ["nice.org.uk", "nhs.uk"]
    assert body["contents"] == {"highlights": True, "text": {"maxCharacters": 900}}


@pytest.mark.parametrize(
    ("question", "phrase"),
    [
        ('What does "ground glass opacity" mean?', ["ground glass opacity"]),
        ("Was bedeutet „Milchglas“?", ["Milchglas"]),
        ("What is an 'air crescent' sign?", None),
        ('Who said "one two three four five six"?', None),
        ('What is a 5" needle?', None),
    ],
)
def test_words_in_quotation_marks_must_be_on_the_page(
    server: ExaServer, source: ExaSource, question: str, phrase: list[str] | None
) -> None:
    source.find(question, Wanted())
    assert server.history[0].body.get("includeText") == phrase


def test_professionals_get_studies_and_what_is_not_for_patients(server: ExaServer, source: ExaSource) -> None:
    server.will(finds(page("https://www.nejm.org/a", SAYS)), finds(page("https://www.nejm.org/b", ALSO)))
    found = source.look_up(QUESTION, Wanted(papers=True))
    studies, others = sorted((one.body for one in server.history), key=lambda body: "category" not in body)
    assert studies["category"] == "publication" and "nhs.uk" in studies["includeDomains"]
    assert "category" not in others and "nhs.uk" not in others["includeDomains"]
    assert {one.excerpt for one in found.evidence} == {SAYS, ALSO}
    assert len(found.lookups) == 2


def test_one_of_two_searches_is_enough(server: ExaServer, source: ExaSource) -> None:
    server.will(fails(500), finds(page("https://www.nejm.org/b", ALSO)))
    assert [one.excerpt for one in source.find(QUESTION, Wanted(papers=True))] == [ALSO]
    server.will(fails(500), fails(500))
    with pytest.raises(Failing):
        source.find("Another question?", Wanted(papers=True))


def test_nothing_is_sent_where_nothing_can_be_found(server: ExaServer, source: ExaSource) -> None:
    assert source.find("  ", Wanted()) == ()
    assert source.find(QUESTION, Wanted(kinds=frozenset({"library"}))) == ()
    assert source.find(QUESTION, Wanted(), limit=0) == ()
    with pytest.raises(BadRequest, match=r"evil\.net"):
        source.find(QUESTION, Wanted(sites=("evil.net",)))
    assert server.history == []


def test_no_warning_of_a_deprecated_option(server: ExaServer, source: ExaSource) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        source.find(QUESTION, Wanted(since=date(2020, 1, 1), papers=True))


# What comes back


def test_highlights_are_passages(server: ExaServer, source: ExaSource) -> None:
    server.will(finds(page(NICE, SAYS, ALSO, title="Pneumothorax", publishedDate="2023-11-16T01:36:32.547Z")))
    one, other = source.find(QUESTION, Wanted())
    assert (one.excerpt, one.title, one.url, one.site) == (SAYS, "Pneumothorax", NICE, "nice.org.uk")
    assert (one.kind, one.published, one.score) == ("web", "2023-11-16", 0.5)
    assert (one.start, one.end) == (0, len(SAYS))
    assert one.retrieved in (datetime.now(UTC).date(), datetime.now(UTC).date() - timedelta(days=1))
    assert other.excerpt == ALSO and other.id != one.id


def test_a_passage_has_its_place_in_the_text(server: ExaServer, source: ExaSource) -> None:
    text = f"# Treatment\n\n{SAYS}\n\n{ALSO}"
    server.will(finds(page(NICE, ALSO, "These words are elsewhere.", text=text)))
    inside, outside = source.find(QUESTION, Wanted())
    assert text[inside.start : inside.end] == inside.excerpt == ALSO
    assert (outside.start, outside.end) == (0, len(outside.excerpt))


def test_a_highlight_with_gaps_is_several_passages(server: ExaServer, source: ExaSource) -> None:
    server.will(finds(page(NICE, f"{SAYS} [...] {ALSO}\n...\nAsk a doctor about it.")))
    assert [one.excerpt for one in source.find(QUESTION, Wanted())] == [SAYS, ALSO, "Ask a doctor about it."]


def test_the_best_of_each_page_comes_before_its_second(server: ExaServer, source: ExaSource) -> None:
    first, second = page(NICE, *(f"Nice says thing number {n}." for n in "abcd")), page(NHS, SAYS, ALSO)
    server.will(finds(first, second))
    found = [one.excerpt for one in source.find(QUESTION, Wanted(), limit=5)]
    assert found == ["Nice says thing number a.", SAYS, "Nice says thing number b.", ALSO, "Nice says thing number c."]


def test_without_scores_the_order_is_the_score(server: ExaServer, source: ExaSource) -> None:
    server.will(finds(page(NICE, SAYS, score=None), page(NHS, ALSO, score=0.9)))
    scores = [one.score for one in source.find(QUESTION, Wanted())]
    assert scores == sorted(scores, reverse=True) and all(0 < score <= 1 for score in scores)


def test_a_long_passage_ends_with_a_sentence(server: ExaServer, source: ExaSource) -> None:
    server.will(finds(page(NICE, f"{SAYS} " * 100), page(NHS, "word " * 2000)))
    sentences, words = source.find(QUESTION, Wanted())
    assert len(sentences.excerpt) <= LONGEST and sentences.excerpt.endswith("without treatment.")
    assert len(words.excerpt) <= LONGEST and words.excerpt.endswith("word")


def test_what_is_known_to_be_older_is_left_out(server: ExaServer, source: ExaSource) -> None:
    old, undated = page(NICE, SAYS, publishedDate="2019-12-31"), page(NHS, ALSO, publishedDate=None)
    server.will(finds(old, undated))
    assert [one.excerpt for one in source.find(QUESTION, Wanted(since=date(2020, 1, 1)))] == [ALSO]


@pytest.mark.parametrize("text", ["soon", "2023-13-45", "9999-01-01", "0001-01-01", "", "2023-11-16' onload='x"])
def test_a_date_that_cannot_be_is_none(server: ExaServer, source: ExaSource, text: str) -> None:
    server.will(finds(page(NICE, SAYS, publishedDate=text)))
    assert source.find(QUESTION, Wanted())[0].published is None


def test_nothing_found_is_no_error(server: ExaServer, source: ExaSource) -> None:
    server.will(finds())
    assert source.find(QUESTION, Wanted()) == ()


# Many at once, and how it is made


def test_many_visitors_at_once(server: ExaServer, tmp_path: Path) -> None:
    source = source_of(server, cache=Cache(tmp_path), per_minute=6000)
    asked = [f"Question {number % 8}?" for number in range(32)]
    server.will(*[finds(page(NICE, SAYS), cost=0.25)] * 32)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda question: source.find(question, Wanted()), asked))
    assert all([one.excerpt for one in each] == [SAYS] for each in found)
    spent = source.spent
    assert (spent.searches + spent.cached, spent.searches) == (32, len(server.history))
    assert spent.dollars == 0.25 * spent.searches
    assert {one.body["query"] for one in server.history} == set(asked)


class Settings:
    """What ``ExaSource.of`` reads."""

    exa_api_key: SecretStr | None = SecretStr(KEY)
    exa_url = ""
    exa_search = "fast"
    exa_timeout = 5.0
    exa_retries = 0
    exa_per_minute = 60
    sites: Path | None = None
    cache: Path | None = None
    cache_days = 1.0
    cache_mb = 1.0


def test_it_is_made_of_settings(server: ExaServer, tmp_path: Path) -> None:
    settings: Any = Settings()
    settings.exa_url, settings.sites, settings.cache = f"{server.url}/", tmp_path / "mine.toml", tmp_path / "kept"
    settings.sites.write_text("[mine]\ntitle = 'Mine'\nhosts = { 'example.org' = 'Example' }")
    made = ExaSource.of(settings)
    assert made is not None
    source: Source = made
    source.find(QUESTION, Wanted())
    assert (source.kind, source.host) == ("web", server.host)
    assert server.history[0].body["includeDomains"] == ["example.org"] and server.history[0].body["type"] == "fast"
    assert (tmp_path / "kept" / NAME).exists()
    assert KEY not in repr(vars(made))


@pytest.mark.parametrize("key", [None, SecretStr(""), SecretStr("  ")])
def test_without_a_key_there_is_none(key: SecretStr | None) -> None:
    settings: Any = Settings()
    settings.exa_api_key = key
    assert ExaSource.of(settings) is None


def test_by_default_it_is_exa_and_the_key_is_never_taken_from_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXA_API_KEY", "exa-of-the-environment")
    source = ExaSource(SecretStr(KEY))
    assert source.host == "api.exa.ai" and "exa-of-the-environment" not in repr(vars(source))

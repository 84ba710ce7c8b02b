"""The list of sites: what it allows, what it can be narrowed to, and what is wrong with a list that is refused."""

from pathlib import Path

import pytest

from chatbot.sources.sites import Sites, load_sites
from diagnosis.errors import BadRequest

OWN = """
without = ["forum.example.org"]
[guidelines]
title = "Guidelines"
hosts = { "example.org" = "Example", "nice.org.uk" = "NICE" }
[patients]
title = "For patients"
patients = true
hosts = { "nhs.uk" = "NHS" }
"""


@pytest.fixture
def own(tmp_path: Path) -> Sites:
    (tmp_path / "sites.toml").write_text(OWN)
    return load_sites(tmp_path / "sites.toml")


def test_the_bundled_list_has_every_sort_and_no_host_twice() -> None:
    sites = load_sites()
    assert list(sites.groups) == ["guidelines", "public-health", "societies", "journals", "patients"]
    assert sum(len(group.hosts) for group in sites.groups.values()) == len(sites.hosts) >= 60
    assert not any(host != other and host.endswith(f".{other}") for host in sites.hosts for other in sites.hosts)


def test_what_is_left_out_is_below_a_host_of_the_list() -> None:
    sites = load_sites()
    assert all(any(one.endswith(f".{host}") for host in sites.hosts) for one in sites.without)


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("example.org", True),
        ("www.example.org", True),
        ("a.b.example.org", True),
        ("forum.example.org", False),
        ("old.forum.example.org", False),
        ("notexample.org", False),
        ("example.org.evil.net", False),
        ("org", False),
        ("", False),
    ],
)
def test_a_host_stands_for_what_is_below_it(own: Sites, host: str, allowed: bool) -> None:
    assert own.allows(host) == allowed


@pytest.mark.parametrize(
    ("wanted", "hosts"),
    [
        ((), ("example.org", "nice.org.uk", "nhs.uk")),
        (("nhs.uk",), ("nhs.uk",)),
        (("CKS.nice.org.uk",), ("cks.nice.org.uk",)),
        (("org.uk",), ("nice.org.uk",)),
        (("patients",), ("nhs.uk",)),
        (("patients", "nice.org.uk", "elsewhere.com"), ("nhs.uk", "nice.org.uk")),
    ],
)
def test_it_can_be_narrowed_to_hosts_and_groups(own: Sites, wanted: tuple[str, ...], hosts: tuple[str, ...]) -> None:
    assert own.narrowed(wanted) == hosts


def test_professionals_are_spared_what_is_written_for_patients(own: Sites) -> None:
    assert own.narrowed(professional=True) == ("example.org", "nice.org.uk")
    assert own.narrowed(("patients",), professional=True) == ("nhs.uk",)


@pytest.mark.parametrize("wanted", ["elsewhere.com", "forum.example.org", "example.org.evil.net"])
def test_nothing_outside_the_list_can_be_wanted(own: Sites, wanted: str) -> None:
    with pytest.raises(BadRequest, match=wanted):
        own.narrowed((wanted,))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[a]\ntitle = 'A'\nhosts = { 'https://nice.org.uk' = 'NICE' }", "https://nice.org.uk"),
        ("[a]\ntitle = 'A'\nhosts = { 'nice.org.uk/guidance' = 'NICE' }", "nice.org.uk/guidance"),
        ("[a]\ntitle = 'A'\nhosts = { 'Nice.org.uk' = 'NICE' }", "Nice.org.uk"),
        ("[a]\ntitle = 'A'\nhosts = { '*.org' = 'All' }", "*.org"),
        ("[a]\ntitle = 'A'\nhosts = { 'uk' = 'All' }", "'uk' is no host"),
        ("[a]\ntitle = 'A'\nhosts = { 'nice.org.uk' = '' }", "a.hosts.nice.org.uk"),
        ("[a]\ntitle = 'A'\nhosts = ['nice.org.uk']", "a.hosts"),
        ("[a]\nhosts = { 'nice.org.uk' = 'NICE' }", "a.title"),
        ("[a]\ntitle = 'A'\nhost = 'x'\nhosts = {}", "a.host"),
        ("without = 'nice.org.uk'", "without"),
        ("nice.org.uk = 1", "nice"),
        ("[a", "is no TOML"),
        ("", "names 0 hosts"),
        ("[a]\ntitle = 'A'\nhosts = {}", "names 0 hosts"),
    ],
)
def test_a_list_that_cannot_be_used_says_where(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(BadRequest) as told:
        load_sites(file)
    assert named in str(told.value) and "mine.toml" in str(told.value)


def test_a_list_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=r"none\.toml cannot be read"):
        load_sites(tmp_path / "none.toml")

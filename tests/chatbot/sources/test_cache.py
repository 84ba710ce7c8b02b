"""The cache of replies: kept for a while, within bounds, by threads and processes, and never in the way."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chatbot.sources.cache import NAME, Cache, key_of

DAY = 86400


class Clock:
    """Seconds since 1970 that go on when they are told to."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "file"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return None if request.param == "memory" else tmp_path / "new" / "cache"


def value_of(cache: Cache, key: str) -> str | None:
    kept = cache.get(key)
    return kept.value if kept else None


def test_what_is_kept_is_found_until_it_expires(folder: Path | None, clock: Clock) -> None:
    cache = Cache(folder, days=2, clock=clock)
    assert cache.get("a") is None
    cache.put("a", "first")
    kept = cache.get("a")
    assert kept is not None and (kept.value, kept.at) == ("first", clock.now)
    clock.now += 2 * DAY - 1
    assert value_of(cache, "a") == "first"
    clock.now += 1
    assert cache.get("a") is None


def test_a_later_value_replaces_an_earlier_one(folder: Path | None, clock: Clock) -> None:
    cache = Cache(folder, clock=clock)
    cache.put("a", "first")
    cache.put("a", "second")
    assert value_of(cache, "a") == "second"


def test_a_value_of_the_future_is_not_believed(folder: Path | None, clock: Clock) -> None:
    cache = Cache(folder, clock=clock)
    cache.put("a", "first")
    clock.now -= DAY
    assert cache.get("a") is None


def test_the_oldest_goes_when_there_is_too_much(folder: Path | None, clock: Clock) -> None:
    cache = Cache(folder, megabytes=0.01, clock=clock)  # room for three
    for key in "abcd":
        clock.now += 1
        cache.put(key, key * 3000)
    assert [key for key in "abcd" if cache.get(key)] == ["b", "c", "d"]
    cache.put("huge", "x" * 20_000)
    assert cache.get("huge") is None


def test_the_file_does_not_grow_for_ever(tmp_path: Path, clock: Clock) -> None:
    cache = Cache(tmp_path, megabytes=0.1, clock=clock)
    for number in range(60):
        clock.now += 1
        cache.put(str(number), "x" * 20_000)
    assert (tmp_path / NAME).stat().st_size < 300_000


def test_a_new_process_finds_what_another_kept(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from chatbot.sources.cache import Cache\n"
    code += "cache = Cache(Path(sys.argv[1]))\nfor n in range(25): cache.put(f'{sys.argv[2]}-{n}', 'x' * 1000)"
    running = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name]) for name in "ab"]
    assert [one.wait(60) for one in running] == [0, 0]
    cache = Cache(tmp_path)
    assert all(cache.get(f"{name}-{n}") for name in "ab" for n in range(25))


@pytest.mark.parametrize("kind", ["memory", "one for all", "one each"])
def test_threads_share_it(tmp_path: Path, kind: str) -> None:
    shared = Cache(None if kind == "memory" else tmp_path)

    def keep(number: int) -> str | None:
        cache = Cache(tmp_path) if kind == "one each" else shared
        cache.put(str(number), f"value {number}")
        return value_of(cache, str(number))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(keep, range(80))) == [f"value {number}" for number in range(80)]


@pytest.mark.parametrize("damage", ["no database", "cut", "another table"])
def test_a_broken_file_is_replaced(tmp_path: Path, damage: str) -> None:
    file = tmp_path / NAME
    if damage == "no database":
        file.write_bytes(b"this is no database" * 100)
    elif damage == "cut":
        Cache(tmp_path).put("a", "x" * 30_000)
        file.write_bytes(file.read_bytes()[:9000] + b"\xff" * 3000)
    else:
        with sqlite3.connect(file) as other:
            other.execute("CREATE TABLE replies (question TEXT)")
        other.close()
    cache = Cache(tmp_path)
    assert cache.get("b") is None
    cache.put("b", "whole")
    assert value_of(cache, "b") == "whole"
    assert value_of(Cache(tmp_path), "b") == "whole"


def test_a_folder_that_cannot_be_had_keeps_nothing_and_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    (tmp_path / "other" / NAME).mkdir(parents=True)
    for folder in (tmp_path / "file", tmp_path / "other"):
        cache = Cache(folder)
        cache.put("a", "value")
        assert cache.get("a") is None


def test_the_file_is_its_owner_s_alone(tmp_path: Path) -> None:
    Cache(tmp_path).put("a", "value")
    assert [one.name for one in tmp_path.iterdir()] == [NAME]
    if sys.platform != "win32":
        assert (tmp_path / NAME).stat().st_mode & 0o077 == 0


def test_keys_tell_their_parts_apart() -> None:
    assert len({key_of("a", "bc"), key_of("ab", "c"), key_of("abc"), key_of("abc", "")}) == 4
    assert key_of("\ud800") != key_of("?")

"""Cases in a store: filters come before the ranking, duplicates are refused, what is removed is gone.

Both stores pass the same tests; that in Postgres with a server of the tests' own.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from diagnosis.errors import BadRequest
from retrieval import index as module
from retrieval.filters import Filter, parse_filter, parse_filters
from retrieval.index import exact, make_index
from retrieval.library import Record
from retrieval.metadata import Metadata
from retrieval.postgres import PostgresStore
from retrieval.push import push
from retrieval.store import CaseStore, LocalStore
from tests.retrieval.made import library, record, rows

COUNT = 300
Make = Callable[[Sequence[Record], np.ndarray], CaseStore]


def half(vectors: np.ndarray) -> np.ndarray:
    """float32: numbers that 16 bits hold without loss, as those of a library are."""
    return vectors.astype(np.float16).astype(np.float32)


@pytest.fixture(params=["local", "postgres"], scope="module")
def make(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """Makes a store of cases."""
    made: list[PostgresStore] = []

    def pushed(records: Sequence[Record], vectors: np.ndarray) -> CaseStore:
        url, folder = request.getfixturevalue("database").url(), tmp_path_factory.mktemp("store") / "library"
        library(folder, records, vectors)
        push(url, folder)
        made.append(PostgresStore.open(url))
        return made[-1]

    yield LocalStore.of if request.param == "local" else pushed
    for store in made:
        store.close()


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    return half(rows(COUNT))


def records() -> list[Record]:
    return [
        record(
            number,
            "ab"[number % 2],
            (("normal",), ("pneumonia", "oedema"))[number % 3 == 0],
            patient=f"p{number // 5}",
            image=f"i{number}",
            age=str(number % 90),
            sex=("male", "female")[number % 7 == 0],
        )
        for number in range(COUNT)
    ]


@pytest.fixture(scope="module")
def store(make: Make, vectors: np.ndarray) -> CaseStore:
    """One for all tests, which leave it as it is."""
    return make(records(), vectors)


@pytest.fixture
def changing(make: Make, vectors: np.ndarray) -> CaseStore:
    """One of a test's own."""
    return make(records(), vectors)


def ids(found: list) -> list[str]:
    return [record.id for record, _ in found]


def number(id: str) -> int:
    return int(id.split(":")[1])


def test_the_nearest_are_those_that_comparing_all_finds(store: CaseStore, vectors: np.ndarray) -> None:
    query = rows(1, seed=9)[0]
    cosines = vectors @ query
    found = store.nearest(query, 7)
    assert [number(id) for id in ids(found)] == np.argsort(-cosines)[:7].tolist()
    assert np.allclose([cosine for _, cosine in found], np.sort(cosines)[::-1][:7], atol=1e-5)


@pytest.mark.parametrize(
    ("texts", "keeps"),
    [
        (["dataset=a"], lambda n: n % 2 == 0),
        (["label=Oedema"], lambda n: n % 3 == 0),
        (["label=oedema", "sex=female"], lambda n: n % 3 == 0 and n % 7 == 0),
        (["sex=male", "sex=female"], lambda n: True),
        (["age=30..40"], lambda n: 30 <= n % 90 <= 40),
        (["age=85.."], lambda n: n % 90 >= 85),
        (["age=..3", "label!=pneumonia"], lambda n: n % 90 <= 3 and n % 3),
        (["licence=CC BY 3.0"], lambda n: n % 2 == 1),
        (["age=5"], lambda n: n % 90 == 5),
        (["age!=10..80", "sex!=female"], lambda n: not 10 <= n % 90 <= 80 and n % 7),
        (["age=89.5..", "age=3"], lambda n: n % 90 == 3),
        (["age=89.5.."], lambda n: False),
    ],
)
def test_filters_come_before_the_ranking(
    store: CaseStore, vectors: np.ndarray, texts: list[str], keeps: Callable[[int], object]
) -> None:
    """A filter that leaves few still fills the results, however far down the whole ranking they are."""
    query = rows(1, seed=3)[0]
    allowed = [n for n in range(COUNT) if keeps(n)]
    expected = sorted(allowed, key=lambda n: -float(vectors[n] @ query))[:10]
    assert [number(id) for id in ids(store.nearest(query, 10, parse_filters(texts)))] == expected


def test_what_is_left_out_is_a_case_or_a_patient(store: CaseStore, vectors: np.ndarray) -> None:
    found = ids(store.nearest(vectors[11], COUNT, without=["a:10", "p2"]))
    assert len(found) == COUNT - 5 and not {number(id) for id in found} & set(range(10, 15))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sex=f", "No case has sex 'f'"),
        ("colour=red", "nothing called 'colour'"),
        ("sex", "not understood"),
        ("=x", "not understood"),
        ("age=50..40", "is empty"),
        ("sex!=f", "No case has sex 'f'"),
        ("sex=male'; DROP TABLE lightbox_cases; --", "No case has sex"),
        ("sex') OR true; --=x", "nothing called"),
        ("sex=\0", "No case has sex"),
    ],
)
def test_a_filter_that_means_nothing_here_is_named(store: CaseStore, text: str, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        store.nearest(rows(1)[0], 3, parse_filters([text]))


def test_filters_are_read_as_they_are_written() -> None:
    assert parse_filter("Age=30..40.5") == Filter("age", None, 30, 40.5)
    assert parse_filter("label != Normal") == Filter("label", "normal", excluded=True)
    assert parse_filter("diagnosis=a=b") == Filter("diagnosis", "a=b")
    assert [str(one) for one in parse_filters(["age=..7", "a!=b", "a!=b"])] == ["age=..7", "a!=b"]


def test_duplicates_are_refused_and_change_nothing(changing: CaseStore) -> None:
    for bad, words in (
        ([record(0)], "a:0 already"),
        ([record(900, image="i7")], "is there already"),
        ([record(901, image="new"), record(902, image="new")], "is there already"),
        ([record(903), record(903)], "a:903 already"),
    ):
        with pytest.raises(BadRequest, match=words):
            changing.add(bad, rows(len(bad)))
    assert len(changing) == COUNT and changing.get("a:901") is None
    with pytest.raises(BadRequest, match="shape"):
        changing.add([record(905)], rows(2))


def test_what_is_added_is_found_and_what_is_removed_is_not(changing: CaseStore, vectors: np.ndarray) -> None:
    new = half(rows(2, seed=5))
    changing.add([record(500, sex="other"), record(501, "b", image="x")], new)
    assert ids(changing.nearest(new[1], 1)) == ["b:501"] and ids(changing.nearest(new[0], 1)) == ["a:500"]
    assert ids(changing.nearest(new[1], 5, parse_filters(["sex=other"]))) == ["a:500"]
    assert np.array_equal(changing.vector("b:501"), new[1]) and np.allclose(
        changing.vector("a:4"), vectors[4], atol=1e-3
    )
    changing.remove(["b:501", "a:4", "nobody"])
    assert len(changing) == COUNT and changing.get("a:4") is None and changing.vector("a:4") is None
    assert not {"b:501", "a:4"} & set(ids(changing.nearest(new[1], COUNT + 2)))
    changing.add([record(4, image="i4")], vectors[4:5])
    assert ids(changing.nearest(vectors[4], 1)) == ["a:4"]


def test_an_empty_store_answers(make: Make, vectors: np.ndarray) -> None:
    store = make([], np.empty((0, 8), np.float32))
    assert len(store) == 0 and store.nearest(vectors[0], 5, parse_filters(["sex=male"])) == [] and store.keys() == []
    store.add([record(1)], vectors[:1])
    assert ids(store.nearest(vectors[0], 5)) == ["a:1"]


def test_values_are_counted(changing: CaseStore) -> None:
    assert list(changing.values("sex").items()) == [("male", 257), ("female", 43)] and changing.values("nothing") == {}
    assert changing.keys() == ["age", "dataset", "label", "licence", "sex"]
    changing.remove(["a:0", "a:2", "a:2"])
    changing.add([record(400, sex="other")], rows(1, seed=7))
    assert changing.values("sex") == {"male": 256, "female": 42, "other": 1}
    assert changing.values("label") == {"pneumonia": 99, "oedema": 99, "normal": 200}


def test_a_case_is_found_by_its_id_its_image_and_its_place(store: CaseStore) -> None:
    case = store.get("b:7")
    assert case and case.case.facts == {"age": "7", "sex": "female"} and case.patient == "p1" and case.image == "i7"
    assert store.with_image("i7") == [case] and store.place("b:7") == 7
    for id in ("b:8", "", "\0", "b:7\0", "'; DROP TABLE lightbox_cases; --", "%s", "é"):
        assert store.get(id) is None and store.vector(id) is None and store.place(id) is None
        assert store.with_image(id) == [] and store.values(id) == {}
    assert len(store.nearest(rows(1)[0], COUNT, without=["'; --", "\0"])) == COUNT


def test_threads_may_search_at_once(store: CaseStore, vectors: np.ndarray) -> None:
    asked = [(vectors[n], parse_filters([f"age={n % 90}"])) for n in range(200)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda one: ids(store.nearest(one[0], 1, one[1]))[0], asked))
    assert [number(id) for id in found] == list(range(200))


def test_a_table_on_disk_is_read_again_and_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "cases.sqlite"
    table = Metadata(path)
    table.add(record(n, age=str(n)) for n in range(5))
    table.close()
    before = path.read_bytes()
    again = Metadata(path, frozen=True)
    assert len(again) == 5 and again.mask(parse_filters(["age=2..3"])).tolist() == [False, False, True, True, False]
    with pytest.raises(BadRequest, match="not changed"):
        again.add([record(9)])
    with pytest.raises(BadRequest, match="not changed"):
        again.remove(["a:1"])
    assert path.read_bytes() == before


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """More vectors than are compared one by one here, around many centres."""
    monkeypatch.setattr(module, "FLAT_MOST", 20_000)
    monkeypatch.setattr(module, "EXACT_MOST", 8_000)
    chance = np.random.default_rng(1)
    centres = chance.normal(size=(200, 32))
    some = centres[chance.integers(0, 200, 24_000)] + 0.5 * chance.normal(size=(24_000, 32))
    return (some / np.linalg.norm(some, axis=1, keepdims=True)).astype(np.float16)


def test_many_vectors_get_an_index_that_finds_nearly_all_of_the_nearest(many: np.ndarray, tmp_path: Path) -> None:
    told: list[str] = []
    index = make_index(many, tmp_path, told.append)
    assert index.stamp.kind == "ivf" and index.stamp.recall >= 0.95 and any("training" in line for line in told)
    asked = many[::240].astype(np.float32)
    truth = exact(many, asked, 10)
    assert np.mean([len({*index.nearest(q, 10)[0]} & {*t}) for q, t in zip(asked, truth, strict=True)]) >= 9.5
    for share in (0.5, 0.05):  # the first is searched in the index, the second by comparing all that are left
        mask = np.random.default_rng(2).random(len(many)) < share
        assert (mask.sum() > module.EXACT_MOST) == (share == 0.5)
        allowed = np.flatnonzero(mask)
        true = allowed[exact(many[allowed], asked, 10)]
        found = [index.nearest(query, 10, mask)[0] for query in asked]
        assert all(mask[rows].all() and len(rows) == 10 for rows in found)
        assert np.mean([len({*a} & {*b}) for a, b in zip(found, true, strict=True)]) >= 9.5
    told.clear()
    make_index(many, tmp_path, told.append)
    assert told[0] == "going on with the trained index"

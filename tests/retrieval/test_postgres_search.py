"""Searches in Postgres: as near and as complete as in a folder, however many cases and filters there are."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import SecretStr

from diagnosis.errors import BadRequest
from diagnosis.readers import read_study
from retrieval import postgres
from retrieval import push as pushing
from retrieval.__main__ import main
from retrieval.build import build
from retrieval.encoder import Encoder
from retrieval.filters import NAMELESS, Filter, parse_filters
from retrieval.found import told
from retrieval.index import exact
from retrieval.library import CASES
from retrieval.plan import plan_folder
from retrieval.postgres import PostgresStore
from retrieval.push import push, summary
from retrieval.query import Query, unit
from retrieval.search import Searcher
from retrieval.shared import Cases
from retrieval.store import LocalStore
from retrieval.types import SYNTHETIC
from tests.retrieval.database import Database
from tests.retrieval.made import library, paint, painted, record, rows
from tests.retrieval.tiny import write_tiny

EXACT_MOST = 4_000  # here, so that fewer cases need an index
Many = tuple[PostgresStore, np.ndarray]


@pytest.fixture(scope="module")
def many(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Many]:
    """More cases than are compared one by one here."""
    chance = np.random.default_rng(1)
    centres = chance.normal(size=(200, 16))
    count = EXACT_MOST + 2_000
    vectors = unit(centres[chance.integers(0, 200, count)] + 0.5 * chance.normal(size=(count, 16))).astype(np.float16)
    folder = tmp_path_factory.mktemp("many") / "cases"
    made = [record(n, sex=("male", "female")[n % 2], age=str(n % 100), part=str(n % 9 > 0)) for n in range(count)]
    library(folder, made, vectors)
    url = database.url()
    with pytest.MonkeyPatch.context() as patch:
        for place in (postgres, pushing):
            patch.setattr(place, "EXACT_MOST", EXACT_MOST)
        pushed = push(url, folder)
        assert 40 <= pushed.width <= 1_000 and pushed.recall >= 0.97 and "HNSW" in summary(pushed)
        with PostgresStore.open(url) as store:
            yield store, vectors


@pytest.mark.parametrize(
    ("texts", "keep"),
    [
        ([], lambda n: n >= 0),
        (["part=true"], lambda n: n % 9 > 0),  # more than are compared one by one: the index is scanned on
        (["part!=false"], lambda n: n % 9 > 0),
        (["sex=female"], lambda n: n % 2 == 1),
        (["sex=female", "age=31"], lambda n: n % 100 == 31),
    ],
)
def test_many_cases_are_searched_through_an_index_whatever_is_filtered(
    many: Many, texts: list[str], keep: Callable[[np.ndarray], np.ndarray]
) -> None:
    store, vectors = many
    allowed = np.flatnonzero(keep(np.arange(len(vectors))))
    asked = vectors[::400].astype(np.float32)
    true = allowed[exact(vectors[allowed], asked, 10)]
    found = [[int(r.id[2:]) for r, _ in store.nearest(query, 10, parse_filters(texts))] for query in asked]
    assert all(len(some) == 10 and keep(np.array(some)).all() for some in found)
    assert np.mean([len({*a} & {*b}) for a, b in zip(found, true, strict=True)]) >= 9.5
    assert all(np.all(np.diff([c for _, c in store.nearest(query, 10)]) <= 0) for query in asked[:5])


def test_more_results_than_an_index_gives_are_still_all_there(many: Many) -> None:
    store, vectors = many
    found = store.nearest(vectors[0].astype(np.float32), len(vectors) + 5, without=["a:0"])
    assert len(found) == len(vectors) - 1 and len({record.id for record, _ in found}) == len(found)


@pytest.fixture(scope="module")
def searchable(database: Database, tmp_path_factory: pytest.TempPathFactory) -> tuple[Encoder, Path, str]:
    """A library that a tiny encoder has made of images, in a folder and in a database."""
    encoder = Encoder.load(write_tiny(tmp_path_factory.mktemp("encoder")))
    images = painted(tmp_path_factory.mktemp("images"), 32)
    folder = tmp_path_factory.mktemp("kept") / "cases"
    build(plan_folder(images, images / "cases.csv", "folder"), encoder, folder)
    url = database.url()
    push(url, folder)
    return encoder, folder, url


def test_a_search_finds_the_same_in_a_database_as_in_a_folder(
    searchable: tuple[Encoder, Path, str], tmp_path: Path
) -> None:
    encoder, folder, url = searchable
    local = Searcher.open(encoder, folder)
    image = read_study(paint(tmp_path / "asked.png", 40))
    queries = (
        Query(image=image),
        Query(text="a healthy child"),
        Query(image=image, text="a tumour", weight=0.3, filters=parse_filters(["sex=male", "age=..45"])),
        Query(image=image, more=(_ids(folder)[3],), less=(_ids(folder)[5],)),
    )
    with closing(Searcher.open(encoder, folder, url)) as remote:
        for query in queries:
            assert told(remote.search(query, 6)) == told(local.search(query, 6))
        labels = ["waves", "rows"]
        assert remote.second_opinion(image, labels) == local.second_opinion(image, labels)
        id = remote.search(Query(image=image)).matches[0].case.id
        assert np.array_equal(remote.patches(image, id).values, local.patches(image, id).values)
    bare = Cases(encoder.name, tmp_path / "nothing", tmp_path / "own", SecretStr(url)).searcher()
    with closing(bare), pytest.raises(BadRequest, match=r"no patch maps.*folder"):
        bare.patches(image, id)
    with pytest.raises(BadRequest, match="was made with the encoder"):
        Searcher.open(Encoder.load(write_tiny(tmp_path / "stranger", seed=5)), folder, url)


def _ids(folder: Path) -> list[str]:
    return [json.loads(line)["id"] for line in (folder / CASES).read_text("utf-8").splitlines()]


def test_synthetic_cases_are_set_apart_by_nothing_that_a_table_says(database: Database, tmp_path: Path) -> None:
    real = [record(number, kind=("ct", "synthetic")[number % 2]) for number in range(4)]
    made = [
        replace(one, case=replace(one.case, id=f"{SYNTHETIC}:{at}", source=SYNTHETIC)) for at, one in enumerate(real)
    ]
    library(tmp_path / "cases", [*real, *made], rows(8))
    url = database.url()
    push(url, tmp_path / "cases")
    with PostgresStore.open(url) as kept, closing(LocalStore.open(tmp_path / "cases")) as local:
        for store in (kept, local):
            for excluded in (False, True):
                found = store.nearest(rows(1)[0], 9, (Filter(NAMELESS, SYNTHETIC, excluded=excluded),))
                assert [one.case.synthetic for one, _ in found] == [not excluded] * 4
                asked = (Filter("kind", "ct"), Filter(NAMELESS, SYNTHETIC, excluded=excluded))
                assert len(store.nearest(rows(1)[0], 9, asked)) == 2
            assert store.keys() == ["dataset", "kind", "label", "licence"]
            with pytest.raises(BadRequest, match="Use one of: dataset, kind, label, licence"):
                store.nearest(rows(1)[0], 9, parse_filters(["color=red"]))


def test_the_command_pushes_and_searches(
    searchable: tuple[Encoder, Path, str],
    database: Database,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoder, folder, _ = searchable
    url = database.url()
    assert main(["push", "--index", str(folder)]) == 2 and "LIGHTBOX_CASES_URL" in capsys.readouterr().err
    assert main(["push", "--index", str(tmp_path), "--url", url]) == 3
    assert main(["push", "--index", str(folder), "--url", url]) == 0
    said = capsys.readouterr()
    assert (
        "in use: 24 cases in cases" in said.out
        and "copied 24 of 24" in said.err
        and "s3cret" not in said.out + said.err
    )
    monkeypatch.setenv("LIGHTBOX_CASES_URL", url)
    asked = ["search", "--model", encoder.name, "--index", str(tmp_path), "--text", "a child", "--json"]
    assert main(asked) == 0 and json.loads(capsys.readouterr().out)["nearest"]
    assert main([*asked, "--url", "postgresql://"]) in {2, 3} and "Traceback" not in capsys.readouterr().err

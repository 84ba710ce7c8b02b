"""``python -m benchmarks.cases``: recall, time and memory of the search for similar cases, beside plain ways to do it.

The vectors are made up: clusters around random centres, each spread along a few directions of its own and a little in
all others, as embeddings are. The queries are of the same clusters and not among the vectors. Every way runs in a
process of its own, with one thread; ``memory`` is what that process holds beyond its start after all queries, without
pages of files that the system may drop (``mapped`` counts those too), ``disk`` what is kept in files or tables.

``--store postgres`` measures the store in a database, which must hold no case library and holds none afterwards. Its
``build`` is the push of a library that is there; what the server does and holds is its own and not in ``memory``.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import SecretStr

from benchmarks import database
from benchmarks.timing import machine, table
from retrieval.build import write_files
from retrieval.filters import parse_filters
from retrieval.index import exact
from retrieval.library import EncoderStamp, Manifest, Origin, Record, stamp_of
from retrieval.postgres import PostgresStore
from retrieval.query import unit
from retrieval.store import CaseStore, LocalStore
from retrieval.types import Case
from settings import load_settings

SIZES = (10_000, 100_000)
DIMENSIONS, FACTORS, CENTRES = 256, 16, 1_000
QUERIES, WARM_UP, RESULTS = 200, 10, 10
PACKAGES = ("faiss-cpu", "numpy", "psycopg", "pgvector")
WANTED = {"recall": 0.95, "p50": 5.0, "memory": 1_000.0, "build": 900.0}  # of the store, at any size
HALF, FEW = ", half of the cases", ", 1 % of them"
STORE, POSTGRES = "store", "Postgres"
FILTERS = {f"{store}{HALF}": ["sex=female"] for store in (STORE, POSTGRES)}
FILTERS |= {f"{store}{FEW}": ["age=40", "sex=female"] for store in (STORE, POSTGRES)}
PLAIN = ("numpy", "FAISS flat", "FAISS HNSW32", "FAISS HNSW32 SQ8", "FAISS IVF-PQ")
OURS = (STORE, f"{STORE}{HALF}", f"{STORE}{FEW}")
THEIRS = (POSTGRES, f"{POSTGRES}{HALF}", f"{POSTGRES}{FEW}")
WAYS = {"local": (*PLAIN, *OURS), "postgres": (*OURS, *THEIRS)}
Search = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Line:
    """One line of the table: milliseconds, megabytes and seconds."""

    cases: int
    way: str
    recall: float
    p50: float
    p95: float
    memory: float
    mapped: float
    build: float
    disk: float = 0.0


def main() -> int:
    """Returns the exit code: 0 when the store keeps its targets at every size, 1 when it does not."""
    options = _parser().parse_args()
    url = options.url.get_secret_value() if options.url else None
    if options.store == "postgres" and not options.one:
        database.refuse_used(url)
    if options.one:
        print(json.dumps(asdict(measure(options.one, options.folder, options.sizes[0], url))))
        return 0
    lines = []
    for size in options.sizes:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            _say(f"making {size:,} vectors")
            make(Path(folder), size)
            lines += [_apart(way, Path(folder), size, url) for way in options.ways or WAYS[options.store]]
        if options.store == "postgres" and url:
            database.forget(url)
    about = machine(PACKAGES)
    print(json.dumps({"about": about, "lines": [asdict(line) for line in lines]}) if options.json else _told(lines))
    return 0 if all(kept(line) for line in lines if line.way == "store") else 1


def kept(line: Line) -> bool:
    """Whether a line keeps the store's targets."""
    good = line.recall >= WANTED["recall"] and line.p50 <= WANTED["p50"]
    return good and line.memory <= WANTED["memory"] and line.build <= WANTED["build"]


def make(folder: Path, size: int) -> None:
    """Vectors, queries and facts of made-up cases."""
    chance = np.random.default_rng(0)
    centres = chance.normal(size=(CENTRES, DIMENSIONS)).astype(np.float32)
    spread = chance.normal(size=(CENTRES, FACTORS, DIMENSIONS)).astype(np.float32) / 4
    vectors = np.lib.format.open_memmap(folder / "vectors.npy", "w+", np.float16, (size, DIMENSIONS))
    for start in range(0, size, 10_000):
        vectors[start : start + 10_000] = _some(chance, centres, spread, min(10_000, size - start))
    vectors.flush()
    np.save(folder / "queries.npy", _some(chance, centres, spread, QUERIES + WARM_UP))
    np.save(folder / "truth.npy", exact(vectors, np.load(folder / "queries.npy"), RESULTS))


def _some(chance: np.random.Generator, centres: np.ndarray, spread: np.ndarray, count: int) -> np.ndarray:
    of = chance.integers(0, CENTRES, count)
    along = chance.normal(size=(count, FACTORS)).astype(np.float32)
    rest = 0.1 * chance.normal(size=(count, DIMENSIONS)).astype(np.float32)
    return unit(centres[of] + np.einsum("nf,nfd->nd", along, spread[of]) + rest)


def records(size: int) -> Iterator[Record]:
    """Facts as real ones are spread: half female, ages up to 99, eight labels."""
    for row in range(size):
        facts = {"age": str(row * 7919 % 100), "sex": ("female", "male")[row // 100 % 2], "modality": "MRI"}
        yield Record(Case(f"made:{row}", (f"label {row % 8}",), "made", "none", facts), f"{row // 4:x}", f"{row:x}")


def _apart(way: str, folder: Path, size: int, url: str | None) -> Line:
    _say(f"{size:,}: {way}")
    command = [sys.executable, "-m", "benchmarks.cases", "--one", way, "--folder", str(folder), "--sizes", str(size)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "LIGHTBOX_CASES_URL": url or ""}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return Line(**json.loads(done.stdout.splitlines()[-1]))


def measure(way: str, folder: Path, size: int, url: str | None) -> Line:
    """One way, in this process."""
    queries, truth = np.load(folder / "queries.npy"), np.load(folder / "truth.npy")
    built = build_library(folder, size) if way.startswith((STORE, POSTGRES)) else None
    if way.startswith(POSTGRES) and url:
        built = database.put(folder, url, _say)
    if built is not None and not (folder / "warm").exists():
        (folder / "warm").touch()  # the memory of building is not that of searching: start again in the same place
        os.execv(sys.executable, [sys.executable, "-m", "benchmarks.cases", *sys.argv[1:]])
    before = held()
    search, seconds = prepare(way, folder, url)
    taken, found = [], []
    for query in queries:
        started = time.perf_counter()
        found.append(search(query))
        taken.append(1000 * (time.perf_counter() - started))
    if way in FILTERS:
        truth = _filtered(folder, queries, way)
    recall = np.mean([len({*a} & {*b}) / len(b) for a, b in zip(found, truth, strict=True)])
    p50, p95 = np.quantile(taken[WARM_UP:], (0.5, 0.95))
    after = held()
    values = (float(recall), float(p50), float(p95), after[0] - before[0], after[1] - before[1])
    return Line(size, way, *values, seconds if built is None else built, kept_bytes(way, folder, url) / 1e6)


def prepare(way: str, folder: Path, url: str | None) -> tuple[Search, float]:
    """How a way searches, and the seconds that it took to get ready."""
    started = time.perf_counter()
    if way.startswith(STORE):
        search = _store(LocalStore.open(folder / "library" / "cases"), way)
    elif way.startswith(POSTGRES) and url:
        search = _store(PostgresStore.open(url), way)
    elif way == "numpy":
        search = partial(_brute, np.load(folder / "vectors.npy").astype(np.float32))
    else:
        search = _faiss(way, folder)
    return search, time.perf_counter() - started


def _brute(whole: np.ndarray, query: np.ndarray) -> np.ndarray:
    return np.argsort(-(whole @ query))[:RESULTS]


def _faiss(way: str, folder: Path) -> Search:
    import faiss

    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    lists = 2 ** round(np.log2(4 * np.sqrt(len(vectors))))
    kinds = {
        "FAISS flat": "Flat",
        "FAISS HNSW32": "HNSW32,Flat",
        "FAISS HNSW32 SQ8": "HNSW32,SQ8",
        "FAISS IVF-PQ": f"IVF{lists},PQ64",
    }
    index: Any = faiss.index_factory(DIMENSIONS, kinds[way], faiss.METRIC_INNER_PRODUCT)
    if "IVF" in way:
        index.pq.cp.niter = index.cp.niter = 10
        index.pq.cp.max_points_per_centroid = 64
    if not index.is_trained:
        index.train(vectors[:: max(1, len(vectors) // (64 * lists))].astype(np.float32))
    for start in range(0, len(vectors), 50_000):
        index.add(vectors[start : start + 50_000].astype(np.float32))
    if "HNSW" in way:
        index.hnsw.efSearch = 64
    if "IVF" in way:
        index.nprobe = 32
    return lambda query: index.search(query[None], RESULTS)[1][0]


def build_library(folder: Path, size: int) -> float:
    """The seconds that it took to write the library, of an earlier process where one has written it already."""
    library, clock = folder / "library" / "cases", folder / "built.json"
    if clock.is_file():
        return float(clock.read_text("utf-8"))
    started = time.perf_counter()
    library.mkdir(parents=True)
    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    origins = {"made": Origin(title="made", licence="none", cases=size)}
    stamp = write_files(library, list(records(size)), origins, vectors, None, _say)
    files = {path.name: stamp_of(path) for path in library.iterdir()}
    encoder = EncoderStamp(name="none", digest="0" * 16, dimensions=DIMENSIONS)
    manifest = Manifest(encoder=encoder, cases=size, datasets=origins, index=stamp, files=files)
    (library / "manifest.json").write_text(manifest.model_dump_json(), "utf-8")
    clock.write_text(str(time.perf_counter() - started), "utf-8")
    return time.perf_counter() - started


def kept_bytes(way: str, folder: Path, url: str | None) -> int:
    """What a store keeps in files or in tables; 0 for the ways that keep nothing."""
    if way.startswith(STORE):
        return sum(path.stat().st_size for path in (folder / "library" / "cases").iterdir())
    return database.held(url) if way.startswith(POSTGRES) and url else 0


def _store(store: CaseStore, way: str) -> Search:
    filters = parse_filters(FILTERS.get(way, []))
    return lambda query: np.array(
        [int(record.id.split(":")[1]) for record, _ in store.nearest(query, RESULTS, filters)]
    )


def _filtered(folder: Path, queries: np.ndarray, way: str) -> np.ndarray:
    """What comparing all that the filters leave finds."""
    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    rows = np.arange(len(vectors))
    allowed = rows[(rows // 100 % 2 == 0) & ((rows * 7919 % 100 == 40) if len(FILTERS[way]) > 1 else True)]
    return allowed[exact(vectors[allowed], queries, RESULTS)]


def held() -> tuple[float, float]:
    """Megabytes that this process holds: its own, and with mapped files."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text("utf-8").splitlines())
    return int(lines["RssAnon"].split()[0]) / 1e3, int(lines["VmRSS"].split()[0]) / 1e3


def _told(lines: list[Line]) -> str:
    header = ("cases", "way", "recall@10", "p50", "p95", "memory", "mapped", "disk", "build")
    cells = [
        (
            f"{line.cases:,}",
            line.way,
            f"{line.recall:.3f}",
            f"{line.p50:.2f} ms",
            f"{line.p95:.2f} ms",
            f"{line.memory:.0f} MB",
            f"{line.mapped:.0f} MB",
            f"{line.disk:.0f} MB" if line.disk else "–",
            f"{line.build:.1f} s",
        )
        for line in lines
    ]
    about = "\n".join(f"{name}: {value}" for name, value in machine(PACKAGES).items())
    wanted = "wanted of the store: recall ≥ 0.95, p50 ≤ 5 ms, memory ≤ 1,000 MB, build ≤ 900 s"
    return f"{about}\n\n{table(header, cells)}\n\n{wanted}"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cases", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of cases")
    known = dict.fromkeys(way for ways in WAYS.values() for way in ways)
    parser.add_argument("--ways", nargs="+", choices=known, help="only these ways")
    parser.add_argument("--store", default="local", choices=WAYS, help="which store; default: %(default)s")
    parser.add_argument(
        "--url", type=SecretStr, default=load_settings().cases_url, help="database; default: $LIGHTBOX_CASES_URL"
    )
    parser.add_argument("--folder", type=Path, help="where vectors are put for the time of the run")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    return parser


if __name__ == "__main__":
    sys.exit(main())

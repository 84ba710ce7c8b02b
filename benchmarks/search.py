"""``python -m benchmarks.search``: how long a question takes among 1,000, 10,000 and 100,000 passages.

The passages are made of sentences of the library, put together anew, with random unit vectors: what is timed is the
search, reranking included. The question is embedded for real.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from benchmarks.timing import machine, table
from chatbot.knowledge import load_articles
from chatbot.search import Embedder, Passage, PassageIndex
from chatbot.search.pieces import sentences
from diagnosis.errors import UserError
from settings import load_settings

SIZES = (1_000, 10_000, 100_000)
SENTENCES = 6  # of a passage
TARGET_MS = 60.0  # median among the most passages
WARM_UP = 5  # questions that are not timed
PACKAGES = ("bm25s", "faiss-cpu", "numpy", "transformers")
ASKED = (
    "What are the symptoms of {}?",
    "How is {} treated?",
    "What is {}?",
    "Who is at risk of {}?",
    "Is {} dangerous?",
)


@dataclass(frozen=True)
class Line:
    """One line of the table, in milliseconds; ``embedding`` is the median of embedding the question alone."""

    passages: int
    build_s: float
    p50: float
    p95: float
    embedding: float


def main() -> int:
    """Returns the exit code: 0 when the median among the most passages keeps its target, 1 when it does not."""
    options = _parser().parse_args()
    settings = load_settings()
    try:
        articles = load_articles(settings.knowledge)
        embedder = Embedder(settings.embedding_model)
        dimensions = embedder.vector("pneumonia").size
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    pool = [
        passage.text[at.start : at.end]
        for article in articles
        for passage in article.passages
        for at in sentences(passage.text)
    ]
    names = [article.title for article in articles]
    lines = [measure(size, pool, names, embedder, dimensions, options.questions) for size in options.sizes]
    print(_as_json(lines) if options.json else _as_text(lines))
    return 0 if lines[-1].p50 <= TARGET_MS else 1


def measure(
    size: int, pool: Sequence[str], names: Sequence[str], embedder: Embedder, dimensions: int, questions: int
) -> Line:
    """Times as many questions, one after another."""
    chance = random.Random(size)
    passages = []
    for at in range(size):
        text = " ".join(chance.sample(pool, SENTENCES))
        passages.append(Passage(text, 0, len(text), f"page:{at // 4}", names[at // 4 % len(names)]))
    vectors = np.random.default_rng(size).standard_normal((size, dimensions), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    started = time.perf_counter()
    index = PassageIndex(passages, embedder, vectors.astype(np.float16))
    built = time.perf_counter() - started
    asked = [chance.choice(ASKED).format(chance.choice(names).lower()) for _ in range(WARM_UP + questions)]
    taken, embedding = [], []
    for question in asked:
        started = time.perf_counter()
        index.search(question)
        ended = time.perf_counter()
        embedder.vector(question)
        taken.append(1000 * (ended - started))
        embedding.append(1000 * (time.perf_counter() - ended))
    p50, p95 = np.quantile(taken[WARM_UP:], (0.5, 0.95))
    return Line(size, built, float(p50), float(p95), float(np.median(embedding[WARM_UP:])))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of passages")
    parser.add_argument("--questions", type=int, default=200, help="questions that are timed at each size")
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    return parser


def _as_json(lines: Sequence[Line]) -> str:
    return json.dumps({"machine": machine(PACKAGES), "lines": [asdict(line) for line in lines]}, indent=2)


def _as_text(lines: Sequence[Line]) -> str:
    rows = [
        (
            f"{line.passages:,}",
            *(f"{value:.1f} ms" for value in (line.p50, line.p95, line.embedding)),
            f"{line.build_s:.1f} s",
        )
        for line in lines
    ]
    about = "\n".join(f"{name}: {value}" for name, value in machine(PACKAGES).items())
    header = ("passages", "p50", "p95", "of it the embedding", "building without embedding")
    return f"{about}\n\n{table(header, rows)}\n\nwanted: p50 ≤ {TARGET_MS:.0f} ms among {lines[-1].passages:,}"


if __name__ == "__main__":
    sys.exit(main())

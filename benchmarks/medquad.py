"""``python -m benchmarks.medquad``: does a question find the page that answers it, among the answers of MedQuAD?

The answers are cut into passages and indexed below the name of what they are about (MedQuAD's focus), for this test
only; the questions are not indexed. The reranker's weights were chosen on the questions about one half of the focus
names (by a hash), the table is of the other half. A question has one right page (its own), although other pages
answer the same question: the ceiling says how many could be right at most.
"""

import argparse
import gzip
import hashlib
import json
import math
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import get_args

from benchmarks.timing import table
from chatbot.search import Embedder, Passage, PassageIndex
from chatbot.search.index import Method
from chatbot.search.pieces import pieces
from chatbot.search.stored import compute, read, write
from diagnosis.errors import BadRequest, Missing
from settings import ROOT, load_settings

QUESTIONS = ROOT / "tests" / "chatbot" / "questions" / "development.jsonl"
METHODS: tuple[Method, ...] = get_args(Method)
LEVELS = ("page", "answer")
VECTORS = ROOT / "runs" / "medquad.safetensors"
FIRST, FIVE = 0.80, 0.95  # shares of the right page that are wanted of the reranked passages
FOUND = 200  # passages that are looked through for the right page


@dataclass(frozen=True)
class Pair:
    """A question of MedQuAD, the answer to it, and the page that it is from; answers of one page share the url."""

    id: str
    url: str
    focus: str
    question: str
    answer: str

    @property
    def chosen_on(self) -> bool:
        """Whether the weights may be chosen with it: half of the focus names."""
        return hashlib.sha256(self.focus.strip().lower().encode()).digest()[0] % 2 == 0


@dataclass(frozen=True)
class Row:
    """One line of the table; shares of the questions, and the mean reciprocal rank."""

    method: str
    level: str
    questions: int
    first: float
    among_five: float
    mrr: float
    ceiling: float


class Collection:
    """MedQuAD's answers as passages: each page is its answers one after another.

    Args:
        kept: file to keep the vectors in, which take minutes to make; None to make them each time.
    """

    def __init__(self, pairs: Sequence[Pair], embedder: Embedder, kept: Path | None = None) -> None:
        self.pairs = pairs
        self.kept = kept
        self.embedder = embedder
        self.passages: list[Passage] = []
        self.answers: dict[tuple[str, int], str] = {}
        length: dict[str, int] = defaultdict(int)
        for pair in pairs:
            for at in pieces(pair.answer):
                start, end = (length[pair.url] + place for place in at)
                self.passages.append(Passage(pair.answer[at.start : at.end], start, end, pair.url, pair.focus))
                self.answers[pair.url, start] = pair.id
            length[pair.url] += len(pair.answer) + 2

    @cached_property
    def index(self) -> PassageIndex:
        """Built at the first question."""
        known = read(self.kept, self.embedder.digest) if self.kept and self.kept.is_file() else {}
        vectors = compute(self.passages, self.embedder, known)
        if self.kept and any(passage.key not in known for passage in self.passages):
            write(self.kept, self.passages, vectors, self.embedder.digest)
        return PassageIndex(self.passages, self.embedder, vectors)

    def answer(self, passage: Passage) -> str:
        """The id of the answer that a passage is from."""
        return self.answers[passage.url, passage.start]

    def ranks(self, pair: Pair, method: Method) -> dict[str, float]:
        """By level, the rank of the right page and of the right answer; infinite where it is not found."""
        hits = self.index.search(pair.question, FOUND, method=method)
        return {
            "page": _rank((hit.passage.url for hit in hits), pair.url),
            "answer": _rank((self.answer(hit.passage) for hit in hits), pair.id),
        }


def _rank(found: Iterable[str], right: str) -> float:
    each = list(dict.fromkeys(found))
    return each.index(right) + 1 if right in each else math.inf


def measure(collection: Collection, pairs: Sequence[Pair], methods: Sequence[Method] = METHODS) -> list[Row]:
    """A row for each method and level, over these questions."""
    rows = []
    for method in methods:
        ranks = [collection.ranks(pair, method) for pair in pairs]
        for level in LEVELS:
            values = [one[level] for one in ranks]
            first, five = (sum(value <= most for value in values) / len(values) for most in (1, 5))
            mrr = sum(1 / value for value in values) / len(values)
            rows.append(Row(method, level, len(pairs), first, five, mrr, _ceiling(pairs, level)))
    return rows


def _ceiling(pairs: Sequence[Pair], level: str) -> float:
    """Share that could be right at the first place: of questions that are asked alike, one page's or answer's."""
    asked: dict[str, Counter[str]] = defaultdict(Counter)
    for pair in pairs:
        words = " ".join(re.findall(r"\w+", pair.question.lower()))
        asked[words][pair.url if level == "page" else pair.id] += 1
    return sum(max(counts.values()) for counts in asked.values()) / len(pairs)


def read_pairs(folder: Path) -> list[Pair]:
    """MedQuAD as it lies in a folder. Raises Missing where it does not."""
    file = folder / "medquad" / "qa.jsonl.gz"
    if not file.is_file():
        raise Missing(f"There is no {file}.", "Name the folder that holds medquad/ in LIGHTBOX_DATA.")
    try:
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        return [Pair(*(row[name] for name in ("id", "url", "focus", "question", "answer"))) for row in rows]
    except (OSError, ValueError, KeyError) as error:
        raise BadRequest(f"{file} can't be read: {error}.", "Get it again.") from error


def main() -> int:
    """Returns the exit code: 0 where MedQuAD is absent as well, 1 where a target is missed."""
    options = _parser().parse_args()
    settings = load_settings()
    try:
        pairs = read_pairs(settings.data)
    except Missing as error:
        print(f"skipped: {error}", file=sys.stderr)
        return 0
    collection = Collection(pairs, Embedder(settings.embedding_model), VECTORS)
    if options.choose:
        from benchmarks.choosing import choose

        print(choose(collection, settings.knowledge, options.questions))
        return 0
    rows = measure(collection, [pair for pair in pairs if not pair.chosen_on])
    print(json.dumps([asdict(row) for row in rows], indent=2) if options.json else _as_text(collection, rows))
    return 0 if all(row.first >= FIRST and row.among_five >= FIVE for row in rows if _wanted(row)) else 1


def _wanted(row: Row) -> bool:
    return (row.method, row.level) == ("reranked", "page")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.medquad", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    parser.add_argument("--choose", action="store_true", help="choose the weights on the other half, and write them")
    parser.add_argument(
        "--questions", type=Path, default=QUESTIONS, help="for --choose: questions in people's own words (JSON lines)"
    )
    return parser


def _as_text(collection: Collection, rows: Sequence[Row]) -> str:
    pages = len({pair.url for pair in collection.pairs})
    lines = [
        f"{len(collection.passages)} passages of {len(collection.pairs)} answers on {pages} pages; "
        f"{rows[0].questions} questions, about names that no weight was chosen on",
        "",
        table(
            ("method", "level", "first", "among five", "MRR", "first at most"),
            [
                (
                    row.method,
                    row.level,
                    *(f"{value:.3f}" for value in (row.first, row.among_five, row.mrr, row.ceiling)),
                )
                for row in rows
            ],
        ),
        "",
        f"wanted of reranked pages: first ≥ {FIRST:.2f}, among five ≥ {FIVE:.2f}",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

"""``python -m benchmarks.answers``: what is refused, what is found, and what the answers say, without a language model.

The questions are the project's own: some that the bundled library answers, with the articles and facts that it takes,
and some that it can't. ``development`` were there when the judge's weights were chosen, ``heldout`` were not.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.timing import machine, table
from chatbot.answer import Desk, ask
from chatbot.refuse import Judge
from chatbot.search import Embedder
from chatbot.sources.local import LocalSource
from chatbot.types import Answer
from chatbot.words import terms
from diagnosis.errors import Missing, UserError
from settings import load_settings

QUESTIONS = Path(__file__).parents[1] / "tests" / "chatbot" / "questions"
SETS = ("development", "heldout")
ANSWERABLE = "answerable"
CONTAINED = 0.6  # share of a fact's words that an answer must hold to say it
DEPTHS = (1, 5, 8)
REFUSED_AT_LEAST, LOST_AT_MOST = 0.95, 0.05
PACKAGES = ("bm25s", "faiss-cpu", "numpy", "transformers")


@dataclass(frozen=True)
class Row:
    """A question, what it takes to answer it, and what was answered.

    Attributes:
        kind: ``answerable``, or why it is not.
        judged_ms, whole_ms: what the judge and the whole answer took.
    """

    question: str
    kind: str
    articles: tuple[str, ...]
    needs: tuple[str, ...]
    answer: Answer
    judged_ms: float
    whole_ms: float


@dataclass(frozen=True)
class Result:
    """The shares of one set of questions; ``facts`` are those of the questions that were answered.

    Attributes:
        refused: of each kind of question that the library can't answer, (refused, questions).
        lost: answerable questions that were refused, with the reason.
        answered: unanswerable questions that were not.
        hits: by depth, how often an article that answers is among the first passages.
        verbatim: share of quotes that stand in their passage as they are.
        facts, facts_first: needed facts that the answer, and its first two sentences, hold.
        judged_ms, whole_ms: (median, 95th percentile).
    """

    questions: int
    refused: dict[str, tuple[int, int]]
    lost: dict[str, str]
    answered: tuple[str, ...]
    hits: dict[int, float]
    verbatim: float
    facts: float
    facts_first: float
    judged_ms: tuple[float, float]
    whole_ms: tuple[float, float]

    @property
    def share_refused(self) -> float:
        return sum(some for some, _ in self.refused.values()) / max(1, sum(whole for _, whole in self.refused.values()))

    @property
    def share_lost(self) -> float:
        answerable = self.questions - sum(whole for _, whole in self.refused.values())
        return len(self.lost) / max(1, answerable)


def main() -> int:
    """Returns the exit code: 0 when both targets are kept, 1 when one is not."""
    options = _parser().parse_args()
    try:
        result = measured(read_questions(options.set))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    if options.json:
        shares = {"share_refused": result.share_refused, "share_lost": result.share_lost}
        print(json.dumps({"machine": machine(PACKAGES), "set": options.set, **shares, **asdict(result)}, indent=2))
    else:
        print(_text(result))
    return int(result.share_refused < REFUSED_AT_LEAST or result.share_lost > LOST_AT_MOST)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.answers", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--set", choices=SETS, default=SETS[0], help="questions; default: %(default)s")
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    return parser


def read_questions(name: str) -> list[dict[str, Any]]:
    """The questions of a set. Raises Missing where there is none."""
    file = QUESTIONS / f"{name}.jsonl"
    if not file.is_file():
        raise Missing(f"There is no {file.name}.", f"Put it beside {QUESTIONS / 'development.jsonl'}.")
    return [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]


def measured(questions: Sequence[dict[str, Any]]) -> Result:
    """Every question asked of the bundled library."""
    settings = load_settings()
    library = LocalSource(settings.knowledge, Embedder(settings.embedding_model))
    desk = Desk((library,), Judge.beside(library))
    library.warm()
    desk.judge.warm()
    return summed([_asked(one, desk) for one in questions])


def _asked(one: dict[str, Any], desk: Desk) -> Row:
    start = time.perf_counter()
    *_, answer = ask(one["question"], desk)
    whole = time.perf_counter() - start
    start = time.perf_counter()
    desk.judge.enough(answer.sent, answer.evidence)
    judged = time.perf_counter() - start
    kind = ANSWERABLE if one["kind"] == ANSWERABLE else one.get("why", one["kind"])
    articles, needs = tuple(one.get("articles") or ()), tuple(one.get("needs") or ())
    return Row(one["question"], kind, articles, needs, answer, judged * 1000, whole * 1000)


def summed(rows: Sequence[Row]) -> Result:
    """What the rows come to."""
    refused: dict[str, list[bool]] = defaultdict(list)
    for row in rows:
        refused[row.kind].append(row.answer.abstained)
    ours = [row for row in rows if row.kind == ANSWERABLE]
    said = [row for row in ours if not row.answer.abstained]
    return Result(
        len(rows),
        {kind: (sum(each), len(each)) for kind, each in sorted(refused.items()) if kind != ANSWERABLE},
        {row.question: " ".join(row.answer.notes) for row in ours if row.answer.abstained},
        tuple(row.question for row in rows if row.kind != ANSWERABLE and not row.answer.abstained),
        {depth: _mean([_hit(row, depth) for row in ours if row.answer.evidence]) for depth in DEPTHS},
        _mean([quote in row.answer.evidence[at - 1].excerpt for row in said for at, quote in _quotes(row.answer)]),
        _mean([contains(row.answer, need) for row in said for need in row.needs]),
        _mean([any(contains(row.answer, need, 2) for need in row.needs) for row in said]),
        _spread([row.judged_ms for row in rows if row.answer.evidence]),
        _spread([row.whole_ms for row in rows]),
    )


def contains(answer: Answer, fact: str, first: int | None = None) -> bool:
    """Whether the answer's sentences, or its first ones, hold most of a fact's words."""
    stands = [one.text for one in answer.sentences if one.struck is None][:first]
    wanted, said = set(terms(fact)), {term for text in stands for term in terms(text)}
    return len(wanted & said) >= CONTAINED * len(wanted)


def _quotes(answer: Answer) -> list[tuple[int, str]]:
    stands = (one for one in answer.sentences if one.struck is None)
    return [pair for one in stands for pair in zip(one.cites, one.quotes, strict=True)]


def _hit(row: Row, depth: int) -> bool:
    return any(one.url.removeprefix("library:") in row.articles for one in row.answer.evidence[:depth])


def _mean(values: Sequence[bool]) -> float:
    return float(np.mean(values)) if values else 0.0


def _spread(values: Sequence[float]) -> tuple[float, float]:
    return (float(np.median(values)), float(np.quantile(values, 0.95))) if values else (0.0, 0.0)


def _text(result: Result) -> str:
    kinds = [[kind, f"{some} of {whole}"] for kind, (some, whole) in result.refused.items()]
    kinds += [["all unanswerable", f"{result.share_refused:.1%}"], [ANSWERABLE, f"{result.share_lost:.1%}"]]
    hits = ", ".join(f"{depth}: {share:.1%}" for depth, share in result.hits.items())
    lines = [
        table(["questions", "refused"], kinds),
        "",
        f"An article that answers is among the first passages: {hits}.",
        f"Of the answered: {result.facts:.1%} of the needed facts are in the answer; in its first two sentences stands"
        f" one for {result.facts_first:.1%}; {result.verbatim:.1%} of the quotes are verbatim.",
        f"Judged in {result.judged_ms[0]:.0f} ms (95th percentile {result.judged_ms[1]:.0f}), answered in"
        f" {result.whole_ms[0]:.0f} ms ({result.whole_ms[1]:.0f}).",
        *(f"refused: {question} ({why})" for question, why in result.lost.items()),
        *(f"answered: {question}" for question in result.answered),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

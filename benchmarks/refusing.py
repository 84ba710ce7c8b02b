"""``python -m benchmarks.refusing``: the judge's weights, cross-validated; ``--choose`` writes them.

A logistic regression tells the questions that the library answers from those that it does not, by how the passages
that are found fit them. Questions that a rule refuses take no part. ``least`` is where, in cross-validation, ``LOST``
of the answerable questions are refused. Three in ten, by a hash, are also judged with weights of the others.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tomlkit
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from chatbot.lay import plain
from chatbot.refuse.judge import WEIGHTS, Judge
from chatbot.refuse.rules import by_names, by_words
from chatbot.search import Embedder
from chatbot.sources.local import LocalSource
from chatbot.types import Wanted
from diagnosis.errors import UserError
from settings import load_settings

QUESTIONS = Path(__file__).parents[1] / "tests" / "chatbot" / "questions"
LOST = 0.04  # share of the answerable questions that may be refused
MODEST, TOPIC = 0.1, 5.0  # inverse strength of the penalty; how freely the question's own vector is weighed
FOLDS, ROUNDS = 10, 5
CONSTANT = 1e-5  # deviation of a feature that is the same for all questions
REFUSED = -50.0  # score of a question that a rule refuses

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Example:
    """A question: features and vector of each of its readings, and whether a rule refuses it."""

    question: str
    answerable: bool
    readings: tuple[tuple[dict[str, float], NDArray[np.float32] | None], ...]
    ruled: bool

    @property
    def aside(self) -> bool:
        return hashlib.sha256(self.question.encode()).digest()[0] % 10 < 3


@dataclass(frozen=True)
class Fitted:
    """Weights on features of mean 0 and deviation 1, and on the question's vector."""

    mean: Values
    deviation: Values
    weights: Values
    topic: Values
    start: float

    def scores(self, examples: Sequence[Example]) -> Values:
        """The sum before it is made a probability, of the better reading; far below 0 where a rule refuses."""
        return np.array([REFUSED if one.ruled else self._best(one) for one in examples])

    def _best(self, one: Example) -> float:
        rows = (_table([one]) - self.mean) / self.deviation
        total = rows @ self.weights + self.start
        return float((total + _vectors([one]) @ self.topic if len(self.topic) else total).max())


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.refusing", description=__doc__.split("\n\n")[0])
    parser.add_argument("--choose", action="store_true", help=f"write {WEIGHTS.name}")
    options = parser.parse_args()
    settings = load_settings()
    try:
        chosen = {}
        for name, embedder in (("both", Embedder(settings.embedding_model)), ("words", None)):
            examples = gathered(LocalSource(settings.knowledge, embedder))
            chosen[name] = fitted(examples), least(crossed(examples), examples)
            print(f"{name}: {report(examples)}")
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    if options.choose:
        WEIGHTS.write_text(_toml(chosen, list(examples[0].readings[0][0])), "utf-8")
    return 0


def gathered(library: LocalSource) -> list[Example]:
    """The development questions with what is found for them."""
    judge = Judge.beside(library)
    found = []
    for line in (QUESTIONS / "development.jsonl").read_text("utf-8").splitlines():
        row: dict[str, Any] = json.loads(line)
        evidence = library.find(plain(row["question"]), Wanted())
        readings = judge.read(row["question"], evidence)
        ruled = all(by_words(row["question"]) or by_names(asked, evidence, fit.background) for asked, fit in readings)
        known = tuple((fit.features(), asked.vector) for asked, fit in readings)
        found.append(Example(row["question"], row["kind"] == "answerable", known, ruled))
    return found


def fitted(examples: Sequence[Example]) -> Fitted:
    """The weights for these questions."""
    left = [one for one in examples if not one.ruled]
    rows = _table(left)
    mean, deviation = rows.mean(0), np.maximum(rows.std(0), CONSTANT)
    inputs, vectors = (rows - mean) / deviation, _vectors(left)
    inputs = np.hstack([inputs, TOPIC * vectors])
    model = LogisticRegression(C=MODEST, max_iter=5000).fit(
        inputs, [one.answerable for one in left for _ in one.readings]
    )
    weights: Values = model.coef_[0]
    size = rows.shape[1]
    return Fitted(mean, deviation, weights[:size], TOPIC * weights[size:], float(model.intercept_[0]))


def crossed(examples: Sequence[Example]) -> Values:
    """The score of each question by weights that did not see it, the mean of several rounds."""
    total = np.zeros(len(examples))
    truth = [one.answerable for one in examples]
    for turn in range(ROUNDS):
        for known, unseen in StratifiedKFold(FOLDS, shuffle=True, random_state=turn).split(truth, truth):
            total[unseen] += fitted([examples[at] for at in known]).scores([examples[at] for at in unseen]) / ROUNDS
    return total


def least(scores: Values, examples: Sequence[Example]) -> float:
    """The score below which ``LOST`` of the answerable questions lie."""
    return float(np.quantile(scores[[one.answerable for one in examples]], LOST))


def report(examples: Sequence[Example]) -> str:
    """Shares refused in cross-validation, and of the questions set aside."""
    scores = crossed(examples)
    known, aside = [one for one in examples if not one.aside], [one for one in examples if one.aside]
    below = least(crossed(known), known)
    return (
        f"{len(examples)} questions, area under the curve {_area(scores, examples):.3f}; cross-validated: "
        f"{_refused(scores, examples, least(scores, examples))}; {len(aside)} set aside: "
        f"{_refused(fitted(known).scores(aside), aside, below)}"
    )


def _area(scores: Values, examples: Sequence[Example]) -> float:
    return float(roc_auc_score([one.answerable for one in examples], scores))


def _refused(scores: Values, examples: Sequence[Example], below: float) -> str:
    truth = np.array([one.answerable for one in examples])
    refused = scores < below
    return f"{refused[~truth].mean():.1%} of the unanswerable refused, {refused[truth].mean():.1%} of the answerable"


def _table(examples: Sequence[Example]) -> Values:
    return np.array([list(features.values()) for one in examples for features, _ in one.readings], np.float64)


def _vectors(examples: Sequence[Example]) -> Values:
    vectors = [vector for one in examples for _, vector in one.readings]
    return np.array([[] if vector is None else vector for vector in vectors], np.float64)


def _toml(chosen: dict[str, tuple[Fitted, float]], names: Sequence[str]) -> str:
    document = tomlkit.document()
    document.add(tomlkit.comment("Written by python -m benchmarks.refusing --choose: [mean, deviation, weight]."))
    for name, (fit, below) in chosen.items():
        table, rows = tomlkit.table(), tomlkit.table()
        table.add("start", round(fit.start, 4))
        table.add("least", round(float(1 / (1 + np.exp(-below))), 4))
        if len(fit.topic):
            table.add("topic", [round(float(one), 3) for one in fit.topic])
        for each, *values in zip(names, fit.mean, fit.deviation, fit.weights, strict=True):
            if values[1] > CONSTANT:
                rows.add(each, [round(float(value), 5) for value in values])
        table.add("features", rows)
        document.add(name, table)
    return tomlkit.dumps(document)


if __name__ == "__main__":
    sys.exit(main())

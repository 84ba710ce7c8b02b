"""What is measured of a library when it is built: its floors, its spread, and how good its vote is."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from retrieval.encoder import Encoder
from retrieval.library import Floor, Measured, Record, VoteScore
from retrieval.query import IMAGE, TEXT, mix
from retrieval.sources import words_of
from retrieval.vote import score_votes

WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)
KEPT = 0.9  # share of real queries that a floor has to let through; some are of a kind that has no other case
MOST_LABELS = 20  # of a data set whose labels vote
_QUERIES = 60  # of each data set
_CASES = 30_000  # that queries are compared with
STRANGERS = Path(__file__).parent / "strangers.toml"


@dataclass(frozen=True, eq=False)
class Embedded:
    """Images and their vectors: float32 (N, D), rows of length 1."""

    records: Sequence[Record]
    vectors: np.ndarray

    def __len__(self) -> int:
        return len(self.records)

    def at(self, rows: Sequence[int] | np.ndarray) -> "Embedded":
        return Embedded([self.records[row] for row in rows], self.vectors[np.asarray(rows, int)].astype(np.float32))

    def of(self, dataset: str) -> "Embedded":
        return self.at([row for row, record in enumerate(self.records) if record.case.source == dataset])

    def patients(self) -> list[str | None]:
        return [record.patient for record in self.records]

    def datasets(self) -> list[str]:
        return list(dict.fromkeys(record.case.source for record in self.records))

    def sample(self, count: int) -> "Embedded":
        """At most ``count`` of each data set, spread evenly over it."""
        rows: list[int] = []
        for name in self.datasets():
            own = [row for row, record in enumerate(self.records) if record.case.source == name]
            rows += [own[at] for at in np.unique(np.linspace(0, len(own) - 1, min(count, len(own))).astype(int))]
        return self.at(rows)


def measure(encoder: Encoder, cases: Embedded, unseen: Embedded, test: Embedded) -> Measured:
    """Everything that is measured.

    Args:
        cases: of the library.
        unseen: those of them that the encoder did not learn from; where there are none, all cases stand in.
        test: images that are not in the library; the floors are chosen without them.
    """
    if len(cases) < 2:
        return Measured()
    asked = unseen if len(unseen) else cases
    shown = cases.at(np.unique(np.linspace(0, len(cases) - 1, min(_CASES, len(cases))).astype(int)))
    choosing, reporting = asked.sample(_QUERIES), (test if len(test) else asked).sample(_QUERIES)
    words, other = (encoder.embed_texts([words_of(one) for one in some.records]) for some in (choosing, reporting))
    spread = {IMAGE: _spread(choosing.vectors, shown.vectors), TEXT: _spread(words, shown.vectors)}
    patterns, sentences = encoder.embed_images(list(strange_images())), encoder.embed_texts(strange_sentences())
    floors = []
    for weight in WEIGHTS:
        real, kept = (
            _best(mix(some.vectors, said, weight, spread), some.patients(), shown)
            for some, said in ((choosing, words), (reporting, other))
        )
        pairs = min(len(patterns), len(sentences))
        strange = _best(
            {0.0: sentences, 1.0: patterns}.get(weight, mix(patterns[:pairs], sentences[:pairs], weight, spread)),
            None,
            shown,
        )
        cosine = choose_floor(real, strange[::2])
        shares = float(np.mean(kept >= cosine)), float(np.mean(strange[1::2] < cosine))
        floors.append(Floor(weight=weight, cosine=cosine, kept=shares[0], refused=shares[1]))
    return Measured(
        floors=tuple(floors),
        spread=spread,
        leave_one_out=_votes(cases, asked),
        test=_votes(cases, test),
    )


def choose_floor(real: np.ndarray, strange: np.ndarray) -> float:
    """The cosine that tells real queries from strange ones best, of those that let ``KEPT`` of the real ones through.

    Of equally good ones, the middle.
    """
    highest = float(np.quantile(real, 1 - KEPT))
    options = np.unique(np.concatenate([real, strange, [highest]]))
    options = options[options <= highest]
    merit = np.array([np.mean(real >= one) + np.mean(strange < one) for one in options])
    good = options[merit >= merit.max() - 1e-9]
    return float(np.round((good.min() + good.max()) / 2, 4))


def _best(queries: np.ndarray, patients: Sequence[str | None] | None, cases: Embedded) -> np.ndarray:
    """float32 (Q,): the cosine of the nearest case of another patient."""
    owners = np.array([patient or "" for patient in cases.patients()])
    found = []
    for row, query in enumerate(queries):
        cosines = cases.vectors @ query
        own = patients[row] if patients else None
        same = owners == own if own else cosines > 0.9999
        found.append(np.where(same, -1, cosines).max())
    return np.array(found, np.float32)


def _spread(queries: np.ndarray, vectors: np.ndarray) -> float:
    return max(float(np.std(queries @ vectors.T, axis=1).mean()), 1e-6)


def _votes(cases: Embedded, asked: Embedded) -> dict[str, VoteScore]:
    """By data set with one label each of a few labels."""
    scores = {}
    for name in asked.datasets():
        voters, queries = cases.of(name), asked.of(name)
        labels = _single_labels(voters)
        truth = _single_labels(queries)
        if labels and truth and 2 <= len(set(labels)) <= MOST_LABELS:
            scores[name] = score_votes(
                queries.vectors, truth, queries.patients(), voters.vectors, labels, voters.patients()
            )
    return scores


def _single_labels(some: Embedded) -> list[str]:
    """The label of each, or none at all where one has none or several."""
    labels = [record.case.labels for record in some.records]
    return [own[0] for own in labels] if all(len(own) == 1 for own in labels) else []


def strange_sentences() -> list[str]:
    """Sentences about everything but medicine."""
    return list(tomllib.loads(STRANGERS.read_text("utf-8"))["sentences"])


def strange_images() -> Iterator[np.ndarray]:
    """Images that are of nothing in medicine: parts of two photographs, and patterns; float32 (H, W, 3), 0..1."""
    from sklearn.datasets import load_sample_images

    for photograph in load_sample_images().images:
        for row in range(0, 420, 140):
            for column in range(0, 640, 160):
                yield photograph[row : row + 140, column : column + 160].astype(np.float32) / 255
    chance = np.random.default_rng(0)
    down, across = np.mgrid[0:160, 0:160].astype(np.float32) / 160
    for turn in range(6):
        noise = chance.random((160 >> turn, 160 >> turn, 3)).repeat(1 << turn, 0).repeat(1 << turn, 1)
        stripes = 0.5 + 0.5 * np.sin(2 * np.pi * (2 + 3 * turn) * (down * turn / 5 + across))
        checks = ((down * (turn + 2)).astype(int) + (across * (turn + 2)).astype(int)) % 2
        slope = down * turn / 5 + across * (5 - turn) / 5
        yield noise.astype(np.float32)
        for pattern in (stripes, checks, slope):
            yield np.repeat(pattern[..., None], 3, axis=2).astype(np.float32).clip(0, 1)

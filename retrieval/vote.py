"""A second opinion: what the nearest cases are called, and how often such a vote was right."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from diagnosis.errors import Missing
from diagnosis.intervals import FEWEST_GROUPS
from retrieval.library import VoteScore

NEIGHBOURS = 10


class NothingSimilar(Missing):
    """No case is similar enough to vote: the ``nearest`` one's cosine is under the ``floor`` of ``library``."""

    def __init__(self, nearest: float, floor: float, library: str) -> None:
        super().__init__("The library has nothing similar that could vote.", "Look at the image by itself.")
        self.nearest, self.floor, self.library = nearest, floor, library


@dataclass(frozen=True)
class SecondOpinion:
    """The vote of the nearest cases.

    Attributes:
        label: that most have; of labels with as many votes, that of the nearer ones.
        votes: by label, the most first.
        cases: ids of the voters, nearest first.
        dataset: that the voters are from.
        score: how good such a vote is, asked with test images where there are some, or leaving out one group at a time.
        tested: whether ``score`` is of test images.
        library: digest of the library that was asked, empty where it is not known.
    """

    label: str
    votes: Mapping[str, int]
    cases: tuple[str, ...]
    dataset: str
    score: VoteScore | None
    tested: bool = False
    library: str = ""

    @property
    def voters(self) -> int:
        return sum(self.votes.values())

    def agrees(self, label: str) -> bool:
        """Whether the vote is for the same label."""
        return self.label == label


def winner(labels: Sequence[str], cosines: Sequence[float]) -> str:
    """The label of the most; of equals, that with the higher sum of cosines."""
    if not labels:
        raise Missing("There is no neighbour that could vote.", "Use a library with cases of this kind.")
    votes = Counter(labels)
    sums = {label: sum(c for own, c in zip(labels, cosines, strict=True) if own == label) for label in votes}
    return max(votes, key=lambda label: (votes[label], sums[label]))


def interval(score: VoteScore) -> tuple[float, float] | None:
    """95 % interval of the accuracy, 0..1 (Wilson 1927), or None where the groups are too few for one, or unknown.

    It takes the queries for independent; images of one patient are not quite, so that it is a little too narrow.
    """
    if (score.groups or 0) < FEWEST_GROUPS:
        return None
    from scipy.stats import binomtest  # half a second that the page need not wait for

    found = binomtest(round(score.accuracy * score.queries), score.queries).proportion_ci(0.95, "wilson")
    return float(found.low), float(found.high)


def score_votes(
    queries: np.ndarray,
    truth: Sequence[str],
    groups: Sequence[str | None],
    vectors: np.ndarray,
    labels: Sequence[str],
    owners: Sequence[str | None],
    k: int = NEIGHBOURS,
) -> VoteScore:
    """How often the vote of the ``k`` nearest gives the true label. Cases of a query's own group have no vote.

    Args:
        queries, vectors: float32 (Q, D) and (N, D), rows of length 1.
        truth, groups: of the queries; labels, owners: of the vectors.
    """
    names, owned = np.array(labels), np.array([owner or "" for owner in owners])
    right: list[bool] = []
    for query, label, group in zip(queries, truth, groups, strict=True):
        cosines = vectors @ query
        if group:
            cosines = np.where(owned == group, -2, cosines)
        rows = np.argsort(-cosines, kind="stable")[:k]
        rows = rows[cosines[rows] > -2]
        right.append(bool(len(rows)) and winner(names[rows].tolist(), cosines[rows].tolist()) == label)
    recall = {
        name: float(np.mean([ok for ok, own in zip(right, truth, strict=True) if own == name]))
        for name in sorted(set(truth))
    }
    return VoteScore(
        k=k,
        queries=len(right),
        accuracy=float(np.mean(right)),
        balanced=float(np.mean(list(recall.values()))),
        majority=max(Counter(truth).values()) / len(truth),
        recall=recall,
        groups=len(set(groups)) if all(groups) else None,
    )

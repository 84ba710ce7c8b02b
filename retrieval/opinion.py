"""A second opinion as findings of a reading: the vote, whether it agrees with the model, how good such a vote is."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from diagnosis.cards import ModelCard
from diagnosis.findings import Finding, draft
from diagnosis.intervals import called
from diagnosis.reading import Reading
from retrieval.vote import NothingSimilar, SecondOpinion, interval

if TYPE_CHECKING:
    from retrieval.search import Searcher


def consult(searcher: "Searcher", reading: Reading) -> tuple[Finding, ...]:
    """The second opinion of a library, ready for :meth:`Reading.beside`; where nothing is similar, that.

    Raises Missing where no data set of the library has the model's labels, or no other case.
    """
    try:
        opinion = searcher.second_opinion(reading.study, reading.card.label_names)
    except NothingSimilar as nothing:
        return (no_vote(nothing),)
    return opinion_findings(opinion, reading)


def opinion_findings(opinion: SecondOpinion, reading: Reading) -> tuple[Finding, ...]:
    """The vote beside the model's answer, then what was measured of such votes; without ids."""
    return (_vote(opinion, reading), *_beside_set(opinion, reading), *_quality(opinion, reading.card))


def no_vote(nothing: NothingSimilar) -> Finding:
    """That nothing was similar enough to vote."""
    return draft("no_vote", "trust", nothing.nearest, "cosine", floor=nothing.floor, library=nothing.library)


def _vote(opinion: SecondOpinion, reading: Reading) -> Finding:
    card, top = reading.card, reading.prediction.top
    voted, title = opinion.label, card.title_of(opinion.label).lower()
    asked = voted if card.independent else top
    score = 100 * float(reading.prediction.scores[card.index(asked)])
    count, votes = opinion.voters, opinion.votes[voted]
    if card.independent:
        return draft(
            "vote_reached" if voted in reading.prediction.present else "vote_missed", "trust", votes, "cases",
            label=voted, title=title, count=count, own_value=score, library=opinion.library,
        )  # fmt: skip
    if opinion.agrees(top):
        return draft(
            "vote", "trust", votes, "cases", label=voted, title=title, count=count, own_value=score,
            library=opinion.library,
        )  # fmt: skip
    return draft(
        "vote_conflict", "trust", votes, "cases", label=voted, title=title, count=count,
        other=card.title_of(top).lower(), other_value=score, other_votes=opinion.votes.get(top, 0),
        library=opinion.library,
    )  # fmt: skip


def _beside_set(opinion: SecondOpinion, reading: Reading) -> Iterator[Finding]:
    """Where the vote differs from the model: whether its class is among those that the conformal set keeps."""
    known, held = reading.card.confidence, reading.prediction.conformal
    if known is None or held is None or opinion.agrees(reading.prediction.top):
        return
    kind = "vote_in_set" if opinion.label in held else "vote_outside_set"
    title = reading.card.title_of(opinion.label).lower()
    yield draft(kind, "trust", title=title, error=100 * known.error_rate)


def _quality(opinion: SecondOpinion, card: ModelCard) -> Iterator[Finding]:
    """How often such a vote named the right class, and the mean over the classes."""
    score = opinion.score
    if score is None:
        yield draft("vote_unmeasured", "trust")
        return
    ends = interval(score)
    groups: dict[str, Any] = {} if score.groups is None else {"groups": score.groups}
    yield draft(
        "vote_tested" if opinion.tested else "vote_left_out", "trust", 100 * score.accuracy, "%",
        interval=(100 * ends[0], 100 * ends[1]) if ends else None, images=score.queries, count=len(score.recall),
        majority=100 * score.majority, group=called(score.groups or 0, card.group), **groups,
    )  # fmt: skip
    yield draft("vote_balanced", "trust", 100 * score.balanced, "%")

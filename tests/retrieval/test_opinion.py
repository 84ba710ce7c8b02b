"""The vote of a real library as findings of a reading, and what was measured of such votes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agents.ground import check
from agents.types import Sentence
from diagnosis.errors import Missing
from diagnosis.findings import Finding
from diagnosis.reading import Reading
from diagnosis.study import Study
from retrieval.encoder import Encoder
from retrieval.library import Floor, Measured, Record, VoteScore, read_manifest
from retrieval.opinion import consult, opinion_findings
from retrieval.plan import plan_data
from retrieval.search import Searcher
from retrieval.store import LocalStore
from retrieval.vote import NothingSimilar, SecondOpinion, interval, score_votes
from tests.agents.readings import made_up_reading
from tests.retrieval.made import manifest, record

CASES = Path(__file__).parents[2] / "index" / "cases"
RANDOM = np.random.default_rng(1)
LABELS = ("normal", "bacterial_pneumonia", "viral_pneumonia")
STUDIES = [Study(RANDOM.random((40, 40, 1)) * (0.3 + 0.2 * (n % 3))) for n in range(18)]
SCORES = {"normal": 0.09, "bacterial_pneumonia": 0.83, "viral_pneumonia": 0.08}


@pytest.fixture(scope="module")
def reading() -> Reading:
    return made_up_reading("chest-xray", SCORES)


def searcher(encoder: Encoder, called: str | None = None, floor: float = -1.0, *, tested: bool = False) -> Searcher:
    """A library of as many cases of each class, or of one class and, far away, a case of each; its vote is measured."""
    vectors, truth = encoder.embed_images(STUDIES), [LABELS[n % 3] for n in range(18)]
    if called:
        vectors, truth = np.concatenate([vectors, -vectors[:3]]), [called] * 18 + list(LABELS)
    records: list[Record] = [record(n, labels=(label,), patient=f"p{n}") for n, label in enumerate(truth)]
    owners = [one.patient for one in records]
    score = score_votes(vectors, truth, owners, vectors, truth, owners)
    floors = (Floor(weight=1.0, cosine=floor, kept=0.9, refused=0.9),)
    measured = Measured(floors=floors, leave_one_out={"a": score}, test={"a": score} if tested else {})
    made = manifest(digest=encoder.digest).model_copy(update={"measured": measured})
    return Searcher(encoder, LocalStore.of(records, vectors), made)


def kinds(found: tuple[Finding, ...]) -> list[str]:
    return [one.kind for one in found]


def test_a_vote_for_the_same_class_agrees(encoder: Encoder, reading: Reading) -> None:
    found = consult(searcher(encoder, "bacterial_pneumonia"), reading)
    assert kinds(found) == ["vote", "vote_left_out", "vote_balanced"]
    assert found[0].statement == (
        "10 of the 10 most similar cases of "
        "the data set with the model's classes are called bacterial pneumonia, which "
        "agrees with the model's "
        "highest score, 83.0 %."
    )


def test_a_vote_for_another_class_is_a_conflict(encoder: Encoder, reading: Reading) -> None:
    library = searcher(encoder, "normal", tested=True)
    found = consult(library, reading)
    assert kinds(found) == ["vote_conflict", "vote_tested", "vote_balanced"]
    assert found[0].statement == (
        "10 of the 10 most similar cases of "
        "the data set with the model's classes are called normal, which differs from "
        "the model's highest "
        "score, bacterial pneumonia with 83.0 %; bacterial pneumonia got 0 of the votes."
    )
    assert found[0].facts["library"] == library.manifest.digest and found[0].label == "normal"
    about = reading.about("viral_pneumonia").beside(found)
    assert consult(library, about) == found  # the vote is beside the highest score, whichever class is explained


def test_numbers_are_those_of_the_search_and_of_the_measurement(encoder: Encoder, reading: Reading) -> None:
    library = searcher(encoder)
    opinion, score = library.second_opinion(reading.study, LABELS), library.manifest.measured.leave_one_out["a"]
    vote, quality, balanced = opinion_findings(opinion, reading)
    assert (vote.value, vote.facts["count"]) == (opinion.votes[opinion.label], 10)
    assert (vote.kind == "vote") == (opinion.label == "bacterial_pneumonia")
    assert quality.value == pytest.approx(100 * score.accuracy) and balanced.value == pytest.approx(
        100 * score.balanced
    )
    assert (quality.facts["images"], quality.facts["count"]) == (18, 3)
    assert quality.facts["majority"] == pytest.approx(100 / 3)
    low, high = quality.interval or (0, 0)
    assert (
        0 < low < high <= 100
        and low <= (quality.value or 0) <= high
        and f"interval {low:.1f} to {high:.1f}" in quality.statement
    )


def test_nothing_similar_is_a_finding_of_its_own(encoder: Encoder, reading: Reading) -> None:
    library = searcher(encoder, floor=2.0)
    with pytest.raises(NothingSimilar) as refused:
        library.second_opinion(reading.study, LABELS)
    (found,) = consult(library, reading)
    assert found.kind == "no_vote" and found.value == refused.value.nearest and found.facts["floor"] == 2.0
    assert f"has a cosine of {refused.value.nearest:.3f}, and 2.000 is needed" in found.statement


def test_a_library_without_the_models_classes_is_missing(encoder: Encoder) -> None:
    tissue = made_up_reading("lung-colon", dict.fromkeys(("lung_adenocarcinoma", "lung_squamous_cell_carcinoma",
        "lung_benign", "colon_adenocarcinoma", "colon_benign"), 0.2))  # fmt: skip
    with pytest.raises(Missing, match="has the labels lung_adenocarcinoma"):
        consult(searcher(encoder), tissue)


def test_what_was_not_measured_is_said(reading: Reading) -> None:
    opinion = SecondOpinion("normal", {"normal": 3}, ("a:1", "a:2", "a:3"), "a", None)
    assert kinds(opinion_findings(opinion, reading)) == ["vote_conflict", "vote_unmeasured"]


@pytest.mark.parametrize(
    ("right", "asked", "low", "high"), [(8, 10, 0.4902, 0.9433), (0, 20, 0.0, 0.1611), (488, 624, 0.7480, 0.8127)]
)
def test_the_interval_is_wilsons(right: int, asked: int, low: float, high: float) -> None:
    """Values by the formula of Wilson 1927, with z = 1.95996."""
    score = VoteScore(k=10, queries=asked, accuracy=right / asked, balanced=0.5, majority=0.5, recall={}, groups=9)
    assert interval(score) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(
    ("groups", "why"),
    [(2, "2 slides are too few"), (1, "1 slide is too few"), (None, "how many slides there were is unknown")],
)
def test_a_vote_asked_with_few_groups_has_no_interval(reading: Reading, groups: int | None, why: str) -> None:
    score = VoteScore(k=10, queries=899, accuracy=0.794, balanced=0.8, majority=0.2, recall={}, groups=groups)
    opinion = SecondOpinion("normal", {"normal": 3}, ("a:1", "a:2", "a:3"), "a", score, True)
    slides = replace(reading, card=reading.card.model_copy(update={"group": "slides"}))
    _, quality, _ = opinion_findings(opinion, slides)
    assert interval(score) is None and quality.interval is None
    assert f"right one of 0 classes for 79.4 % (no interval: {why});" in quality.statement
    read = reading.beside(opinion_findings(opinion, reading))
    for text in ("Such a vote was right for 79.4 %, with a narrow interval.", "Such a vote has a 95 % interval."):
        [found] = (one for one in read.findings if one.kind == "vote_tested")
        assert check([Sentence(text, (found.id,))], read)[0].struck


def test_groups_are_counted_where_all_are_known() -> None:
    vectors, names = np.eye(4, dtype=np.float32), ["a", "a", "b", "b"]
    assert score_votes(vectors, names, ["x", "x", "y", "z"], vectors, names, ["x", "x", "y", "z"]).groups == 3
    assert score_votes(vectors, names, ["x", "x", "y", None], vectors, names, ["x", "x", "y", None]).groups is None


def test_the_shipped_library_counts_the_groups_of_every_vote() -> None:
    measured = read_manifest(CASES).measured
    assert {name: one.groups for name, one in measured.test.items()}["colorectal"] == 2
    assert all(one.groups for one in (*measured.test.values(), *measured.leave_one_out.values()))


def test_queries_and_groups_of_the_shipped_votes_are_those_of_the_sets_tables(data_folder: Path) -> None:
    library = read_manifest(CASES)
    measured = {"val": library.measured.leave_one_out, "test": library.measured.test}
    left_out = {line.partition(" is ")[0] for line in library.refused}
    images = [one for one in plan_data(data_folder, measured["test"]).entries if one.name not in left_out]
    for split, scores in measured.items():
        assert len(scores) == 6
        for name, score in scores.items():
            owners = [one.record.patient for one in images if (one.split, one.record.case.source) == (split, name)]
            assert (len(owners), len({*owners})) == (score.queries, score.groups), (split, name)


def test_two_libraries_differ_in_their_digest() -> None:
    first = manifest()
    assert first.digest == manifest().digest and len(first.digest) == 16
    assert first.model_copy(update={"cases": 5}).digest != first.digest

"""Searching: floors, marks, both kinds of query at once, more and less like this, the second opinion, patches."""

from dataclasses import replace

import numpy as np
import pytest

from diagnosis.errors import BadRequest, Missing
from diagnosis.study import Study
from retrieval.encoder import Encoder
from retrieval.filters import parse_filters
from retrieval.found import told
from retrieval.library import Floor, Measured, Origin, Record, VoteScore
from retrieval.measure import choose_floor, strange_images, strange_sentences
from retrieval.patches import PatchMaps, PatchMatch, check_patches, embed_with_patches, match_images
from retrieval.query import Query, mix, move, unit
from retrieval.search import Searcher
from retrieval.store import LocalStore
from retrieval.types import Match
from retrieval.vote import score_votes, winner
from tests.retrieval.made import manifest, record, rows

RANDOM = np.random.default_rng(0)
STUDIES = [Study(RANDOM.random((40, 40, 3)) * (0.2 + 0.1 * (n % 8))) for n in range(16)]
SCORE = VoteScore(k=5, queries=40, accuracy=0.8, balanced=0.75, majority=0.5, recall={"normal": 0.9, "pneumonia": 0.6})


def records() -> list[Record]:
    return [
        record(n, labels=(("normal", "pneumonia")[n % 2],), patient=f"p{n // 2}", image=STUDIES[n].digest, n=str(n % 4))
        for n in range(16)
    ]


def searcher(encoder: Encoder, floors: tuple[Floor, ...] = (), own: LocalStore | None = None) -> Searcher:
    made = manifest(digest=encoder.digest).model_copy(
        update={"measured": Measured(floors=floors, spread={"image": 0.5, "text": 0.1}, leave_one_out={"a": SCORE})}
    )
    return Searcher(encoder, LocalStore.of(records(), encoder.embed_images(STUDIES)), made, own)


def test_an_image_finds_itself_and_the_rest_of_its_patient_is_marked(encoder: Encoder) -> None:
    found = searcher(encoder).search(Query(image=STUDIES[4]), 16)
    assert [match.rank for match in found.matches] == list(range(1, 17)) and isinstance(found.matches[0], Match)
    assert found.matches[0].case.id == "a:4" and found.matches[0].cosine > 0.999
    marks = {match.case.id: match.marks for match in found.matches if match.marks}
    assert marks.pop("a:4") == ("same image",) and marks.pop("a:5") == ("same patient",)
    assert all(other == ("practically the same image",) for other in marks.values())


def test_the_patient_is_known_from_the_query_even_where_the_image_is_new(encoder: Encoder) -> None:
    found = searcher(encoder).search(Query(image=Study(RANDOM.random((40, 40, 3))), patient="p3"), 16)
    marked = {match.case.id for match in found.matches if "same patient" in match.marks}
    assert marked == {"a:6", "a:7"}


def test_the_same_picture_in_another_file_is_practically_the_same(encoder: Encoder) -> None:
    pixels = STUDIES[2].pixels.copy()
    pixels[0, 0] = np.clip(pixels[0, 0] + 1e-4, 0, 1)
    found = searcher(encoder).search(Query(image=Study(pixels)), 3)
    assert found.matches[0].case.id == "a:2" and found.matches[0].marks[0] == "practically the same image"


def test_under_the_floor_nothing_is_similar(encoder: Encoder) -> None:
    floors = (Floor(weight=0, cosine=2, kept=0.96, refused=0.9), Floor(weight=1, cosine=0.99999, kept=0.97, refused=1))
    strict = searcher(encoder, floors)
    found = strict.search(Query(text="cancer"))
    assert not found.matches and found.nearest is not None and found.floor == 2
    assert found.message.startswith("Nothing similar: the nearest case has a cosine of") and "96 %" in found.message
    assert told(found)["matches"] == [] and told(found)["message"] == found.message
    assert len(searcher(encoder, floors).search(Query(image=STUDIES[1])).matches) < 10
    assert (strict.floor(0.4), strict.floor(0.6)) == (2, 0.99999)  # of the nearest weight that was measured


def test_filters_that_leave_nothing_say_so(encoder: Encoder) -> None:
    filters = parse_filters(["label=normal", "n=1"])
    found = searcher(encoder).search(Query(image=STUDIES[0], filters=filters))
    assert found.matches == () and "no case fits label=normal, n=1" in found.message and found.nearest is None


def test_the_weight_goes_from_the_words_to_the_image(encoder: Encoder) -> None:
    some = searcher(encoder)

    def order(**query: object) -> list[str]:
        return [match.case.id for match in some.search(Query(**query), 16).matches]  # type: ignore[arg-type]

    image, words = order(image=STUDIES[3]), order(text="lung cancer")
    assert image != words
    assert order(image=STUDIES[3], text="lung cancer", weight=1.0) == image
    assert order(image=STUDIES[3], text="lung cancer", weight=0.0) == words
    assert order(image=STUDIES[3], text=" ") == image


def test_mixing_gives_both_kinds_the_same_say_whatever_their_spread() -> None:
    """Image cosines vary ten times as much; at one half the words still decide as much as the image."""
    image, text = np.array([1, 0, 0], np.float32), np.array([0, 1, 0], np.float32)
    cases = unit(np.array([[1, 0.1, 5], [0.5, 0.15, 5], [0, 0.2, 5]]))
    even = cases @ mix(image, text, 0.5, {"image": 1.0, "text": 0.1})
    assert np.ptp(even) < 0.01 and np.argmax(cases @ mix(image, text, 0.6, {"image": 1.0, "text": 0.1})) == 0


def test_more_and_less_like_this_move_the_query(encoder: Encoder) -> None:
    some = searcher(encoder)
    vectors = {n: some.store.vector(f"a:{n}") for n in (1, 6)}
    query = Query(image=STUDIES[0], more=("a:6",), less=("a:1",))
    found = some.search(query, 16)
    shown = [match.case.id for match in found.matches]
    assert not {"a:6", "a:1"} & set(shown) and len(shown) == 14
    plain = encoder.embed_images([STUDIES[0]])[0]
    expected = unit(plain + 0.75 * vectors[6] - 0.25 * vectors[1])
    assert found.nearest == pytest.approx(max(float(some.store.vector(id) @ expected) for id in shown), abs=1e-5)
    assert some.search(Query(more=("a:6",)), 1).matches[0].case.id != "a:6"
    with pytest.raises(BadRequest, match="no case 'a:99'"):
        some.search(Query(text="x", more=("a:99",)))


def test_moving_is_rocchios_formula() -> None:
    one, two = rows(2)
    assert np.allclose(move(one, [two], []), unit(one + 0.75 * two), atol=1e-6)
    assert np.allclose(move(None, [one], [two]), unit(1.75 * one - 0.25 * two), atol=1e-6)


def test_nothing_to_look_for_is_refused() -> None:
    for bad in ({}, {"text": "  "}, {"less": ("a:1",)}):
        with pytest.raises(BadRequest, match="nothing to look for"):
            Query(**bad)
    with pytest.raises(BadRequest, match=r"not in 0\.\.1"):
        Query(text="x", weight=1.2)


def test_another_users_cases_are_never_among_the_results(encoder: Encoder) -> None:
    study = Study(RANDOM.random((40, 40, 3)))
    mine = LocalStore.of([record(77, "b", image=study.digest, n="9")], encoder.embed_images([study]))
    library = searcher(encoder)
    found = library.with_own(mine).search(Query(image=study), 17)
    assert len(found.matches) == 17 and found.matches[0].case.id == "b:77"
    assert found.matches[0].marks == ("same image", "your own case")
    only = library.with_own(mine).search(Query(image=study, filters=parse_filters(["n=9"])))
    assert [match.case.id for match in only.matches] == ["b:77"]
    assert "b:77" not in {match.case.id for match in library.search(Query(image=study), 20).matches}
    with pytest.raises(BadRequest, match="No case has n '8'"):
        library.with_own(mine).search(Query(image=study, filters=parse_filters(["n=8"])))


def test_a_second_opinion_is_the_vote_of_other_patients(encoder: Encoder) -> None:
    opinion = searcher(encoder).second_opinion(STUDIES[4], ["normal", "pneumonia"], 5)
    assert opinion.voters == 5 and sum(opinion.votes.values()) == 5 and not {"a:4", "a:5"} & set(opinion.cases)
    order = np.argsort(-(encoder.embed_images(STUDIES) @ encoder.embed_images([STUDIES[4]])[0]))
    expected = [f"a:{n}" for n in order if n not in (4, 5)][:5]
    assert list(opinion.cases) == expected and opinion.label == next(iter(opinion.votes))
    assert opinion.score == SCORE and not opinion.tested and opinion.agrees(opinion.label)
    with pytest.raises(Missing, match="has the labels glioma"):
        searcher(encoder).second_opinion(STUDIES[4], ["glioma"])


def test_names_with_capitals_vote_too(encoder: Encoder) -> None:
    score = SCORE.model_copy(update={"recall": {"Normal": 0.9, "Pneumonia": 0.6}})
    made = manifest(digest=encoder.digest).model_copy(
        update={"datasets": {"Clinic": Origin(title="Clinic")}, "measured": Measured(leave_one_out={"Clinic": score})}
    )
    cases = [
        replace(one, case=replace(one.case, source="Clinic", labels=(one.case.labels[0].title(),))) for one in records()
    ]
    library = Searcher(encoder, LocalStore.of(cases, encoder.embed_images(STUDIES)), made)
    opinion = library.second_opinion(STUDIES[4], ["Normal", "Pneumonia"], 5)
    assert opinion.voters == 5 and opinion.dataset == "Clinic" and {*opinion.votes} <= {"Normal", "Pneumonia"}


def test_a_vote_is_won_by_the_most_and_then_by_the_nearer() -> None:
    assert winner(["a", "b", "b"], [0.9, 0.1, 0.1]) == "b"
    assert winner(["a", "b", "b", "a"], [0.9, 0.8, 0.8, 0.6]) == "b"


def test_votes_are_scored_without_the_own_group() -> None:
    """Each point's twin in its own group would make every vote right."""
    vectors = unit(np.array([[1, 0], [1, 0.01], [0.9, 0.1], [0, 1], [0.01, 1], [0.1, 0.9]]))
    labels, groups = ["a", "a", "b", "b", "b", "a"], ["g", "g", "h", "i", "i", "j"]
    score = score_votes(vectors, labels, groups, vectors, labels, groups, k=1)
    assert score.accuracy == pytest.approx(0 / 6) and score.majority == 0.5 and score.recall == {"a": 0, "b": 0}
    alone = score_votes(vectors, labels, [str(n) for n in range(6)], vectors, labels, [str(n) for n in range(6)], k=1)
    assert alone.accuracy == pytest.approx(4 / 6)


def test_a_floor_keeps_real_queries_and_refuses_strange_ones() -> None:
    real, strange = np.linspace(0.6, 0.9, 100), np.linspace(0.1, 0.5, 50)
    assert 0.5 < choose_floor(real, strange) <= 0.6
    mixed = choose_floor(real, np.linspace(0.5, 0.95, 50))
    assert 0.9 <= np.mean(real >= mixed) < 1


def test_strangers_are_many_and_can_be_embedded(encoder: Encoder) -> None:
    images = list(strange_images())
    assert len(images) == 48 and encoder.embed_images(images).shape == (48, 8)
    assert len(set(strange_sentences())) == len(strange_sentences()) == 60


def test_patches_are_those_of_the_image_and_match_themselves(encoder: Encoder) -> None:
    squares = encoder.squares(STUDIES[:4])
    vectors, maps = embed_with_patches(encoder, squares)
    assert maps is not None and check_patches(encoder, squares)
    assert np.allclose(vectors, encoder.embed_squares(squares), atol=1e-4)
    assert np.allclose(maps[1], encoder.embed_patches(STUDIES[1]), atol=1e-4)
    match = match_images(encoder, STUDIES[1], STUDIES[1])
    assert match.values.shape == (2, 2, 2, 2) and all(match.best(*at) == at for at in np.ndindex(2, 2))


def test_kept_maps_find_where_a_part_has_gone() -> None:
    full = RANDOM.normal(size=(30, 4, 4, 64)).astype(np.float32)
    maps = PatchMaps.of(full)
    assert maps.maps.shape == (30, 4, 4, 16) and maps.maps.dtype == np.int8
    turned = full[7, ::-1, :]
    match = maps.match(turned, 7)
    assert all(match.best(row, column) == (3 - row, column) for row, column in np.ndindex(4, 4))
    assert match.matrix.shape == (16, 16) and match.likeness().min() > 0.95
    (one, other, likeness), *_ = match.pairs(3)
    assert other == (3 - one[0], one[1]) and likeness > 0.99 and len(match.pairs(3)) == 3


def test_pairs_choose_each_other() -> None:
    values = np.array([[0.9, 0.1], [0.95, 0.2]], np.float32).reshape(2, 1, 2, 1)
    assert PatchMatch(values).pairs() == [((1, 0), (0, 0), pytest.approx(0.95))]

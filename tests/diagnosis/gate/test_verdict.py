"""From what an image looks like, and what its file says, to whether a model may read it."""

import numpy as np
import pytest

from diagnosis.cards import ModelCard
from diagnosis.errors import Refused
from diagnosis.gate.card import Source
from diagnosis.gate.look import Look, kindred_sources, own_sources
from diagnosis.gate.verdict import GateResult, admitted, contradiction, judged
from diagnosis.study import Study
from tests.diagnosis.toys import toy_card

SOURCES = (
    Source(name="own", title="a film of a child", kind="chest-film", model="films", suggests="films"),
    Source(name="adult", title="a film of an adult", kind="chest-film", suggests="films"),
    Source(name="turned", title="a film that lies on its side", kind="chest-film", upright=False, suggests="films"),
    Source(name="tile", title="a tile of lung", kind="histology", model="tiles", suggests="tiles"),
    Source(name="other-tile", title="a tile of breast", kind="histology", model="breast", suggests="breast"),
    Source(name="photo", title="a photograph"),
)


def card(name: str, anatomy: str | None, *modalities: str) -> ModelCard:
    plain = toy_card()
    spec = plain.input.model_copy(update={"modalities": modalities or ("DX", "CR")})
    return plain.model_copy(update={"name": name, "title": name.capitalize(), "anatomy": anatomy, "input": spec})


def look(top: str, *, far: float = 0.5) -> Look:
    """An image with nearly all weight on ``top``, ``far`` from it, and five limits from all else."""
    names = [source.name for source in SOURCES]
    weights = np.full(len(names), 0.002)
    weights[names.index(top)] = 1 - 0.002 * (len(names) - 1)
    distances = np.full(len(names), 5.0)
    distances[names.index(top)] = far
    return Look(SOURCES, weights, np.full(len(names), np.log(2)), distances)


FILMS, TILES, FOREIGN = card("films", "chest-film"), card("tiles", "histology", "SM"), card("foreign", "chest-film")


@pytest.mark.parametrize(
    ("seen", "model", "verdict", "suggestion"),
    [
        (look("own"), FILMS, "pass", None),
        (look("adult"), FILMS, "caution", None),
        (look("turned"), FILMS, "caution", None),
        (look("own", far=1.5), FILMS, "caution", None),
        (look("own", far=2.5), FILMS, "refuse", None),
        (look("tile"), FILMS, "refuse", "tiles"),
        (look("photo"), FILMS, "refuse", None),
        (look("tile"), TILES, "pass", None),
        (look("other-tile"), TILES, "refuse", "breast"),
        (look("own"), FOREIGN, "pass", "films"),
        (look("adult"), FOREIGN, "pass", "films"),
        (look("turned"), FOREIGN, "caution", "films"),
        (look("photo"), FOREIGN, "refuse", None),
    ],
)
def test_an_image_is_judged_by_what_it_looks_like(
    seen: Look, model: ModelCard, verdict: str, suggestion: str | None
) -> None:
    found = judged(seen, model)
    assert found.verdict == verdict
    assert found.modality == seen.top.title
    assert found.suggestion == (None if verdict == "pass" else suggestion)
    assert (found.distance is not None and found.distance < found.limit) == (verdict == "pass")
    assert bool(found.reason) == (verdict != "pass")


def test_a_reason_tells_the_numbers_behind_it() -> None:
    found = judged(look("photo", far=0.4), FILMS)
    assert "a photograph (99 % of the gate's weight)" in found.reason
    assert f"{found.distance:.1f} times" in found.reason


def test_a_model_that_the_gate_knows_nothing_of_reads_with_a_caution() -> None:
    found = judged(look("photo"), card("unheard-of", None))
    assert (found.verdict, found.distance, found.suggestion) == ("caution", None, None)
    assert "was not checked" in found.reason and "Unheard-of" in found.reason


def test_own_sources_are_what_the_model_learned_from_or_else_what_shows_the_same_upright() -> None:
    names = [source.name for source in SOURCES]
    assert [names[at] for at in own_sources(SOURCES, FILMS)] == ["own"]
    assert [names[at] for at in own_sources(SOURCES, FOREIGN)] == ["own", "adult"]
    assert [names[at] for at in kindred_sources(SOURCES, FILMS)] == ["own", "adult", "turned"]
    assert [names[at] for at in kindred_sources(SOURCES, TILES)] == ["tile"]


PIXELS = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8, 1)


@pytest.mark.parametrize(
    ("modality", "view", "refused"),
    [
        ("DX", "PA", False),
        ("CR", None, False),
        (None, None, False),
        ("OT", None, False),
        ("SC", None, False),
        ("CT", None, True),
        ("MR", "PA", True),
        ("DX", "LL", True),
        ("DX", "LATERAL", True),
    ],
)
def test_a_file_that_names_another_modality_or_view_is_refused(
    modality: str | None, view: str | None, refused: bool
) -> None:
    found = contradiction(Study(PIXELS, modality=modality, view=view), FILMS)
    assert (found is not None) == refused
    if found is not None:
        assert found.verdict == "refuse"
        assert (modality if modality in ("CT", "MR") else str(view)) in found.reason


def test_a_view_from_the_side_matters_to_films_alone() -> None:
    assert contradiction(Study(PIXELS, modality="MR", view="LL"), card("brains", "brain", "MR")) is None


def test_a_refusal_is_raised_with_its_reason_and_suggestion_and_nothing_else_is() -> None:
    refused = GateResult("refuse", "a tile of lung", "tiles", 7.2, 1.0, "It is 7.2 times as far.")
    with pytest.raises(
        Refused, match=r"not read this image. It is 7.2 times as far. Nothing was scored.*tiles"
    ) as told:
        admitted(refused, FILMS)
    assert told.value.suggestion == "tiles"
    for verdict in ("pass", "caution"):
        kept = GateResult(verdict, "a film", None, 0.5, 1.0, "")
        assert admitted(kept, FILMS) is kept


def test_an_image_between_two_kinds_that_a_model_may_read_is_like_its_own() -> None:
    weights = np.array([0.49, 0.49, 0.005, 0.005, 0.005, 0.005])
    between = Look(SOURCES, weights, np.full(6, np.log(2)), np.full(6, 0.7))
    assert between.distance([0, 1]) == pytest.approx(0.7)
    assert between.distance([0]) == pytest.approx(-np.log(0.49) / np.log(2))

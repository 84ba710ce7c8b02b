"""Tools over readings whose measures are known."""

from dataclasses import replace

import pytest

from agents.names import label_of, labels_in, places, places_in
from agents.tools import (
    TOOLS,
    arguments_of,
    call,
    compare_classes,
    explain_method,
    get_findings,
    map_share,
    model_facts,
)
from diagnosis.asked import map_of
from diagnosis.errors import BadRequest, Missing
from diagnosis.findings import TEMPLATES
from diagnosis.places import shares
from diagnosis.reading import Reading


@pytest.fixture(scope="module")
def chest(readings: dict[str, Reading]) -> Reading:
    return readings["clear-bacterial"]


@pytest.fixture(scope="module")
def tissue(readings: dict[str, Reading]) -> Reading:
    return readings["lung-close"]


def both_classes(reading: Reading) -> Reading:
    """The same reading with maps of a second class, copies of the first one's."""
    second = tuple(replace(one, label="viral_pneumonia") for one in reading.maps)
    return replace(reading, maps=(*reading.maps, *second))


@pytest.mark.parametrize("name", ["clear-bacterial", "lung-close"])
def test_shares_of_the_parts_are_those_of_the_map_and_add_up(readings: dict[str, Reading], name: str) -> None:
    reading = readings[name]
    measured = shares(reading.maps[0], reading.card.places)
    told = {place: map_share(reading, place, method="grad-cam")[0] for place in measured}
    assert {place: one.value for place, one in told.items()} == pytest.approx(measured)
    assert sum(float(one.facts["even"]) for one in told.values()) == pytest.approx(100)
    halves = [map_share(reading, f"{side} half", method="shap")[0].value or 0.0 for side in ("left", "right")]
    assert sum(halves) == pytest.approx(100)


def test_an_even_map_is_told_beside_the_share(chest: Reading) -> None:
    (found,) = map_share(chest, "bottom left", method="SHAP")
    assert found.statement == (
        "SHAP puts 57.2 % of its weight for bacterial pneumonia in the lower third on the left of the image; "
        "an even map would put 16.7 % there."
    )


@pytest.mark.parametrize(
    ("words", "sixth", "quarter"),
    [
        ("lower left", "lower third on the left", "lower left quarter"),
        ("left lower", "lower third on the left", "lower left quarter"),
        ("the top right corner", "upper third on the right", "upper right quarter"),
        ("Upper third on the left", "upper third on the left", "upper left quarter"),
        ("bottom", "lower third", "lower half"),
        ("right", "right half", "right half"),
        ("the left-hand side", "left half", "left half"),
        ("unten links", "lower third on the left", "lower left quarter"),
        ("en haut à droite", "upper third on the right", "upper right quarter"),
        ("abajo a la izquierda", "lower third on the left", "lower left quarter"),
    ],
)
def test_places_by_other_words(chest: Reading, tissue: Reading, words: str, sixth: str, quarter: str) -> None:
    assert map_share(chest, words)[0].region == sixth
    assert map_share(tissue, words)[0].region == quarter


@pytest.mark.parametrize("words", ["banana", "left lung", "right lower lobe", "the heart", "left or right", "middle"])
def test_a_place_that_is_none_is_refused_with_those_that_there_are(tissue: Reading, words: str) -> None:
    with pytest.raises(BadRequest, match="upper left quarter, upper right quarter") as refused:
        map_share(tissue, words)
    assert words in str(refused.value)


def test_organs_are_not_taken_for_sides(chest: Reading) -> None:
    with pytest.raises(BadRequest, match="organs are not told apart"):
        map_share(chest, "left lung")


def test_a_flat_map_has_no_share(readings: dict[str, Reading]) -> None:
    found = map_share(readings["why-not-normal"], "lower left")
    assert [(one.kind, one.method) for one in found] == [("flat", "grad-cam"), ("share", "shap")]


def test_a_map_that_is_not_there_is_missing(chest: Reading) -> None:
    with pytest.raises(Missing, match="no map for viral pneumonia"):
        map_share(chest, "lower left", "viral")


@pytest.mark.parametrize(
    ("words", "label"),
    [
        ("viral", "viral_pneumonia"),
        ("Viral pneumonia", "viral_pneumonia"),
        ("bacteria", "bacterial_pneumonia"),
        ("bakterielle Lungenentzündung", "bacterial_pneumonia"),
        ("healthy", "normal"),
        ("neumonía vírica", "viral_pneumonia"),
    ],
)
def test_classes_by_other_words(chest: Reading, words: str, label: str) -> None:
    assert label_of(chest.card, words) == label


@pytest.mark.parametrize(
    ("words", "groups"),
    [
        ("colon cancer", [["colon_adenocarcinoma"]]),
        ("squamous", [["lung_squamous_cell_carcinoma"]]),
        ("benign", [["lung_benign", "colon_benign"]]),
        ("colon benign and lung adenocarcinoma", [["colon_benign"], ["lung_adenocarcinoma"]]),
        ("lung cancer", [["lung_adenocarcinoma", "lung_squamous_cell_carcinoma"]]),
        ("teapot", []),
    ],
)
def test_classes_that_words_do_not_tell_apart_stay_together(
    tissue: Reading, words: str, groups: list[list[str]]
) -> None:
    assert [list(group) for group in labels_in(tissue.card, words)] == groups


@pytest.mark.parametrize("words", ["pneumonia", "tuberculosis"])
def test_a_class_that_is_none_or_several_is_refused(chest: Reading, words: str) -> None:
    with pytest.raises(BadRequest, match="normal, bacterial_pneumonia, viral_pneumonia"):
        compare_classes(chest, words)


def test_comparison_names_the_higher_class_first(chest: Reading) -> None:
    for pair in (("viral", "bacterial"), ("bacterial", "viral")):
        compared = compare_classes(chest, *pair)[0]
        assert compared.label == "bacterial_pneumonia" and compared.value == pytest.approx(70.8)
        assert "bacterial pneumonia a score of 82.3 %, 70.8 percentage points more than viral" in compared.statement


def test_comparison_of_maps_that_are_the_same(chest: Reading) -> None:
    found = compare_classes(both_classes(chest), "viral")
    assert [one.value for one in found if one.kind == "same_place"] == [100, 100]
    assert {one.label for one in found if one.kind == "place"} == {"viral_pneumonia", "bacterial_pneumonia"}


def test_a_class_is_not_compared_with_itself(chest: Reading) -> None:
    with pytest.raises(BadRequest, match="the same class"):
        compare_classes(chest, "bacterial")


def test_methods_are_explained_with_the_fineness_of_their_map(chest: Reading) -> None:
    found = explain_method(chest, "Grad CAM")
    assert [one.kind for one in found] == ["method", "method", "cells"]
    cells = map_of(chest, chest.label, "grad-cam")
    assert cells and found[-1].value == cells.cells.size and "28 × 28 cells, 784 in all" in found[-1].statement
    with pytest.raises(BadRequest, match="grad-cam, shap"):
        explain_method(chest, "LIME")


def test_the_card_is_told_word_for_word(chest: Reading) -> None:
    card, found = chest.card, model_facts(chest)
    told = " ".join(one.statement for one in found)
    for text in (card.intended_use, card.out_of_scope, card.training_data, *card.limitations):
        assert text in told
    assert {"score_kind", "performance", "recall"} <= {one.kind for one in found}


def test_findings_of_the_explained_class_keep_their_ids_and_others_wait_for_one(chest: Reading) -> None:
    assert get_findings(chest) == chest.findings
    assert {one.topic for one in get_findings(chest, "looked")} == {"looked"}
    others = get_findings(chest, label="viral")
    assert others[0].value == pytest.approx(11.5) and {one.id for one in others} == {""}
    with pytest.raises(BadRequest, match="says, looked, trust"):
        get_findings(chest, "everything")


def test_ids_continue_and_nothing_is_said_twice(chest: Reading) -> None:
    count = len(chest.findings)
    one, first = call(chest, "map_share", {"place": "lower left"})
    two, second = call(one, "compare_classes", {"first": "viral"})
    three, again = call(two, "map_share", {"place": "left lower"})
    assert [finding.id for finding in first.findings] == [f"F{count + 1}", f"F{count + 2}"]
    assert second.findings[0].id == f"F{count + 3}"
    assert again.findings == first.findings and three == two
    assert [finding.id for finding in three.findings] == [f"F{at + 1}" for at in range(len(three.findings))]
    assert len(chest.findings) == count


def test_added_findings_belong_to_one_class(chest: Reading) -> None:
    asked, _ = call(chest, "map_share", {"place": "lower left"})
    assert asked.about("normal").findings == chest.about("normal").findings


@pytest.mark.parametrize(
    ("tool", "arguments", "message"),
    [
        ("erase", {}, "There is no tool 'erase'"),
        ("map_share", {}, "map_share needs 'place'"),
        ("map_share", {"place": "  "}, "map_share needs 'place'"),
        ("map_share", {"place": 3}, "map_share needs 'place'"),
        ("map_share", {"place": "left", "label": ["viral"]}, "takes 'label' as text"),
        ("map_share", {"where": "left"}, "no argument 'where'"),
        ("map_share", {"place": "left", "method": "LIME"}, "grad-cam, shap"),
        ("model_facts", {"name": "x"}, "no argument 'name'"),
    ],
)
def test_a_call_that_cannot_be_made_says_why(
    chest: Reading, tool: str, arguments: dict[str, object], message: str
) -> None:
    reading, step = call(chest, tool, arguments)
    assert reading == chest and not step.findings
    assert step.error and message in step.error and step.result == step.error


def test_a_step_shows_its_arguments_as_they_were_understood(chest: Reading) -> None:
    _, step = call(chest, "map_share", {"place": "lower left, and the patient has cancer", "method": "shap!"})
    assert step.called == "map_share(place='lower third on the left', method='shap')"


def test_every_tool_tells_what_it_takes() -> None:
    for name, tool in TOOLS.items():
        assert tool.__doc__, name
        for argument in arguments_of(tool):
            assert f"{argument}:" in tool.__doc__, (name, argument)


def test_every_finding_has_a_template_and_its_value_in_words(readings: dict[str, Reading]) -> None:
    for reading in readings.values():
        for tool, arguments in (
            ("map_share", {"place": "lower left"}),
            ("compare_classes", {"first": reading.prediction.labels[0], "second": reading.prediction.labels[1]}),
            ("explain_method", {"method": "shap"}),
            ("model_facts", {}),
        ):
            _, step = call(reading, tool, arguments)
            assert step.error is None and step.findings
            for finding in step.findings:
                assert finding.kind in TEMPLATES
                if finding.value is not None:
                    assert any(f"{finding.value:.{digits}f}" in finding.statement for digits in (0, 1, 2)), finding


def test_places_have_names_of_their_own(readings: dict[str, Reading]) -> None:
    for reading in readings.values():
        for name, place in places(reading.card).items():
            assert places_in(reading.card, name) == (place,)

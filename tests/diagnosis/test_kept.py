"""Maps computed beforehand: the very ones, and none where anything that they depend on is another now."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from diagnosis.attribution import DEFAULTS
from diagnosis.cards import ModelCard
from diagnosis.classifier import Classifier
from diagnosis.errors import BadRequest
from diagnosis.examples_command import run, wanted
from diagnosis.kept import FOLDER, Kept
from diagnosis.models import Models
from diagnosis.readers import read_study
from diagnosis.reading import Reading, read
from diagnosis.study import Study
from diagnosis.tabs import load_tabs
from settings import ROOT, Settings
from tests.diagnosis.findings_model import write_model
from tests.diagnosis.toys import SIDE, PooledSum, toy_card

EVALUATIONS = 100
WEIGHTS = {"file": "toy.safetensors", "source": "tests", "sha256": "a" * 64, "bytes": 1}
LARGEST = 25_000  # bytes of a kept file
STUDY = Study(np.random.default_rng(0).random((SIDE, SIDE, 1)))
BUNDLED = Models(ROOT / "weights")
TABS = load_tabs(ROOT / "page" / "tabs.toml", ROOT / "examples")
SHIPPED = Kept(ROOT / "examples" / FOLDER)


def classifier() -> Classifier:
    return Classifier(ModelCard.model_validate({**toy_card().model_dump(), "weights": WEIGHTS}), PooledSum())


def whole(of: Classifier) -> Reading:
    return list(read(STUDY, of, shap_evaluations=EVALUATIONS))[-1]


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    """A folder that holds one reading."""
    folder = Kept(tmp_path / "readings")
    folder.keep(whole(classifier()), EVALUATIONS)
    return folder


def test_kept_maps_are_those_that_were_computed_to_the_last_bit(kept: Kept) -> None:
    computed, found = whole(classifier()), kept.maps(STUDY, classifier().card, EVALUATIONS)
    assert found == computed.maps and [one.method for one in found] == ["grad-cam"] * 2 + ["shap"] * 2
    for one, other in zip(found, computed.maps, strict=True):
        assert np.array_equal(one.values, other.values, equal_nan=True) and one.cells.dtype == np.float32
        facts = [(each.unit, each.checks, each.params, each.study_size, each.input, each.cost) for each in (one, other)]
        assert facts[0] == facts[1]


def test_a_kept_reading_is_whole_at_once_and_says_the_same(kept: Kept) -> None:
    maps = kept.maps(STUDY, classifier().card, EVALUATIONS)
    (only,) = read(STUDY, classifier(), shap_evaluations=EVALUATIONS, kept=maps)
    computed = whole(classifier())
    assert only == computed and only.findings == computed.findings
    assert only.beforehand and not computed.beforehand and only.pending is None


@pytest.mark.parametrize(
    "changes",
    [
        {"weights": {**WEIGHTS, "sha256": "b" * 64}},
        {"version": "2"},
        {"input": toy_card(resize="pad").input.model_dump()},
        {"cam_layer": "features.1"},
        {"labels": [label.model_dump() for label in toy_card(("dark", "bright")).labels]},
        {"weights": None},
    ],
)
def test_another_model_is_not_answered_for(kept: Kept, changes: dict) -> None:
    assert kept.maps(STUDY, classifier().card, EVALUATIONS)
    card = ModelCard.model_validate({**classifier().card.model_dump(), **changes})
    assert kept.maps(STUDY, card, EVALUATIONS) == ()


def test_another_image_or_setting_is_not_answered_for(kept: Kept) -> None:
    assert kept.maps(Study(1 - STUDY.pixels), classifier().card, EVALUATIONS) == ()
    assert kept.maps(STUDY, classifier().card, EVALUATIONS + 1) == ()
    swapped = kept.path(Study(1 - STUDY.pixels), classifier().card)
    shutil.copy(kept.path(STUDY, classifier().card), swapped)
    assert kept.maps(Study(1 - STUDY.pixels), classifier().card, EVALUATIONS) == ()


@pytest.mark.parametrize("spoil", [lambda whole: b"", lambda whole: whole[:-40], lambda whole: b"no archive at all"])
def test_a_damaged_file_answers_nothing(kept: Kept, spoil: object) -> None:
    path = kept.path(STUDY, classifier().card)
    path.write_bytes(spoil(path.read_bytes()))
    assert kept.maps(STUDY, classifier().card, EVALUATIONS) == ()


def test_half_a_reading_is_not_kept(tmp_path: Path) -> None:
    half = next(read(STUDY, classifier(), shap_evaluations=EVALUATIONS))
    with pytest.raises(BadRequest, match="no whole reading"):
        Kept(tmp_path).keep(half, EVALUATIONS)
    with pytest.raises(BadRequest, match="Cannot write"):
        Kept(Path("/proc/nowhere")).keep(whole(classifier()), EVALUATIONS)


def test_the_command_keeps_what_is_not_kept_and_removes_what_is_of_no_example(tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    card = write_model(tmp_path / "weights", anatomy="chest-film")
    examples = tmp_path / "examples"
    (examples / "x-ray").mkdir(parents=True)
    drawing = "phantom-opacity-right-lower.jpg"
    shutil.copy(ROOT / "examples" / "x-ray" / drawing, examples / "x-ray")
    kept, models = Kept(examples / FOLDER), Models(tmp_path / "weights")
    tabs = load_tabs(ROOT / "page" / "tabs.toml", examples)
    (first,) = run(tabs, models, kept, 50)
    assert first.startswith("findings") and drawing in first and first.endswith("kB")
    study = read_study(examples / "x-ray" / drawing)
    found = kept.maps(study, models.card("findings"), 50)
    assert len(found) == len(DEFAULTS) * len(card.labels)
    (examples / FOLDER / "findings-old.npz").write_bytes(b"")
    assert list(run(tabs, models, kept, 50)) == [
        f"{'findings':12} {drawing}: kept already",
        "findings-old.npz: of no example, removed",
    ]


@pytest.mark.parametrize(
    ("example", "card"),
    [pytest.param(*each, id=f"{each[1].name}-{each[0].name}") for each in wanted(TABS, BUNDLED)],
)
def test_every_example_is_kept_for_the_weights_that_ship(example: object, card: object) -> None:
    """Where this fails, ``python -m diagnosis examples`` mends it."""
    study, evaluations = read_study(example.file), Settings.model_fields["shap_evaluations"].default
    assert len(SHIPPED.maps(study, card, evaluations)) == len(DEFAULTS) * len(card.labels)
    assert SHIPPED.path(study, card).stat().st_size <= LARGEST


def test_a_shipped_reading_is_what_is_computed_now() -> None:
    """Another machine may differ in the last digits, and SHAP then in what it splits last: its blocks are compared."""
    card, evaluations = BUNDLED.card("lung-colon"), Settings.model_fields["shap_evaluations"].default
    study = read_study(
        next(one.file for tab in TABS for one in tab.examples_for(card.name) if tab.title == "Histology")
    )
    *_, computed = read(study, BUNDLED.classifier(card.name), shap_evaluations=evaluations)
    kept = SHIPPED.maps(study, card, evaluations)
    assert [(one.label, one.method) for one in kept] == [(one.label, one.method) for one in computed.maps]
    for one, other in zip(kept, computed.maps, strict=True):
        pair = [blocks(each.cells, 8) if each.method == "shap" else each.cells for each in (one, other)]
        share = 0.05 if one.method == "shap" else 1e-3
        np.testing.assert_allclose(*pair, rtol=0, atol=share * max(1e-3, float(np.abs(pair[1]).max())))


def blocks(cells: np.ndarray, count: int) -> np.ndarray:
    """Sums over ``count`` × ``count`` blocks of a map."""
    height, width = (side // count for side in cells.shape)
    return cells.reshape(count, height, count, width).sum(axis=(1, 3))

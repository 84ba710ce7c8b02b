"""A shortcut planted in drawn slices is found by what sees it; in slices without one nothing is found."""

import csv
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.probes import WORDS, features_of, probe
from benchmarks.shortcuts import measured, told
from diagnosis import records
from diagnosis.cards import Contrast, Weights, load_card
from diagnosis.classifier import Classifier
from diagnosis.errors import BadRequest, Missing
from diagnosis.model_facts import easiest
from diagnosis.shortcuts import Separation, Shortcuts, load_shortcuts, shortcuts_path
from diagnosis.training.metrics import Interval
from settings import ROOT
from tests.diagnosis.toys import PooledSum, toy_card

SIDE, IMAGES = 80, 120  # pixels; slices of train and of test
Plant = Callable[[np.ndarray], np.ndarray]  # a drawn slice → the same with the shortcut


def drawn(seed: int) -> np.ndarray:
    """float64 (H, W): a body of some size, brightness and place in the dark, with noise."""
    random = np.random.default_rng(seed)
    rows, columns = np.ogrid[:SIDE, :SIDE]
    middle, reach = 40 + random.uniform(-3, 3, 2), random.uniform(24, 26, 2)
    body = ((rows - middle[0]) / reach[0]) ** 2 + ((columns - middle[1]) / reach[1]) ** 2 < 1
    return (random.uniform(0.48, 0.52) * body + random.normal(0.02, 0.01, (SIDE, SIDE))).clip(0, 1)


def mark(grey: np.ndarray) -> np.ndarray:
    """A bright marker in a corner, off the body."""
    marked = grey.copy()
    marked[2:12, 2:12] = 0.9
    return marked


def patch(grey: np.ndarray) -> np.ndarray:
    """A bright patch in the middle of the body."""
    marked = grey.copy()
    marked[32:48, 32:48] = 0.9
    return marked


def wide(grey: np.ndarray) -> np.ndarray:
    """Some more columns of the dark, as another scanner would add."""
    return np.pad(grey, ((0, 0), (0, 6)), mode="reflect")


def light(grey: np.ndarray) -> np.ndarray:
    """Everything a little lighter, air as well."""
    return grey + 0.08


def write_set(folder: Path, plant: Plant | None) -> Path:
    """Slices of train and test, every other one ``ill`` and with the shortcut, if any; two slices a group."""
    folder.mkdir(parents=True)
    rows = []
    for number in range(2 * IMAGES):
        ill, split = number % 2 == 1, ("train", "test")[number // IMAGES]
        grey = drawn(number)
        pixels = plant(grey) if plant and ill else grey
        Image.fromarray((255 * pixels.clip(0, 1)).round().astype(np.uint8)).save(folder / f"{number}.png")
        rows.append((f"{number}.png", "ill" if ill else "well", f"{split}-{number // 4}-{ill}", split))
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("path", "label", "group", "split"), *rows])
    return folder


def separations(folder: Path, names: Iterable[str]) -> dict[str, Separation]:
    """What some probes make of a set."""
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    seen = features_of([folder / row["path"] for row in rows])
    positive, groups = np.array([row["label"] == "ill" for row in rows]), np.array([row["group"] for row in rows])
    parts = slice(None, IMAGES), slice(IMAGES, None)
    return {name: probe(name, *((seen[name][own], positive[own], groups[own]) for own in parts)) for name in names}


def ends(auc: Interval) -> tuple[float, float]:
    """The interval, or the value twice where no draw of the groups changes it."""
    return (auc.value, auc.value) if auc.low is None else (auc.low, auc.high)


@pytest.mark.parametrize(
    ("plant", "seen", "unseen"),
    [
        (mark, {"corners", "thumbnail", "outside the body"}, {"size"}),
        (patch, {"thumbnail"}, {"size", "corners", "border"}),
        (wide, {"size"}, {"corners"}),
        (light, {"histogram", "border", "corners"}, {"size"}),
    ],
)
def test_a_planted_shortcut_is_found_by_the_probes_that_can_see_it(
    plant: Plant, seen: set[str], unseen: set[str], tmp_path: Path
) -> None:
    found = separations(write_set(tmp_path / "set", plant), seen | unseen)
    for name in seen:
        assert ends(found[name].auc)[0] > 0.9, (name, found[name].auc)
    for name in unseen:
        low, high = ends(found[name].auc)
        assert low <= 0.5 <= high, (name, found[name].auc)


def test_nothing_is_found_where_no_shortcut_is(tmp_path: Path) -> None:
    for name, one in separations(write_set(tmp_path / "set", None), WORDS).items():
        assert one.images == IMAGES
        low, high = ends(one.auc)
        assert low <= 0.5 <= high, (name, one.auc)


def slices_model() -> Classifier:
    """A model that calls the brighter slice ill; its card goes by a name that the command knows."""
    update = {
        "name": "chest-ct",
        "anatomy": "chest-ct",
        "contrasts": (Contrast(name="ill_vs_well", positive=("ill",), negative=("well",)),),
        "weights": Weights(file="none", source="drawn", sha256="a" * 64, bytes=1),
    }
    return Classifier(toy_card(("ill", "well")).model_copy(update=update), PooledSum())


@pytest.mark.parametrize(("plant", "off_the_body"), [(mark, True), (patch, False)])
def test_what_a_model_answers_by_is_told_apart_by_showing_it_a_part(
    plant: Plant, off_the_body: bool, tmp_path: Path
) -> None:
    write_set(tmp_path / "chest_ct", plant)
    found = measured(slices_model(), tmp_path, ROOT / "weights", most=80)
    whole, part = found.parts
    assert (whole.name, part.name) == ("the whole image", "off the body")
    assert {one.images for one in (*found.probes, *found.parts)} == {80} and found.outside is None
    assert ends(whole.auc)[0] > 0.8, whole.auc
    low, high = ends(part.auc)
    assert low > 0.95 if off_the_body else low < 0.5 < high, part.auc
    line = next(line for line in told(found).splitlines() if line.startswith("off the body"))
    assert f"{part.auc.value:.3f}" in line and "80 images" in line


def record(model: Classifier) -> Shortcuts:
    """One probe of one question, of the model's weights."""
    auc = Interval(value=0.9, low=0.8, high=0.95)
    return Shortcuts(
        model=model.card.reference,
        weights_sha256="a" * 64,
        dataset="chest_ct",
        manifest_sha256="b" * 64,
        question="ill_vs_well",
        probes=(Separation(name="corners", how="the corners alone", images=60, auc=auc),),
        parts=(),
        outside=None,
        command="measure",
        libraries={},
    )


def test_a_record_is_kept_beside_the_card_and_told_on_it(tmp_path: Path) -> None:
    model = slices_model()
    path = shortcuts_path(model.card, tmp_path)
    assert records.write(record(model), path) == path == tmp_path / "chest-ct.shortcuts.json"
    assert load_shortcuts(path, model.card) == record(model)
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    (said,) = easiest(load_shortcuts(path, model.card))
    assert "nothing but the corners tells ill from well" in said and "60 test images" in said


def test_a_record_that_is_absent_damaged_or_of_other_weights_is_refused(tmp_path: Path) -> None:
    model = slices_model()
    path = shortcuts_path(model.card, tmp_path)
    with pytest.raises(Missing, match=r"no chest-ct\.shortcuts\.json") as absent:
        load_shortcuts(path, model.card)
    assert "python -m benchmarks.shortcuts chest-ct --write" in absent.value.remedy
    for text in ("", "{}", "[]"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(BadRequest, match="is not a record of shortcuts"):
            load_shortcuts(path, model.card)
    records.write(record(model).model_copy(update={"weights_sha256": "c" * 64}), path)
    with pytest.raises(BadRequest, match="measured on other weights"):
        load_shortcuts(path, model.card)


@pytest.mark.parametrize("name", ["chest-xray", "chest-ct"])
def test_the_record_beside_a_bundled_model_is_of_its_weights(name: str) -> None:
    card = load_card(ROOT / "weights" / f"{name}.toml")
    found = load_shortcuts(shortcuts_path(card, ROOT / "weights"), card)
    assert found.model == card.reference and found.question == card.contrasts[0].name
    assert {one.name for one in found.probes} == set(WORDS)

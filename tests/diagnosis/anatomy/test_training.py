"""``python -m diagnosis.anatomy`` from drawn films to a record, in seconds."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from diagnosis.anatomy.__main__ import main
from diagnosis.anatomy.cards import FOLDER, load_segmenter_card
from diagnosis.anatomy.training.augment import change
from diagnosis.anatomy.training.evaluate import box_overlap, evaluation_path, load_evaluation, mean_of
from diagnosis.anatomy.training.films import Film, drawn_lungs, films_of
from diagnosis.anatomy.training.recipe import load_segmenter_recipe
from diagnosis.anatomy.training.train import dice_of, segmentation_loss
from diagnosis.errors import BadRequest, Missing
from diagnosis.phantoms import draw_chest
from tests.diagnosis.anatomy.drawn import CARD, RECIPE, write_films


@dataclass(frozen=True)
class Place:
    """Folders of one run."""

    data: Path
    weights: Path
    recipes: Path
    run: Path

    @classmethod
    def make(cls, root: Path, data: Path) -> "Place":
        place = cls(data, root / "weights", root / "recipes", root / "run")
        (place.weights / FOLDER).mkdir(parents=True)
        place.recipes.mkdir()
        (place.weights / FOLDER / "tiny.toml").write_text(CARD, "utf-8")
        (place.recipes / "tiny.toml").write_text(RECIPE, "utf-8")
        return place

    def call(self, command: str, *more: str) -> int:
        folders = ["--data", str(self.data), "--weights", str(self.weights), "--recipes", str(self.recipes)]
        run = ["--run", str(self.run)] if command in ("train", "export") else []
        return main([command, "tiny", *folders, *run, *more])

    def losses(self) -> list[float]:
        return [json.loads(line)["loss"] for line in (self.run / "log.jsonl").read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_films(tmp_path_factory.mktemp("films"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, films: Path) -> Place:
    place = Place.make(tmp_path_factory.mktemp("trained"), films)
    assert place.call("train") == 0
    return place


def test_training_learns_and_is_written_down(trained: Place) -> None:
    losses = trained.losses()
    assert len(losses) == 5 and losses[3] < losses[0]
    card = load_segmenter_card(trained.weights / FOLDER / "tiny.toml")
    assert card.weights is not None
    assert card.weights.source == "Trained from random weights for 5 epochs: python -m diagnosis.anatomy train tiny"
    assert "# what the card says of itself" in (trained.weights / FOLDER / "tiny.toml").read_text("utf-8")


def test_a_run_that_was_cut_off_ends_as_if_it_had_not_been(trained: Place, films: Path, tmp_path: Path) -> None:
    place = Place.make(tmp_path, films)
    recipe = place.recipes / "tiny.toml"
    from diagnosis.anatomy.training.train import SegmenterTrainer

    class CutOff(SegmenterTrainer):
        def _save(self, row: dict[str, float]) -> None:
            super()._save(row)
            if self.epoch == 2:
                raise KeyboardInterrupt

    card = load_segmenter_card(place.weights / FOLDER / "tiny.toml")
    with pytest.raises(KeyboardInterrupt):
        CutOff(card, load_segmenter_recipe("tiny", recipe.parent), films, place.run).fit()
    assert place.call("train") == 0
    np.testing.assert_allclose(place.losses(), trained.losses(), rtol=1e-4)


def test_evaluate_prints_and_writes_its_record(trained: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert trained.call("evaluate", "--split", "test", "--bare", "1", "--write") == 0
    printed = json.loads(capsys.readouterr().out)
    folder = trained.weights / FOLDER
    record = load_evaluation(evaluation_path(folder, "tiny"), load_segmenter_card(folder / "tiny.toml"))
    assert record.model_dump(mode="json") == printed
    assert (record.drawn.films, record.boxed and record.boxed.films, record.bare and record.bare.films) == (2, 1, 1)
    assert record.drawn.both.low <= record.drawn.both.value <= record.drawn.both.high


def test_a_record_of_other_weights_is_refused(trained: Place, tmp_path: Path) -> None:
    trained.call("evaluate", "--split", "test", "--bare", "0", "--write")
    folder = trained.weights / FOLDER
    text = evaluation_path(folder, "tiny").read_text("utf-8")
    card = load_segmenter_card(folder / "tiny.toml")
    assert card.weights is not None
    other = tmp_path / "tiny.metrics.json"
    other.write_text(text.replace(card.weights.sha256, "0" * 64), "utf-8")
    with pytest.raises(BadRequest, match="other weights"):
        load_evaluation(other, card)
    with pytest.raises(Missing):
        load_evaluation(tmp_path / "none.json", card)


def test_patients_of_val_are_none_of_train_or_test(films: Path) -> None:
    groups = [{film.group for film in films_of(films / "drawn", part, 0.3)} for part in ("train", "val", "test")]
    assert all(groups) and sum(map(len, groups)) == len(set.union(*groups)) == 15


def test_drawn_lungs_are_told_apart_where_the_mask_joins_them(tmp_path: Path) -> None:
    from PIL import Image

    phantom = draw_chest(seed=1, size=128)
    joined = phantom.lung_mask.copy()
    joined[64, :] = True
    Image.fromarray((joined * 255).astype(np.uint8)).save(tmp_path / "mask.png")
    film = Film(tmp_path / "film.png", "one", tmp_path / "mask.png", (0.1, 0.1, 0.35, 0.7), (0.55, 0.1, 0.35, 0.7))
    right, left = drawn_lungs(film)
    assert (right[phantom.right_lung]).mean() > 0.99 and not right[:, 66:].any()
    assert (left[phantom.left_lung]).mean() > 0.99 and not left[:, :62].any()


def test_a_change_moves_marks_with_their_film_and_swaps_the_sides_when_it_mirrors() -> None:
    changes = load_segmenter_recipe("lungs").changes.model_copy(
        update={"shading": 0.0, "noise": 0.0, "blur": 0.0, "patches": 0.0, "brightness": 0.0, "gamma": 0.0}
    )
    marks = torch.zeros(2, 64, 64)
    marks[0, 20:40, 12:26], marks[1, 20:44, 40:52] = 1, 1
    sides = set()
    for seed in range(12):
        torch.manual_seed(seed)
        film, moved = change(marks.sum(dim=0, keepdim=True) * 0.8 + 0.1, marks, changes)
        assert torch.corrcoef(torch.stack([film.flatten(), moved.sum(dim=0).flatten()]))[0, 1] > 0.9
        columns = torch.arange(64.0)
        right, left = ((one.sum(dim=0) * columns).sum() / one.sum() for one in moved)
        assert right < left
        sides.add(bool(moved[0].sum() > moved[1].sum()))
    assert sides == {True, False}  # the larger shape became the right lung when it was mirrored


def test_dice_and_loss_of_known_masks() -> None:
    truth = torch.zeros(1, 2, 4, 4, dtype=torch.bool)
    truth[0, 0, :2] = True
    found = torch.zeros_like(truth)
    found[0, 0, 1:3] = True
    assert dice_of(found, truth).tolist() == [[0.5, 1.0]]  # 2 · 4 / (8 + 8); both empty
    sure = torch.where(truth, 20.0, -20.0)
    assert segmentation_loss(sure, truth.float()).item() == pytest.approx(0, abs=1e-4)
    assert segmentation_loss(-sure, truth.float()).item() > 10


def test_box_overlap_and_means_of_known_values() -> None:
    lung = np.zeros((10, 10), dtype=bool)
    lung[0:5, 0:4] = True
    assert box_overlap(lung, (0.0, 0.0, 0.4, 0.5)) == pytest.approx(1)
    assert box_overlap(lung, (0.0, 0.0, 0.8, 0.5)) == pytest.approx(0.5)
    assert box_overlap(np.zeros((4, 4), dtype=bool), (0, 0, 1, 1)) == 0
    same = mean_of(np.array([0.5, 0.7, 0.9]), ["a", "a", "a"])
    assert (same.value, same.low, same.high) == pytest.approx((0.7, 0.7, 0.7))


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["evaluate", "kidneys", "--split", "test"], 3, "no segmenter card"),
        (["zones", "nothing.png", "--kind", "brain"], 2, "nothing.png"),
        (["zones", "nothing.png"], 2, "--kind"),
    ],
)
def test_errors_are_one_line(arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        found = main(arguments)
    except SystemExit as left:
        found = int(str(left.code))
    assert found == code
    line = capsys.readouterr().err
    assert line.startswith("error: ") and words in line and line.count("\n") == 1


def test_zones_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from diagnosis.phantoms.export import write_raster

    write_raster(draw_chest(seed=1, size=256).pixels, tmp_path / "film.png")
    assert main(["zones", str(tmp_path / "film.png"), "--kind", "chest-film"]) == 0
    printed = capsys.readouterr().out
    assert "patient's right upper zone" in printed and "uncertain" not in printed

"""Copies are found out and others are not, choosing counts what it throws away, and a record is kept and told."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from PIL import Image, PngImagePlugin

from diagnosis import records
from diagnosis.cards import ModelCard, load_card
from diagnosis.errors import BadRequest, Missing
from diagnosis.gating.evaluate import SETS
from diagnosis.readers import read_study
from diagnosis.study import Study
from diagnosis.synthesis.judging import SPACES
from diagnosis.synthesis.judging.__main__ import main
from diagnosis.synthesis.judging.chart import chart
from diagnosis.synthesis.judging.choosing import choose
from diagnosis.synthesis.judging.disguises import DISGUISES, disguised
from diagnosis.synthesis.judging.folder import read_made
from diagnosis.synthesis.judging.judge import Judge, Judgement
from diagnosis.synthesis.judging.measuring import measure, share
from diagnosis.synthesis.judging.nearest import nearest
from diagnosis.synthesis.judging.real import Yardstick, real_images
from diagnosis.synthesis.judging.record import load_judging
from diagnosis.synthesis.judging.tables import tables
from diagnosis.synthesis.judging.views import Viewer, Views
from diagnosis.training.dataset import read_manifest
from settings import ROOT
from tests.diagnosis.synthesis.judging.films import LABELS, PATIENTS, TWINS, film, grey, save, write_set

STRANGERS = [film(patient) for patient in range(1000, 1008)]


@dataclass(frozen=True, eq=False)
class Picture:
    """A made image, as a generator hands it out."""

    study: Study
    label: str
    seed: int = 0


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_copy_is_found_out_in_every_disguise(judge: Judge, films: Path, disguise: str) -> None:
    rows = [row for row in read_manifest(films) if row.split == "train"][:6]
    copies = [disguised(read_study(row.path), disguise) for row in rows]
    near = judge.near(copies, [row.label for row in rows])
    assert near.any(axis=1).all()
    if disguise in ("none", "mirrored"):
        assert near.all()


def test_films_of_others_are_no_copies(judge: Judge) -> None:
    """But for a few: the limit is the least distance among eight of a class, which one in nine falls short of."""
    near = judge.near(STRANGERS, [LABELS[at % 2] for at in range(len(STRANGERS))])
    assert near.mean(axis=0).max() < 0.5
    assert not near.all(axis=1).any()


def test_the_yardstick_passes_over_twins(judge: Judge) -> None:
    train, yardstick = judge.real.train, judge.real.beside[0].yardstick
    assert len(yardstick.distances) == PATIENTS + TWINS
    strict = nearest(
        train.views, train.views, judge.real.poses[:1], (np.arange(PATIENTS + TWINS), np.arange(PATIENTS + TWINS))
    )
    with_twins = np.isin(train.groups, train.groups[PATIENTS:])
    assert (strict[with_twins, 0] < 0.5 * yardstick.distances[with_twins, 0]).all()
    assert (yardstick.limits("normal") >= yardstick.whole).all()
    assert (strict[with_twins, 0] < yardstick.whole[0]).all()


def test_a_class_in_few_groups_has_the_limit_of_all() -> None:
    """All images of the one patient are far from others, which are of another class: that is no limit for copies."""
    near, far = np.linspace(1, 2, 20), np.full(20, 9.0)
    distances = np.repeat(np.concatenate([near, far])[:, None], 3, axis=1)
    labels, groups = np.array(["many"] * 20 + ["few"] * 20), np.array([*range(20), *[20] * 20])
    yardstick = Yardstick(distances, labels, groups)
    assert (yardstick.limits("few") == yardstick.whole).all() and (yardstick.whole < 1.1).all()
    spread = Yardstick(distances, labels, np.arange(40))
    assert (spread.limits("few") == 9).all() and (spread.limits("many") < 1.1).all()
    assert (Yardstick(distances, labels, np.arange(40), by_class=False).limits("few") == spread.whole).all()


def test_a_share_of_images_in_few_groups_has_no_interval() -> None:
    hits = np.arange(40) < 4
    own, slides = share(hits), share(hits, np.arange(40) % 2)
    assert (own.count, slides.count) == (4, 4) and 0 < own.low < 0.1 < own.high
    assert slides.low is None and slides.high is None


def test_real_images_are_computed_once(films: Path, card: ModelCard, judge: Judge, tmp_path: Path) -> None:
    first = real_images(films, card, judge.viewer, tmp_path)
    files = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    again = real_images(films, card, judge.viewer, tmp_path)
    assert len(files) == 3 and files == {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert np.array_equal(first.beside[0].yardstick.distances, again.beside[0].yardstick.distances)
    assert np.array_equal(first.test.views.embeddings, again.test.views.embeddings)
    manifest = (films / "manifest.csv").read_text("utf-8")
    (films / "manifest.csv").write_text(manifest.replace(",p0,", ",p1,"), encoding="utf-8")
    try:
        real_images(films, card, judge.viewer, tmp_path)
    finally:
        (films / "manifest.csv").write_text(manifest, encoding="utf-8")
    assert len(list(tmp_path.iterdir())) == 6


def test_one_group_makes_no_yardstick(films: Path, card: ModelCard, judge: Judge, tmp_path: Path) -> None:
    lines = (films / "manifest.csv").read_text("utf-8").splitlines()
    alone = [lines[0], *(",".join((*line.split(",")[:2], "p", line.split(",")[3])) for line in lines[1:])]
    (tmp_path / "manifest.csv").write_text("\n".join(alone), encoding="utf-8")
    with pytest.raises(BadRequest, match="one group alone"):
        real_images(tmp_path, card, judge.viewer, tmp_path)


def test_choosing_keeps_what_nothing_speaks_against_and_counts_the_rest(judge: Judge) -> None:
    normal, viral = LABELS
    noise = Study(np.random.default_rng(0).random((64, 64, 1), np.float32))
    stream = [Picture(one, viral, seed) for seed, one in enumerate(STRANGERS)]
    stream[1:1] = [Picture(film(3), viral, 90), Picture(noise, viral, 91), Picture(STRANGERS[0], normal, 92)]
    judged = judge.judge([one.study for one in stream], [viral] * 11)
    good = [one.seed for one, found in zip(stream, judged, strict=True) if found.kept and one.seed != 92]
    assert len(good) >= 2
    choice = choose(iter(stream), judge, 2, len(stream))
    assert [one.seed for one, _ in choice.kept] == good[:2]
    assert choice.thrown["pixels"] >= 1 and choice.thrown["gate"] == 1 and choice.thrown["class"] >= 1
    assert choice.looked == stream and len(choice.judged) == sum(map(len, choice.views)) == len(stream)
    with pytest.raises(BadRequest, match="cat"):
        choose([Picture(noise, "cat")], judge, 1, 1)


def test_how_many_are_judged_does_not_depend_on_what_is_found(judge: Judge) -> None:
    good, copy = STRANGERS[np.flatnonzero([one.kept for one in judge.judge(STRANGERS, [LABELS[1]] * 8)])[0]], film(3)
    early = [Picture(study, LABELS[1]) for study in (good, *[copy] * 4)]
    assert [len(choose(some, judge, 1, 3).looked) for some in (early, early[1:])] == [3, 4]
    late = choose([*early[:0:-1], early[0]], judge, 1, 3)
    assert (len(late.looked), len(late.kept)) == (5, 1)
    assert choose(early, judge, 0, 0).looked == []


def test_at_the_limit_an_image_is_a_copy() -> None:
    found = Judgement(LABELS[0], (0.0, 0.5, 0.2), (0.0, 0.4, 0.2), (1.0, 1.0, 1.0), LABELS[0], 0.9, "pass", 0.5)
    assert found.reasons == ("pixels", "encoder")


def test_a_set_with_doubles_in_other_groups_is_no_yardstick(
    films: Path, card: ModelCard, judge: Judge, tmp_path: Path
) -> None:
    folder = write_set(tmp_path / "doubles", 6, 1, 4)
    manifest = folder / "manifest.csv"
    shutil.copy(folder / "images/0.png", folder / "images/0-twin.png")
    manifest.write_text(manifest.read_text("utf-8").replace("-twin.png,normal,p", "-twin.png,normal,q"), "utf-8")
    with pytest.raises(BadRequest, match=r"1 in 100 images of train .* double in another group"):
        real_images(folder, card, judge.viewer, tmp_path)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nineteen strangers and a copy, a JPEG, called viral pneumonia and normal by turns, and one more called normal."""
    folder = tmp_path_factory.mktemp("made")
    own = folder / "chest-xray"
    for patient in range(1000, 1019):
        save(film(patient), own / LABELS[(patient + 1) % 2] / f"{patient}.png")
    save(film(2), own / LABELS[1] / "copy.jpg")
    told = PngImagePlugin.PngInfo()
    told.add_text("Weights", "ab" * 32)
    Image.fromarray(grey(film(1020))).save(own / LABELS[0] / "told.png", pnginfo=told)
    return folder


def test_a_folder_is_measured_and_its_record_told(
    judge: Judge, films: Path, made: Path, card: ModelCard, tmp_path: Path
) -> None:
    images = read_made(made, card)
    assert images.generators == ("ab" * 32,)
    record = measure(judge, images, films, "measure")
    assert record.images == 21 and record.dataset == films.name and record.yardstick_images == PATIENTS + TWINS
    assert [one.space for one in record.spaces] == list(SPACES)
    for one in record.spaces:
        assert sum(one.made.bins) == pytest.approx(1, abs=1e-4) and sum(one.real.bins) == pytest.approx(1, abs=1e-4)
        assert one.rejected.count >= 1 and min(one.limits.values()) >= one.limit
    assert record.thrown["pixels"] >= 1 and record.thrown["class"] >= 1
    assert sum(record.chosen.values()) == record.after[0].agreed.images == record.after[0].agreed.count
    assert record.before[0].agreed.images == 21 and record.before[0].agreed.low < record.before[0].agreed.high
    assert {one.label for one in record.before} == {None, *LABELS}
    planted, unseen = record.detections[:-1], record.detections[-1]
    assert [one.rejected.count for one in planted if one.what == "copy"] == [PATIENTS + TWINS]
    assert unseen.what == "image of test" and unseen.rejected.count < unseen.rejected.images
    assert [(one.label, one.made_train.images) for one in record.apart] == [(None, 10)]
    assert record.autoencoder_sha256 is None and record.train_images == PATIENTS + TWINS

    assert load_judging(records.write(record, tmp_path / "judged.json")) == record
    told = tables(record)
    assert "21 made images" in told and f"| copy | {PATIENTS + TWINS} | 100.0 %" in told and "nan" not in told
    drawn = ElementTree.fromstring(chart(record))
    assert drawn.get("role") == "img" and "median" in (drawn.get("aria-label") or "")
    paths = drawn.findall("{http://www.w3.org/2000/svg}path")
    assert sum(path.get("class") == "limit" for path in paths) == len(SPACES) + 1


def test_the_command_measures_and_writes_and_tells_again(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, few = str(tmp_path / "judged.json"), write_set(tmp_path / "few", 6, 0, 4)
    given = ["measure", str(made), "--model", "chest-xray", "--set", str(few), "--kept", str(tmp_path), "--write", file]
    assert main(given) == 0
    printed = capsys.readouterr().out
    record = load_judging(Path(file))
    assert record.before[0].verdicts.passed == 0  # drawings are read with a caution at best
    assert record.apart == () and record.chosen == {} and record.after[0].score is None
    assert record.command == f"python -m diagnosis.synthesis.judging measure {made.name} --model chest-xray"
    assert main(["table", file]) == 0
    assert capsys.readouterr().out == printed
    assert main(["chart", file, str(tmp_path / "chart.svg")]) == 0
    assert (tmp_path / "chart.svg").read_text("utf-8") == chart(record)
    assert main(["chart", file, str(tmp_path / "nowhere" / "chart.svg")]) == 2
    assert main(["table", str(tmp_path / "none.json")]) == 3


def test_a_folder_that_is_no_set_of_made_images_is_refused(card: ModelCard, tmp_path: Path) -> None:
    with pytest.raises(Missing, match="no PNG or JPEG"):
        read_made(tmp_path, card)
    (tmp_path / "chest-xray" / "cat").mkdir(parents=True)
    with pytest.raises(BadRequest, match="no class of chest-xray"):
        read_made(tmp_path, card)


def test_real_copies_are_found_out_and_other_slices_are_not(data_folder: Path, tmp_path: Path) -> None:
    """A small set of real slices: a twelfth of train, a tenth of test."""
    card, weights = load_card(ROOT / "weights" / "chest-ct.toml"), ROOT / "weights"
    folder = data_folder / SETS["chest-ct"]
    rows = read_manifest(folder)
    train, test = ([row for row in rows if row.split == split][::step] for split, step in (("train", 12), ("test", 10)))
    viewer = Viewer.load(weights, card)
    views, groups = viewer.see(read_study(row.path) for row in train), np.array([row.group for row in train])
    limits = np.percentile(nearest(views, views, viewer.poses, (groups, groups)), 1, axis=0)
    for name in DISGUISES:
        assert _near(viewer, [disguised(read_study(row.path), name) for row in train[:6]], views, limits).all(), name
    assert _near(viewer, [read_study(row.path) for row in test], views, limits).mean() < 0.3


def _near(viewer: Viewer, studies: list[Study], real: Views, limits: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        found = nearest(viewer.see(studies), real, viewer.poses)
    return np.asarray((found < limits).any(axis=1))

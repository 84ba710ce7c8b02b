"""``choose``: images of nobody that nothing speaks against become examples, and the list of these says why."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image

from diagnosis.cards import file_digest, load_card
from diagnosis.readers import read_study
from diagnosis.study import Study
from diagnosis.synthesis.images import SyntheticImage, save_png
from diagnosis.synthesis.judging import SPACES
from diagnosis.synthesis.judging.__main__ import main
from diagnosis.synthesis.judging.candidates import LARGEST, Candidate
from diagnosis.synthesis.judging.judge import Judge
from diagnosis.synthesis.judging.learned import Learned
from diagnosis.synthesis.judging.record import load_judging
from diagnosis.synthesis.judging.shipping import in_formats
from diagnosis.synthesis.shipped import Shipped, load_shipped, save_shipped
from settings import ROOT
from tests.diagnosis.synthesis.judging.conftest import NORMAL, TITLES, VIRAL
from tests.diagnosis.synthesis.judging.films import LABELS, PATIENTS, TWINS, film, grey, write_set
from tests.diagnosis.synthesis.test_shipped import shipped

ALL = 8  # images of viral pneumonia in ``source``


def made(study: Study, label: str, seed: int, weights: Path) -> SyntheticImage:
    digest = file_digest(weights / "synthesis/tiny-discs.safetensors")
    title = TITLES["Disc on the left" if label == NORMAL else "Disc on the right"]
    return SyntheticImage(grey(study), "chest-xray", label, title, seed, 12, 2.0, digest)


@pytest.fixture
def source(weights: Path, tmp_path: Path) -> Path:
    """Of each class a copy and noise; of viral pneumonia also six strangers, and one that other weights made."""
    folder, noise = tmp_path / "synthetic", Study(np.random.default_rng(0).random((64, 64, 1), np.float32))
    strangers = [made(film(1000 + patient), VIRAL, 9 + patient, weights) for patient in range(6)]
    images = [made(study, label, at, weights) for label in LABELS for at, study in enumerate((film(3), noise))]
    other = SyntheticImage(grey(film(1009)), "chest-xray", VIRAL, "Viral pneumonia", 2, 12, 2.0, "0" * 64)
    for image in (*images, *strangers, other):
        save_png(image, folder / image.model / image.label)
    return folder


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small set of drawn films."""
    return write_set(tmp_path_factory.mktemp("few"), 6, 0, 4)


def run(weights: Path, few: Path, kept: Path, out: Path, *words: str) -> int:
    folders = ["--weights", str(weights), "--set", str(few), "--kept", str(kept), "--out", str(out)]
    return main(["choose", "--model", "chest-xray", *folders, *words])


def make_only_viral(weights: Path) -> str:
    """Take the other class from the generator's card; returns what stood there."""
    card = weights / "synthesis/tiny-discs.toml"
    text = card.read_text("utf-8")
    head, _, viral = text.partition("[[classes]]")[0], *text.split("[[classes]]")[1:]
    card.write_text(f"{head}[[classes]]{viral}", "utf-8")
    return text


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def check_files(examples: Path, entries: tuple[Shipped, ...], judge: Judge) -> None:
    """What the list says of each file is so, and is what the judge finds of it."""
    for one in entries:
        assert one.is_in(examples)
        assert all((examples / name).stat().st_size <= LARGEST for name in (one.file, one.picture))
        found = judge.judge([read_study(examples / one.file)], [one.label])[0]
        assert found.kept and (found.gate, found.gate_distance) == (one.verdict, one.gate_distance)
        assert found.score == pytest.approx(one.score, abs=1e-5)
        for space, distance, limit in zip(SPACES, found.distances, found.limits, strict=True):
            told = getattr(one.nearest, space)
            assert told.distance >= told.limit
            assert (told.distance, told.limit) == pytest.approx((distance, limit), abs=1e-5)


def test_what_nothing_speaks_against_is_shipped_and_replaces_what_was(
    judge: Judge,
    weights: Path,
    films: Path,
    few: Path,
    kept: Path,
    source: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, other = tmp_path / "examples", shipped("brain-mri/synthetic-other-1.jpg").model_copy(update={"model": "other"})
    out.mkdir()
    save_shipped(out, [other])
    both = make_only_viral(weights)
    words = "--from", str(source), "--count", "3", "--format", "dicom", "--format", "tiff16"
    assert run(weights, films, kept, out, *words) == 0
    assert f"{VIRAL}: 3 kept of {ALL} looked at" in capsys.readouterr().out

    first, *entries = load_shipped(out)
    assert first == other
    names = [f"x-ray/synthetic-chest-xray-{VIRAL}-{at}" for at in (1, 2, 3)]
    assert [one.file for one in entries] == [f"{names[0]}.dcm", f"{names[1]}.tiff", f"{names[2]}.jpg"]
    assert sorted(path.name for path in (out / "x-ray").iterdir()) == sorted(
        Path(name).name for one in entries for name in {one.file, one.picture}
    )
    learned = Learned.find(weights, judge.classifier.card, {}.__getitem__)
    assert learned.restorer
    check_files(out, tuple(entries), Judge.load(judge.classifier.card, weights, films, kept, learned))
    assert all(one.seed >= 9 and (one.title, one.steps) == ("Viral pneumonia", 12) for one in entries)

    record = load_judging(weights / "synthesis/judged/chest-xray.json")
    assert record.images == ALL and 3 <= record.chosen[VIRAL] <= ALL - 2
    assert record.thrown["pixels"] >= 1 and record.thrown["gate"] >= 1
    assert record.before[0].agreed.images == ALL and record.after[0].agreed.count == record.chosen[VIRAL]
    assert record.generators == (entries[0].generator,)
    assert record.command.endswith("--from synthetic --format dicom --format tiff16")
    found = {one.what: one.rejected for one in record.detections}
    assert found["copy, restored by the autoencoder"].count == found["copy"].images == PATIENTS + TWINS
    assert found["image of test, restored"].images == found["image of test"].images

    before, card = contents(out), weights / "synthesis/tiny-discs.toml"
    viral_only = card.read_text("utf-8")
    card.write_text(both, "utf-8")
    assert run(weights, few, kept, out, "--from", str(source), "--count", "1", "--judged", "4") == 3
    said = capsys.readouterr()
    assert f"1 of 1 of {NORMAL}. The examples stay" in said.err and VIRAL not in said.err
    assert f"{NORMAL}: 0 kept of 2 looked at, 2 thrown away" in said.out and "for gate" in said.out
    assert contents(out) == before
    assert load_judging(weights / "synthesis/judged/chest-xray.json").images == 2 + 4

    card.write_text(viral_only, "utf-8")
    assert run(weights, few, kept, out, "--from", str(source), "--count", "1") == 0
    assert [one.file for one in load_shipped(out)] == [other.file, f"{names[0]}.jpg"]
    assert [path.name for path in (out / "x-ray").iterdir()] == [f"{Path(names[0]).name}.jpg"]


def test_a_generator_whose_images_do_not_pass_ships_none_and_that_is_recorded(
    weights: Path, few: Path, kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(weights, few, kept, tmp_path, "--count", "1", "--most", "2", "--seed", "5") == 3
    said = capsys.readouterr()
    assert f"1 of 1 of {NORMAL}, 1 of 1 of {VIRAL}" in said.err and said.err.count("\n") == 1
    assert load_shipped(tmp_path) == ()
    record = load_judging(weights / "synthesis/judged/chest-xray.json")
    assert (record.images, record.chosen, record.thrown["gate"]) == (4, {}, 4)
    assert record.command.endswith("choose --model chest-xray --count 1 --judged 24 --most 2 --seed 5")


def test_without_images_nothing_is_touched(
    weights: Path, few: Path, kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = save_shipped(tmp_path, [shipped()]).read_bytes()
    assert run(weights, few, kept, tmp_path, "--from", str(tmp_path / "nowhere")) == 3
    assert "no images of chest-xray" in capsys.readouterr().err
    assert (tmp_path / "synthetic.json").read_bytes() == before


@pytest.fixture
def image(weights: Path) -> SyntheticImage:
    return made(film(1000), VIRAL, 7, weights)


def test_a_jpeg_says_what_it_is(image: SyntheticImage) -> None:
    candidate = Candidate.of(image)
    with Image.open(BytesIO(candidate.content)) as jpeg:
        assert jpeg.format == "JPEG" and "shows nobody" in jpeg.getexif()[0x010E]
        told = jpeg.info["comment"].decode()
    assert all(f"{name}: {words}" in told for name, words in image.facts.items())
    assert candidate.study != image.study
    assert np.abs(candidate.study.pixels - image.study.pixels).max() < 0.1


def test_a_jpeg_is_made_small_enough() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (224, 224, 3), np.uint8)
    large = SyntheticImage(noise, "colorectal", "tumor", "Tumour", 1, 25, 2.0, "0" * 64)
    assert LARGEST / 2 < len(Candidate.of(large).content) <= LARGEST


def test_a_dicom_film_says_what_it_is_and_has_no_spacing(image: SyntheticImage) -> None:
    candidate = Candidate.of(image, "dicom")
    header = pydicom.dcmread(BytesIO(candidate.content))
    assert (header.PatientName, header.PatientID) == ("SYNTHETIC", "SYNTHETIC")
    assert "shows nobody" in header.ImageComments and "hantom" not in str(header)
    assert candidate.study == image.study
    assert candidate.study.spacing_mm is None and candidate.study.view is None


def test_a_tiff_has_16_bits_and_says_what_it_is(image: SyntheticImage) -> None:
    candidate = Candidate.of(image, "tiff16")
    with Image.open(BytesIO(candidate.content)) as tiff:
        assert tiff.mode == "I;16" and "shows nobody" in tiff.tag_v2[270]
    pixels = image.study.pixels
    full = (pixels - pixels.min()) / (pixels.max() - pixels.min())  # without a window, as every deep TIFF is read
    assert candidate.study.pixels == pytest.approx(full, abs=1e-4)


def test_a_format_that_does_not_suit_the_model_is_refused_before_anything_is_made(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for model, kind in (("chest-ct", "dicom"), ("colorectal", "tiff16")):
        assert main(["choose", "--model", model, "--format", kind, "--weights", str(ROOT / "weights")]) == 2
        assert f"Use {kind} for" in capsys.readouterr().err


def test_a_film_too_large_for_a_dicom_is_refused_before_anything_is_made(
    weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = weights / "synthesis/tiny-discs.toml"
    card.write_text(card.read_text("utf-8").replace("size = 32\naspect = 1.5", "size = 224\naspect = 1.0"), "utf-8")
    words = ["choose", "--model", "chest-xray", "--format", "dicom", "--weights", str(weights), "--set", "nowhere"]
    assert main(words) == 2
    assert "224 × 224 px for chest-xray takes 102 kB as dicom, over 60 kB" in capsys.readouterr().err


def test_an_image_too_large_for_a_format_is_passed_over(judge: Judge, weights: Path) -> None:
    noise = Study(np.random.default_rng(0).random((224, 224, 1), np.float32))
    images = [made(study, VIRAL, at, weights) for at, study in enumerate((noise, *map(film, range(1000, 1006))))]
    candidates = [Candidate.of(image) for image in images]
    judgements = judge.judge([one.study for one in candidates], [VIRAL] * len(candidates))
    found = in_formats([*zip(candidates, judgements, strict=True)], ["tiff16"], judge)
    assert [one.image for one, _ in found] == images
    assert found[0][0] is candidates[0] and [one.kind for one, _ in found].count("tiff16") == 1


def test_every_image_that_is_shipped_is_the_one_that_was_judged() -> None:
    examples = ROOT / "examples"
    entries = load_shipped(examples)
    named = {name for one in entries for name in (one.file, one.picture)}
    assert {path.relative_to(examples).as_posix() for path in examples.glob("*/synthetic-*")} == named
    for one in entries:
        assert one.is_in(examples)
        card = load_card(ROOT / "weights" / f"{one.model}.toml")
        assert one.title == card.title_of(one.label)
        assert all((examples / name).stat().st_size <= LARGEST for name in (one.file, one.picture))
        assert all(near.distance >= near.limit for _, near in one.nearest)

"""``measure`` lists those images of a folder that nothing speaks against, for whoever takes samples in."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diagnosis.errors import BadRequest
from diagnosis.study import Study
from diagnosis.synthesis.accepted import FILE, Judges, load_accepted, save_accepted
from diagnosis.synthesis.images import SyntheticImage, save_png
from diagnosis.synthesis.judging.__main__ import main
from tests.diagnosis.synthesis.judging.conftest import VIRAL, WEIGHTS
from tests.diagnosis.synthesis.judging.films import film, grey, save

OTHER = "ab12" * 16


def test_measuring_a_folder_lists_what_nothing_speaks_against(
    weights: Path, films: Path, kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "made"
    noise = Study(np.random.default_rng(0).random((64, 64, 1), np.float32))
    top, (generator,) = folder / "chest-xray", Judges.used(weights, "chest-xray").generator
    strangers = [sampled(film(1000 + patient), patient, generator, top) for patient in range(3)]
    for name, study in (("copy", film(3)), ("noise", noise)):
        save(study, top / VIRAL / f"{name}.png")
    Image.open(strangers[0]).save(top / VIRAL / "stranger.jpg", quality=100)
    with pytest.raises(BadRequest, match=rf"judging measure {folder} --model chest-xray"):
        load_accepted(top, weights)
    given = ["measure", str(folder), "--model", "chest-xray", "--set", str(films), "--kept", str(kept)]
    assert main([*given, "--weights", str(weights)]) == 0
    found = load_accepted(top, weights)
    assert {*found} <= {*strangers} and found
    assert f"{top / FILE}: nothing speaks against {len(found)} of 5 PNG files" in capsys.readouterr().err


def sampled(study: Study, seed: int, generator: str, folder: Path) -> Path:
    """A film as ``sample`` would write it."""
    image = SyntheticImage(grey(study), "chest-xray", VIRAL, "Viral pneumonia", seed, 12, 2.0, generator)
    return save_png(image, folder / VIRAL)


@pytest.fixture
def listed(tmp_path: Path) -> tuple[Path, Path]:
    """A folder of one image that was judged, and the cards of those that judged it."""
    weights, folder = tmp_path / "weights", tmp_path / "made" / "brain-mri"
    shutil.copytree(WEIGHTS, weights, ignore=shutil.ignore_patterns("*.safetensors", "*.json", "ready", "judged"))
    path = save(film(0), folder / "glioma" / "a.png")
    save_accepted(folder, [path], Judges.used(weights, "brain-mri"))
    return folder, weights


def test_the_list_holds_as_long_as_nothing_else_would_judge(listed: tuple[Path, Path]) -> None:
    folder, weights = listed
    assert load_accepted(folder, weights) == [folder / "glioma" / "a.png"]
    save_accepted(folder, [], Judges.used(weights, "chest-xray"))
    with pytest.raises(BadRequest, match="judged with another model"):
        load_accepted(folder, weights)


@pytest.mark.parametrize("what", ["model", "gate", "encoder", "autoencoder", "generator"])
def test_a_list_by_other_judges_is_refused(what: str, listed: tuple[Path, Path]) -> None:
    folder, weights = listed
    judges = Judges.used(weights, "brain-mri")
    assert judges == Judges.used(WEIGHTS, "brain-mri") and judges.autoencoder is not None
    other = judges.model_copy(update={what: (OTHER,) if what == "generator" else OTHER})
    save_accepted(folder, [folder / "glioma" / "a.png"], other)
    with pytest.raises(BadRequest, match=rf"judged with another {what}\.") as told:
        load_accepted(folder, weights)
    assert f"judging measure {folder.parent} --model brain-mri" in told.value.remedy
    assert ("Take away what other generators made" in told.value.remedy) == (what == "generator")

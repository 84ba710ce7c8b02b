"""Which files of synthetic images a library takes in, and the small pictures that it keeps of them."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diagnosis.errors import BadRequest, Missing
from diagnosis.readers import read_study
from diagnosis.study import Study
from diagnosis.synthesis.accepted import Judges, save_accepted
from diagnosis.synthesis.images import save_png
from retrieval.__main__ import main
from retrieval.encoder import Encoder
from retrieval.synthetic import LARGEST, sampled_images, shipped_images, small_picture
from retrieval.types import PICTURE
from retrieval.ui.finder import stage
from retrieval.ui.visit import Visit
from tests.retrieval.made import paint, painted
from tests.retrieval.sampled import JUDGES, WEIGHTS, made, sample, ship


def test_a_file_must_say_that_it_is_synthetic(tmp_path: Path) -> None:
    real = painted(tmp_path, 1) / "images" / "0.png"
    for name, content in (("real.png", real.read_bytes()), ("a.png", b"nothing")):
        path = tmp_path / name / "brain-mri" / "waves" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        save_accepted(path.parent.parent, [path], JUDGES)
        with pytest.raises(BadRequest, match=rf"{name} does not say that it is synthetic"):
            sampled_images(tmp_path / name, WEIGHTS)
    with pytest.raises(Missing, match="no PNG files"):
        sampled_images(tmp_path / "none", WEIGHTS)


def test_none_is_taken_that_was_not_compared_with_real_ones(
    encoder: Encoder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = sample(tmp_path / "runs")
    kept = folder / "brain-mri"
    one, other, *more = sorted(kept.rglob("*.png"))
    save_accepted(kept, [one, other], JUDGES)
    for stray in (folder / "stray.png", kept / "stray.png", kept / "waves" / "more" / "stray.png"):
        stray.parent.mkdir(exist_ok=True)
        stray.write_bytes(more[0].read_bytes())
    assert [found.path for found in sampled_images(folder, WEIGHTS)] == [one, other]
    other.write_bytes(more[0].read_bytes())
    with pytest.raises(BadRequest, match="is not the file that was judged"):
        sampled_images(folder, WEIGHTS)
    save_accepted(kept, [one], Judges.used(WEIGHTS, "chest-xray"))
    with pytest.raises(BadRequest, match=r"judged with another model.*\. .*judging measure"):
        sampled_images(folder, WEIGHTS)
    save_accepted(kept, [], JUDGES)
    with pytest.raises(Missing, match="none was accepted"):
        sampled_images(folder, WEIGHTS)
    (kept / "accepted.json").write_text('{"waves/a.png": "?"}', "utf-8")
    with pytest.raises(BadRequest, match="not a list of accepted images"):
        sampled_images(folder, WEIGHTS)
    (kept / "accepted.json").unlink()
    sample(folder, model="chest-xray")
    added = [
        "add-synthetic",
        "--index",
        str(tmp_path / "none"),
        "--examples",
        str(tmp_path / "none"),
        "--model",
        encoder.name,
    ]
    assert main([*added, "--synthetic", str(folder)]) == 2
    assert f"judging measure {folder} --model brain-mri" in capsys.readouterr().err


def test_a_shipped_image_is_the_one_that_its_list_describes(tmp_path: Path) -> None:
    one = ship(tmp_path, made(5, "glioma"))
    (found,) = shipped_images(tmp_path)
    assert (found.path, found.seed, found.label) == (tmp_path / one.file, 5, "glioma")
    (tmp_path / one.file).write_bytes(b"another")
    with pytest.raises(BadRequest, match="is not the file that the list"):
        shipped_images(tmp_path)
    (tmp_path / one.file).unlink()
    with pytest.raises(Missing, match="There is no file brain-mri/synthetic"):
        shipped_images(tmp_path)
    assert shipped_images(tmp_path / "none") == []


@pytest.mark.parametrize("side", [20, 128, 700])
def test_a_small_picture_is_small_and_is_the_image(side: int) -> None:
    """Noise of every colour, the hardest there is to make small; and a slope, the easiest."""
    noise = Study(np.random.default_rng(0).random((side, side, 3)))
    slope = Study(np.mgrid[0:side, 0:side][1][..., None] / side)
    for study in (noise, slope):
        address = small_picture(study)
        assert address.startswith(PICTURE)
        data = base64.b64decode(address.removeprefix(PICTURE))
        opened = Image.open(io.BytesIO(data))
        assert len(data) <= LARGEST and opened.format == "WEBP" and max(opened.size) <= 128
    grey = np.asarray(opened.convert("L"), np.float32)
    assert np.abs(grey.mean(axis=0) / 255 - np.linspace(0, 1, opened.size[0])).max() < 0.06


def test_the_tab_does_not_call_one_the_visitors_own(tmp_path: Path) -> None:
    visit = Visit()
    for path, told in (
        (save_png(made(1, "waves"), tmp_path), "A synthetic image, which shows nobody, 32 × 32 pixels"),
        (paint(tmp_path / "painted.png", 0), "Your image, 48 × 48 pixels"),
    ):
        visit.put(read_study(path))
        assert stage(visit).count(told) == 2 and stage(visit).count("Your image") == 2 * told.startswith("Your")

"""A synthetic image is called that wherever it goes: its file is known again, and whatever stands of it says so."""

import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydicom.uid import DeflatedExplicitVRLittleEndian

from diagnosis.__main__ import main
from diagnosis.files import save_map
from diagnosis.models import Models
from diagnosis.notices import MADE_NOTICE, SYNTHETIC_MARK, SYNTHETIC_NOTICE
from diagnosis.phantoms import draw_chest
from diagnosis.phantoms.export import write_dicom, write_raster, write_tiff
from diagnosis.readers import read_study
from diagnosis.synthesis.images import SyntheticImage, save_png
from diagnosis.synthesis.judging.candidates import DICOM, JPEG, TIFF, Candidate
from diagnosis.tabs import Tab
from diagnosis.ui import Desk, Tray
from settings import ROOT
from tests.agents.readings import made_up_reading
from tests.diagnosis.images import dicom

SCORES = {"normal": 0.1, "bacterial_pneumonia": 0.7, "viral_pneumonia": 0.2}


@pytest.fixture(scope="module")
def image() -> SyntheticImage:
    pixels = np.round(255 * draw_chest(seed=1, size=128).pixels[..., 0]).astype(np.uint8)
    return SyntheticImage(pixels, "chest-xray", "normal", "Normal", 7, 25, 2.0, "a" * 64)


@pytest.mark.parametrize("kind", [JPEG, DICOM, TIFF])
def test_what_is_shipped_and_put_in_again_is_known(image: SyntheticImage, kind: str) -> None:
    study = read_study(Candidate.of(image, kind).content)
    assert study.synthetic and study.cautions.count(SYNTHETIC_NOTICE) == 1


def test_what_sample_wrote_is_known_and_what_was_drawn_is_not(image: SyntheticImage, tmp_path: Path) -> None:
    assert read_study(save_png(image, tmp_path)).cautions == image.study.cautions == (SYNTHETIC_NOTICE,)
    drawn = draw_chest(seed=1, size=128)
    write_raster(drawn.pixels, tmp_path / "drawn.png")
    write_tiff(drawn.pixels, tmp_path / "drawn.tiff")
    write_dicom(drawn.pixels, tmp_path / "drawn.dcm")
    assert not any(read_study(path).synthetic for path in tmp_path.glob("drawn.*"))


def test_what_a_file_says_is_told_as_what_it_says(tmp_path: Path) -> None:
    """A text can be pasted beside any picture."""
    text = PngInfo()
    text.add_text("Description", MADE_NOTICE)
    Image.effect_noise((32, 32), 40).save(tmp_path / "pasted.png", pnginfo=text)
    (caution,) = read_study(tmp_path / "pasted.png").cautions
    assert caution == "Its file says that it is synthetic, made by a model: it shows nobody."


def packed_text(kind: str) -> bytes:
    """A PNG with the sentence in a packed chunk, or a deflated DICOM file with it."""
    grey = np.random.default_rng(0).integers(0, 4096, (200, 300), np.uint16)
    if kind == "DICOM":
        return dicom(grey, DeflatedExplicitVRLittleEndian, WindowCenter=9, WindowWidth=9, ImageComments=MADE_NOTICE)
    text, stream = PngInfo(), BytesIO()
    if kind == "zTXt":
        text.add_text("Description", MADE_NOTICE, zip=True)
    else:
        text.add_itxt("Description", MADE_NOTICE, zip=True)
    Image.fromarray((grey >> 4).astype(np.uint8)).save(stream, "PNG", pnginfo=text)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["zTXt", "iTXt", "DICOM"])
def test_a_packed_text_is_found_too(kind: str) -> None:
    data = packed_text(kind)
    assert SYNTHETIC_MARK.encode() not in data
    assert read_study(data).cautions == (SYNTHETIC_NOTICE,)


def test_its_blank_is_told_to_be_blank_too(tmp_path: Path) -> None:
    blank = SyntheticImage(np.zeros((32, 32), np.uint8), "chest-xray", "normal", "Normal", 7, 25, 2.0, "a" * 64)
    assert len(read_study(save_png(blank, tmp_path)).cautions) == 2


def test_a_picture_of_its_map_says_so_and_is_known_by_it(image: SyntheticImage, tmp_path: Path) -> None:
    reading = made_up_reading("chest-xray", SCORES, size=image.study.size)
    for study, known in ((image.study, True), (replace(image.study, cautions=()), False)):
        (tmp_path / str(known)).mkdir()
        picture = save_map(study, reading.card, reading.maps[0], tmp_path / str(known), ("A note.",))[0]
        with Image.open(BytesIO(picture.read_bytes())) as opened:
            assert opened.info["Description"].startswith(SYNTHETIC_NOTICE) is known
        assert read_study(picture).synthetic is known


def test_a_tab_says_so_of_an_upload(image: SyntheticImage, tmp_path: Path) -> None:
    tab = Tab("X-ray", "chest-film", (), "", "", ())
    desk, tray = Desk(tab, Models(ROOT / "weights"), 50), Tray()
    desk.open_upload(tray, "chest-xray", str(save_png(image, tmp_path)))
    assert tray.told == SYNTHETIC_NOTICE
    write_raster(draw_chest(seed=1, size=128).pixels, tmp_path / "drawn.png")
    desk.open_upload(tray, "chest-xray", str(tmp_path / "drawn.png"))
    assert tray.told == ""


def test_a_reading_says_so_as_json_and_as_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pixels = np.round(255 * draw_chest(seed=1).pixels[..., 0]).astype(np.uint8)
    film = save_png(SyntheticImage(pixels, "chest-xray", "normal", "Normal", 7, 25, 2.0, "a" * 64), tmp_path)
    out = tmp_path / "out"
    assert main(["read", str(film), "--model", "chest-xray", "--evaluations", "50", "--out", str(out)]) == 0
    assert SYNTHETIC_NOTICE in capsys.readouterr().out
    told = json.loads(next(out.rglob("*.json")).read_text("utf-8"))
    assert SYNTHETIC_NOTICE in told["study"]["cautions"]
    assert SYNTHETIC_NOTICE in [one["statement"] for one in told["findings"]]
    assert main(["maps", str(film), "--model", "chest-xray", "--methods", "grad-cam,saliency", "--out", str(out)]) == 0
    assert SYNTHETIC_NOTICE in capsys.readouterr().out
    assert SYNTHETIC_NOTICE in json.loads((out / "maps.json").read_text("utf-8"))["cautions"]
    pictures = [read_study(path) for path in out.rglob("*.png")]
    assert pictures and all(one.synthetic for one in pictures)

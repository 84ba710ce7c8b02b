"""Maps by several methods as one stream, as findings, as files and on the command line."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diagnosis.__main__ import main
from diagnosis.errors import BadRequest
from diagnosis.files import save_map, stem_of
from diagnosis.findings import TEMPLATES
from diagnosis.mapping import Maps, Wanted, explain
from diagnosis.maps_command import SCHEMA, as_record, told
from diagnosis.phantoms import draw_tissue
from diagnosis.phantoms.export import write_raster
from diagnosis.plates import sheet
from diagnosis.study import Study
from settings import ROOT
from tests.diagnosis.toys import SIDE, toy_classifier


@pytest.fixture(scope="module")
def study() -> Study:
    pixels = np.random.default_rng(0).random((SIDE, 2 * SIDE, 1)) * 0.2
    pixels[8:16, 40:56] = 1
    return Study(pixels)


@pytest.fixture(scope="module")
def stages(study: Study) -> list[Maps]:
    wanted = Wanted(
        ("grad-cam", "occlusion", "saliency"), label="bright", against="dark", checks=True, erase="grad-cam"
    )
    return list(explain(study, toy_classifier(), wanted))


def test_the_stream_grows(stages: list[Maps]) -> None:
    counts = [(len(one.maps), len(one.trusts), one.erased is not None) for one in stages]
    assert counts == sorted(counts) and counts[-1] == (3, 3, True)
    assert all(one.doing for one in stages[:-1]) and not stages[-1].doing
    assert len(stages[-1].contrasts) == 3


def test_every_number_is_a_finding_made_by_its_template(stages: list[Maps]) -> None:
    found = stages[-1].findings
    kinds = {one.kind for one in found}
    assert {"gain", "shuffled", "steady", "methods_overlap", "contrast", "contrast_place", "erased"} <= kinds
    assert [one.id for one in found] == [f"F{number}" for number in range(1, len(found) + 1)]
    for one in found:
        assert one.kind in TEMPLATES and one.statement.endswith(".") and "{" not in one.statement
        assert "nan" not in one.statement and one.value is not None and np.isfinite(one.value)
    tested = {one.method for one in found if one.kind == "badge"}
    flat = {one.method for one in stages[-1].maps if one.is_flat}
    assert tested == {one.method for one in stages[-1].maps} - flat


def test_a_contrast_tells_the_difference_of_the_logits(stages: list[Maps]) -> None:
    last = stages[-1]
    (difference,) = {one.value for one in last.findings if one.kind == "contrast"}
    assert difference == pytest.approx(float(last.prediction.logits[0] - last.prediction.logits[1]), abs=1e-5)


def test_the_record_is_json_and_the_text_tells_it(stages: list[Maps]) -> None:
    record = json.loads(json.dumps(as_record(stages[-1]), allow_nan=False))
    assert record["schema"] == SCHEMA and len(record["maps"]) == 6
    assert len(record["compared"]["methods"]) == len(record["compared"]["overlaps"])
    text = told(stages[-1])
    assert all(f"[{one.id}]" in text for one in stages[-1].findings)


def test_files_hold_the_floats_and_what_they_are(stages: list[Maps], tmp_path: Path) -> None:
    last = stages[-1]
    one = last.contrasts[1]
    paths = save_map(last.study, last.card, one, tmp_path, ("A note.",))
    assert [path.name for path in paths] == [f"occlusion-bright-not-dark.{kind}" for kind in ("png", "npz", "tiff")]
    with np.load(paths[1]) as kept:
        np.testing.assert_array_equal(kept["values"], one.values)
        np.testing.assert_array_equal(kept["cells"], one.cells)
        about = json.loads(str(kept["metadata"]))
    assert (about["method"], about["class"], about["against"]) == ("occlusion", "bright", "dark")
    assert about["digest"] == one.digest and about["unit"] == one.unit and about["study"] == last.study.digest
    with Image.open(paths[2]) as tiff:
        assert tiff.mode == "F" and json.loads(tiff.tag_v2[270]) == about
        np.testing.assert_array_equal(np.array(tiff), one.values)
    with Image.open(paths[0]) as png:
        assert png.text["Description"] == "A note." and json.loads(png.text["Comment"]) == about
        assert png.width >= 480 and png.height > png.width / 2 + 40  # the film, the bar and the legend
    assert stem_of(last.maps[0]) == "grad-cam-bright"


def test_the_sheet_shows_every_map_and_the_two_of_all(stages: list[Maps]) -> None:
    last = stages[-1]
    picture = np.array(sheet(last.study, last.maps, last.compared, {}))
    bright = picture.max(axis=2) > 90
    assert bright.any(axis=0).mean() > 0.8 and bright.any(axis=1).mean() > 0.4
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 200


@pytest.mark.parametrize(
    ("wanted", "told_as"),
    [
        (Wanted(("lime",)), "no method 'lime'"),
        (Wanted(("grad-cam",), label="cat"), "no class 'cat'"),
        (Wanted(("grad-cam",), label="dark", against="dark"), "against itself"),
    ],
)
def test_wrong_names_are_refused(study: Study, wanted: Wanted, told_as: str) -> None:
    with pytest.raises(BadRequest, match=told_as):
        list(explain(study, toy_classifier(), wanted))


def test_watching_can_stop_the_work(study: Study) -> None:
    class Enough(Exception):
        pass

    def watch(method: str, done: int, total: int) -> None:
        if method == "occlusion":
            raise Enough

    with pytest.raises(Enough):
        list(explain(study, toy_classifier(), Wanted(("grad-cam", "occlusion")), watch))


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    write_raster(draw_tissue("benign-glands", 7, size=224).pixels, tmp_path / "tile.png")
    image, out = str(tmp_path / "tile.png"), tmp_path / "out"
    common = ["maps", image, "--model", "lung-colon", "--methods", "grad-cam,saliency"]
    assert main([*common, "--class", "colon_benign", "--out", str(out)]) == 0
    text = capsys.readouterr().out
    assert "Grad-CAM" in text and "not tested" in text
    assert {"maps.json", "side-by-side.png", "grad-cam-colon_benign.npz"} <= {one.name for one in out.iterdir()}
    assert main([*common, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == SCHEMA
    assert main([*common[:-1], "lime"]) == 2
    assert "no method 'lime'" in capsys.readouterr().err

"""Building a library from a folder, opening it, and all that can be wrong with either."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from diagnosis.errors import BadRequest, Missing
from diagnosis.readers import read_study
from retrieval import build as module
from retrieval.__main__ import main
from retrieval.build import build
from retrieval.encoder import Encoder
from retrieval.library import CASES, MANIFEST, PATCHES, VECTORS, Manifest, map_tensor, read_manifest, read_records
from retrieval.plan import plan_folder
from retrieval.search import Searcher
from retrieval.store import LocalStore
from tests.conftest import ROOT
from tests.retrieval.made import painted
from tests.retrieval.tiny import write_tiny


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return painted(tmp_path_factory.mktemp("images"), 32)


@pytest.fixture(scope="module")
def kept(encoder: Encoder, images: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kept") / "cases"
    build(plan_folder(images, images / "cases.csv", "folder"), encoder, folder)
    return folder


@pytest.fixture
def library(kept: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(kept, tmp_path / "cases"))


def test_a_library_holds_vectors_facts_and_where_they_are_from(library: Path, encoder: Encoder, images: Path) -> None:
    manifest = read_manifest(library)
    records = list(read_records(library, manifest))
    vectors = map_tensor(library / VECTORS, "vectors")
    assert manifest.cases == len(records) == len(vectors) == 24  # of 32, 8 are test images
    assert manifest.encoder.digest == encoder.digest and set(manifest.files) == {CASES, VECTORS, PATCHES}
    first = records[0]
    assert first.case.labels == ("waves",) and dict(first.case.facts) == {"age": "20", "sex": "male"}
    study = read_study(images / "images" / "0.png")
    assert first.image == study.digest and np.allclose(vectors[0], encoder.embed_images([study])[0], atol=2e-3)
    assert first.patient == records[2].patient != records[1].patient and "p0" not in (library / CASES).read_text(
        "utf-8"
    )


def test_what_is_measured_is_of_images_that_the_encoder_did_not_learn_from(library: Path) -> None:
    measured = read_manifest(library).measured
    assert [floor.weight for floor in measured.floors] == [0, 0.25, 0.5, 0.75, 1]
    assert measured.leave_one_out["folder"].queries == measured.test["folder"].queries == 8
    assert 0 <= measured.test["folder"].accuracy <= 1 and measured.test["folder"].majority == 0.5
    assert measured.spread["image"] > 0 < measured.spread["text"]


def test_the_data_card_says_what_is_in_it(library: Path) -> None:
    card = (library / "README.md").read_text("utf-8")
    assert "24 public images" in card and "rows (12), waves (12)" in card
    score = read_manifest(library).measured.test["folder"]
    assert (
        f"| folder | 8 | {score.groups} | {100 * score.accuracy:.1f} % |" in card
        and "by licence: unknown: 24" in card.lower()
    )


def test_the_same_build_twice_is_the_same_library(
    library: Path, encoder: Encoder, images: Path, tmp_path: Path
) -> None:
    build(plan_folder(images, images / "cases.csv", "folder"), encoder, tmp_path / "again")
    for name in (CASES, VECTORS, PATCHES, MANIFEST):
        assert (tmp_path / "again" / name).read_bytes() == (library / name).read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "cases"]


@pytest.mark.parametrize("name", [CASES, VECTORS, PATCHES])
def test_a_damaged_or_lost_file_is_named(library: Path, name: str) -> None:
    path = library / name
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(BadRequest, match=f"{name} of the case library is damaged"):
        LocalStore.open(library)
    path.unlink()
    with pytest.raises(Missing, match=f"lacks {name}"):
        LocalStore.open(library)


@pytest.mark.parametrize("text", ["", "{", '{"format": 1}', "[]"])
def test_a_damaged_manifest_is_named(library: Path, text: str) -> None:
    (library / MANIFEST).write_text(text, "utf-8")
    with pytest.raises(BadRequest, match=r"manifest.json is damaged"):
        LocalStore.open(library)


def test_no_library_is_told_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="python -m retrieval build"):
        LocalStore.open(tmp_path / "nothing")


def test_a_library_of_another_encoder_is_refused(library: Path, encoder: Encoder, tmp_path: Path) -> None:
    other = Encoder.load(write_tiny(tmp_path / "other", seed=1))
    with pytest.raises(BadRequest, match=f"made with the encoder .*{encoder.digest}.*not with .*{other.digest}"):
        Searcher.open(other, library)
    assert Searcher.open(encoder, library)


def test_files_that_do_not_fit_each_other_are_refused(library: Path) -> None:
    manifest = json.loads((library / MANIFEST).read_text("utf-8"))
    manifest["cases"] = 3
    (library / MANIFEST).write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(BadRequest, match="shape"):
        LocalStore.open(library)


def test_what_cannot_be_read_is_named_and_the_rest_goes_on(encoder: Encoder, tmp_path: Path) -> None:
    folder = painted(tmp_path / "in", 8)
    (folder / "images" / "1.png").write_bytes(b"nothing")
    (folder / "images" / "2.png").unlink()
    shutil.copy(folder / "images" / "3.png", folder / "images" / "0.png")
    table = folder / "cases.csv"
    extra = "images/4.png,waves,p,30,male,train\n,waves,p,30,male,train\n../secret.png,waves,p,30,male,train\n"
    table.write_text(table.read_text("utf-8") + extra, "utf-8")
    made = build(plan_folder(folder, table, "folder"), encoder, tmp_path / "out")
    assert made.cases == 3 and len(made.refused) == 6
    for words in (
        "folder/1.png is a text file",
        "no file folder/2.png",
        "same image as",
        "repeats",
        "no path",
        "outside",
    ):
        assert sum(words in line for line in made.refused) == 1, (words, made.refused)


def test_a_folder_without_any_image_is_refused_and_the_old_library_stays(
    library: Path, encoder: Encoder, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "cases.csv").write_text("path,label\nnone.png,a\n", "utf-8")
    with pytest.raises(BadRequest, match="None of the 1 images"):
        build(plan_folder(folder, folder / "cases.csv", "folder"), encoder, library)
    assert len(LocalStore.open(library)) == 24


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"file,label\na,b\n", "no column 'path'"), (b"path\na\n", "no column 'label'"), (b"\xff\xfe\x00", "not a CSV")],
)
def test_a_table_without_its_columns_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "cases.csv").write_bytes(content)
    with pytest.raises(BadRequest, match=words):
        plan_folder(tmp_path, tmp_path / "cases.csv", "folder")
    with pytest.raises(Missing, match="no table"):
        plan_folder(tmp_path, tmp_path / "other.csv", "folder")
    for name in ("own", "Own "):
        with pytest.raises(BadRequest, match=r"visitors' own cases.*--name"):
            plan_folder(tmp_path, tmp_path / "cases.csv", name)


def test_a_build_that_was_killed_goes_on(encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``kill -9`` in the middle; the second run embeds only what the first did not."""
    folder = painted(tmp_path / "in", 80)
    out, work = tmp_path / "out", tmp_path / "out.building"
    code = (
        "import sys; from pathlib import Path; from retrieval import build as b; b.PART = 8\n"
        "from retrieval.encoder import Encoder; from retrieval.plan import plan_folder\n"
        f"p = plan_folder(Path({str(folder)!r}), Path({str(folder / 'cases.csv')!r}), 'folder')\n"
        f"b.build(p, Encoder.load({encoder.name!r}), Path({str(out)!r}))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    deadline = time.monotonic() + 600  # a busy machine takes minutes to import everything
    while len(list(work.glob("*/*.safetensors"))) < 3 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL and not out.exists()
    done = {path.name: path.stat().st_mtime_ns for path in work.glob("*/*.safetensors")}
    assert 3 <= len(done) < 10
    monkeypatch.setattr(module, "PART", 8)
    embedded: list[int] = []
    original = Encoder.squares
    monkeypatch.setattr(Encoder, "squares", lambda self, some: embedded.append(len(some)) or original(self, some))
    monkeypatch.setattr(module, "measure", lambda *_: Manifest.model_fields["measured"].default)
    build(plan_folder(folder, folder / "cases.csv", "folder"), encoder, out)
    assert sum(embedded) == 80 - 8 * len(done) and len(LocalStore.open(out)) == 60 and not work.exists()


def test_another_encoder_does_not_go_on_with_the_rows_of_the_first(
    encoder: Encoder, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_folder(images, images / "cases.csv", "folder")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, "measure", stop)
        with pytest.raises(KeyboardInterrupt):
            build(plan, encoder, tmp_path / "out")
    other = Encoder.load(write_tiny(tmp_path / "other", seed=1))
    build(plan, other, tmp_path / "out")
    vectors = map_tensor(tmp_path / "out" / VECTORS, "vectors")
    assert np.allclose(vectors[0], other.embed_images([read_study(images / "images" / "0.png")])[0], atol=2e-3)


def test_the_commands_build_and_search(
    encoder: Encoder, images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "cases"
    built = ["build", "--folder", str(images), "--out", str(out), "--model", encoder.name]
    assert main(built) == 0 and "24 cases" in capsys.readouterr().out
    asked = ["search", "--index", str(out), "--model", encoder.name, "--image", str(images / "images" / "0.png")]
    assert main([*asked, "--filter", "sex=male", "--filter", "age=20..39", "-k", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    first = found["matches"][0]
    assert first["case"] == next(read_records(out, read_manifest(out))).id and first["marks"] == ["same image"]
    assert first.keys() >= {"similarity", "rank", "facts", "licence", "url"} and first["similarity"] > 0.99
    assert all(match["facts"]["sex"] == "male" for match in found["matches"])
    assert main([*asked, "--text", "a healthy child", "--weight", "0.9"]) == 0
    assert main([*asked, "--filter", "sex=none"]) == 2 and "No case has sex 'none'" in capsys.readouterr().err
    assert main([*asked[:5], "--image", str(images / "cases.csv")]) == 2
    assert main(asked[:5]) == 2 and "nothing to look for" in capsys.readouterr().err
    assert main([*asked, "-k", "0"]) == 2
    assert main(["search", "--index", str(tmp_path / "no"), "--model", encoder.name, "--text", "x"]) == 3

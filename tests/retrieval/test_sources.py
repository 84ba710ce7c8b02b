"""Where cases come from: archives as their sources publish them, tables of facts, and the public sets."""

import hashlib
from pathlib import Path
from zipfile import ZipFile

import pytest

from diagnosis.errors import BadRequest
from retrieval.__main__ import main
from retrieval.build import build
from retrieval.encoder import Encoder
from retrieval.library import PATCHES
from retrieval.plan import plan_archive, plan_data
from retrieval.sources import make_record, sources, words_of, written
from retrieval.store import LocalStore
from tests.retrieval.made import paint
from tests.retrieval.serving import Server


def archived(folder: Path) -> Path:
    """An archive as the source of the colorectal set publishes it."""
    path = folder / "tiles.zip"
    with ZipFile(path, "w") as archive:
        for number in range(6):
            kind = ("01_TUMOR", "05_DEBRIS")[number % 2]
            image = paint(folder / "made" / f"{number}.png", number, number % 2)
            archive.write(image, f"tiles/{kind}/1A{number}_CRC-Prim-HE-0{number // 2}_00{number}.tif_Row_1_Col_1.tif")
        archive.writestr("tiles/README.txt", "words")
    return path


def test_an_original_archive_says_label_and_slide_by_its_paths(encoder: Encoder, tmp_path: Path) -> None:
    plan = plan_archive(archived(tmp_path), "colorectal", sources()["colorectal"])
    assert [entry.record.case.labels for entry in plan.entries].count(("tumour_epithelium",)) == 3
    assert len({entry.record.patient for entry in plan.entries}) == 3
    made = build(plan, encoder, tmp_path / "out", patches=False)
    assert made.cases == 6 and made.datasets["colorectal"].licence == "CC BY 4.0" and PATCHES not in made.files


def test_an_original_is_fetched_checked_and_built(
    encoder: Encoder, server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From a real server that breaks off in the middle; then again with another digest."""
    server.content = archived(tmp_path).read_bytes()
    server.cuts = [len(server.content) // 2]
    digest = hashlib.sha256(server.content).hexdigest()
    asked = ["build", "--original", "colorectal", "--url", server.url, "--downloads", str(tmp_path / "kept")]
    asked += ["--out", str(tmp_path / "out"), "--model", encoder.name]
    assert main([*asked, "--sha256", "0" * 64]) == 2 and "has the sha256" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    server.cuts, server.asked = [len(server.content) // 2], []
    assert main([*asked, "--sha256", digest]) == 0 and len(LocalStore.open(tmp_path / "out")) == 6
    assert server.asked == [None, f"bytes={len(server.content) // 2}-"]
    assert main(["build", "--original", "brain_mri"]) == 2 and "no published digest" in capsys.readouterr().err


def test_an_archive_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.zip"
    path.write_bytes(b"no archive")
    with pytest.raises(BadRequest, match="not a ZIP"):
        plan_archive(path, "colorectal", sources()["colorectal"])
    with ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "words")
    with pytest.raises(BadRequest, match="no image of colorectal"):
        plan_archive(path, "colorectal", sources()["colorectal"])
    with pytest.raises(BadRequest, match="no address"):
        plan_archive(path, "brain_mri", sources()["brain_mri"])


@pytest.mark.parametrize(
    ("fact", "value", "expected"),
    [
        ("sex", "M", "male"),
        ("modality", "MR", "MRI"),
        ("age", "42", "42"),
        ("age", "about 40", ""),
        ("day", "-3", "-3"),
        ("view", "?", ""),
        ("technique", "MR - T2 weighted", "T2 weighted"),
        ("technique", "CT w/contrast (IV)", "w/contrast (IV)"),
        ("region", "Head", "head"),
        ("diagnosis", "Fahr Disease", "Fahr Disease"),
        ("diagnosis", "The biopsy was inconclusive", ""),
        ("diagnosis", "1. A tear. 2. A fracture", ""),
        ("diagnosis", "Cyst\nProven by biopsy", ""),
        ("diagnosis", "x" * 71, ""),
        ("survived", "N", "no"),
    ],
)
def test_terms_are_taken_and_sentences_are_not(fact: str, value: str, expected: str) -> None:
    assert written(fact, value) == expected


def test_a_row_becomes_a_record() -> None:
    row = {
        "path": "images/a-1.jpg", "group": "p7", "finding": "COVID-19, ARDS", "license": " ", "age": "60", "sex": "F",
        "url": "https://example.org/case 7", "filename": "a-1.png", "view": "AP Supine", "offset": "3", "survival": "Y",
        "clinical_notes": "A sentence of the source.",
    }  # fmt: skip
    made = make_record("covid_cases", sources()["covid_cases"], row)
    assert made.case.labels == ("COVID-19", "ARDS") and made.case.licence == "unknown"
    assert made.case.url == "https://github.com/ieee8023/covid-chestxray-dataset"
    assert made.case.facts["survived"] == "yes" and made.case.facts["day"] == "3"
    assert made.thumbnail and made.thumbnail.endswith("/images/a-1.png") and "p7" not in str(made)
    assert "sentence" not in str(made).lower()
    assert words_of(made) == "chest X-ray, COVID-19, ARDS, AP Supine view, aged 60 female"


def test_no_sentence_of_a_source_gets_into_a_record(data_folder: Path) -> None:
    for name in ("covid_cases", "medpix_cases"):
        plan = plan_data(data_folder, [name])
        assert len(plan.entries) > 400
        for entry in plan.entries:
            facts = entry.record.case.facts
            said = [*entry.record.case.labels, *(facts[name] for name in facts.keys() - {"file"})]
            assert all(len(one) <= 70 and "\n" not in one and ". " not in one for one in said), said


def test_the_public_sets_are_planned_with_licence_and_link(data_folder: Path) -> None:
    plan = plan_data(data_folder)
    assert len(plan.entries) == len({entry.record.id for entry in plan.entries}) > 20_000
    assert {entry.split for entry in plan.entries} == {"train", "val", "test"}
    assert all(entry.record.case.url and entry.record.case.licence and entry.record.patient for entry in plan.entries)
    with pytest.raises(BadRequest, match="no data set 'cats'"):
        plan_data(data_folder, ["cats"])

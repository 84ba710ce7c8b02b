"""A report is confirmed when it is true, and every kind of forgery is found."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pypdf import PdfReader
from safetensors.torch import load_file, save_file

from agents.__main__ import main
from agents.narrate import narrate
from agents.report.files import write_report
from agents.report.record import Report, digest
from agents.verify import same_text, verify
from diagnosis.cards import file_digest
from diagnosis.models import Models
from diagnosis.readers import read_study
from diagnosis.reading import read
from tests.diagnosis.images import dicom

ROOT = Path(__file__).parents[2]
WEIGHTS = ROOT / "weights"
IMAGE = ROOT / "examples" / "histology" / "phantom-benign-glands.jpg"
OTHER = ROOT / "examples" / "histology" / "phantom-crowded-glands.jpg"
MADE = datetime(2026, 3, 4, tzinfo=UTC)


def report_of(image: Path, methods: tuple[str, ...] = ("grad-cam",), weights: Path = WEIGHTS) -> Report:
    models = Models(weights)
    classifier, record = models.classifier("lung-colon"), models.record("lung-colon")
    *_, reading = read(
        read_study(image),
        classifier,
        methods=methods,
        record=record,
        shap_evaluations=50,
        anatomy=models.anatomy,
        gate=models.check,
    )
    return Report.of(reading, narrate(reading), MADE)


@pytest.fixture(scope="module")
def report() -> Report:
    return report_of(IMAGE)


def forged(report: Report, change: Callable[[dict[str, Any]], None], *, careful: bool = True) -> Report:
    """A report with something changed; a careful forger makes the digests fit again."""
    record = report.model_dump(mode="json", by_alias=True)
    change(record)
    changed = Report.model_validate(record)
    if not careful:
        return changed
    fitting = {name: digest(getattr(changed, name)) for name in ("reading", "words", "model")}
    return Report.model_validate(record | {"digests": fitting})


def parts(report: Report, image: Path = IMAGE, weights: Path = WEIGHTS) -> list[str]:
    return [one.part for one in verify(report, image, Models(weights))]


def test_a_true_report_is_confirmed(report: Report) -> None:
    assert verify(report, IMAGE, Models(WEIGHTS)) == []


def test_another_image_is_found(report: Report) -> None:
    found = parts(report, OTHER)
    assert "image, digest" in found
    assert any(part.startswith("score of") for part in found)
    assert "grad-cam map of colon_benign, digest" in found
    assert "words, sentence" in found


def test_other_weights_are_found(report: Report, tmp_path: Path) -> None:
    for path in WEIGHTS.glob("lung-colon.*"):
        shutil.copy(path, tmp_path)
    weights = tmp_path / "lung-colon.safetensors"
    tensors = load_file(weights)
    tensors["fc.bias"] = tensors["fc.bias"] + 1.0 * (tensors["fc.bias"] == tensors["fc.bias"].max())
    save_file(tensors, weights)
    card = tmp_path / "lung-colon.toml"
    card.write_text(card.read_text("utf-8").replace(str(report.model.weights_sha256), file_digest(weights)), "utf-8")
    found = parts(report, IMAGE, tmp_path)
    assert {"model, weights sha256", "reading, weights sha256", "model, performance"} <= set(found)
    assert any(part.startswith("score of") for part in found)


def _score(record: dict[str, Any]) -> None:
    record["reading"]["scores"][0] += 0.0002


def _digest_of_image(record: dict[str, Any]) -> None:
    record["reading"]["study"]["digest"] = "0" * 16


def _caution(record: dict[str, Any]) -> None:
    record["reading"]["study"]["cautions"] = ["All is well."]


def _value(record: dict[str, Any]) -> None:
    record["reading"]["findings"][0]["value"] += 0.2


def _statement(record: dict[str, Any]) -> None:
    record["reading"]["findings"][0]["statement"] = "The model is certain."


def _number_in_a_statement(record: dict[str, Any]) -> None:
    statement = record["reading"]["findings"][0]["statement"]
    record["reading"]["findings"][0]["statement"] = statement.replace(" %", "1 %")


def _fewer(record: dict[str, Any]) -> None:
    del record["reading"]["findings"][-1]


def _invented(record: dict[str, Any]) -> None:
    last = dict(record["reading"]["findings"][-1])
    record["reading"]["findings"].append(last | {"id": "F99", "statement": "The tissue is healthy."})


def _share(record: dict[str, Any]) -> None:
    record["reading"]["maps"][-1]["shares"]["upper left quarter"] += 0.5


def _map(record: dict[str, Any]) -> None:
    record["reading"]["maps"][0]["digest"] = "f" * 16


def _sentence(record: dict[str, Any]) -> None:
    record["words"]["paragraphs"][0]["sentences"][0] = {"text": "The patient is healthy.", "cites": ["F1"]}


def _uncited(record: dict[str, Any]) -> None:
    record["words"]["paragraphs"][0]["sentences"].append({"text": "No doctor is needed.", "cites": []})


def _number_in_a_sentence(record: dict[str, Any]) -> None:
    sentence = record["words"]["paragraphs"][0]["sentences"][0]
    sentence["text"] = sentence["text"].replace("99.", "79.")


def _heading(record: dict[str, Any]) -> None:
    record["words"]["paragraphs"][0]["heading"] = "Diagnosis"


def _figure(record: dict[str, Any]) -> None:
    record["model"]["performance"]["balanced_accuracy"]["value"] = 99.9


def _use(record: dict[str, Any]) -> None:
    record["model"]["intended_use"] = "Diagnosis."


def _notice(record: dict[str, Any]) -> None:
    record["notices"] = record["notices"][1:]


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (_score, "score of lung_adenocarcinoma"),
        (_digest_of_image, "image, digest"),
        (_caution, "image, cautions"),
        (_value, "finding F1, value"),
        (_statement, "finding F1, statement"),
        (_number_in_a_statement, "finding F1, statement"),
        (_invented, "finding F99"),
        (_share, "grad-cam map of colon_benign, shares"),
        (_map, "grad-cam map of lung_adenocarcinoma, digest"),
        (_sentence, "words, sentence"),
        (_uncited, "words, sentence"),
        (_number_in_a_sentence, "words, sentence"),
        (_heading, "words, heading"),
        (_figure, "model, performance"),
        (_use, "model, intended use"),
        (_notice, "notices"),
    ],
)
def test_a_forgery_is_found_and_nothing_else(report: Report, change: Callable, part: str) -> None:
    assert parts(forged(report, change)) == [part]


def test_a_finding_that_was_taken_out_is_found(report: Report) -> None:
    assert parts(forged(report, _fewer)) == [f"finding {report.reading.findings[-1].id}"]


def test_a_change_without_its_digest_is_found(report: Report) -> None:
    assert parts(forged(report, _score, careful=False)) == ["digest of the reading", "score of lung_adenocarcinoma"]


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("A share of 57.2 %.", "A share of 57.3 %.", True),
        ("A share of 57.2 %.", "A share of 57.4 %.", False),
        ("It was number 2 of 3.", "It was number 1 of 3.", False),
        ("The sum fits to 2e-07 logits.", "The sum fits to 9e-08 logits.", True),
        ("The sum fits to 2e-07 logits.", "The sum fits to 0.3 logits.", False),
        ("A correlation of -0.61.", "A correlation of 0.61.", False),
        ("They agree.", "They differ.", False),
    ],
)
def test_numbers_may_differ_by_their_rounding_alone(first: str, second: str, same: bool) -> None:
    assert same_text(first, second) is same


def test_both_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = ["report", str(IMAGE), "--model", "lung-colon", "--evaluations", "50", "--out", str(tmp_path)]
    assert main(made) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"report.json", "report.md", "report.pdf"}
    path = tmp_path / "report.json"
    assert main(["verify", str(path), "--image", str(IMAGE)]) == 0
    assert "confirmed" in capsys.readouterr().out
    record = json.loads(path.read_text("utf-8"))
    _score(record)
    path.write_text(json.dumps(record), encoding="utf-8")
    assert main(["verify", str(path), "--image", str(IMAGE), "--json"]) == 1
    printed = json.loads(capsys.readouterr().out)
    assert printed["same"] is False
    assert [one["part"] for one in printed["differences"]] == ["digest of the reading", "score of lung_adenocarcinoma"]


def test_bad_input_and_missing_parts_have_their_own_exit_codes(report: Report, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(report.as_json(), encoding="utf-8")
    assert main(["verify", str(tmp_path / "none.json"), "--image", str(IMAGE)]) == 2
    assert main(["verify", str(path), "--image", str(path)]) == 2
    assert main(["verify", str(path), "--image", str(IMAGE), "--weights", str(tmp_path)]) == 3


def test_a_name_in_a_dicom_file_is_in_no_output(tmp_path: Path) -> None:
    names = {
        "PatientName": "Zebedee^Quirinus",
        "PatientID": "QX-77031",
        "InstitutionName": "Saint Elsewhere",
        "PatientBirthDate": "19331124",
        "AccessionNumber": "ACC-90210",
    }
    pixels = np.random.default_rng(1).integers(0, 4096, (96, 96), dtype=np.uint16)
    path = tmp_path / "Zebedee-Quirinus.dcm"
    path.write_bytes(dicom(pixels, Modality="DX", **names))
    models = Models(WEIGHTS)
    *_, reading = read(read_study(path), models.classifier("lung-colon"), methods=("grad-cam",))

    written = {one.name: one.read_bytes() for one in write_report(reading, narrate(reading), MADE, tmp_path / "out")}
    pdf = PdfReader(tmp_path / "out" / "report.pdf")
    written["text"] = " ".join(page.extract_text() for page in pdf.pages).encode()
    written["metadata"] = repr(dict(pdf.metadata or {})).encode()
    for name, content in written.items():
        for secret in ("Zebedee", "Quirinus", *names.values()):
            assert secret.encode() not in content, name

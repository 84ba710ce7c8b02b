"""``python -m agents explain`` with real weights, without a language model and with a scripted one."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agents.__main__ import main
from diagnosis.cards import load_card
from diagnosis.findings import OPINIONS
from diagnosis.notices import NOTICE
from settings import Settings
from tests.agents.conftest import KEY
from tests.agents.endpoint import Endpoint, fails, says

ROOT = Path(__file__).parents[2]
TILE = ROOT / "examples" / "histology" / "phantom-benign-glands.jpg"
CALL = ("explain", str(TILE), "--model", "lung-colon", "--evaluations", "50")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("LIGHTBOX_", "OPENAI_")):
            monkeypatch.delenv(name)


def call(*arguments: str, endpoint: Endpoint | None = None, **more: Any) -> int:
    """The command with settings of its own, whatever a developer's .env says."""
    values: dict[str, Any] = {"llm_retries": 0, **more}
    if endpoint:
        values |= {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": endpoint.url, "llm_model": "scripted"}
    return main([*arguments], Settings(_env_file=None, **values))


def test_it_speaks_without_a_language_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(*CALL) == 0
    told = capsys.readouterr()
    assert told.err == "" and NOTICE in told.out and "Written by" not in told.out
    assert "benign colon tissue" in told.out and "[F1]" in told.out


def test_it_is_told_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(*CALL, "--json", "--reader", "clinician", "--length", "short", "--class", "lung_benign") == 0
    record = json.loads(capsys.readouterr().out)
    assert {"text", "cited", "struck", "findings", "written_by"} <= set(record)
    assert (record["written_by"], record["reader"], record["length"]) == ("template", "clinician", "short")
    assert record["text"].splitlines()[1].startswith("Benign lung tissue: score ")
    assert set(record["cited"]) <= {finding["id"] for finding in record["findings"]}
    assert record["struck"] == record["sent"] == [] and record["usage"] is None


def test_a_language_model_writes_where_one_is_set(scripted: Endpoint, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(*CALL, "--json") == 0
    first = json.loads(capsys.readouterr().out)
    wanted = [one for one in first["findings"] if one["kind"] in ("score", "place", "performance")]
    text = " ".join(f"{one['statement'].removesuffix('.')} [{one['id']}]." for one in wanted)
    scripted.will(says(f"{text} It is 120 % certain [F1]."))
    assert call(*CALL, "--json", endpoint=scripted) == 0
    told = capsys.readouterr()
    record = json.loads(told.out)
    assert (record["written_by"], record["rebuilt"], record["problem"]) == ("scripted", False, None)
    assert [one["text"] for one in record["struck"]] == ["It is 120 % certain."] and record["struck"][0]["why"]
    assert "120 %" not in record["text"]
    assert record["usage"] == {"sent": 100, "received": 20, "cost": None}
    assert record["sent"][0]["body"].encode() == scripted.history[-1].raw
    assert KEY not in told.out + told.err


def test_what_was_struck_and_what_it_cost_are_told(scripted: Endpoint, capsys: pytest.CaptureFixture[str]) -> None:
    scripted.will(says("It is surely so."))
    assert call(*CALL, endpoint=scripted, llm_price_in=10, llm_price_out=50) == 0
    told = capsys.readouterr()
    assert "Struck:\n  It is surely so." in told.out
    assert told.out.endswith("Language model: 100 tokens sent, 20 received, about 0.002 US dollars.\n")
    assert told.err.startswith("note: Too little of what scripted wrote") and told.err.count("\n") == 1


@pytest.mark.parametrize("status", [401, 429, 500])
def test_a_failing_endpoint_costs_one_line(scripted: Endpoint, capsys: pytest.CaptureFixture[str], status: int) -> None:
    scripted.will(fails(status, f"{KEY} is wrong"))
    assert call(*CALL, endpoint=scripted) == 0
    told = capsys.readouterr()
    assert told.err.startswith("note: ") and f"(status {status})" in told.err and told.err.count("\n") == 1
    assert NOTICE in told.out and KEY not in told.out + told.err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("explain", "nothing.png", "--model", "lung-colon"), 2, "nothing.png"),
        (("explain", str(TILE), "--model", "knee"), 2, "There is no model 'knee'"),
        ((*CALL[:4], "--class", "knee"), 2, "has no class 'knee'"),
        ((*CALL[:4], "--evaluations", "3"), 2, "--evaluations 3 is too few"),
        ((*CALL, "--language", "not a language"), 2, "'not a language' is no language code"),
        ((*CALL[:4], "--weights", "nowhere"), 3, "There are no model cards"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, words: str
) -> None:
    assert call(*arguments) == code
    told = capsys.readouterr()
    assert told.out == "" and told.err.startswith("error: ") and words in told.err and told.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [("explain",), ("explain", "a.png", "--reader", "king"), ("dance",), ()])
def test_wrong_usage_is_told_in_one_line(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as end:
        call(*arguments)
    told = capsys.readouterr().err
    assert end.value.code == 2 and told.startswith("error: ") and told.count("\n") == 1 and "--help" in told


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Settings of a library that was built for the classes of the model, from painted images, by a tiny encoder."""
    from retrieval.build import build
    from retrieval.encoder import Encoder
    from retrieval.plan import plan_folder
    from tests.retrieval.made import paint
    from tests.retrieval.tiny import write_tiny

    folder, lines = tmp_path_factory.mktemp("library"), ["path,label,patient,split"]
    for number in range(25):
        label = load_card(ROOT / "weights" / "lung-colon.toml").label_names[number % 5]
        paint(folder / "images" / f"{number}.png", number, number % 5)
        lines.append(f"images/{number}.png,{label},p{number},{'val' if number < 20 else 'test'}")
    (folder / "cases.csv").write_text("\n".join(lines) + "\n", "utf-8")
    model = write_tiny(folder / "encoder")
    build(plan_folder(folder, folder / "cases.csv", "folder"), Encoder.load(model), folder / "cases")
    return {"RETRIEVAL_MODEL": model, "cases": folder / "cases"}


def test_similar_cases_vote_where_they_are_asked(
    library: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*CALL, "--json", "--similar", **library) == 0
    record = json.loads(capsys.readouterr().out)
    found = [one for one in record["findings"] if one["kind"] in OPINIONS]
    at = record["findings"].index(found[0])
    assert found == record["findings"][at : at + len(found)] and found[0]["id"] in record["cited"]
    assert {one["kind"] for one in record["findings"][at + len(found) :]} == {"model_fact"}
    assert call("ask", *CALL[1:], "Do similar cases agree?", "--json", **library) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [one["statement"] for one in answer["findings"][-len(found) :]] == [one["statement"] for one in found]
    assert found[0]["statement"] in answer["text"]

    assert call("report", *CALL[1:], "--similar", "--out", str(tmp_path), **library) == 0
    path = tmp_path / "report.json"
    assert call("verify", str(path), "--image", str(TILE), **library) == 0
    assert "not checked" not in capsys.readouterr().out
    assert call("verify", str(path), "--image", str(TILE), "--json", cases=tmp_path / "none") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["same"] and told["unchecked"].startswith("The vote of similar cases was not checked.")


def test_a_library_that_is_missing_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    absent: dict[str, Any] = {"RETRIEVAL_MODEL": f"local-dir:{tmp_path / 'none'}", "cases": tmp_path / "none"}
    assert call(*CALL, "--similar", **absent) == 3
    told = capsys.readouterr()
    assert told.out == "" and told.err.startswith("error: ") and told.err.count("\n") == 1
    assert call("ask", *CALL[1:], "Show similar cases", **absent) == 0
    assert "is not here" in capsys.readouterr().out


def test_it_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "agents", *CALL, "--reader", "nobody"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2 and "invalid choice: 'nobody'" in done.stderr and done.stdout == ""

"""``python -m diagnosis weights``: what is here, what can be fetched, what is wrong; and the fetch."""

import hashlib
import shutil
from pathlib import Path

import pytest

from diagnosis.__main__ import main
from diagnosis.fetching.install import _write
from settings import ROOT
from tests.diagnosis.fetching.conftest import Published, left_in, offered
from tests.retrieval.serving import Server


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The app's models, here one of them, and the folder of further ones."""
    bundled, further = tmp_path / "bundled", tmp_path / "further"
    (bundled / "ready").mkdir(parents=True)
    for path in (ROOT / "weights").glob("lung-colon.*"):
        shutil.copy(path, bundled)
    monkeypatch.setenv("LIGHTBOX_BUNDLED", str(bundled))
    monkeypatch.setenv("LIGHTBOX_WEIGHTS", str(further))
    return bundled, further


def test_a_model_is_listed_fetched_and_then_here(
    published: Published, server: Server, folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    bundled, further = folders
    unpublished = offered(published.card, server, sha256=None, published=None)
    _write(unpublished, bundled / "ready" / "theirs.toml")
    assert main(["weights", "list"]) == 0
    here, ready = capsys.readouterr().out.splitlines()
    assert here.split() == ["lung-colon", "here", str(bundled)]
    assert ready.startswith("theirs") and "ready" in ready and server.url in ready
    assert main(["weights", "fetch", "theirs"]) == 2
    found = hashlib.sha256(server.content).hexdigest()
    assert f"--sha256 {found}" in capsys.readouterr().err
    assert main(["weights", "fetch", "theirs", "--sha256", found]) == 0
    assert left_in(further) == {"theirs.toml", "theirs.safetensors"}
    assert main(["weights", "fetch", "theirs"]) == 0
    assert "already" in capsys.readouterr().out and server.asked == [None]
    (further / "broken.toml").write_text("broken")
    assert main(["weights", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [["lung-colon", "here"], ["theirs", "here"], ["broken", "wrong"]]


def test_what_is_not_there_is_told(folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights", "fetch", "cat"]) == 2
    assert "no model 'cat' that could be fetched" in capsys.readouterr().err
    shutil.copy(ROOT / "weights" / "ready" / "rare-neurology.toml", folders[0] / "ready")
    shutil.copy(ROOT / "weights" / "ready" / "torchxrayvision.toml", folders[0] / "ready")
    assert main(["weights", "fetch", "rare-neurology"]) == 3
    assert f"{folders[1] / 'rare-neurology.pth'}" in capsys.readouterr().err
    assert main(["weights", "fetch", "torchxrayvision"]) == 2
    told = capsys.readouterr().err
    assert "pickle" in told and "\n" not in told.strip()

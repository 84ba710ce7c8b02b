"""Pickles: their tensors are taken out, and nothing that they ask for is done."""

import importlib
import io
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.models import densenet121

from diagnosis.cards import load_card
from diagnosis.fetching import Consent, NotAgreed, convert, fetch
from diagnosis.models import Models
from diagnosis.study import Study
from settings import ROOT
from tests.diagnosis.fetching.conftest import offered
from tests.retrieval.serving import Server

THEIRS = '''
import torch
from torch import nn
from torchvision.models import densenet121


class DenseNet(nn.Module):
    """Laid out as TorchXRayVision's: torchvision's names, one channel, eighteen outputs."""

    def __init__(self):
        super().__init__()
        self.features = densenet121(weights=None).features
        self.features.conv0 = nn.Conv2d(1, 64, 7, stride=2, padding=3, bias=False)
        self.classifier = nn.Linear(1024, 18)
        self.op_threshs = [0.5] * 18

    def forward(self, x):
        return self.classifier(torch.relu(self.features(x)).mean(dim=(2, 3)))
'''


@pytest.fixture
def foreign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> nn.Module:
    """A network of a class that is found here while it is pickled, and by nobody afterwards."""
    package = tmp_path / "package" / "torchxrayvision"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "models.py").write_text(THEIRS)
    monkeypatch.syspath_prepend(package.parent)
    for name in ("torchxrayvision", "torchxrayvision.models"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    torch.manual_seed(0)
    return importlib.import_module("torchxrayvision.models").DenseNet().eval()


def test_eighteen_findings_from_a_whole_network(foreign: nn.Module, server: Server, tmp_path: Path) -> None:
    """TorchXRayVision's path with weights made here: consent, fetch, digest, conversion, scores at operating points."""
    content = io.BytesIO()
    torch.save(foreign, content)
    server.content = content.getvalue()
    original = load_card(ROOT / "weights" / "ready" / "torchxrayvision.toml")
    assert original.download
    same = original.download.model_dump(include={"format", "file", "drop"})
    card, folder = offered(original, server, **same), tmp_path / "models"
    with pytest.raises(NotAgreed, match="pickle"):
        list(fetch(card, Consent(), folder))
    assert server.asked == [] and not folder.exists()
    assert [*fetch(card, Consent(pickle=True), folder)][-1].step == "ready"
    study = Study(np.random.default_rng(0).random((300, 240, 1)))
    prediction = Models(folder).classifier("torchxrayvision").predict(study)
    square = torch.from_numpy(study.pixels.copy()).permute(2, 0, 1)[None, :, 30:270]
    square = nn.functional.interpolate(square, (224, 224), mode="bilinear", antialias=True)
    with torch.no_grad():
        logits = foreign(2048 * (square - 0.5))[0]
    np.testing.assert_allclose(prediction.logits, logits, atol=1e-3, rtol=1e-3)
    raw, points = torch.sigmoid(logits), torch.tensor([label.threshold for label in card.labels])
    bent = torch.where(raw < points, raw / (2 * points), 1 - (1 - raw) / (2 * (1 - points)))
    np.testing.assert_allclose(prediction.scores, bent, atol=1e-3)
    assert prediction.score_kind == "operating-point score" and len(prediction.labels) == 18


class Hostile:
    """Asks for a function to be called when it is unpickled."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.asked = (function, arguments)

    def __reduce__(self) -> object:
        return self.asked


@pytest.mark.parametrize(
    "asked",
    [
        (os.system, "touch {}"),
        (eval, "open({!r}, 'w')"),
        (exec, "open({!r}, 'w')"),
        (os.mkdir, "{}"),
        (getattr, os, "system"),
    ],
)
def test_what_a_pickle_asks_for_is_refused_by_name(asked: tuple[object, ...], tmp_path: Path) -> None:
    path, mark = tmp_path / "hostile.pt", tmp_path / "mark"
    arguments = [one.format(str(mark)) if isinstance(one, str) else one for one in asked[1:]]
    torch.save({"fc.weight": torch.ones(1), "more": Hostile(asked[0], *arguments)}, path) if asked[
        0
    ] is not getattr else (path.write_bytes(pickle.dumps(Hostile(getattr, *(str(one) for one in arguments)))))
    with pytest.raises((convert.Refused, pickle.UnpicklingError, RuntimeError)):
        convert._load(torch, "pickle", str(path))
    assert not mark.exists()


def test_functions_of_torch_are_not_called_either(tmp_path: Path) -> None:
    """``torch.hub`` fetches code; here it is an empty shell, and the file holds no tensors."""
    path = tmp_path / "hostile.pt"
    torch.save({"more": Hostile(torch.hub.load, "somebody/something", "model")}, path)
    with pytest.raises(convert.Refused, match="no tensors by name"):
        convert.tensors_of(convert._load(torch, "pickle", str(path)))


def test_a_file_of_tensors_that_holds_more_is_refused(tmp_path: Path) -> None:
    torch.save(nn.Linear(2, 2), tmp_path / "network.pt")
    with pytest.raises(convert.Refused, match="holds more than tensors"):
        convert._load(torch, "state-dict", str(tmp_path / "network.pt"))


def test_a_shell_tells_its_tensors_as_the_network_would(tmp_path: Path) -> None:
    network = densenet121(num_classes=3)
    network.register_buffer("passing", torch.ones(1), persistent=False)
    for name, kept in {"new.pt": True, "old.pt": False}.items():
        torch.save({"epoch": 3, "model": network}, tmp_path / name, _use_new_zipfile_serialization=kept)
        found = convert.tensors_of(convert._load(torch, "pickle", str(tmp_path / name)))
        assert found.keys() == network.state_dict().keys()
        assert all(torch.equal(found[key], one) for key, one in network.state_dict().items())
    two = tmp_path / "two.pt"
    torch.save({"model": {"a": torch.ones(1)}, "average": {"a": torch.ones(1)}}, two)
    with pytest.raises(convert.Refused, match="2 sets of tensors, in model, average"):
        convert.tensors_of(convert._load(torch, "state-dict", str(two)))


@pytest.mark.parametrize(
    "deed",
    [
        "import socket; socket.socket().connect(('127.0.0.1', 9))",
        "import subprocess; subprocess.run(['true'])",
        "os.system('true')",
        "open('elsewhere', 'w')",
        "os.remove('kept')",
        "os.rename('kept', 'moved')",
    ],
)
def test_the_process_gives_up_what_it_does_not_need(deed: str, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("kept")
    target = tmp_path / "target"
    program = (
        "import os, runpy, socket, subprocess, sys\n"
        f"module = runpy.run_path({convert.__file__!r}, run_name='convert')\n"
        f"sys.addaudithook(module['_guard']({str(target)!r}))\nopen({str(target)!r}, 'w').close()\n"
        f"try:\n    {deed}\nexcept PermissionError:\n    sys.exit(7)\n"
    )
    ended = subprocess.run([sys.executable, "-I", "-c", program], cwd=tmp_path, capture_output=True, check=False)
    assert ended.returncode == 7, ended.stderr.decode()
    assert {path.name for path in tmp_path.iterdir()} == {"kept", "target"}

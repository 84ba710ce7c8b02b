import copy
import tomllib
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import nn

from diagnosis.cards import file_digest, load_card
from diagnosis.classifier import Classifier
from diagnosis.errors import BadRequest, Missing
from diagnosis.networks import build_network
from diagnosis.training.export import averaged_network, export, set_calibration
from tests.diagnosis.training.squares import write_card


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(0)
    return build_network("resnet18", 3, 3).eval()


@pytest.fixture
def card_path(tmp_path: Path) -> Path:
    write_card(tmp_path)
    return tmp_path / "squares.toml"


def test_weights_are_half_floats_and_named_in_the_card(network: nn.Module, card_path: Path) -> None:
    card = export(network.to(memory_format=torch.channels_last), card_path, card_path.parent, "here")
    path = card_path.parent / "squares.safetensors"
    assert card == load_card(card_path)
    assert card.weights is not None
    assert (card.weights.file, card.weights.source) == (path.name, "here")
    assert (card.weights.sha256, card.weights.bytes) == (file_digest(path), path.stat().st_size)
    with safe_open(path, "pt") as tensors:
        assert set(tensors.keys()) == set(network.state_dict())
        kinds = {tensors.get_tensor(name).dtype for name in tensors.keys()}  # noqa: SIM118 (safe_open is no mapping)
    assert kinds == {torch.float16, torch.int64}


def test_what_is_loaded_is_the_network_in_half_precision(network: nn.Module, card_path: Path) -> None:
    card = export(network, card_path, card_path.parent, "here")
    images = torch.rand(4, 3, 32, 32)
    loaded = Classifier.load(card, card_path.parent).logits(images)
    rounded = Classifier(card, copy.deepcopy(network).half().float()).logits(images)
    assert torch.equal(loaded, rounded)
    assert not torch.equal(loaded, Classifier(card, network).logits(images))


def test_the_rest_of_the_card_stays_as_it_was_written(network: nn.Module, card_path: Path) -> None:
    before = card_path.read_text("utf-8")
    export(network, card_path, card_path.parent, "here")
    set_calibration(card_path, 1.2346)
    after = card_path.read_text("utf-8")
    card = tomllib.loads(after)
    assert (card["temperature"], card["score_kind"]) == (1.2346, "calibrated probability")
    changed = [line for line in before.splitlines() if line not in after.splitlines()]
    assert changed == ['score_kind = "uncalibrated score"']
    kept = [line for line in after.splitlines() if line in before.splitlines()]
    assert [line for line in kept if line] == [line for line in before.splitlines() if line and line not in changed]


def test_the_same_export_twice_leaves_the_same_card(network: nn.Module, card_path: Path) -> None:
    export(network, card_path, card_path.parent, "here")
    first = card_path.read_text("utf-8")
    export(network, card_path, card_path.parent, "here")
    assert card_path.read_text("utf-8") == first


def test_new_weights_are_uncalibrated_until_shown_otherwise(network: nn.Module, card_path: Path) -> None:
    set_calibration(card_path, 2.0)
    card = export(network, card_path, card_path.parent, "here")
    assert (card.temperature, card.score_kind) == (1.0, "uncalibrated score")
    assert set_calibration(card_path, 2.0).score_kind == "calibrated probability"
    card = set_calibration(card_path, None)
    assert (card.temperature, card.score_kind) == (1.0, "uncalibrated score")


def test_a_value_beyond_half_floats_is_refused(network: nn.Module, card_path: Path) -> None:
    before = card_path.read_text("utf-8")
    with torch.no_grad():
        network.fc.bias[0] = 70_000
    with pytest.raises(BadRequest, match=r"fc\.bias of squares does not fit into float16"):
        export(network, card_path, card_path.parent, "here")
    assert card_path.read_text("utf-8") == before
    assert not list(card_path.parent.glob("*.safetensors*"))


def test_a_file_over_30_mb_is_refused(card_path: Path) -> None:
    with pytest.raises(BadRequest, match="32 MB"):
        export(nn.Linear(4000, 4000), card_path, card_path.parent, "here")
    assert not list(card_path.parent.glob("*.safetensors*"))


def test_weights_that_were_touched_are_refused(network: nn.Module, card_path: Path) -> None:
    card = export(network, card_path, card_path.parent, "here")
    path = card_path.parent / "squares.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadRequest, match="is not the file that its card describes"):
        Classifier.load(card, card_path.parent)


def test_a_run_that_is_not_there_or_not_the_card_s(tmp_path: Path, card_path: Path) -> None:
    card = load_card(card_path)
    with pytest.raises(Missing, match=r"no last\.pt"):
        averaged_network(tmp_path, card)
    torch.save({"epoch": 1, "average": build_network("resnet18", 3, 5).state_dict()}, tmp_path / "last.pt")
    with pytest.raises(BadRequest, match="does not fit the card of squares"):
        averaged_network(tmp_path, card)

"""A server on this machine, and cards of models whose weights it has."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from diagnosis.cards import ModelCard
from diagnosis.networks import build_network
from diagnosis.sources import Download
from tests.diagnosis.toys import toy_card
from tests.retrieval.serving import Server, serving

ARCHITECTURE = "timm/mobilenetv3_small_050"  # 2 MB


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr("diagnosis.fetching.transfer.PAUSE", 0.01)
    with serving() as server:
        yield server


@dataclass(frozen=True)
class Published:
    """A model that the server has: its card, and the tensors that its file holds."""

    card: ModelCard
    tensors: dict[str, torch.Tensor]


@pytest.fixture(scope="session")
def tensors() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return build_network(ARCHITECTURE, 1, 2).state_dict()


@pytest.fixture
def published(server: Server, tensors: dict[str, torch.Tensor]) -> Published:
    """A small model of two classes, as safetensors with a published digest."""
    server.content = save(tensors)
    card = toy_card().model_copy(update={"name": "theirs", "architecture": ARCHITECTURE, "cam_layer": ""})
    return Published(offered(card, server), tensors)


def offered(card: ModelCard, server: Server, **fields: object) -> ModelCard:
    """The card with a download of what the server has now."""
    source = {
        "url": server.url,
        "file": "theirs.safetensors",
        "format": "safetensors",
        "bytes": len(server.content),
        "sha256": hashlib.sha256(server.content).hexdigest(),
        "published": "the test",
    }
    return card.model_copy(update={"download": Download.model_validate(source | fields)})


def left_in(folder: Path) -> set[str]:
    """Files below a folder, but for locks."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"}

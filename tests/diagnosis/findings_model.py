"""A model of independent findings, of every size: its card, a network whose answers are known, and its files."""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from diagnosis.cards import ModelCard, file_digest, load_card
from diagnosis.classifier import Classifier
from diagnosis.networks import build_network

THRESHOLDS = {"effusion": 0.0742, "edema": 0.0236, "fracture": 0.3, "lung_opacity": 0.5}
UNTRAINED = 1  # position of the output that learned nothing, among five
SIDE = 32

CARD = """\
name = "findings"
version = "1"
title = "Chest findings"
task = "multi-label"
architecture = "resnet18"
cam_layer = "layer4"
places = "quadrants"
score_kind = "operating-point score"
untrained_outputs = [1]
licence = "Apache-2.0"
intended_use = "Tests."
out_of_scope = "Everything else."
training_data = "None: the weights are drawn by chance."
group = "patients"
limitations = ["It has learned nothing."]
references = []

[input]
size = 64
channels = 1
resize = "crop"
mean = [0.5]
std = [0.00048828125]
modalities = ["CR", "DX"]
"""


def write_card(folder: Path, *, anatomy: str | None = None) -> Path:
    """The card of a ResNet-18 with five outputs, of which the second stands for nothing."""
    labels = "".join(
        f'\n[[labels]]\nname = "{name}"\ntitle = "{name.capitalize().replace("_", " ")}"\n'
        f'description = "What the data call {name.replace("_", " ")}."\nthreshold = {threshold}\n'
        for name, threshold in THRESHOLDS.items()
    )
    path = folder / "findings.toml"
    head = f'anatomy = "{anatomy}"\n{CARD}' if anatomy else CARD
    path.write_text(head + labels, encoding="utf-8")
    return path


def write_model(folder: Path, *, anatomy: str | None = None) -> ModelCard:
    """Card and weights. Whatever the image, edema and effusion reach their thresholds, and the others do not."""
    torch.manual_seed(0)
    path = write_card(folder, anatomy=anatomy)
    network = build_network("resnet18", 1, len(THRESHOLDS) + 1)
    network.fc.weight.data *= 0.05
    network.fc.bias.data = torch.tensor([-1.5, 9.0, -1.0, -3.0, -3.0])
    weights = folder / "findings.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, weights)
    table = f'\n[weights]\nfile = "{weights.name}"\nsource = "here"\nsha256 = "{file_digest(weights)}"\n'
    path.write_text(f"{path.read_text('utf-8')}{table}bytes = {weights.stat().st_size}\n", encoding="utf-8")
    return load_card(path)


class Quadrants(nn.Module):
    """Logit of label n: ten times the mean of quadrant n, left to right and down, less five. Nothing is shared."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.AvgPool2d(4), nn.ReLU())
        self.scale = nn.Parameter(torch.tensor(10.0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        cells = self.features(x)[:, 0]  # (N, 8, 8)
        half = cells.shape[-1] // 2
        parts = [cells[:, rows, columns] for rows in _halves(half) for columns in _halves(half)]
        return self.scale * torch.stack([part.mean(dim=(1, 2)) for part in parts], dim=1) - 5


def _halves(half: int) -> tuple[slice, slice]:
    return slice(None, half), slice(half, None)


def quadrant_card(folder: Path, **changes: object) -> ModelCard:
    """A card for ``Quadrants``: the same labels, with pixels as they are."""
    known = load_card(write_card(folder)).model_dump()
    spec = {**known["input"], "size": SIDE, "resize": "squash", "mean": (0.0,), "std": (1.0,)}
    toy = {"input": spec, "cam_layer": "features", "untrained_outputs": (), "architecture": "resnet18"}
    return ModelCard.model_validate({**known, **toy, **changes})


def quadrant_classifier(folder: Path, **changes: object) -> Classifier:
    return Classifier(quadrant_card(folder, **changes), Quadrants())

"""Small networks whose logits, and so whose maps, can be worked out by hand."""

from typing import Any

import torch
from torch import nn

from diagnosis.cards import InputSpec, Label, ModelCard
from diagnosis.classifier import Classifier

SIDE = 32


def toy_card(
    labels: tuple[str, ...] = ("bright", "dark"), *, channels: int = 1, resize: str = "squash", size: int = SIDE
) -> ModelCard:
    return ModelCard(
        name="toy",
        version="1",
        title="Toy",
        task="single-label",
        architecture="resnet18",
        cam_layer="features",
        places="quadrants",
        score_kind="uncalibrated score",
        licence="Apache-2.0",
        intended_use="Tests.",
        out_of_scope="All else.",
        training_data="None.",
        group="groups",
        limitations=("It is a toy.",),
        references=(),
        input=InputSpec(
            size=size, channels=channels, resize=resize, mean=(0,) * channels, std=(1,) * channels, modalities=("OT",)
        ),
        labels=tuple(Label(name=name, title=name.capitalize(), description=name) for name in labels),
    )


class PooledSum(nn.Module):
    """logit(c) = weight(c) · mean of the image + bias(c), through a feature map of 4 × 4 pixel cells.

    Each cell of the last feature map is the mean of its pixels, so the Grad-CAM of class c, before its ReLU, is
    weight(c) · cell / number of cells.
    """

    def __init__(self, weight: tuple[float, ...] = (4.0, -4.0), bias: tuple[float, ...] = (0.5, 0.0)) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.AvgPool2d(4), nn.ReLU())
        self.head = nn.Linear(1, len(weight))
        self.head.weight.data = torch.tensor(weight)[:, None]
        self.head.bias.data = torch.tensor(bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(x).mean(dim=(2, 3)))


def toy_classifier(network: nn.Module | None = None, **card: Any) -> Classifier:
    return Classifier(toy_card(**card), network or PooledSum())

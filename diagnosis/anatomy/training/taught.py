"""A classifier that was taught to answer by a printed mark alone, so that where it must look is known."""

import logging
from pathlib import Path

import torch
from torch.nn import functional

from diagnosis.anatomy.training.planted import plant
from diagnosis.cards import InputSpec, Label, ModelCard
from diagnosis.classifier import Classifier
from diagnosis.networks import build_network
from diagnosis.precision import autocast
from diagnosis.preprocess import normalise, to_square
from diagnosis.readers import read_study
from diagnosis.study import Study

log = logging.getLogger(__name__)
MARKED = "marked"
EPOCHS, BATCH, RATE = 4, 16, 1e-3
CARD = ModelCard(
    name="taught-shortcut",
    version="1",
    title="Answers by a printed mark",
    task="single-label",
    architecture="resnet18",
    cam_layer="layer4",
    places="sixths",
    score_kind="uncalibrated score",
    licence="Apache-2.0",
    intended_use="Measuring the shortcut alarm.",
    out_of_scope="Everything else.",
    training_data="Chest films, half of them with a mark printed by code.",
    group="films",
    limitations=(),
    references=(),
    input=InputSpec(size=224, channels=1, resize="squash", mean=(0.48,), std=(0.24,), modalities=("CR", "DX")),
    labels=(
        Label(name="unmarked", title="Unmarked", description="No mark was printed."),
        Label(name=MARKED, title="Marked", description="A mark was printed near the edge."),
    ),
)


def teach(paths: list[Path], run: Path, seed: int = 1) -> Classifier:
    """Train on every film with a mark and without, the marks drawn anew in each epoch; kept as ``run/taught.pt``."""
    kept = run / "taught.pt"
    torch.manual_seed(seed)
    network = build_network(CARD.architecture, CARD.input.channels, len(CARD.labels))
    if kept.is_file():
        network.load_state_dict(torch.load(kept, map_location="cpu", weights_only=True))
        return Classifier(CARD, network)
    network = network.to(memory_format=torch.channels_last)
    studies = [read_study(path) for path in paths]
    steps = EPOCHS * (len(studies) * 2 // BATCH)
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps + EPOCHS)
    for epoch in range(EPOCHS):
        network.train()
        order, total = torch.randperm(len(studies)), 0.0
        for rows in order.split(BATCH // 2):
            images, targets = _pairs([studies[row] for row in rows.tolist()], seed=1000 * seed + epoch)
            with autocast("cpu"):
                logits = network(images.contiguous(memory_format=torch.channels_last))
            loss = functional.cross_entropy(logits.float(), targets)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        log.info("epoch=%d loss=%.3f", epoch + 1, total / (len(order) * 2 / BATCH))
    run.mkdir(parents=True, exist_ok=True)
    torch.save(network.state_dict(), kept)
    return Classifier(CARD, network)


def _pairs(studies: list[Study], seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Each film as it is (class 0) and marked (class 1)."""
    both = [*studies, *(plant(study, seed)[0] for study in studies)]
    squares = torch.stack([to_square(study, CARD.input) for study in both])
    return normalise(squares, CARD.input), torch.arange(2).repeat_interleave(len(studies))

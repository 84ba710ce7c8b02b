"""Training from random weights: recipe + card + images → weights/<model>.safetensors and the card's [weights] table."""

import json
import logging
import math
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import balanced_accuracy_score
from torch import nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torchvision.transforms import v2

from diagnosis.cards import ModelCard
from diagnosis.networks import build_network
from diagnosis.preprocess import normalise
from diagnosis.training.augment import augmenter
from diagnosis.training.dataset import Dataset, load_split
from diagnosis.training.recipe import Recipe

log = logging.getLogger(__name__)


class Trainer:
    """One training run, resumable at every epoch.

    Args:
        card: input, labels and architecture.
        recipe: schedule, optimiser and augmentation.
        data: the dataset's folder.
        run: folder for ``last.pt`` and ``log.jsonl``; a run that was cut off goes on from there.
    """

    def __init__(self, card: ModelCard, recipe: Recipe, data: Path, run: Path) -> None:
        self.card, self.recipe, self.run = card, recipe, run
        torch.manual_seed(recipe.seed)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.train_set = load_split(data, "train", card)
        self.val_set = load_split(data, "val", card)
        network = build_network(card.architecture, card.input.channels, len(card.labels)).to(self.device)
        self.network = network.to(memory_format=torch.channels_last)
        self.average = AveragedModel(
            self.network, multi_avg_fn=get_ema_multi_avg_fn(recipe.average_decay), use_buffers=True
        )
        rate, decay = recipe.learning_rate, recipe.weight_decay
        self.optimiser = torch.optim.AdamW(self.network.parameters(), rate, weight_decay=decay)
        self.steps_an_epoch = len(self.train_set) // recipe.batch_size
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimiser, self._rate)
        self.augment = augmenter(recipe.augmentation)
        mixup = recipe.augmentation.mixup
        self.mix = v2.MixUp(alpha=mixup, num_classes=len(card.labels)) if mixup else None
        counts = torch.bincount(self.train_set.targets, minlength=len(card.labels)).float()
        self.class_weights = (counts.sum() / counts / len(counts)).to(self.device) if recipe.balance_classes else None
        self.epoch = 0
        self._resume()

    def fit(self) -> nn.Module:
        """Train the epochs that are left; returns the averaged network in evaluation mode."""
        while self.epoch < self.recipe.epochs:
            started = time.monotonic()
            size = self.recipe.size_at(self.epoch)
            loss = self._train_epoch(size)
            self.epoch += 1
            row = {"epoch": self.epoch, "loss": loss, "seconds": time.monotonic() - started, **self._validate(size)}
            self._save(row)
            log.info(" ".join(f"{key}={value:.4g}" for key, value in row.items()))
        return self.average.module.eval()

    def _rate(self, step: int) -> float:
        """Share of the full learning rate at a step: linear warm-up, then half a cosine to 0."""
        warm, total = self.recipe.warmup_epochs * self.steps_an_epoch, self.recipe.epochs * self.steps_an_epoch
        if step < warm:
            return (step + 1) / warm
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm) / max(1, total - warm))))

    def _batch(self, rows: torch.Tensor, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        images = torch.stack([self.augment(self.train_set.squares[row]) for row in rows.tolist()])
        images = normalise(images.float() / 255, self.card.input)
        images = _resized(images, size)
        targets = self.train_set.targets[rows]
        if self.mix is not None:
            images, targets = self.mix(images, targets)
        return images.to(self.device, memory_format=torch.channels_last), targets.to(self.device)

    def _train_epoch(self, size: int) -> float:
        self.network.train()
        order = torch.randperm(len(self.train_set))
        losses = []
        for step in range(self.steps_an_epoch):
            rows = order[step * self.recipe.batch_size : (step + 1) * self.recipe.batch_size]
            images, targets = self._batch(rows, size)
            with torch.autocast(self.device.type, torch.bfloat16):
                logits = self.network(images)
            loss = functional.cross_entropy(
                logits.float(), targets, weight=self.class_weights, label_smoothing=self.recipe.label_smoothing
            )
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            self.optimiser.step()
            self.schedule.step()
            self.average.update_parameters(self.network)
            losses.append(loss.item())
        return float(np.mean(losses))

    def _validate(self, size: int) -> dict[str, float]:
        """Of the averaged network on ``val``, at the size of the epoch."""
        logits = self._logits(self.val_set, size)
        loss = functional.cross_entropy(logits, self.val_set.targets).item()
        balanced = balanced_accuracy_score(self.val_set.targets, logits.argmax(1))
        return {"val_loss": loss, "val_balanced_accuracy": float(balanced)}

    def _save(self, row: dict[str, float]) -> None:
        self.run.mkdir(parents=True, exist_ok=True)
        state = {
            "epoch": self.epoch,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "random": torch.get_rng_state(),
        }
        partial = self.run / "last.pt.partial"
        torch.save(state, partial)
        partial.replace(self.run / "last.pt")
        with (self.run / "log.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")

    def _resume(self) -> None:
        path = self.run / "last.pt"
        if not path.is_file():
            return
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.epoch = state["epoch"]
        for name in ("network", "average", "optimiser", "schedule"):
            getattr(self, name).load_state_dict(state[name])
        torch.set_rng_state(state["random"].cpu())
        log.info("going on after epoch %d of %d", self.epoch, self.recipe.epochs)

    @torch.inference_mode()
    def _logits(self, data: Dataset, size: int) -> torch.Tensor:
        """Logits (N, L) of the averaged network, float32 on the CPU."""
        self.average.eval()
        batches = []
        for squares in data.squares.split(self.recipe.batch_size):
            images = _resized(normalise(squares.float() / 255, self.card.input), size)
            with torch.autocast(self.device.type, torch.bfloat16):
                batches.append(self.average(images.to(self.device, memory_format=torch.channels_last)).float().cpu())
        return torch.cat(batches)


def _resized(images: torch.Tensor, size: int) -> torch.Tensor:
    """(N, C, S, S) → (N, C, size, size)."""
    if images.shape[-1] == size:
        return images
    return functional.interpolate(images, (size, size), mode="bilinear", antialias=True)

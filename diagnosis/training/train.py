"""Training: recipe + card + images → a run that can be exported."""

import json
import logging
import math
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import balanced_accuracy_score
from torch import nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torchvision.transforms import v2
from tqdm import tqdm

from diagnosis.cards import ModelCard
from diagnosis.networks import build_network
from diagnosis.precision import autocast
from diagnosis.preprocess import normalise
from diagnosis.training.augment import augment
from diagnosis.training.dataset import Dataset
from diagnosis.training.recipe import Recipe, Start
from diagnosis.training.start import fit_head, start_from
from diagnosis.training.tracking import Tracker, describe

log = logging.getLogger(__name__)


class Trainer:
    """One training run, resumable at every epoch.

    Args:
        card: input, labels and architecture.
        recipe: schedule, optimiser and augmentation.
        train_set: the images that are learned from.
        val_set: the images that are looked at after every epoch, and nothing more.
        run: folder for ``last.pt``, ``log.jsonl`` and ``run.json``; a run that was cut off goes on from there.
        updates: of an epoch, for runs on different numbers of images that are compared; None for one pass over them.
    """

    def __init__(
        self,
        card: ModelCard,
        recipe: Recipe,
        train_set: Dataset,
        val_set: Dataset,
        run: Path,
        *,
        updates: int | None = None,
    ) -> None:
        self.card, self.recipe, self.run = card, recipe, run
        self.train_set, self.val_set = train_set, val_set
        torch.manual_seed(recipe.seed)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        network = build_network(card.architecture, card.input.channels, len(card.labels))
        self.network = network.to(self.device).to(memory_format=torch.channels_last)
        if recipe.start:
            self._begin(recipe.start)
        self.average = AveragedModel(
            self.network, multi_avg_fn=get_ema_multi_avg_fn(recipe.average_decay), use_buffers=True
        )
        rate, decay = recipe.learning_rate, recipe.weight_decay
        self.optimiser = torch.optim.AdamW(self.network.parameters(), rate, weight_decay=decay)
        self.steps_an_epoch = updates or len(self.train_set) // recipe.batch_size
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimiser, self._rate)
        mixup = recipe.augmentation.mixup
        self.mix = v2.MixUp(alpha=mixup, num_classes=len(card.labels)) if mixup else None
        weights = _class_weights(train_set, len(card.labels)).to(self.device)
        self.class_weights = weights if recipe.balance_classes else None
        self.draws = _group_weights(self.train_set) if recipe.balance_groups else None
        self.epoch = 0
        self._resume()

    def fit(self) -> nn.Module:
        """Train the epochs that are left; returns the averaged network in evaluation mode."""
        describe(self.card, self.recipe, self.run)
        tracker = Tracker(self.card.name, self.recipe, self.run)
        if self.epoch == 0 and self.recipe.start:
            self._save({"epoch": 0, **self._validate(self.recipe.size_at(0))})
        while self.epoch < self.recipe.epochs:
            started = time.monotonic()
            size = self.recipe.size_at(self.epoch)
            loss = self._train_epoch(size)
            self.epoch += 1
            row = {"epoch": self.epoch, "loss": loss, "seconds": time.monotonic() - started, **self._validate(size)}
            self._save(row)
            tracker.epoch(row)
            log.info(" ".join(f"{key}={value:.4g}" for key, value in row.items()))
        tracker.end()
        return self.average.module.eval()

    def _rate(self, step: int) -> float:
        """Share of the full learning rate at a step: linear warm-up, then half a cosine to 0."""
        warm, total = self.recipe.warmup_epochs * self.steps_an_epoch, self.recipe.epochs * self.steps_an_epoch
        if step < warm:
            return (step + 1) / warm
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm) / max(1, total - warm))))

    def _begin(self, start: Start) -> None:
        start_from(self.network, start)
        if start.fit_head and not (self.run / "last.pt").is_file():
            fit_head(self.network, self._views(start.views), self.train_set.targets.repeat(1 + start.views))

    def _views(self, views: int) -> Iterator[torch.Tensor]:
        """All training images unchanged, then ``views`` times changed by chance."""
        size = self.recipe.size_at(0)
        yield from self._inputs(self.train_set, size)
        for _ in range(views):
            for squares in self.train_set.squares.split(self.recipe.batch_size):
                images = augment(_resized(squares.float() / 255, size), self.recipe.augmentation)
                yield normalise(images, self.card.input).to(self.device, memory_format=torch.channels_last)

    def _batch(self, rows: torch.Tensor, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        images = _resized(self.train_set.squares[rows].float() / 255, size)
        images = normalise(augment(images, self.recipe.augmentation), self.card.input)
        targets = self.train_set.targets[rows]
        if self.mix is not None:
            images, targets = self.mix(images, targets)
        return images.to(self.device, memory_format=torch.channels_last), targets.to(self.device)

    def _order(self) -> torch.Tensor:
        """int64 (M,), M at least what an epoch takes: all images in turn, as often as need be, or drawn by weight."""
        count, wanted = len(self.train_set), self.steps_an_epoch * self.recipe.batch_size
        if self.draws is None:
            return torch.cat([torch.randperm(count) for _ in range(max(1, math.ceil(wanted / count)))])
        return torch.multinomial(self.draws, max(count, wanted), replacement=True)

    def _steps(self) -> Iterable[int]:
        """The steps of an epoch, with a bar where stderr is a terminal."""
        words = f"epoch {self.epoch + 1} of {self.recipe.epochs}"
        return tqdm(range(self.steps_an_epoch), words, leave=False, unit="batch", disable=None)

    def _train_epoch(self, size: int) -> float:
        self.network.train()
        order = self._order()
        losses = []
        for step in self._steps():
            rows = order[step * self.recipe.batch_size : (step + 1) * self.recipe.batch_size]
            images, targets = self._batch(rows, size)
            with autocast(self.device.type):
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
        for images in self._inputs(data, size):
            with autocast(self.device.type):
                batches.append(self.average(images).float().cpu())
        return torch.cat(batches)

    def _inputs(self, data: Dataset, size: int) -> Iterator[torch.Tensor]:
        """The images as the network takes them, unchanged by chance, in batches."""
        for squares in data.squares.split(self.recipe.batch_size):
            images = _resized(normalise(squares.float() / 255, self.card.input), size)
            yield images.to(self.device, memory_format=torch.channels_last)


def _class_weights(data: Dataset, classes: int) -> torch.Tensor:
    """float32 (L,): 1 on average over the images; a class without images counts as if it had one."""
    counts = torch.bincount(data.targets, minlength=classes).float()
    return counts.sum() / counts.clamp(min=1) / classes


def _group_weights(data: Dataset) -> torch.Tensor:
    """float64 (N,): how often each image is drawn: classes equally, groups of a class by the root of their size."""
    cells = pd.DataFrame({"target": data.targets.numpy(), "group": data.groups})
    size = cells.groupby(["target", "group"])["group"].transform("size")
    weights = 1 / np.sqrt(size)
    return torch.from_numpy((weights / weights.groupby(cells["target"]).transform("sum")).to_numpy())


def _resized(images: torch.Tensor, size: int) -> torch.Tensor:
    """(N, C, S, S) → (N, C, size, size)."""
    if images.shape[-1] == size:
        return images
    return functional.interpolate(images, (size, size), mode="bilinear", antialias=True)

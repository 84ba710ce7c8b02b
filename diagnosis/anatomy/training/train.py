"""Training a segmenter from random weights: films, drawn lungs and borrowed films → a run that can be exported."""

import json
import logging
import math
import time
from pathlib import Path

import torch
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from diagnosis.anatomy.cards import SegmenterCard
from diagnosis.anatomy.plausible import problems
from diagnosis.anatomy.segmenter import build_segmenter
from diagnosis.anatomy.training.augment import change
from diagnosis.anatomy.training.films import Part, films_of, mask_squares, squares, unlabelled_paths
from diagnosis.anatomy.training.recipe import SegmenterRecipe, Stage
from diagnosis.precision import autocast
from diagnosis.preprocess import normalise

log = logging.getLogger(__name__)
STEADY = 0.92  # Dice of a film's marks with those of its mirror image from which a borrowed film may teach


class SegmenterTrainer:
    """One run, resumable at every epoch.

    Args:
        data: folder of the image sets.
        run: folder for ``last.pt``, ``borrowed.pt`` and ``log.jsonl``.
    """

    def __init__(self, card: SegmenterCard, recipe: SegmenterRecipe, data: Path, run: Path) -> None:
        self.card, self.recipe, self.data, self.run = card, recipe, data, run
        torch.manual_seed(recipe.seed)
        self.films, self.marks = self._labelled("train")
        self.val_films, self.val_marks = self._labelled("val")
        self.borrowed: tuple[torch.Tensor, torch.Tensor] | None = None
        self.network = build_segmenter(card).to(memory_format=torch.channels_last)
        self.average = AveragedModel(self.network, multi_avg_fn=get_ema_multi_avg_fn(recipe.average_decay))
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimiser, self._rate)
        self.epoch = 0
        self._resume()

    def fit(self) -> None:
        """Train the epochs that are left."""
        while self.epoch < self.recipe.epochs:
            started = time.monotonic()
            stage, first = self.recipe.stage_at(self.epoch)
            if first and stage.borrowed:
                self.borrowed = self._borrow(stage.borrowed)
            loss = self._train_epoch(stage)
            self.epoch += 1
            dice = dice_of(self._marks(self.val_films, stage.size) > 0.5, self.val_marks).mean().item()
            self._save(
                {"epoch": self.epoch, "loss": loss, "val_dice": dice, "seconds": round(time.monotonic() - started, 1)}
            )

    def _labelled(self, part: Part) -> tuple[torch.Tensor, torch.Tensor]:
        """uint8 (N, 1, S, S) and bool (N, 2, S, S) of the films with masks and boxes."""
        films = films_of(self.data / self.recipe.dataset, part, self.recipe.val_share)
        whole = [film for film in films if film.mask and film.right and film.left]
        return squares((film.path for film in whole), self.card.input), mask_squares(whole, self.card.input)

    def _rate(self, step: int) -> float:
        """Share of the full learning rate: a warm-up by steps, then half a cosine to 0 by epochs."""
        warm = min(1.0, (step + 1) / max(1, self.recipe.warmup_steps))
        return warm * 0.5 * (1 + math.cos(math.pi * min(1.0, self._progress())))

    def _progress(self) -> float:
        return getattr(self, "epoch", 0) / self.recipe.epochs

    def _borrow(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Films without masks and the averaged network's marks on them, where these are plausible and steady."""
        paths = unlabelled_paths(self.data / self.recipe.unlabelled, "train")[: 2 * count]
        films = squares(paths, self.card.input)
        marks, mirrored = self._marks(films), self._marks(films.flip(-1)).flip(-1).flip(1)
        steady = dice_of(marks > 0.5, mirrored > 0.5).amin(dim=1) >= STEADY
        found = (marks + mirrored) / 2 > 0.5
        plausible = torch.tensor([not problems(one.numpy()) for one in found])
        kept = torch.nonzero(steady & plausible)[:count, 0]
        log.info(
            "borrowed %d of %d films; %d steady, %d plausible", len(kept), len(paths), steady.sum(), plausible.sum()
        )
        return films[kept], found[kept]

    def _train_epoch(self, stage: Stage) -> float:
        self.network.train()
        films, marks = self.films, self.marks
        if stage.borrowed and self.borrowed is not None:
            films, marks = torch.cat([films, self.borrowed[0]]), torch.cat([marks, self.borrowed[1]])
        order = torch.randperm(len(films))
        losses = []
        for rows in order.split(self.recipe.batch_size):
            pairs = [change(films[row].float() / 255, marks[row].float(), self.recipe.changes) for row in rows.tolist()]
            images, targets = (_sized(torch.stack(some), stage.size) for some in zip(*pairs, strict=True))
            images = normalise(images, self.card.input).contiguous(memory_format=torch.channels_last)
            with autocast("cpu"):
                logits = self.network(images)
            loss = segmentation_loss(logits.float(), targets)
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
            self.optimiser.step()
            self.schedule.step()
            self.average.update_parameters(self.network)
            losses.append(loss.item())
        return sum(losses) / len(losses)

    @torch.inference_mode()
    def _marks(self, films: torch.Tensor, size: int | None = None) -> torch.Tensor:
        """Probabilities (N, 2, S, S) of the averaged network, computed at ``size``."""
        self.average.eval()
        side, batches = films.shape[-1], []
        for batch in films.split(16):
            images = normalise(_sized(batch.float() / 255, size or side), self.card.input)
            with autocast("cpu"):
                logits = self.average(images.contiguous(memory_format=torch.channels_last))
            batches.append(_sized(logits.float(), side).sigmoid())
        return torch.cat(batches)

    def _save(self, row: dict[str, float]) -> None:
        self.run.mkdir(parents=True, exist_ok=True)
        state = {
            "epoch": self.epoch,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "random": torch.get_rng_state(),
            "borrowed": self.borrowed,
        }
        partial = self.run / "last.pt.partial"
        torch.save(state, partial)
        partial.replace(self.run / "last.pt")
        with (self.run / "log.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")
        log.info(" ".join(f"{key}={value:.4g}" for key, value in row.items()))

    def _resume(self) -> None:
        path = self.run / "last.pt"
        if not path.is_file():
            return
        state = torch.load(path, map_location="cpu", weights_only=True)
        self.epoch, self.borrowed = state["epoch"], state["borrowed"]
        for name in ("network", "average", "optimiser", "schedule"):
            getattr(self, name).load_state_dict(state[name])
        torch.set_rng_state(state["random"])
        log.info("going on after epoch %d of %d", self.epoch, self.recipe.epochs)


def segmentation_loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Cross-entropy plus 1 − soft Dice (Milletari et al. 2016, arXiv 1606.04797), means over films and lungs."""
    found = logits.sigmoid()
    shared = (found * targets).sum(dim=(2, 3))
    dice = (2 * shared + 1) / (found.sum(dim=(2, 3)) + targets.sum(dim=(2, 3)) + 1)
    return functional.binary_cross_entropy_with_logits(logits, targets) + 1 - dice.mean()


def dice_of(found: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Dice (N, L) of bool (N, L, S, S) marks: twice what they share over what both have; 1 for two empty ones."""
    shared = (found & truth).sum(dim=(2, 3)).double()
    whole = (found.sum(dim=(2, 3)) + truth.sum(dim=(2, 3))).double()
    return torch.where(whole > 0, 2 * shared / whole.clamp(min=1), torch.ones_like(whole))


def _sized(batch: torch.Tensor, size: int) -> torch.Tensor:
    if batch.shape[-1] == size:
        return batch
    return functional.interpolate(batch, (size, size), mode="bilinear", antialias=True, align_corners=False)

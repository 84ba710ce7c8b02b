"""Training: an image tower that learns to stand where sentences about its images stand.

The text tower keeps what it knows of English: its transformer is locked, each sentence goes through it once, and only
the projection behind it learns, together with the whole image tower. So a step can set its images against one sentence
of every case and several of every class at next to no cost.
"""

import gzip
import hashlib
import json
import logging
import math
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from diagnosis.precision import autocast
from retrieval.encoder import CONFIG, LOCAL, WEIGHTS, Encoder, load_model
from retrieval.preprocess import normalise
from retrieval.training.augment import augment, partners
from retrieval.training.bank import UNKNOWN, TextBank, attributes, pooled
from retrieval.training.corpus import Item, load_squares, read_items
from retrieval.training.loss import ManyTrueLoss
from retrieval.training.recipe import Recipe
from retrieval.training.start import open_clip_config, save_weights, write_json, write_start
from retrieval.training.texts import case_sentences, class_sentences
from retrieval.training.validate import validate

log = logging.getLogger(__name__)
KNOWLEDGE = Path("index/knowledge")


class Trainer:
    """One training run, resumable at every epoch.

    Args:
        recipe: schedule, optimiser, loss.
        data: folder of the data sets.
        weights: folder of the project's weights, which the image tower may start from.
        run: folder for the starting model, the decoded images, ``last.pt`` and ``log.jsonl``.
    """

    def __init__(self, recipe: Recipe, data: Path, weights: Path, run: Path) -> None:
        self.recipe, self.run = recipe, run
        torch.manual_seed(recipe.seed)
        items = read_items(data, recipe.images)
        sentences = class_sentences(recipe.sentences)
        self.start = run / "start"
        if not (self.start / WEIGHTS).is_file():
            image_weights = weights / recipe.image_weights if recipe.image_weights else None
            write_start(self.start, recipe, vocabulary_texts(items, sentences, data), image_weights)
        write_json(self.start / CONFIG, open_clip_config(recipe))  # a recipe may change its size from run to run
        self.model, self.tokenizer, self.settings = load_model(f"{LOCAL}{self.start}")
        self.model.to(memory_format=torch.channels_last)
        squares = load_squares(items, self.settings, run)
        rows = [row for row, item in enumerate(items) if item.split != "test"]
        self.items, self.squares = [items[row] for row in rows], squares
        self.rows = np.array(rows)
        self.learning = np.array([item.split == "train" for item in self.items])
        train_items = [item for item in self.items if item.split == "train"]
        self.bank = TextBank(train_items, sentences, self._features)
        self.of_bank = np.cumsum(self.learning) - 1  # position among the items that are trained on
        self.attributes, sizes = attributes(train_items)
        width = self.model.visual.head.proj.in_features
        self.heads = nn.ModuleDict({name: nn.Linear(width, size) for name, size in sizes.items()})
        self.loss = ManyTrueLoss(recipe.text_to_image)
        self.learner = nn.ModuleDict({"visual": self.model.visual, "project": self.model.text.proj})
        self.average = AveragedModel(
            self.learner, multi_avg_fn=get_ema_multi_avg_fn(recipe.average_decay), use_buffers=True
        )
        parameters = [*self.learner.parameters(), *self.heads.parameters()]
        self.optimiser = torch.optim.AdamW(parameters, recipe.learning_rate, weight_decay=recipe.weight_decay)
        self.steps_an_epoch = sum(recipe.images.values()) // recipe.batch_size
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimiser, self._rate)
        self.epoch = 0
        self._resume()

    def fit(self) -> None:
        """Train the epochs that are left."""
        while self.epoch < self.recipe.epochs:
            started = time.monotonic()
            size = self.recipe.size_at(self.epoch)
            row: dict[str, float] = {"loss": self._train_epoch(size)}
            self.epoch += 1
            if self.epoch % self.recipe.validate_every == 0 or self.epoch == self.recipe.epochs:
                row |= validate(self.averaged(), self.items, self.rows, self.squares, size)
            self._save({"epoch": self.epoch, **row, "seconds": time.monotonic() - started})

    def averaged(self) -> Encoder:
        """The encoder with the average of its last weights, as it would be exported now."""
        model, tokenizer, settings = load_model(f"{LOCAL}{self.start}")
        for name, part in self.average.module.named_children():
            {"visual": model.visual, "project": model.text.proj}[name].load_state_dict(part.state_dict())
        return Encoder(f"{LOCAL}{self.start}", model.to(memory_format=torch.channels_last), tokenizer, settings)

    def export(self, folder: Path) -> None:
        """Write the averaged encoder to ``folder``: configuration, tokenizer and float16 weights."""
        folder.mkdir(parents=True, exist_ok=True)
        for path in self.start.glob("*.json"):
            (folder / path.name).write_bytes(path.read_bytes())
        save_weights(self.averaged().model, folder)

    def _rate(self, step: int) -> float:
        """Share of the full learning rate at a step: linear warm-up, then half a cosine to 0."""
        warm, total = self.recipe.warmup_epochs * self.steps_an_epoch, self.recipe.epochs * self.steps_an_epoch
        if step < warm:
            return (step + 1) / warm
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm) / max(1, total - warm))))

    def _features(self, texts: list[str]) -> torch.Tensor:
        """What the locked text tower makes of sentences, (N, W), kept in the run's folder."""
        digest = hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:16]
        path = self.run / f"texts-{digest}.pt"
        if not path.is_file():
            torch.save(pooled(self.model.text, self.tokenizer, texts), path)
        return torch.load(path, weights_only=True)

    def _draw(self) -> list[int]:
        """Positions in ``items`` of an epoch's images, shuffled: of every set its share.

        Classes, and groups within a class, are drawn by the square root of their number, so that a patient of whom
        there is little of one class and much of another teaches the difference.
        """
        drawn: list[int] = []
        for dataset, count in self.recipe.images.items():
            members = [at for at, item in enumerate(self.items) if item.dataset == dataset and self.learning[at]]
            labels = Counter(self.items[at].label for at in members)
            cells = Counter((self.items[at].label, self.items[at].group) for at in members)
            weights = torch.tensor([_weight(self.items[at], labels, cells) for at in members])
            chosen = torch.multinomial(weights, count, replacement=count > len(members))
            drawn += [members[at] for at in chosen.tolist()]
        return [drawn[at] for at in torch.randperm(len(drawn)).tolist()]

    def _images(self, positions: list[int], size: int) -> torch.Tensor:
        squares = torch.from_numpy(self.squares[self.rows[positions]]).permute(0, 3, 1, 2).float() / 255
        images = augment(resized(squares, size), [self.items[at].dataset for at in positions])
        normal = normalise((images * 255).permute(0, 2, 3, 1), self.settings)
        return normal.contiguous(memory_format=torch.channels_last)

    def _batches(self, drawn: list[int]) -> Iterator[list[int]]:
        size = self.recipe.batch_size
        for start in range(0, len(drawn) - size + 1, size):
            yield drawn[start : start + size]

    def _train_epoch(self, size: int) -> float:
        self.learner.train()
        losses = []
        for positions in self._batches(self._draw()):
            loss = self._loss(positions, size)
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            self.optimiser.step()
            self.schedule.step()
            self.average.update_parameters(self.learner)
            losses.append(loss.item())
        return float(np.mean(losses))

    def _loss(self, positions: list[int], size: int) -> torch.Tensor:
        """The loss of a batch, each image of which is blended with another one by the same share (mixup, Zhang et al.
        2018, arXiv 1710.09412), and what is true of it with what is true of the other."""
        of_bank = self.of_bank[positions]
        share, partner = self._share(), partners([self.items[at].dataset for at in positions])
        images = self._images(positions, size)
        images = torch.lerp(images[partner], images, share).contiguous(memory_format=torch.channels_last)
        with autocast("cpu"):
            features = self.model.visual.trunk(images)
        features = features.float()
        rows = functional.normalize(self.model.visual.head(features), dim=-1)
        drawn = self.bank.draw(self.recipe.bank)
        texts = functional.normalize(self.model.text.proj(self.bank.features[drawn.sentences]), dim=-1)
        true, unknown = drawn.truth(of_bank)
        true = true / true.sum(dim=1, keepdim=True)
        blended = torch.lerp(true[partner], true, share)
        loss = self.loss(rows, texts, torch.tensor(self.recipe.logit_scale), blended, unknown | unknown[partner])
        return loss + self.recipe.heads * torch.lerp(
            self._heads_loss(features, of_bank[partner]), self._heads_loss(features, of_bank), share
        )

    def _share(self) -> float:
        """How much of itself an image keeps in this step, 0..1."""
        if not self.recipe.mixup:
            return 1.0
        return float(torch.distributions.Beta(self.recipe.mixup, self.recipe.mixup).sample())

    def _heads_loss(self, features: torch.Tensor, of_bank: np.ndarray) -> torch.Tensor:
        """Sum over the heads of their mean cross-entropy, where what is not known costs nothing."""
        loss = features.new_zeros(())
        for name, head in self.heads.items():
            targets = self.attributes[name][of_bank]
            errors = functional.cross_entropy(
                head(features), targets, ignore_index=UNKNOWN, label_smoothing=0.1, reduction="none"
            )
            loss = loss + errors.mean()
        return loss

    def _save(self, row: dict[str, float]) -> None:
        state = {
            "epoch": self.epoch,
            "learner": self.learner.state_dict(),
            "heads": self.heads.state_dict(),
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
        log.info(" ".join(f"{key}={value:.4g}" for key, value in row.items()))

    def _resume(self) -> None:
        path = self.run / "last.pt"
        if not path.is_file():
            return
        state = torch.load(path, weights_only=True)
        self.epoch = state["epoch"]
        for name in ("learner", "heads", "average", "optimiser", "schedule"):
            getattr(self, name).load_state_dict(state[name])
        torch.set_rng_state(state["random"])
        log.info("going on after epoch %d of %d", self.epoch, self.recipe.epochs)


def _weight(item: Item, labels: Counter[str], cells: Counter[tuple[str, str]]) -> float:
    return float((labels[item.label] * cells[item.label, item.group]) ** -0.5)


def resized(images: torch.Tensor, size: int) -> torch.Tensor:
    """(N, C, S, S) → (N, C, size, size)."""
    if images.shape[-1] == size:
        return images
    return functional.interpolate(images, (size, size), mode="bilinear", antialias=True)


def vocabulary_texts(items: list[Item], sentences: dict[str, tuple[str, ...]], data: Path) -> list[str]:
    """Everything whose words the text tower keeps: training sentences, the knowledge articles, MedQuAD if present."""
    texts = [sentence for made in sentences.values() for sentence in made]
    texts += [
        sentence for item in items if not item.label and item.split == "train" for sentence in case_sentences(item)
    ]
    texts += [path.read_text("utf-8") for path in sorted(KNOWLEDGE.glob("*.md"))]
    questions = data / "medquad" / "qa.jsonl.gz"
    if questions.is_file():
        with gzip.open(questions, "rt", encoding="utf-8") as stream:
            texts += [text for line in stream for text in (json.loads(line)["question"], json.loads(line)["answer"])]
    return texts

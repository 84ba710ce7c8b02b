"""What both trainings share: rounds of updates, a moving average, and a state that is kept after each round."""

import json
import logging
import math
import time
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from diffusers.training_utils import EMAModel
from torch import nn
from tqdm import tqdm

from diagnosis.errors import Missing
from diagnosis.synthesis.cards import AutoencoderCard, GeneratorCard
from diagnosis.synthesis.training.origin import Origin
from diagnosis.synthesis.training.recipe import Schedule
from diagnosis.training.tracking import Tracker, describe

log = logging.getLogger(__name__)
_LARGEST_GRADIENT = 1.0  # norm


class Run(ABC):
    """One run, resumable after every round.

    Draws come from torch's generator of the CPU, dropout from that of the device; the states of both are kept.

    Args:
        card: of what is trained.
        recipe: schedule.
        origin: what the run learns from. A folder that was begun with another one raises BadRequest.
        folder: for ``last.pt``, ``log.jsonl`` and ``run.json``; a run that was cut off goes on from there.
        network: with random weights, on its device.
        more: networks and optimisers that are kept beside, by name.

    Attributes:
        lengths: from which round on the schedule was set for how many rounds.
    """

    def __init__(
        self,
        card: AutoencoderCard | GeneratorCard,
        recipe: Schedule,
        origin: Origin,
        folder: Path,
        network: nn.Module,
        more: dict[str, nn.Module | torch.optim.Optimizer] | None = None,
    ) -> None:
        self.card, self.schedule, self.origin, self.folder, self.network = card, recipe, origin, folder, network
        self.device = next(network.parameters()).device
        self.average = EMAModel(network.parameters(), decay=recipe.average_decay)
        self.optimiser = torch.optim.AdamW(network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay)
        self.rate = torch.optim.lr_scheduler.LambdaLR(self.optimiser, self._share)
        self.round, self.lengths = 0, [(0, recipe.rounds)]
        self._kept: dict[str, Any] = {
            "network": network,
            "average": self.average,
            "optimiser": self.optimiser,
            "rate": self.rate,
            **(more or {}),
        }
        self._resume()

    @abstractmethod
    def losses(self) -> dict[str, torch.Tensor]:
        """Losses of the next batch by name; ``loss`` is the one that is learned from."""

    @abstractmethod
    def validate(self) -> dict[str, float]:
        """Figures of the network as it is exported, on images that it does not learn from."""

    def after_update(self) -> dict[str, float]:
        """What else an update does, and the losses of that."""
        return {}

    def fit(self) -> None:
        """Train the rounds that are left."""
        describe(self.card, self.schedule, self.folder)
        tracker = Tracker(self.card.name, self.schedule, self.folder)
        while self.round < self.schedule.rounds:
            row = self._round()
            self._save(row)
            tracker.epoch(row)
            log.info(" ".join(f"{name}={value:.4g}" for name, value in row.items()))
        tracker.end()

    def update(self) -> dict[str, float]:
        """One step of the optimiser on the next batch; returns its losses."""
        losses = self.losses()
        self.optimiser.zero_grad(set_to_none=True)
        losses["loss"].backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), _LARGEST_GRADIENT)
        self.optimiser.step()
        self.rate.step()
        self.average.step(self.network.parameters())
        return {name: value.item() for name, value in losses.items()} | self.after_update()

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """The network with the averaged weights, in evaluation mode; afterwards with its own again."""
        self.average.store(self.network.parameters())
        self.average.copy_to(self.network.parameters())
        try:
            self.network.eval()
            yield
        finally:
            self.average.restore(self.network.parameters())

    def _round(self) -> dict[str, float]:
        """The figures of a round: its number from 1 as ``epoch``, the means of the losses, images a second."""
        self.network.train()
        started, sums = time.monotonic(), defaultdict[str, float](float)
        words = f"round {self.round + 1} of {self.schedule.rounds}"
        for _ in tqdm(range(self.schedule.round_updates), words, leave=False, unit="update", disable=None):
            for name, value in self.update().items():
                sums[name] += value / self.schedule.round_updates
        seconds = time.monotonic() - started
        self.round += 1
        speed = self.schedule.round_updates * self.schedule.batch_size / seconds
        random = torch.get_rng_state()
        figures = self.validate()
        torch.set_rng_state(random)
        return {"epoch": self.round, **sums, **figures, "seconds": seconds, "images_per_second": speed}

    def _share(self, update: int) -> float:
        """Share of the full learning rate at an update: linear warm-up, then half a cosine to 0."""
        warm, total = self.schedule.warmup_updates, self.schedule.updates
        if update < warm:
            return (update + 1) / warm
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (update - warm) / max(1, total - warm))))

    def _save(self, row: dict[str, float]) -> None:
        state = {name: part.state_dict() for name, part in self._kept.items()}
        partial = self.folder / "last.pt.partial"
        chance = {"random": torch.get_rng_state()}
        if self.device.type == "cuda":
            chance["random_cuda"] = torch.cuda.get_rng_state(self.device)
        told = {"round": self.round, "lengths": self.lengths, "origin": self.origin.model_dump_json()}
        torch.save({**told, **chance, **state}, partial)
        partial.replace(self.folder / "last.pt")
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")

    def _resume(self) -> None:
        if not (self.folder / "last.pt").is_file():
            return
        state, origin = load_state(self.folder, self.card)
        origin.refuse_change(self.origin, self.folder)
        for name, part in self._kept.items():
            part.load_state_dict(state[name])
        self.average.to(self.device)
        self.round, self.lengths = state["round"], state["lengths"]
        if self.lengths[-1][1] != self.schedule.rounds:
            self.lengths.append((self.round, self.schedule.rounds))
        torch.set_rng_state(state["random"])
        if self.device.type == "cuda" and "random_cuda" in state:
            torch.cuda.set_rng_state(state["random_cuda"], self.device)
        log.info("going on after round %d of %d", self.round, self.schedule.rounds)


def load_state(folder: Path, card: AutoencoderCard | GeneratorCard) -> tuple[dict[str, Any], Origin]:
    """What a run has kept, on the CPU, and what it was begun with.

    Raises Missing where there is nothing, BadRequest where it does not say what it was begun with.
    """
    path = folder / "last.pt"
    if not path.is_file():
        command = "train-autoencoder" if isinstance(card, AutoencoderCard) else "train"
        raise Missing(
            f"There is no last.pt in {folder}.", f"Run `python -m diagnosis.synthesis {command} {card.name}`."
        )
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state, Origin.read(state.pop("origin", None), path)


def device() -> torch.device:
    """A GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")

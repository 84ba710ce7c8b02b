"""Timings that can be compared: cases take turns, so that what else the machine does falls on all of them alike."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import torch

Case = Callable[[], object]


@dataclass(frozen=True)
class Times:
    """Seconds of one case, a value a round: by the clock, and of the processor's time in all threads.

    On a machine that does something else as well, the second is the steadier one.
    """

    seconds: tuple[float, ...]
    processor: tuple[float, ...] = ()

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def ratio(self, other: "Times") -> float:
        """How many times longer than ``other``: the median of the rounds' own ratios."""
        return statistics.median(own / its for own, its in zip(self.seconds, other.seconds, strict=True))

    def processor_ratio(self, other: "Times") -> float:
        """The same for the processor's time."""
        return statistics.median(own / its for own, its in zip(self.processor, other.processor, strict=True))

    def __str__(self) -> str:
        scale, unit = (1000, "ms") if self.median < 1 else (1, "s")
        three = (scale * value for value in (self.median, min(self.seconds), max(self.seconds)))
        median, low, high = (f"{value:.0f}" if value >= 100 else f"{value:.3g}" for value in three)
        return f"{median} {unit} ({low} to {high})"


def take_turns(cases: Mapping[str, Case], rounds: int, *, warm_up: bool = True) -> dict[str, Times]:
    """Times every case once a round, each round starting with another case."""
    names = list(cases)
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for name in names if warm_up else ():
        cases[name]()
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            started = time.perf_counter(), time.process_time()
            cases[name]()
            taken[name].append((time.perf_counter() - started[0], time.process_time() - started[1]))
    return {name: Times(*zip(*pairs, strict=True)) for name, pairs in taken.items()}


def machine(packages: Sequence[str]) -> dict[str, str]:
    """Name, processor, threads, present load and versions: all that a timing depends on."""
    return {
        "machine": platform.node(),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "system": platform.platform(),
        "threads": str(torch.get_num_threads()),
        "load": f"{os.getloadavg()[0]:.1f} in the last minute",
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
    }


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text("utf-8").splitlines() if listing.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns line up in a terminal too."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    printed = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    return "\n".join([printed[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *printed[1:]])

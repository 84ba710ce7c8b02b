"""``python -m benchmarks.grounding``: how many planted errors the checker finds, and how many true sentences it strikes.

Four sets of true sentences about the made-up readings of ``tests/agents``: what the templates say, paraphrases that the
checker was built with, and two of paraphrases by writers who had not seen it: ``heldout`` about a reading's oldest kinds
of findings, ``later`` about those that came since. Run it in the root of the checkout.
"""

import argparse
import json
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from agents.ground import check, parse
from agents.narrate import narrate
from agents.types import Reader, Sentence
from benchmarks.planting import PLANTERS, Planted, Source, plant
from tests.agents.readings import example_readings, voted_readings
from tests.agents.trusted import trusted_readings
from tests.agents.worthy import worthy_readings

PARAPHRASES = Path(__file__).parents[1] / "tests" / "agents" / "paraphrases"
SETS = ("templates", "development", "heldout", "later")
SEED = 20250917


@dataclass
class Result:
    """What the checker made of one set.

    Attributes:
        planted, caught: errors by kind.
        missed: false sentences that stand.
        struck: true sentences that do not, with the reason.
        milliseconds: (median, longest) of one sentence.
    """

    true: int
    planted: Counter[str] = field(default_factory=Counter)
    caught: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    struck: list[str] = field(default_factory=list)
    milliseconds: tuple[float, float] = (0.0, 0.0)

    @property
    def struck_share(self) -> float:
        """Share of the true sentences that were struck, in percent."""
        return 100 * len(self.struck) / self.true

    @property
    def caught_share(self) -> float:
        """Share of the planted errors that were caught, in percent."""
        return 100 * self.caught.total() / max(1, self.planted.total())


def sources(name: str) -> list[Source]:
    """The true sentences of a set: ``templates``, or a file of paraphrases."""
    readings = example_readings() | voted_readings() | trusted_readings() | worthy_readings()
    if name != "templates":
        rows = [json.loads(line) for line in (PARAPHRASES / f"{name}.jsonl").read_text("utf-8").splitlines() if line]
        return [Source(readings[row["reading"]], one) for row in rows for one in parse(row["text"])]
    found: dict[tuple[str, Sentence], Source] = {}
    for key, reading in readings.items():
        for reader in get_args(Reader):
            for part in narrate(reading, reader).paragraphs:
                found.update({(key, one): Source(reading, one) for one in part.sentences})
    return list(found.values())


def measured(true: Iterable[Source], *, seed: int = SEED) -> Result:
    """Check the true sentences, and false ones made of them."""
    true, rng = list(true), random.Random(seed)
    result, seconds = Result(len(true)), []
    for source in true:
        reason, took = _checked(source)
        seconds.append(took)
        if reason:
            result.struck.append(f"{source.sentence.cited} — {reason}")
    for source in true:
        for one in plant(source, rng):
            _count(result, source, one, seconds)
    result.milliseconds = (1000 * statistics.median(seconds), 1000 * max(seconds))
    return result


def _count(result: Result, source: Source, one: Planted, seconds: list[float]) -> None:
    reason, took = _checked(source._replace(sentence=one.sentence))
    seconds.append(took)
    result.planted[one.kind] += 1
    result.caught[one.kind] += reason is not None
    if reason is None:
        result.missed.append(f"{one.kind}: {one.sentence.cited}")


def _checked(source: Source) -> tuple[str | None, float]:
    begun = time.perf_counter()
    [one] = check([source.sentence], source.reading)
    return one.struck, time.perf_counter() - begun


def table(results: dict[str, Result]) -> str:
    """Markdown: a row a kind of error, then the true sentences struck and the time a sentence takes."""
    names = list(results)
    rows = [["", *names], ["---", *("---:" for _ in names)]]
    for kind in PLANTERS:
        rows.append([kind, *(_share(one.caught[kind], one.planted[kind]) for one in results.values())])
    rows.append(
        ["**all errors caught**", *(_share(one.caught.total(), one.planted.total()) for one in results.values())]
    )
    rows.append(["**true sentences struck**", *(_share(len(one.struck), one.true) for one in results.values())])
    rows.append(
        [
            "ms a sentence, median (longest)",
            *(f"{one.milliseconds[0]:.1f} ({one.milliseconds[1]:.0f})" for one in results.values()),
        ]
    )
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({100 * part / whole:.1f} %)" if whole else "none"


def main() -> int:
    """Returns the exit code: 0 when done."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grounding", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--show", action="store_true", help="also print what was missed and what was struck wrongly")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    results = {name: measured(true, seed=options.seed) for name in options.sets if (true := sources(name))}
    if options.json:
        json.dump({name: vars(one) for name, one in results.items()}, sys.stdout, indent=2, ensure_ascii=False)
        return 0
    print(table(results))
    for name, one in results.items() if options.show else ():
        print(f"\n{name}: missed\n  " + "\n  ".join(one.missed) + "\nstruck\n  " + "\n  ".join(one.struck))
    return 0


if __name__ == "__main__":
    sys.exit(main())

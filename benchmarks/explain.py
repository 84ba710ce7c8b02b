"""``python -m benchmarks.explain``: how soon words are there, from templates and from a streaming endpoint.

The endpoint is the tests' scripted one on 127.0.0.1, so that what is timed is this program and not a language model.
"""

import argparse
import json
import sys
import threading
import time
from collections.abc import Callable
from functools import partial

from agents.explain import explain
from agents.llm import LanguageModel
from agents.narrate import narrate
from benchmarks.timing import Times, machine, table
from diagnosis.reading import Reading
from tests.agents.endpoint import Endpoint, endpoint, says
from tests.agents.readings import example_readings

PACKAGES = ("langchain-openai", "openai", "httpx2")
TARGETS = {"words by template": 0.05, "first token → first text": 0.1, "next token → next text": 0.1}  # seconds


def main() -> int:
    """Returns the exit code: 0 when every median keeps its target, 1 when one does not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.explain", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", action="store_true", help="print the times as JSON and nothing else")
    options = parser.parse_args()
    times = measured(options.rounds)
    about = machine(PACKAGES)
    if options.json:
        seconds = {name: {"seconds": one.seconds, "target": TARGETS[name]} for name, one in times.items()}
        print(json.dumps({"about": about, "times": seconds}, indent=2))
    else:
        print(*(f"{name}: {value}" for name, value in about.items()), sep="\n")
        print(
            table(("what", "time", "target"), [(name, str(one), f"{TARGETS[name]:g} s") for name, one in times.items()])
        )
    return 0 if all(one.median <= TARGETS[name] for name, one in times.items()) else 1


def measured(rounds: int) -> dict[str, Times]:
    """Times of each case, a value a round, after one round that is not counted."""
    readings = list(example_readings().values())
    turns = [readings[turn % len(readings)] for turn in range(rounds)]
    told = [_seconds(partial(narrate, one)) for one in (turns[0], *turns)]
    with endpoint() as scripted:
        pairs = [streamed(scripted, one) for one in (turns[0], *turns)]
    firsts, nexts = zip(*pairs[1:], strict=True)
    return dict(zip(TARGETS, (Times(tuple(told[1:])), Times(firsts), Times(nexts)), strict=True))


def streamed(scripted: Endpoint, reading: Reading) -> tuple[float, float]:
    """Seconds from the moment at which the endpoint sends a token to the one at which the explanation holds it.

    For the first token, and for the one that ends the first sentence, which is checked on the way.
    """
    first, sentence = threading.Event(), f"{reading.findings[0].statement} [F1] "
    scripted.will(says("The", sentence.removeprefix("The") + "Next", " is", gate=first, open_for=1))
    growing = explain(reading, LanguageModel("scripted", scripted.url, timeout=60))
    asked, opened = len(scripted.history), []

    def send() -> None:
        while len(scripted.history) == asked:
            time.sleep(0.001)
        time.sleep(0.05)  # the client waits by now
        opened.append(time.perf_counter())
        first.set()

    sender = threading.Thread(target=send)
    sender.start()
    next(growing)
    came = time.perf_counter()
    sender.join()
    while not next(growing).paragraphs:
        pass
    checked = time.perf_counter()
    growing.close()
    return came - opened[0], checked - came


def _seconds(case: Callable[[], object]) -> float:
    started = time.perf_counter()
    case()
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())

"""``python -m benchmarks.safety``: emergencies missed, false alarms, identifying details left, words wrongly masked.

Two halves of phrasings in ``tests/chatbot/phrasings``: the rules were made with one. The other, ``heldout``, was
written before the rules and no rule follows from it. But one author wrote phrasings and rules: expect more misses in
the words of others. Run it in the root of the checkout.
"""

import argparse
import json
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chatbot.privacy import mask
from chatbot.safety import personal, urgent

PHRASINGS = Path(__file__).parents[1] / "tests" / "chatbot" / "phrasings"
HALVES = ("development", "heldout")


@dataclass
class Tally:
    """What went wrong in one set and language.

    Attributes:
        total: phrasings, or details.
        wrong: those that went wrong, with what came out.
    """

    total: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Percent that went wrong."""
        return 100 * len(self.wrong) / max(1, self.total)


Tallies = dict[str, Tally]


@dataclass
class Result:
    """One half.

    Attributes:
        measures: by measure and language, with the sum under ``all``.
        milliseconds: (median, longest) of a question.
    """

    measures: dict[str, Tallies]
    milliseconds: tuple[float, float]


def rows(name: str, half: str) -> list[dict[str, Any]]:
    """The phrasings of a set: ``urgent``, ``ordinary``, ``personal`` or ``identifying``."""
    file = f"{name}.jsonl" if half == "development" else f"{half}_{name}.jsonl"
    return [json.loads(line) for line in (PHRASINGS / file).read_text("utf-8").splitlines()]


def measured(half: str) -> Result:
    """All four sets of a half."""
    seconds: list[float] = []
    alarm = _timed(lambda text: one.kind if (one := urgent(text)) else None, seconds)
    measures: dict[str, Tallies] = {name: defaultdict(Tally) for name in MEASURES}
    for row in rows("urgent", half):
        kind = alarm(row["text"])
        _count(measures["missed urgent"], row, kind is None, "no alarm")
        _count(measures["other kind"], row, kind not in (None, row["kind"]), f"{kind}, not {row['kind']}")
    for row in rows("ordinary", half):
        _count(measures["false alarms"], row, bool(kind := alarm(row["text"])), str(kind))
    for row in rows("personal", half):
        kind = personal(str(row["text"]))
        _count(measures["personal questions"], row, kind != row["kind"], f"{kind}, not {row['kind']}")
    for row in rows("identifying", half):
        text = mask(str(row["text"])).text
        for detail in row["gone"]:
            _count(measures["details left"], row, detail in text, f"{detail!r} in {text}")
        for word in row["kept"]:
            _count(measures["wrongly masked"], row, word not in text, f"{word!r} not in {text}")
    return Result(measures, (1000 * statistics.median(seconds), 1000 * max(seconds)))


MEASURES = ("missed urgent", "other kind", "false alarms", "personal questions", "details left", "wrongly masked")


def _timed(ask: Callable[[str], str | None], seconds: list[float]) -> Callable[[object], str | None]:
    def timed(text: object) -> str | None:
        begun = time.perf_counter()
        answer = ask(str(text))
        seconds.append(time.perf_counter() - begun)
        return answer

    ask("Is this loaded?")
    return timed


def _count(tallies: Tallies, row: dict[str, object], wrong: bool, why: str) -> None:
    for key in ("all", str(row["language"])):
        tallies[key].total += 1
        if wrong:
            tallies[key].wrong.append(f"[{row['language']}] {row['text']} — {why}")


def table(results: dict[str, Result]) -> str:
    """Markdown: a row a measure, half and their languages."""
    languages = ["all", *sorted({key for one in results.values() for key in one.measures["missed urgent"]} - {"all"})]
    lines = [["", "half", *languages], ["---", "---", *("---:" for _ in languages)]]
    for measure in MEASURES:
        for half, one in results.items():
            cells = (one.measures[measure].get(key, Tally()) for key in languages)
            lines.append([measure, half, *(f"{len(cell.wrong)} of {cell.total}" for cell in cells)])
            lines[-1][2] += f" ({one.measures[measure]['all'].share:.1f} %)"
    for half, one in results.items():
        lines.append(
            ["ms a question, median (longest)", half, f"{one.milliseconds[0]:.2f} ({one.milliseconds[1]:.1f})"]
        )
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main() -> int:
    """Returns the exit code: 0 when done."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.safety", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.add_argument("--halves", nargs="+", choices=HALVES, default=list(HALVES))
    parser.add_argument("--show", action="store_true", help="also print what went wrong")
    options = parser.parse_args()
    results = {half: measured(half) for half in options.halves}
    if options.json:
        json.dump({half: _plain(one) for half, one in results.items()}, sys.stdout, indent=2, ensure_ascii=False)
        return 0
    print(table(results))
    for half, one in results.items() if options.show else ():
        for measure in MEASURES:
            print(f"\n{half}, {measure}:", *one.measures[measure]["all"].wrong, sep="\n  ")
    return 0


def _plain(result: Result) -> dict[str, object]:
    measures = {name: {key: vars(one) for key, one in tallies.items()} for name, tallies in result.measures.items()}
    return {"measures": measures, "milliseconds": result.milliseconds}


if __name__ == "__main__":
    sys.exit(main())

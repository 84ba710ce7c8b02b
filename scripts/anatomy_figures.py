"""Write the figures of docs/anatomy.md from the records in weights/anatomy, or with --check say whether they are new.

.venv/bin/python scripts/anatomy_figures.py [--check]
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from diagnosis.anatomy.alarm import Alarm, Rate, load_alarm  # noqa: E402
from diagnosis.anatomy.cards import FOLDER, load_segmenter_card  # noqa: E402
from diagnosis.anatomy.training.evaluate import Mean, SegmenterEvaluation, evaluation_path, load_evaluation  # noqa: E402

TARGET = ROOT / "docs" / "anatomy.md"
WEIGHTS = ROOT / "weights" / FOLDER
MARK = "<!-- figures: scripts/anatomy_figures.py writes from here to the end -->\n"


def main() -> None:
    text = TARGET.read_text("utf-8")
    fresh = text[: text.index(MARK) + len(MARK)] + figures(WEIGHTS)
    if "--check" not in sys.argv:
        TARGET.write_text(fresh, encoding="utf-8")
    elif text != fresh:
        sys.exit("docs/anatomy.md is out of date: run scripts/anatomy_figures.py")


def figures(weights: Path) -> str:
    """The measured part of the page."""
    card = load_segmenter_card(weights / "lungs.toml")
    return segmenter(load_evaluation(evaluation_path(weights, "lungs"), card)) + alarm(load_alarm(weights, card))


def segmenter(measured: SegmenterEvaluation) -> str:
    drawn, boxed, bare = measured.drawn, measured.boxed, measured.bare
    lines = [
        "",
        f"The segmenter `{measured.segmenter}` on `{measured.dataset}`, split `{measured.split}`, with intervals",
        f"from a bootstrap over patients. `{measured.command}`.",
        "",
        "| measure | films | mean | 95 % interval | worst twentieth below |",
        "|---|---|---|---|---|",
        _row("Dice, both lungs, against drawn masks", drawn.films, drawn.both),
        _row("Dice, patient's right lung", drawn.films, drawn.right),
        _row("Dice, patient's left lung", drawn.films, drawn.left),
    ]
    if boxed:
        lines.append(_row("overlap of boxes, patient's right lung, films without masks", boxed.films, boxed.right))
        lines.append(_row("overlap of boxes, patient's left lung, films without masks", boxed.films, boxed.left))
    if bare:
        lines.append(_row(f"Dice with itself, film turned by 7°, `{bare.dataset}`", bare.films, bare.turned))
        lines.append(_row(f"Dice with itself, film darkened, `{bare.dataset}`", bare.films, bare.darkened))
    sure = [("with drawn masks", drawn.plausible)]
    sure += [("without masks", boxed.plausible)] if boxed else []
    sure += [(f"of children, `{bare.dataset}`", bare.plausible)] if bare else []
    told = ", ".join(f"{100 * share:.1f} % of films {which}" for which, share in sure)
    return "\n".join([*lines, "", f"The zones were sure on {told}.", ""])


def alarm(measured: Alarm) -> str:
    rows = (
        ("planted mark, and the taught model answered by it", measured.caught),
        ("planted mark, whatever the taught model answered", measured.caught_all),
        (f"clean film, the map of `{measured.reader}`'s answer", measured.false_alarms),
        (f"clean film, any of the maps of `{measured.reader}`'s classes", measured.false_any),
        (f"planted mark that `{measured.reader}` was never taught to use", measured.unused),
    )
    what = f"The alarm on `{measured.dataset}`, threshold {measured.threshold:.1f} percentage points"
    head = f"{what}. `{measured.command}`."
    table = ["", head, "", "| films of `test` | it rang | share | 95 % interval |", "|---|---|---|---|"]
    table += [f"| {words} | {_count(rate)} |" for words, rate in rows]
    return "\n".join([*table, ""])


def _row(words: str, films: int, mean: Mean) -> str:
    return f"| {words} | {films} | {mean.value:.3f} | {mean.low:.3f} to {mean.high:.3f} | {mean.twentieth:.3f} |"


def _count(rate: Rate) -> str:
    return f"{rate.count} of {rate.films} | {rate.percent:.1f} % | {rate.low:.1f} to {rate.high:.1f} %"


if __name__ == "__main__":
    main()

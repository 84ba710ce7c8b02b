"""The runs that lie in a folder as a page, ``docs/runs.md``."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from diagnosis.gate.trunk import FILE, PREFIX

HEAD = """# Training runs

Made by `python -m diagnosis.training runs --write docs/runs.md` from the logs in `runs/`; do not edit. Balanced
accuracy is that of the averaged weights on the images that the run was watched on: `val`, or the fold that a network of
cross-validation left out. It chose recipes; it is no measurement of a model. [training.md](training.md) tells how a run
goes, and [models.md](models.md) how good the models are on `test`.
"""


def runs_table(folder: Path) -> str:
    """A page with a line for each classifier's run in ``folder``, by name; those of cross-validation included."""
    head = "| run | model | start | epochs | minutes | best balanced accuracy (epoch) | last | last log loss |"
    return "\n".join([HEAD, head, "|" + "---|" * 8, *_run_lines(folder)]) + "\n"


def _run_lines(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("log.jsonl")):
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        if not rows or "val_balanced_accuracy" not in rows[0]:
            continue  # a segmenter's or the encoder's
        about, name = _about(path.parent), path.parent.relative_to(folder).as_posix()
        best = max(rows, key=lambda row: row["val_balanced_accuracy"])
        cells = (
            name,
            about.get("model", "–"),
            _start_of(about),
            f"{rows[-1]['epoch']} of {_epochs_of(about)}" if about else str(rows[-1]["epoch"]),
            f"{sum(row.get('seconds', 0) for row in rows) / 60:.0f}",
            f"{best['val_balanced_accuracy']:.3f} ({best['epoch']:.0f})",
            f"{rows[-1]['val_balanced_accuracy']:.3f}",
            f"{rows[-1]['val_loss']:.3f}",
        )
        yield f"| {' | '.join(cells)} |"


def _about(run: Path) -> dict[str, Any]:
    """What ``run.json`` says; nothing where there is none."""
    path = run / "run.json"
    about: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return about


def _start_of(about: dict[str, Any]) -> str:
    """What the network started from, in words."""
    if not about:
        return "–"
    if not (start := about["recipe"]["start"]):
        return "random weights"
    file = Path(start["file"])
    of_encoder = file.parts[-2:] == FILE.parts and start["prefix"] == PREFIX
    return ("the encoder's image tower" if of_encoder else file.name) + (", head fitted" if start["fit_head"] else "")


def _epochs_of(about: dict[str, Any]) -> int:
    return sum(stage["epochs"] for stage in about["recipe"]["stages"])

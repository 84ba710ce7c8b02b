"""Write docs/models.md from the cards and metrics in weights/, or with --check say whether it is up to date.

.venv/bin/python scripts/model_cards.py [--check]
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from diagnosis.cards import ModelCard, load_cards  # noqa: E402
from diagnosis.training.evaluate import Evaluation, load_metrics, metrics_path  # noqa: E402
from diagnosis.training.metrics import Interval  # noqa: E402

TARGET = ROOT / "docs" / "models.md"
WEIGHTS = ROOT / "weights"
HEAD = """# Models

Made by `scripts/model_cards.py` from the cards and metrics in `weights/`; do not edit. Intervals are 95 % bootstrap intervals over groups
(patients, or originals of augmented images); [training.md](training.md) says how the numbers are computed and again measured.
"""


def main() -> None:
    text = document(WEIGHTS)
    if "--check" not in sys.argv:
        TARGET.write_text(text, encoding="utf-8")
    elif not TARGET.is_file() or TARGET.read_text("utf-8") != text:
        sys.exit("docs/models.md is out of date: run scripts/model_cards.py")


def document(weights: Path) -> str:
    """The page for all models in a folder."""
    return "\n".join([HEAD, *(section(card, weights) for card in load_cards(weights).values())])


def section(card: ModelCard, weights: Path) -> str:
    """One model: what it is, how good it is, and when not to trust it."""
    measured = load_metrics(metrics_path(card, weights), card)
    size = f"{card.weights.bytes / 1e6:.1f} MB" if card.weights else "no weights"
    return f"""## {card.title}: `{card.reference}`

{card.architecture}, {card.input.size} × {card.input.size} px, {card.input.channels} channel(s), {size}. {card.score_kind.capitalize()}.

- **For:** {card.intended_use}
- **Not for:** {card.out_of_scope}
- **Trained on:** {card.training_data}
- **Limits:** {" ".join(card.limitations)}
- **References:** {"; ".join(card.references)}

On {measured.images} images of {measured.groups} groups, split `{measured.split}` of `{measured.dataset}`:

| | value | 95 % interval |
|---|---|---|
{_overall(measured)}

| class | images | precision | recall | F1 | AUC |
|---|---|---|---|---|---|
{_classes(card, measured)}

Rows are the true class, columns the predicted one:

| | {" | ".join(label.title for label in card.labels)} |
|---|{"---|" * len(card.labels)}
{_confusion(card, measured)}

Measured by `{measured.command}` on weights {measured.weights_sha256[:12]}… and manifest {measured.manifest_sha256[:12]}….
"""


def _overall(measured: Evaluation) -> str:
    rows = {
        "accuracy": measured.accuracy,
        "balanced accuracy": measured.balanced_accuracy,
        "macro AUC": measured.macro_auc,
        "expected calibration error": measured.expected_calibration_error,
        **{f"AUC, {one.name.replace('_', ' ')}": one.auc for one in measured.contrasts},
    }
    return "\n".join(f"| {name} | {_value(one)} | {_ends(one)} |" for name, one in rows.items())


def _classes(card: ModelCard, measured: Evaluation) -> str:
    rows = []
    for one in measured.classes:
        cells = " | ".join(f"{_value(part)} ({_ends(part)})" for part in (one.precision, one.recall, one.f1, one.auc))
        rows.append(f"| {card.title_of(one.label)} | {one.support} | {cells} |")
    return "\n".join(rows)


def _confusion(card: ModelCard, measured: Evaluation) -> str:
    counts = measured.confusion.counts
    return "\n".join(
        f"| {label.title} | {' | '.join(str(count) for count in row)} |"
        for label, row in zip(card.labels, counts, strict=True)
    )


def _value(interval: Interval) -> str:
    return "–" if interval.value is None else f"{interval.value:.3f}"


def _ends(interval: Interval) -> str:
    return "–" if interval.low is None or interval.high is None else f"{interval.low:.3f} to {interval.high:.3f}"


if __name__ == "__main__":
    main()

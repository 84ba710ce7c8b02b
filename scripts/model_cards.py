"""Write docs/models.md from the cards and metrics in weights/, or with --check say whether it is up to date.

.venv/bin/python scripts/model_cards.py [--check]
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from diagnosis.cards import ModelCard, load_cards  # noqa: E402
from diagnosis.errors import UserError  # noqa: E402
from diagnosis.intervals import RULE  # noqa: E402
from diagnosis.model_facts import ModelFacts, model_facts, percent, plain, sections, technical  # noqa: E402
from diagnosis.training.evaluate import Evaluation  # noqa: E402

TARGET = ROOT / "docs" / "models.md"
WEIGHTS = ROOT / "weights"
HEAD = f"""# Models

Made by `scripts/model_cards.py` from the cards and metrics in `weights/`; do not edit. The tab *Models* shows the same, with charts, and
measures a model again on labelled images. Figures in brackets are 95 % bootstrap intervals over groups (patients, slides, or originals of
augmented images). {RULE} [training.md](training.md) says how the numbers are computed and again measured.
"""


def main() -> None:
    text = document(WEIGHTS)
    if "--check" not in sys.argv:
        TARGET.write_text(text, encoding="utf-8")
    elif not TARGET.is_file() or TARGET.read_text("utf-8") != text:
        sys.exit("docs/models.md is out of date: run scripts/model_cards.py")


def document(weights: Path) -> str:
    """The page for all models in a folder."""
    facts = [model_facts(card, weights) for card in load_cards(weights).values()]
    return "\n".join([HEAD, *(section(one) for one in facts)])


def section(facts: ModelFacts) -> str:
    """One model: what it is, how good it is, when not to trust it, and what its classes are."""
    card, measured = facts.card, facts.measured
    if measured is None:
        raise facts.unmeasured or UserError(f"{card.name} was not measured.", "Measure it.")
    label = "\n".join(f"- **{name}:** {' '.join(told)}" for name, told in sections(facts))
    return f"""## {card.title}: `{card.reference}`

{label}

{_overall(measured)}

| class | images | precision | recall | F1 | AUC |
|---|---|---|---|---|---|
{_classes(card, measured)}

Rows are the true class, columns the predicted one:

| | {" | ".join(label.title for label in card.labels)} |
|---|{"---|" * len(card.labels)}
{_confusion(card, measured)}
{_tiers(measured)}{_shortcuts(facts)}
{_guide(card)}

{_technical(facts)}
"""


def _overall(measured: Evaluation) -> str:
    rows = {
        "accuracy": percent(measured.accuracy),
        "balanced accuracy": percent(measured.balanced_accuracy),
        "macro AUC": plain(measured.macro_auc),
        "calibration error": percent(measured.expected_calibration_error),
    }
    return "\n".join(["| | value |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())])


def _classes(card: ModelCard, measured: Evaluation) -> str:
    rows = []
    for one in measured.classes:
        cells = " | ".join(plain(part) for part in (one.precision, one.recall, one.f1, one.auc))
        rows.append(f"| {card.title_of(one.label)} | {one.support} | {cells} |")
    return "\n".join(rows)


def _confusion(card: ModelCard, measured: Evaluation) -> str:
    counts = measured.confusion.counts
    return "\n".join(
        f"| {label.title} | {' | '.join(str(count) for count in row)} |"
        for label, row in zip(card.labels, counts, strict=True)
    )


def _tiers(measured: Evaluation) -> str:
    """How often the answer was right, by the highest score; nothing where that was not measured."""
    if not measured.tiers:
        return ""
    rows = "\n".join(
        f"| {tier.name} | {100 * tier.at_least:.0f} % | {tier.images} | {percent(tier.accuracy)} |"
        for tier in measured.tiers
    )
    return f"\n| confidence | highest score from | images | right |\n|---|---|---|---|\n{rows}\n"


def _shortcuts(facts: ModelFacts) -> str:
    """What else than disease answers the easiest question; nothing where that was not measured."""
    found = facts.shortcuts
    if found is None:
        return ""
    outside = found.outside.separations if found.outside else ()
    rows = "\n".join(
        f"| {one.name} | {one.how} | {one.images} | {plain(one.auc)} |"
        for one in (*found.probes, *found.parts, *outside)
    )
    question = found.question.replace("_", " ")
    head = f"| {question}: what is seen | by what | images | AUC |\n|---|---|---|---|"
    return f"\nWhat else tells {question} (`{found.command}`):\n\n{head}\n{rows}\n"


def _guide(card: ModelCard) -> str:
    return "\n".join(
        f"- **{label.title}:** {label.description}{f' [Source]({label.source})' if label.source else ''}"
        for label in card.labels
    )


def _technical(facts: ModelFacts) -> str:
    told = {name: value for name, value in technical(facts) if name not in ("Model", "Architecture")}
    return "\n".join(
        [
            "| | |",
            "|---|---|",
            *(
                f"| {name} | `{value}` |" if name == "sha256" else f"| {name} | {value} |"
                for name, value in told.items()
            ),
            f"| References | {'; '.join(facts.card.references)} |",
        ]
    )


if __name__ == "__main__":
    main()

"""What is known of a model, for whoever must judge it: its card, its weights, and what was measured of them.

The sections follow the Model Facts label of Sendak et al. 2020 (npj Digit Med 3:41). A figure stands here only where a
metrics file of these very weights holds it.
"""

from dataclasses import dataclass
from pathlib import Path

from diagnosis.cards import ModelCard, file_digest
from diagnosis.errors import BadRequest, Missing, UserError
from diagnosis.intervals import FEWEST_GROUPS, called, no_interval
from diagnosis.shortcuts import Shortcuts, load_shortcuts, shortcuts_path
from diagnosis.training.evaluate import Evaluation, load_metrics, metrics_path
from diagnosis.training.metrics import Interval


@dataclass(frozen=True)
class ModelFacts:
    """A card with what was found in its folder.

    Attributes:
        measured: the evaluation of these very weights, or None; ``unmeasured`` then says why.
        unusable: why the weights cannot be used: absent, or not the file that the card describes; None where they can.
        shortcuts: what else than disease tells the classes apart, measured with these very weights, or None.
    """

    card: ModelCard
    measured: Evaluation | None
    unmeasured: UserError | None
    unusable: UserError | None
    shortcuts: Shortcuts | None = None


def model_facts(card: ModelCard, folder: Path) -> ModelFacts:
    """Read what lies beside a card. The weights' digest is computed; no network is loaded."""
    unusable = _unusable(card, folder)
    if unusable is not None:
        return ModelFacts(card, None, unusable, unusable)
    try:
        measured = load_metrics(metrics_path(card, folder), card)
    except UserError as error:
        return ModelFacts(card, None, error, None)
    return ModelFacts(card, measured, None, None, _shortcuts(card, folder))


def _shortcuts(card: ModelCard, folder: Path) -> Shortcuts | None:
    """Those of these very weights, or None: most models have none, and another's must not be told."""
    try:
        return load_shortcuts(shortcuts_path(card, folder), card)
    except UserError:
        return None


def _unusable(card: ModelCard, folder: Path) -> UserError | None:
    if card.weights is None:
        return Missing(f"{card.name} has no weights yet.", f"Run `python -m diagnosis.training train {card.name}`.")
    path = folder / card.weights.file
    if not path.is_file():
        return Missing(f"{path.name} is not in the folder {folder.name}.", "Put it there, or train the model again.")
    if file_digest(path) != card.weights.sha256:
        problem = f"{path.name} is not the file that the card of {card.name} describes."
        return BadRequest(problem, "Put back the card and the weights that belong together.")
    return None


def sections(facts: ModelFacts) -> list[tuple[str, tuple[str, ...]]]:
    """(heading, sentences) of the label: what it is, for whom, not for whom, data, how good, when not to trust it."""
    card = facts.card
    return [
        ("What it is", (what_it_is(card),)),
        ("For", (card.intended_use,)),
        ("Not for", (card.out_of_scope,)),
        ("Learned from", (card.training_data,)),
        ("How good", how_good(facts)),
        ("When not to trust it", (*card.limitations, *easiest(facts.shortcuts), *low_tier(facts.measured))),
    ]


def what_it_is(card: ModelCard) -> str:
    size = f"{card.input.size} × {card.input.size} pixels"
    colours = "in grey" if card.input.channels == 1 else "in colour"
    if card.independent:
        answers = f"gives {len(card.labels)} findings a score each; any number of them may be present"
    else:
        answers = f"scores {len(card.labels)} classes, which add up to 100 %"
    reads = f"A {card.architecture} network that reads one image at {size} {colours} and {answers}."
    return f"{reads} What a score is: {card.score_kind}."


def how_good(facts: ModelFacts) -> tuple[str, ...]:
    """Sentences with their figures and intervals, or why there are none."""
    measured = facts.measured
    if measured is None:
        why = facts.unmeasured.problem if facts.unmeasured else "It was not measured."
        return (f"No figure is shown. {why}",)
    group = facts.card.group
    where = f"{measured.images} images of {measured.groups} {called(measured.groups, group)}"
    seen = "which it did not learn from" if measured.split == "test" else f"split {measured.split}"
    told = [f"Balanced accuracy {percent(measured.balanced_accuracy)} on {where}, {seen}."]
    if mixed := measured.mixed_groups:
        mixed_groups = f"{mixed.groups} {called(mixed.groups, group)}"
        told.append(
            f"On the {mixed.images} images of the {mixed_groups} with every class: {percent(mixed.balanced_accuracy)}."
        )
    told += [
        f"AUC, {one.name.replace('_', ' ')}: {plain(one.auc)} on {one.support} images." for one in measured.contrasts
    ]
    if sets := measured.conformal:
        told.append(
            f"Sets of classes that should hold the true one in {100 * (1 - sets.error_rate):.0f} % of images held it "
            f"in {percent(sets.coverage)}, with {plain(sets.size, 2)} classes on average."
        )
    if why := bare(measured, group):
        told.append(f"{why}.")
    return tuple(told)


def bare(measured: Evaluation, group: str) -> str:
    """Why the figures have no intervals, where the groups are too few for any; else nothing."""
    if measured.groups >= FEWEST_GROUPS:
        return ""
    why = no_interval(measured.groups, called(measured.groups, group))
    return why[:1].upper() + why[1:]


def easiest(found: Shortcuts | None) -> tuple[str, ...]:
    """The thing beside disease that best answers the easiest question; nothing where that was not measured."""
    if found is None or not found.probes:
        return ()
    best = max(found.probes, key=lambda one: one.auc.value or 0.0)
    question = found.question.replace("_", " ").replace(" vs ", " from ")
    told = f"A simple classifier that sees nothing but the {best.name} tells {question} with AUC {plain(best.auc)}"
    return (f"{told} on {best.images} test images: high figures for this question need not be about disease.",)


def low_tier(measured: Evaluation | None) -> tuple[str, ...]:
    """What a low score was worth on the images it was measured on; nothing where that was not measured."""
    if measured is None or len(measured.tiers) < 2 or not measured.tiers[-1].images:
        return ()
    low, bound = measured.tiers[-1], 100 * measured.tiers[-2].at_least
    right = f"it was right in {percent(low.accuracy)} of {low.images} test images"
    return (f"Where its highest score was below {bound:.0f} %, {right}.",)


def technical(facts: ModelFacts) -> list[tuple[str, str]]:
    """(name, value) of what tells this model from any other, and how to make and measure it again."""
    card, measured = facts.card, facts.measured
    rows = [("Model", card.reference), ("Architecture", card.architecture), ("Licence", card.licence)]
    if card.weights:
        rows += [
            ("Weights", f"{card.weights.file}, {card.weights.bytes / 1e6:.1f} MB"),
            ("sha256", card.weights.sha256),
            ("How they came about", card.weights.source),
        ]
    if measured:
        libraries = ", ".join(f"{name} {version}" for name, version in measured.libraries.items())
        rows += [
            ("Measured by", measured.command),
            ("Measured on", f"{measured.dataset}, manifest {measured.manifest_sha256[:12]}…, with {libraries}"),
        ]
    return rows


def percent(interval: Interval, digits: int = 1) -> str:
    """``"79.7 % (76.1 to 83.5)"``; ``"not defined"`` where the data leave it undefined."""
    return _told(interval, 100, digits, " %")


def plain(interval: Interval, digits: int = 3) -> str:
    """``"0.907 (0.879 to 0.935)"``; ``"not defined"`` where the data leave it undefined."""
    return _told(interval, 1, digits, "")


def _told(interval: Interval, factor: int, digits: int, unit: str) -> str:
    if interval.value is None:
        return "not defined"
    value = f"{factor * interval.value:.{digits}f}{unit}"
    if interval.low is None or interval.high is None:
        return value
    return f"{value} ({factor * interval.low:.{digits}f} to {factor * interval.high:.{digits}f})"

"""What the commands print: measurements, confidence, cross-validation and data as tables."""

from diagnosis.cards import Confidence, ModelCard
from diagnosis.intervals import FEWEST_GROUPS, called, no_interval, spread
from diagnosis.training.crossvalidate import OutOfFold
from diagnosis.training.evaluate import Evaluation
from diagnosis.training.metrics import Interval
from diagnosis.training.prepare import Preparation
from diagnosis.worth import groups_in, interval_of


def preparation_table(found: Preparation) -> str:
    """Images by class and split, groups, remarks and faults."""
    lines = [f"{found.dataset}, manifest {found.manifest_sha256[:12]}", "", found.images.to_string(), ""]
    lines.append("groups: " + ", ".join(f"{split} {count}" for split, count in found.groups.items()))
    lines += [f"note: {remark}" for remark in found.remarks]
    return "\n".join([*lines, *(f"FAULT: {fault}" for fault in found.faults)])


def folds_table(found: OutOfFold) -> str:
    """Balanced accuracy of each fold and of all together."""
    lines = [
        f"fold {at + 1}: balanced accuracy {value:.3f}, {images} images"
        for at, (images, value) in enumerate(found.by_fold())
    ]
    return "\n".join([*lines, f"pooled: balanced accuracy {found.balanced_accuracy:.3f}, {len(found.targets)} images"])


def confidence_table(confidence: Confidence) -> str:
    """Conformal sets and tiers, a line each."""
    share = f"{100 * (1 - confidence.error_rate):.0f} %"
    lines = [
        f"{share} sets: classes with a score of {1 - confidence.quantile:.4f} or more; from {confidence.images} images"
    ]
    for tier in confidence.tiers:
        groups = groups_in(tier, confidence)
        told = spread(interval_of(tier, confidence), {"groups": groups, "group": called(groups, "groups")})
        accuracy = "no image" if tier.accuracy is None else f"accuracy {100 * tier.accuracy:.1f} % ({told})"
        lines.append(f"{tier.name:9} from a score of {tier.at_least:.4f}: {accuracy}, {tier.images} images")
    return "\n".join(lines)


def evaluation_table(evaluation: Evaluation, card: ModelCard) -> str:
    lines = [
        f"{evaluation.model} on {evaluation.dataset}, split {evaluation.split}",
        f"{evaluation.images} images in {evaluation.groups} groups; {_intervals_of(evaluation.groups)}",
        "",
        f"accuracy           {_cell(evaluation.accuracy)}",
        f"balanced accuracy  {_cell(evaluation.balanced_accuracy)}",
        f"macro AUC          {_cell(evaluation.macro_auc)}",
        f"log loss           {_cell(evaluation.log_loss)}",
        f"calibration error  {_cell(evaluation.expected_calibration_error)}",
        *(f"AUC {one.name}: {_cell(one.auc)} ({one.support} images)" for one in evaluation.contrasts),
    ]
    lines += _worth_measured(evaluation)
    width = max(len(name) for name in card.label_names)
    heads = "".join(f"{head:22}" for head in ("precision", "recall", "F1", "AUC"))
    lines += ["", f"{'':{width}}  images  {heads}".rstrip()]
    for one in evaluation.classes:
        cells = "".join(f"{_cell(interval):22}" for interval in (one.precision, one.recall, one.f1, one.auc))
        lines.append(f"{one.label:{width}}  {one.support:6}  {cells}".rstrip())
    lines += ["", "confusion, true class by row, predicted class by column"]
    for label, counts in zip(card.label_names, evaluation.confusion.counts, strict=True):
        lines.append(f"{label:{width}}  " + "".join(f"{count:6}" for count in counts))
    return "\n".join(lines)


def _intervals_of(groups: int) -> str:
    few = groups < FEWEST_GROUPS
    return no_interval(groups, called(groups, "groups")) if few else "95 % intervals from a bootstrap over groups"


def _cell(interval: Interval) -> str:
    if interval.value is None:
        return "not defined"
    if interval.low is None or interval.high is None:
        return f"{interval.value:.3f}"
    return f"{interval.value:.3f} ({interval.low:.3f}-{interval.high:.3f})"


def _worth_measured(evaluation: Evaluation) -> list[str]:
    """What conformal sets and tiers did, and the figure for groups that have every class, a line each."""
    lines = []
    if mixed := evaluation.mixed_groups:
        cell = _cell(mixed.balanced_accuracy)
        lines.append(f"balanced accuracy on {mixed.groups} groups with every class: {cell} ({mixed.images} images)")
    if sets := evaluation.conformal:
        lines.append(
            f"{100 * (1 - sets.error_rate):.0f} % sets: coverage {_cell(sets.coverage)}, size {_cell(sets.size)}"
        )
    tiers = evaluation.tiers
    return [
        *lines,
        *(f"{one.name:9} accuracy {_cell(one.accuracy)}, {_cell(one.share)} of the images" for one in tiers),
    ]

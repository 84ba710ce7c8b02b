"""What is measured of a classifier on labelled images, as values; :mod:`diagnosis.training.measuring` measures it."""

from pydantic import BaseModel, ConfigDict


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Interval(_Frozen):
    """A value with the 2.5th and 97.5th percentile of its replicates, all rounded to 1e-6.

    ``value`` is None where the data leave it undefined (an AUC with one class only). ``low`` and ``high`` are None
    where a bootstrap would claim more than it knows: with too few groups behind the value, and
    where all replicates agree, as they do of a figure at its limit (every image of a class recognised).
    """

    value: float | None
    low: float | None
    high: float | None


class Roc(_Frozen):
    """Points of an ROC curve from (0, 0) to (1, 1), rounded to 1e-4; 200 at most. Rates are shares, 0..1."""

    false_positive_rate: tuple[float, ...]
    true_positive_rate: tuple[float, ...]


class ClassMetrics(_Frozen):
    """One class against the rest; ``support`` and ``groups`` count its images, with None where a file does not tell.

    All figures are None for a class without images.
    """

    label: str
    support: int
    precision: Interval
    recall: Interval
    f1: Interval
    auc: Interval
    roc: Roc | None = None
    groups: int | None = None


class ContrastMetrics(_Frozen):
    """A card's two-sided question; ``support`` is the number of images on either side. Other images are left out."""

    name: str
    support: int
    auc: Interval


class Confusion(_Frozen):
    """Rows are true labels, columns are predicted ones, in the order of the card.

    Attributes:
        counts: images.
        rates: counts divided by the sum of their row; the diagonal is recall.
    """

    counts: tuple[tuple[int, ...], ...]
    rates: tuple[tuple[Interval, ...], ...]


class ReliabilityBin(_Frozen):
    """Images whose top score lies in (low, high]: their mean top score, and how often the answer was right."""

    low: float
    high: float
    images: int
    score: float
    accuracy: Interval


class ConformalMetrics(_Frozen):
    """What the card's conformal sets did.

    Attributes:
        error_rate, quantile: of the card.
        coverage: share of the images whose true class is in the set; 1 - error_rate is what was promised.
        size: mean number of classes in a set.
        sizes: how many sets had 0, 1, … L classes.
    """

    error_rate: float
    quantile: float
    coverage: Interval
    size: Interval
    sizes: tuple[int, ...]


class TierMetrics(_Frozen):
    """A tier of the card: how many images fell into it, which share of all that is, how often the answer was right."""

    name: str
    at_least: float
    images: int
    share: Interval
    accuracy: Interval


class MixedGroups(_Frozen):
    """The groups that have every class of the data, where not all have: what tells groups apart is no help there."""

    images: int
    groups: int
    balanced_accuracy: Interval


class Metrics(_Frozen):
    """Everything measured on one set of labelled images.

    Attributes:
        images, groups: how many there were.
        balanced_accuracy, macro_auc: unweighted means of recall and of one-vs-rest AUC over the classes that occur.
        log_loss: mean of −log(score of the true class), in nats.
        expected_calibration_error: mean |accuracy − top score| over 15 equal bins of the top score, weighted by images.
        reliability: the bins that hold images.
        conformal, tiers: of a card that says what its scores are worth.
        mixed_groups: None where every group has every class of the data, or none has.
    """

    images: int
    groups: int
    accuracy: Interval
    balanced_accuracy: Interval
    macro_auc: Interval
    log_loss: Interval
    expected_calibration_error: Interval
    classes: tuple[ClassMetrics, ...]
    contrasts: tuple[ContrastMetrics, ...]
    confusion: Confusion
    reliability: tuple[ReliabilityBin, ...] = ()
    conformal: ConformalMetrics | None = None
    tiers: tuple[TierMetrics, ...] = ()
    mixed_groups: MixedGroups | None = None

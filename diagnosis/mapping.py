"""Maps of one class by several methods, tested, compared and put to the question: growing step by step."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from diagnosis.attribution import METHODS, AttributionMap, Target, known_methods
from diagnosis.cards import ModelCard
from diagnosis.checks import Trust, Yardstick, check
from diagnosis.classifier import Classifier, Prediction
from diagnosis.comparison import Comparison, compare
from diagnosis.errors import BadRequest
from diagnosis.findings import Finding
from diagnosis.study import Study
from diagnosis.trusted import contrasted, retested, side_by_side, tested
from diagnosis.whatif import Filling, Retest, erase_and_read, marked

Watch = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Wanted:
    """What to do with a study.

    Attributes:
        methods: names from ``METHODS``, in the order in which they are computed.
        label: the class to explain; None for the one with the highest score.
        against: another class; then each method also says why the one and not the other.
        checks: whether each map is tested and gets a badge.
        erase: a method whose top tenth is erased before the model reads again, or None.
        options: what a method is called with beyond its defaults, by method.
    """

    methods: tuple[str, ...]
    label: str | None = None
    against: str | None = None
    checks: bool = False
    erase: str | None = None
    filling: Filling = "blur"
    options: Mapping[str, Mapping[str, Any]] | None = None


@dataclass(frozen=True, eq=False)
class Maps:
    """What is known so far of one class of one study; complete when ``doing`` is empty.

    Attributes:
        maps: of the class, by method; ``contrasts`` are those of why it and not another.
        trusts: tests of the maps, by method; the last one may still be running.
        erased: what erasing a method's top tenth did, and ``after`` the map of the erased image by the same method.
        doing: what is being computed, in words.
    """

    study: Study
    card: ModelCard
    prediction: Prediction
    label: str
    maps: tuple[AttributionMap, ...] = ()
    contrasts: tuple[AttributionMap, ...] = ()
    trusts: tuple[Trust, ...] = ()
    erased: Retest | None = None
    after: AttributionMap | None = None
    doing: str = ""

    @cached_property
    def compared(self) -> Comparison | None:
        """The maps beside each other, or None where fewer than two have a place that they prefer."""
        return compare(self.maps)

    def trust(self, method: str) -> Trust | None:
        return next((one for one in self.trusts if (one.method, one.against) == (method, None)), None)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """All that may be said, numbered in the order in which it was measured."""
        drafts = [one for trust in self.trusts for one in tested(self.card, trust)]
        if self.compared:
            drafts += side_by_side(self.card, self.label, self.compared)
        for one in self.contrasts:
            drafts += contrasted(self.card, one, self._difference(one))
        if self.erased and self.after:
            what = f"what {METHODS[self.after.method].title} marks"
            drafts += retested(self.card, self.label, self.erased, what)
        known = {one.statement: one for one in drafts}
        return tuple(replace(one, id=f"F{number}") for number, one in enumerate(known.values(), 1))

    def _difference(self, one: AttributionMap) -> float:
        weights = Target(one.label, one.against).weights(self.card)
        return sum(weight * float(logit) for weight, logit in zip(weights, self.prediction.logits, strict=True))


def explain(
    study: Study, classifier: Classifier, wanted: Wanted, watch: Watch = lambda method, done, total: None
) -> Iterator[Maps]:
    """Maps first, then their tests, the contrast, and the erasure; yields after each step.

    Args:
        watch: called with (method, done, total) while a method runs; what it raises ends the work.

    Raises:
        BadRequest: unknown class or method, a class against itself, or a map that marks nothing to erase.
    """
    methods = _checked(classifier.card, wanted)
    prediction = classifier.predict(study)
    label = wanted.label or prediction.top
    targets = [Target(label)]
    if wanted.against is not None:
        if wanted.against == label:
            raise BadRequest(f"{label!r} cannot be set against itself.", "Name another class with --against.")
        targets.append(Target(label, wanted.against))
    so_far = Maps(study, classifier.card, prediction, label)
    for name in methods:
        yield replace(so_far, doing=METHODS[name].title)
        found = _run(classifier, study, name, targets, wanted, watch)
        so_far = replace(so_far, maps=(*so_far.maps, found[0]), contrasts=(*so_far.contrasts, *found[1:]))
    if wanted.checks:
        for step in _tests(so_far, classifier):
            so_far = step
            yield step
    if wanted.erase is not None:
        yield replace(so_far, doing="Reading again")
        so_far = _erased(so_far, classifier, wanted, watch)
    yield replace(so_far, doing="")


def _checked(card: ModelCard, wanted: Wanted) -> tuple[str, ...]:
    """The methods to run: those named, and the one whose map is erased."""
    for label in (wanted.label, wanted.against):
        if label is not None:
            card.index(label)
    return known_methods((*wanted.methods, *((wanted.erase,) if wanted.erase else ())))


def _run(
    classifier: Classifier, study: Study, name: str, targets: Sequence[Target], wanted: Wanted, watch: Watch
) -> list[AttributionMap]:
    options = (wanted.options or {}).get(name, {})
    return METHODS[name].maps(
        classifier, study, targets=targets, progress=lambda done, total: watch(name, done, total), **options
    )


def _tests(so_far: Maps, classifier: Classifier) -> Iterator[Maps]:
    """The maps' tests one after another; what does not depend on a method is read once for all."""
    yardstick = Yardstick(classifier, so_far.study)
    for one in so_far.maps:
        before = so_far.trusts
        for trust in check(one, yardstick):
            so_far = replace(so_far, trusts=(*before, trust), doing=f"Testing {METHODS[one.method].title}")
            yield so_far


def _erased(so_far: Maps, classifier: Classifier, wanted: Wanted, watch: Watch) -> Maps:
    own = next(one for one in so_far.maps if one.method == wanted.erase)
    found = erase_and_read(classifier, so_far.study, marked(own), filling=wanted.filling)
    after = _run(classifier, found.study, own.method, [Target(so_far.label)], wanted, watch)[0]
    return replace(so_far, erased=found, after=after)

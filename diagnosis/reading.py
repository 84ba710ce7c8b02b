"""A reading: everything about one study and one model, growing stage by stage."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from diagnosis.anatomy.alarm import Alarm
from diagnosis.anatomy.service import Anatomy
from diagnosis.anatomy.zones import Zones
from diagnosis.attribution import DEFAULTS, METHODS, AttributionMap, known_methods
from diagnosis.cards import ModelCard
from diagnosis.classifier import Classifier, Prediction
from diagnosis.findings import TOPICS, WARNINGS, Finding, Performance
from diagnosis.gate.verdict import Check, GateResult, admitted
from diagnosis.independent import scored
from diagnosis.located import located
from diagnosis.measured import measure
from diagnosis.study import Study
from diagnosis.worth import about, further_figures, gated, worth


@dataclass(frozen=True)
class Progress:
    """What is being computed, and how far it is: ``done`` of ``total`` evaluations."""

    method: str
    done: int = 0
    total: int = 1


@dataclass(frozen=True, eq=False)
class Reading:
    """One study read by one model. A reading is complete when ``pending`` is None.

    Equal when study, model, class, maps, tests, opinions and added findings are: what is still being computed makes
    no difference.

    Attributes:
        label: the class that the findings are about; at first the one with the highest score.
        maps: those that are ready, of every class, in the order of the methods.
        record: how well the weights did on test images, or None where that was not measured.
        opinions: what others say of the study, whichever class is explained; their ids follow the reading's own.
        added: further findings, measured because somebody asked; their ids continue after those.
        zones: the named parts of the study, or None where the model's images have none.
        alarm: the shortcut alarm, or None where none was measured.
        gate: whether the image is one that the model is made for; None where nobody asked.
        model_facts: what the model's card says of it; their ids follow those of the opinions.
        tests: what tests of the maps found, for any class: badges, methods side by side, contrasts, erasures. Those
            of ``label``, and those of no class, are among its findings.
        beforehand: whether maps of it were computed before it was asked for.
    """

    study: Study
    card: ModelCard
    prediction: Prediction
    label: str
    maps: tuple[AttributionMap, ...] = ()
    record: Performance | None = None
    pending: Progress | None = None
    opinions: tuple[Finding, ...] = ()
    added: tuple[Finding, ...] = ()
    zones: Zones | None = None
    alarm: Alarm | None = None
    gate: GateResult | None = None
    model_facts: tuple[Finding, ...] = ()
    tests: tuple[Finding, ...] = ()
    beforehand: bool = False

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """All that may be said about ``label``, the added ones last."""
        scores = scored(self.card, self.prediction, self.label) if self.card.independent else ()
        sure = (*worth(self.card, self.prediction), *gated(self.gate), *further_figures(self.card, self.record))
        found = measure(self.study, self.card, self.prediction, self.label, self.maps, self.record)
        where = located(self.card, self.label, self.maps, self.zones, self.alarm, answers=self.prediction.present)
        tests = (one for one in self.tests if one.label in (None, self.label))
        ordered = sorted((*scores, *found, *sure, *where, *tests), key=_place_of)
        told = (*ordered, *self.opinions, *self.model_facts)
        own = (replace(one, id=f"F{number}") for number, one in enumerate(told, 1))
        return (*own, *self.added)

    def about(self, label: str) -> "Reading":
        """The same reading with the findings of another class. Raises BadRequest for an unknown one."""
        self.card.index(label)
        return replace(self, label=label, added=())

    def beside(self, drafts: Iterable[Finding]) -> "Reading":
        """The reading with these opinions of its study in the place of others; added findings, whose ids follow, go."""
        return replace(self, opinions=tuple(replace(one, id="") for one in drafts), added=())

    def tested(self, drafts: Iterable[Finding]) -> "Reading":
        """The reading with further tests of its maps, each told once; added findings, whose ids follow, go."""
        known = {one.statement: one for one in (*self.tests, *drafts)}
        return replace(self, tests=tuple(replace(one, id="") for one in known.values()), added=())

    def enter(self, drafts: Iterable[Finding]) -> tuple["Reading", tuple[Finding, ...]]:
        """The reading with further findings, and these with their ids. What it already says keeps the id it has."""
        known = {finding.statement: finding for finding in self.findings}
        fresh: list[Finding] = []
        entered: list[Finding] = []
        for draft in drafts:
            if draft.statement not in known:
                known[draft.statement] = replace(draft, id=f"F{len(self.findings) + len(fresh) + 1}")
                fresh.append(known[draft.statement])
            entered.append(known[draft.statement])
        return replace(self, added=(*self.added, *fresh)), tuple(entered)

    def map(self, method: str) -> AttributionMap | None:
        """The map of ``label`` by a method, or None while it is not ready."""
        return next((one for one in self.maps if (one.label, one.method) == (self.label, method)), None)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reading) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[object, ...]:
        said = tuple(tuple(one.statement for one in some) for some in (self.tests, self.opinions, self.added))
        return self.study, self.prediction.model, self.label, self.maps, *said


def read(
    study: Study,
    classifier: Classifier,
    *,
    label: str | None = None,
    methods: tuple[str, ...] = DEFAULTS,
    record: Performance | None = None,
    shap_evaluations: int = 500,
    anatomy: Anatomy | None = None,
    gate: Check | None = None,
    kept: Sequence[AttributionMap] = (),
) -> Iterator[Reading]:
    """Read a study: the gate and the scores first, then each method's maps, with the progress of slow ones in between.

    Closing the iterator stops the work at the next batch.

    Args:
        label: the class to explain; None for the one with the highest score.
        anatomy: names the places of the study, where the model's card says what its images show.
        gate: asked before anything is scored.
        methods: names from ``METHODS``, in the order in which they are computed.
        kept: maps of the study by this classifier, one a class, that were computed before: their methods are not run.

    Raises:
        BadRequest: unknown class or method.
        Refused: the gate does not let the image by.
    """
    methods = known_methods(methods)
    if label is not None:
        classifier.card.index(label)
    checked = admitted(gate(study, classifier.card), classifier.card) if gate else None
    prediction = classifier.predict(study)
    card, facts = classifier.card, about(classifier.card)
    reading = Reading(study, card, prediction, label or prediction.top, record=record, gate=checked, model_facts=facts)
    if anatomy and (kind := classifier.card.anatomy):
        reading = replace(reading, zones=anatomy.zones(study, kind), alarm=anatomy.alarm())
    options: dict[str, dict[str, Any]] = {"shap": {"evaluations": shap_evaluations}}
    for method in methods:
        if known := tuple(one for one in kept if one.method == method):
            reading = replace(reading, maps=(*reading.maps, *known), beforehand=True)
            continue
        yield replace(reading, pending=Progress(method))

        def work(report: Callable[[int, int], None], method: str = method) -> list[AttributionMap]:
            return METHODS[method].maps(classifier, study, progress=report, **options.get(method, {}))

        task = _Task(work)
        for done, total in task.progress():
            if done < total:
                yield replace(reading, pending=Progress(method, done, total))
        reading = replace(reading, maps=(*reading.maps, *task.result()))
    yield reading


def _place_of(finding: Finding) -> tuple[int, bool]:
    """Where a finding stands in a reading: by its topic, a warning of a shortcut before all other limits."""
    return TOPICS.index(finding.topic), finding.kind not in WARNINGS


class _Cancelled(Exception):
    """Raised inside work that nobody waits for any more."""


class _Task:
    """Work in a thread of its own that reports its progress to the caller's."""

    def __init__(self, work: Callable[[Callable[[int, int], None]], list[AttributionMap]]) -> None:
        self._events: queue.SimpleQueue[tuple[int, int] | None] = queue.SimpleQueue()
        self._cancelled = threading.Event()
        pool = ThreadPoolExecutor(1)
        self._future = pool.submit(work, self._report)
        self._future.add_done_callback(lambda _: self._events.put(None))
        pool.shutdown(wait=False)

    def _report(self, done: int, total: int) -> None:
        if self._cancelled.is_set():
            raise _Cancelled
        self._events.put((done, total))

    def progress(self) -> Iterator[tuple[int, int]]:
        """(done, total) after each batch, until the work ends. Leaving the loop early cancels the work."""
        try:
            while (event := self._events.get()) is not None:
                yield event
        finally:
            self._cancelled.set()

    def result(self) -> list[AttributionMap]:
        return self._future.result()

"""What a tab holds of one visitor."""

from dataclasses import dataclass, field

import gradio as gr

from diagnosis.checks import Trust, Yardstick
from diagnosis.findings import Finding
from diagnosis.laboratory import Erasure
from diagnosis.reading import Reading
from diagnosis.study import Study


@dataclass(eq=False)
class Tray:
    """What one visitor has put in on one tab: the last study, who reads it, whether that has begun, what was tested.

    It changes while work runs, so that work on an earlier study sees that it is no longer wanted.

    Attributes:
        model: name of the model that reads the study; None for any.
        told: what is known of where the study comes from, e.g. that it is synthetic; empty where nothing is.
        asked: the class that the visitor chose for the study; None for that of the highest score.
        trusts: finished tests of the study's maps, by class and method.
        yardstick: what knows nothing of the model, once it was read; whoever uses it takes it away.
        erased: findings of what was erased.
        erasure: the last one, and ``drawn`` the one that stands on the page.
        erasing: digest and class of the reading that the panel of erasures is about.
        turns: the last run of each kind of work; an earlier run sees that it is not its own.
    """

    study: Study | None = None
    model: str | None = None
    told: str = ""
    asked: str | None = None
    taken: bool = True
    trusts: dict[tuple[str, str], Trust] = field(default_factory=dict)
    yardstick: Yardstick | None = None
    erased: tuple[Finding, ...] = ()
    erasure: Erasure | None = None
    drawn: Erasure | None = None
    erasing: tuple[str, str] | None = None
    turns: dict[str, object] = field(default_factory=dict)

    def put(self, study: Study, model: str | None = None, told: str = "") -> None:
        """Another study, or the same for another model; whatever runs for the last one is no longer wanted."""
        self.study, self.model, self.told, self.taken, self.asked = study, model, told, False, None
        self.trusts, self.yardstick, self.turns = {}, None, {}
        self.erased, self.erasure, self.drawn, self.erasing = (), None, None, None

    def take(self) -> Study | None:
        """The study that waits to be read, once; None where none does."""
        study, self.taken = None if self.taken else self.study, True
        return study

    def begin(self, work: str) -> object:
        """A new run of some work, which ends the one before."""
        self.turns[work] = object()
        return self.turns[work]

    def wants(self, work: str, run: object) -> bool:
        return self.turns.get(work) is run

    def holds(self, reading: Reading | None) -> bool:
        """Whether a reading is of the study that was put in last, by the model that was chosen for it."""
        return reading is not None and self.study == reading.study and self.model in (None, reading.card.name)

    def keep(self, erasure: Erasure) -> None:
        """What came of erasing a region of the study that lies here."""
        self.erased, self.erasure = (*self.erased, *erasure.findings), erasure

    def take_yardstick(self) -> Yardstick | None:
        found, self.yardstick = self.yardstick, None
        return found


@dataclass(frozen=True)
class States:
    """What a tab holds of each visitor.

    Attributes:
        tray: what was put in.
        reading: the reading as it was made; whoever sets it has everything redrawn.
        chosen: the same about the class that the visitor chose. Both are None before there is one.
    """

    tray: gr.State
    reading: gr.State
    chosen: gr.State
